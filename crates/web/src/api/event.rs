//! What happened: to one request, and as a feed of all.

use coffer_domain::id::PaymentRequestId;
use coffer_wire::event::EventQuery;

use super::{call::Call, payment_request::found};
use crate::problem::Failure;

/// The events of one request.
pub(super) async fn of_request(call: &Call<'_>) -> Result<Vec<u8>, Failure> {
    let id: PaymentRequestId = call.id()?;
    found(call.engine().events_of(call.caller(), id).await?)
}

/// The events of all requests behind a number.
pub(super) async fn all(call: &Call<'_>) -> Result<Vec<u8>, Failure> {
    let pairs = call.query();
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let query = EventQuery::parse(pairs).map_err(Failure::Query)?;
    Ok(call.engine().events(call.caller(), &query).await?)
}
