//! Examples: what is sent, under what circumstances, and what is answered. They are shown in the
//! description and run against the server by a test.

use serde_json::Value;

use super::{failures, successes};
use crate::router::{Operation, ROUTES};

/// One exchange.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its name in the description.
    pub name: &'static str,
    /// What it shows, in a sentence.
    pub summary: &'static str,
    /// What is asked.
    pub operation: Operation,
    /// What must have happened before.
    pub given: Vec<Given>,
    /// How the request is authenticated.
    pub signing: Signing,
    /// The query, without its question mark.
    pub query: &'static str,
    /// The value of `Idempotency-Key`; empty for none.
    pub idempotency_key: &'static str,
    /// The body as it is sent.
    pub body: Vec<u8>,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer; a text stands for one that is not JSON. Ids, times, links, addresses
    /// and the like are those of another day: a test compares their kind, not their value.
    pub answer: Value,
}

/// What must have happened before an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// A request was created from this body; `{id}` is its id.
    Created(&'static str),
    /// It was cancelled.
    Cancelled,
    /// It was paid exactly.
    Paid,
    /// The same was asked with the same `Idempotency-Key` and this body.
    Asked(&'static str),
    /// The same with the same `Idempotency-Key` is still at work.
    TwinAtWork,
    /// The key has used up what it may ask for.
    LimitReached,
    /// The database is away.
    StoreAway,
    /// No coin can be priced.
    NoRates,
}

/// How a request is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// Rightly, with a sandbox key; where none is asked for, with the token, if there is one.
    Right,
    /// Rightly, with a live key.
    Live,
    /// Not at all.
    NoKey,
    /// With a key that does not exist.
    UnknownKey,
    /// With a key alone.
    NoSignature,
    /// With a signature that does not match.
    WrongSignature,
}

impl Example {
    /// An example without circumstances, rightly signed.
    pub(super) fn new(
        operation: Operation,
        name: &'static str,
        summary: &'static str,
        status: u16,
        answer: Value,
    ) -> Self {
        Self {
            name,
            summary,
            operation,
            given: Vec::new(),
            signing: Signing::Right,
            query: "",
            idempotency_key: "",
            body: usual_body(operation).as_bytes().to_vec(),
            status,
            answer,
        }
    }

    pub(super) fn given(mut self, given: Given) -> Self {
        self.given.push(given);
        self
    }

    pub(super) fn signing(self, signing: Signing) -> Self {
        Self { signing, ..self }
    }

    pub(super) fn query(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    pub(super) fn key(self, idempotency_key: &'static str) -> Self {
        Self { idempotency_key, ..self }
    }

    pub(super) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// The body as JSON, where it is short enough to be shown.
    pub(super) fn shown_body(&self) -> Option<Value> {
        (self.body.len() < 2_000).then(|| serde_json::from_slice(&self.body).ok()).flatten()
    }
}

/// All of them, in the order of the routes.
#[must_use]
pub fn examples() -> Vec<Example> {
    let of = |route| successes::of(route).into_iter().chain(failures::of(route));
    ROUTES.iter().flat_map(of).collect()
}

/// A body that is right where nothing else is said.
pub(super) const fn usual_body(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => REQUEST,
        Operation::Simulate => r#"{"payment":"exact"}"#,
        Operation::Cancel | Operation::Currencies | Operation::Rates => "{}",
        _ => "",
    }
}

/// A request whose customer chooses the coin.
pub(super) const REQUEST: &str = r##"{
  "amount": "100",
  "currency": {"iso": "EUR"},
  "life_time_duration": 360000,
  "end_user_email": "guest@example.com",
  "end_user_reference": "guest_user_17",
  "description": "Order #123",
  "foreign_id": "order123_customer",
  "url_store": "https://example.com/store"
}"##;

/// A request in fixed mode.
pub(super) const FIXED: &str = r#"{
  "amount": "100",
  "currency": {"iso": "EUR"},
  "life_time_duration": 3600,
  "payment_currency": {"iso": "USDC", "network_name": "polygon"},
  "foreign_id": "order124"
}"#;
