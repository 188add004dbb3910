//! Currencies and prices, as the v2 API says them (spec 3.3 and 3.5).

use coffer_wire::error::RequestError;

use super::call::Call;
use crate::problem::Failure;

/// The currencies a customer may pay in.
pub(super) fn list(_: &Call<'_>) -> Result<Vec<u8>, Failure> {
    Err(RequestError::NotFound.into())
}

/// Prices of pairs.
pub(super) fn rates(_: &Call<'_>) -> Result<Vec<u8>, Failure> {
    Err(RequestError::NotFound.into())
}
