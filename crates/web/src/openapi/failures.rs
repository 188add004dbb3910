//! Examples of what goes wrong: the same on all routes with the same access.

use coffer_wire::error::{FieldErrors, RequestError, selected_is_invalid};
use serde_json::{Value, json};

use super::example::{Example, FIXED, Given, REQUEST, Signing};
use crate::{
    problem::{Face, Failure, Rule},
    router::{Access, Operation, Route, Verb},
};

/// The `Request-Id` of examples.
const REQUEST_ID: &str = "5f0c2a1be1f3a97c20d4b688";

pub(super) fn of(route: &Route) -> Vec<Example> {
    let Access::Key(face) = route.access else { return Vec::new() };
    let mut examples = common(route.operation, face);
    if route.verb == Verb::Post {
        examples.extend(bodies(route.operation, face));
    }
    if super::operation::is_changing(route) {
        examples.extend(repeated(route.operation, face));
    }
    if route.path.contains("{id}") {
        let not_found = said(route.operation, face, RequestError::NotFound.into());
        examples.push(not_found("unknown", "There is no such payment request"));
        for example in &mut examples {
            let known = example.given.iter().any(|given| matches!(given, Given::Created(_)));
            if example.name != "unknown" && !known {
                example.given.insert(0, Given::Created(FIXED));
            }
        }
    }
    examples.extend(special(route.operation));
    examples
}

/// Makes examples of one failure.
fn said(
    operation: Operation,
    face: Face,
    failure: Failure,
) -> impl Fn(&'static str, &'static str) -> Example {
    let said = failure.said(face, REQUEST_ID);
    let answer: Value = serde_json::from_slice(&said.body).unwrap_or_default();
    let status = said.status.as_u16();
    move |name, summary| Example::new(operation, name, summary, status, answer.clone())
}

fn common(operation: Operation, face: Face) -> Vec<Example> {
    let make = |error: RequestError| said(operation, face, error.into());
    vec![
        make(RequestError::NoKey)("no_key", "X-Processing-Key is missing").signing(Signing::NoKey),
        make(RequestError::BadKey)("bad_key", "The key is unknown or disabled")
            .signing(Signing::UnknownKey),
        make(RequestError::NoSignature)("no_signature", "The signature is missing")
            .signing(Signing::NoSignature),
        make(RequestError::BadSignature)("bad_signature", "The signature does not match")
            .signing(Signing::WrongSignature),
        make(RequestError::TooMany)("too_many", "The key asks too often")
            .given(Given::LimitReached),
        make(RequestError::Busy)("busy", "The database is away; nothing was done")
            .given(Given::StoreAway),
    ]
}

fn bodies(operation: Operation, face: Face) -> Vec<Example> {
    let make = |error: RequestError| said(operation, face, error.into());
    vec![
        make(RequestError::BadContent)("not_json", "The body is not JSON").body("amount=100"),
        make(RequestError::TooLarge)("too_large", "The body is too large").body(vec![
            b' ';
            crate::api::BODY_MAX
                + 1
        ]),
    ]
}

fn repeated(operation: Operation, face: Face) -> Vec<Example> {
    let make = |error: RequestError| said(operation, face, error.into());
    let (first, other) = match operation {
        Operation::Simulate => (r#"{"payment":"exact"}"#, r#"{"payment":"over"}"#),
        Operation::Cancel => ("{}", r#"{"comment":"other"}"#),
        _ => (REQUEST, FIXED),
    };
    vec![
        make(RequestError::BadIdempotencyKey)("bad_idempotency_key", "The key is too long")
            .key(LONG_KEY),
        make(RequestError::KeyReused)("key_reused", "The key was used with another body")
            .key("order124")
            .given(Given::Asked(first))
            .body(other),
        make(RequestError::StillRunning)("still_running", "A twin is still at work")
            .key("order124")
            .given(Given::TwinAtWork),
    ]
}

/// What only one operation can get wrong.
fn special(operation: Operation) -> Vec<Example> {
    let make = |face, failure, name, summary| said(operation, face, failure)(name, summary);
    let (compatible, own) = (Face::Compatible, Face::Own);
    match operation {
        Operation::Create => creating(),
        Operation::Rates => vec![
            make(
                compatible,
                Failure::Body(selected_is_invalid("currency_to")),
                "unknown_currency",
                "The currency is not known",
            )
            .body(r#"{"currency_to":"XXX"}"#),
        ],
        Operation::List => vec![
            make(
                own,
                Failure::Query(FieldErrors::one(
                    "limit",
                    "The limit is a whole number from 1 to 100.",
                )),
                "bad_query",
                "A parameter is wrong",
            )
            .query("limit=0"),
        ],
        Operation::Events => vec![
            make(
                own,
                Failure::Query(FieldErrors::one("after", "The cursor is the number of an event.")),
                "bad_query",
                "A parameter is wrong",
            )
            .query("after=x"),
        ],
        Operation::Cancel => vec![
            make(own, Failure::Rule(Rule::Ended), "ended", "The request has ended already")
                .given(Given::Created(REQUEST))
                .given(Given::Cancelled),
        ],
        Operation::Simulate => vec![
            make(own, Failure::Rule(Rule::SandboxOnly), "live", "The key is a live one")
                .given(Given::Created(FIXED))
                .signing(Signing::Live),
            make(
                own,
                Failure::Body(coffer_wire::payment_request::coin_not_chosen()),
                "no_coin",
                "The customer has not chosen a coin yet",
            )
            .given(Given::Created(REQUEST)),
        ],
        _ => Vec::new(),
    }
}

fn creating() -> Vec<Example> {
    let make = |failure| said(Operation::Create, Face::Compatible, failure);
    let required = json!({ "errors": {
        "amount": "The amount field is required.",
        "currency": "The currency field is required.",
        "life_time_duration":
            "The life time duration field is required when life time datetime is not present.",
    } });
    let taken = coffer_wire::error::foreign_id_taken();
    vec![
        Example::new(Operation::Create, "wrong_fields", "Every wrong field", 400, required)
            .body("{}"),
        make(Failure::Body(taken))("foreign_id_taken", "Another request has this foreign_id")
            .given(Given::Created(FIXED))
            .body(FIXED.replace("\"100\"", "\"200\"")),
        make(RequestError::NoRates.into())("no_rates", "The coin cannot be priced now")
            .given(Given::NoRates)
            .body(FIXED),
    ]
}

/// One character more than an `Idempotency-Key` may have.
const LONG_KEY: &str = concat!(
    "0123456789012345678901234567890123456789012345678901234567890123",
    "0123456789012345678901234567890123456789012345678901234567890123",
    "0123456789012345678901234567890123456789012345678901234567890123",
    "0123456789012345678901234567890123456789012345678901234567890123",
);
