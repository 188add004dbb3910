//! Currencies and prices, as the v2 API says them (spec 3.3 and 3.5).

use coffer_engine::currency::RatesRefused;
use coffer_wire::{
    currency::{parse_currencies, parse_rates},
    error::RequestError,
};

use super::call::Call;
use crate::problem::Failure;

/// The currencies a customer may pay in.
pub(super) fn list(call: &Call<'_>) -> Result<Vec<u8>, Failure> {
    let visible = parse_currencies(call.body)?;
    Ok(call.engine().currencies(call.caller().scope.environment, visible))
}

/// Prices of pairs.
pub(super) fn rates(call: &Call<'_>) -> Result<Vec<u8>, Failure> {
    let request = parse_rates(call.body)?;
    Ok(call.engine().v2_rates(call.caller().scope.environment, &request)?)
}

impl From<RatesRefused> for Failure {
    fn from(refused: RatesRefused) -> Self {
        match refused {
            RatesRefused::Fields(errors) => Self::Body(errors),
            RatesRefused::NoRates => RequestError::NoRates.into(),
        }
    }
}
