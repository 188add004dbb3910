//! Payment requests: create, list, show, cancel, simulate.

use coffer_domain::{id::PaymentRequestId, payment_request::NewPaymentRequest, time::Timestamp};
use coffer_engine::payment_request::{CreateRefused, DecideRefused, SimulateRefused};
use coffer_wire::{
    error::RequestError,
    json,
    payment_request::{CreateContext, ListQuery, foreign_id_of, parse_create, parse_simulate},
};

use super::call::Call;
use crate::problem::{Failure, Rule};

/// Creates a request (spec 4).
pub(super) async fn create(call: &Call<'_>) -> Result<Vec<u8>, Failure> {
    let once = call.once()?;
    let created = async {
        let new = parsed(call, call.engine().now())?;
        Ok::<_, Failure>(call.engine().create_request(call.caller(), new, once).await?)
    };
    let refused = match call.wait(once, created).await {
        Ok(answer) => return Ok(answer),
        Err(refused) => refused,
    };
    if !refused.may_be_of_now() {
        return Err(refused);
    }
    // What is refused now may have been done before, and its answer lost on the way.
    let foreign_id = foreign_id_of(call.body);
    if foreign_id.is_none() && once.idempotency.is_none() {
        return Err(refused);
    }
    let read_as_at = |at| parsed(call, at).ok();
    let before =
        call.engine().created_before(call.caller(), once, foreign_id.as_deref(), read_as_at);
    before.await?.ok_or(refused)
}

/// What [`create`] answers, without writing it; for the benchmark.
pub(super) fn unwritten(call: &Call<'_>) -> Result<Vec<u8>, Failure> {
    call.once()?;
    let new = parsed(call, call.engine().now())?;
    Ok(call.engine().answer_without_writing(call.caller(), new)?)
}

fn parsed(call: &Call<'_>, now: Timestamp) -> Result<NewPaymentRequest, Failure> {
    let (engine, caller) = (call.engine(), call.caller());
    let context = CreateContext {
        catalogue: engine.catalogue(),
        now,
        allow_loopback: caller.is_sandbox() && engine.settings().allow_loopback_urls,
    };
    Ok(parse_create(call.body, &context)?)
}

/// A page of the merchant's requests.
pub(super) async fn list(call: &Call<'_>) -> Result<Vec<u8>, Failure> {
    let pairs = call.query();
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let query = ListQuery::parse(pairs).map_err(Failure::Query)?;
    Ok(call.engine().requests(call.caller(), &query).await?)
}

/// One request.
pub(super) async fn show(call: &Call<'_>) -> Result<Vec<u8>, Failure> {
    let id: PaymentRequestId = call.id()?;
    found(call.engine().request(call.caller(), id).await?)
}

/// Withdraws a request. Its body has no parameters and may be missing.
pub(super) async fn cancel(call: &Call<'_>) -> Result<Vec<u8>, Failure> {
    let id: PaymentRequestId = call.id()?;
    let once = call.once()?;
    if !call.body.is_empty() {
        json::read_object(call.body).map_err(|_| Failure::from(RequestError::BadContent))?;
    }
    call.wait(once, call.engine().cancel(call.caller(), id, once)).await
}

/// Pays a request of the sandbox.
pub(super) async fn simulate(call: &Call<'_>) -> Result<Vec<u8>, Failure> {
    let id: PaymentRequestId = call.id()?;
    let once = call.once()?;
    let payment = parse_simulate(call.body)?;
    call.wait(once, call.engine().simulate(call.caller(), id, payment, once)).await
}

/// What belongs to another merchant is as if it were not there.
pub(super) fn found(answer: Option<Vec<u8>>) -> Result<Vec<u8>, Failure> {
    answer.ok_or(RequestError::NotFound.into())
}

fn nonce_used() -> Failure {
    let text = "The nonce of X-Coffer-Signature was used before; each request needs a new one";
    Failure::Signature(RequestError::BadSignature, text.to_owned())
}

impl From<CreateRefused> for Failure {
    fn from(refused: CreateRefused) -> Self {
        match refused {
            CreateRefused::Fields(errors) => Self::Body(errors),
            CreateRefused::NoRates => RequestError::NoRates.into(),
            CreateRefused::KeyReused => RequestError::KeyReused.into(),
            CreateRefused::NonceUsed => nonce_used(),
            CreateRefused::Engine(error) => error.into(),
        }
    }
}

impl From<DecideRefused> for Failure {
    fn from(refused: DecideRefused) -> Self {
        match refused {
            DecideRefused::NotFound => RequestError::NotFound.into(),
            DecideRefused::Refused(refused) => Self::Rule(refused.into()),
            DecideRefused::KeyReused => RequestError::KeyReused.into(),
            DecideRefused::NonceUsed => nonce_used(),
            DecideRefused::Engine(error) => error.into(),
        }
    }
}

impl From<SimulateRefused> for Failure {
    fn from(refused: SimulateRefused) -> Self {
        match refused {
            SimulateRefused::Fields(errors) => Self::Body(errors),
            SimulateRefused::NotSandbox => Self::Rule(Rule::SandboxOnly),
            SimulateRefused::Decide(refused) => refused.into(),
        }
    }
}
