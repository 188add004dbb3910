//! One operation of the description.

use std::collections::BTreeMap;

use coffer_wire::{event::EventQuery, payment_request::Status, problem};
use serde_json::{Value, json};

use super::example::Example;
use crate::{
    problem::{Face, JSON},
    router::{Access, Operation, Route, Verb},
};

/// The statuses a route documents, each with an example. A fault of the server (500) has the same
/// shape and is documented nowhere: it is never right.
#[must_use]
pub fn documented_statuses(route: &Route) -> Vec<u16> {
    let mut statuses = vec![200];
    let keyed = matches!(route.access, Access::Key(_));
    let queried = matches!(route.operation, Operation::List | Operation::Events);
    let posted = keyed && route.verb == Verb::Post;
    for (documented, status) in [
        (posted || queried, 400),
        (keyed, 403),
        (route.path.contains("{id}"), 404),
        (is_changing(route), 409),
        (posted, 413),
        (is_changing(route), 422),
        (keyed, 429),
        (keyed || route.operation == Operation::Health, 503),
    ] {
        if documented {
            statuses.push(status);
        }
    }
    statuses
}

/// Whether the route changes something, so that it takes an `Idempotency-Key`.
pub(super) const fn is_changing(route: &Route) -> bool {
    matches!(route.operation, Operation::Create | Operation::Cancel | Operation::Simulate)
}

pub(super) fn describe(route: &Route, examples: &[Example]) -> Value {
    let ours = |example: &&Example| example.operation == route.operation;
    let examples: Vec<&Example> = examples.iter().filter(ours).collect();
    let (tag, id, summary, description) = words(route.operation);
    let mut operation = json!({
        "tags": [tag],
        "operationId": id,
        "summary": summary,
        "description": description,
        "responses": responses(route, &examples),
        "security": security(route),
    });
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if route.verb == Verb::Post {
        operation["requestBody"] = request_body(route, &examples);
    }
    operation
}

type Words = (&'static str, &'static str, &'static str, &'static str);

fn words(operation: Operation) -> Words {
    const REQUESTS: &str = "Payment requests";
    const CURRENCIES: &str = "Currencies";
    match operation {
        Operation::Ping => ("Server", "ping", "Ping", "Compatible. Answers OK; needs no key."),
        Operation::Currencies => (
            CURRENCIES,
            "listCurrencies",
            "List currencies",
            "Compatible. The coins that can be taken; with visible false those that are known but \
             not set up.",
        ),
        Operation::Rates => (
            CURRENCIES,
            "listRates",
            "List rates",
            "Compatible. Prices for orientation; what a customer pays is fixed by the request.",
        ),
        Operation::Create => (
            REQUESTS,
            "createPaymentRequest",
            "Create a payment request",
            "Compatible. The same foreign_id with equal fields answers with the request that \
             stands. With payment_currency.iso and .network_name the coin is fixed, and the answer \
             has address, amount and window.",
        ),
        Operation::List => (
            REQUESTS,
            "listPaymentRequests",
            "List payment requests",
            "Newest first; next goes into before for the page after it.",
        ),
        Operation::Show => {
            (REQUESTS, "getPaymentRequest", "Get a payment request", "With all that happened.")
        }
        Operation::Cancel => (
            REQUESTS,
            "cancelPaymentRequest",
            "Cancel a payment request",
            "Possible until a payment is seen. The merchant is called back.",
        ),
        Operation::Simulate => (
            REQUESTS,
            "simulatePayment",
            "Simulate a payment",
            "With a sandbox key: the sandbox's customer pays as told, and the sandbox mines what \
             that needs. It answers when that has happened; the callbacks follow within seconds.",
        ),
        Operation::EventsOf => (
            "Events",
            "listEventsOfPaymentRequest",
            "List events of a payment request",
            "In the order in which they happened.",
        ),
        Operation::Events => (
            "Events",
            "listEvents",
            "List events",
            "A feed, oldest first; next goes into after, also when nothing was new.",
        ),
        Operation::OpenApi => ("Server", "getDescription", "Describe the API", "This document."),
        Operation::Health => (
            "Server",
            "getHealth",
            "Tell the server's health",
            "503 while the database does not answer or a chain is read with delay. Without the \
             token of the settings (health.token) status is all that is told.",
        ),
    }
}

fn security(route: &Route) -> Value {
    let plain = json!({ "ProcessingKey": [], "ProcessingSignature": [] });
    match route.access {
        Access::Open if route.operation == Operation::Health => json!([{}, { "HealthToken": [] }]),
        Access::Open => json!([]),
        Access::Key(Face::Compatible) => json!([plain]),
        Access::Key(Face::Own) => json!([{ "ProcessingKey": [], "CofferSignature": [] }, plain]),
    }
}

fn parameters(route: &Route) -> Vec<Value> {
    let mut parameters = Vec::new();
    if route.path.contains("{id}") {
        parameters.push(json!({
            "name": "id", "in": "path", "required": true,
            "description": "The id of the payment request.",
            "schema": { "type": "string", "format": "uuid" },
        }));
    }
    if is_changing(route) {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "The same key with the same body gets the same answer for 24 hours; \
                            with another body 422; while the first is at work the second waits \
                            for it, and gets 409 after five seconds.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
        }));
    }
    let query = |name: &str, description: &str, schema: Value| {
        json!({
            "name": name, "in": "query", "required": false, "description": description,
            "schema": schema,
        })
    };
    let limit = |default: u16| {
        let schema = json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": default });
        query("limit", "How many.", schema)
    };
    match route.operation {
        Operation::List => {
            let statuses: Vec<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
            parameters.extend([
                limit(20),
                query(
                    "before",
                    "Only older ones than this: the next of the page before.",
                    json!({ "type": "string", "format": "uuid" }),
                ),
                query(
                    "status",
                    "Only those that stand so.",
                    json!({ "type": "string", "enum": statuses }),
                ),
                query("foreign_id", "Only the one of this id.", json!({ "type": "string" })),
                query(
                    "end_user_reference",
                    "Only those of this customer.",
                    json!({ "type": "string" }),
                ),
            ]);
        }
        Operation::Events => {
            let default = EventQuery::parse([]).map_or(0, |query| query.limit);
            let after = json!({ "type": "integer", "minimum": 0, "default": 0 });
            parameters
                .extend([limit(default), query("after", "Only those behind this number.", after)]);
        }
        _ => {}
    }
    parameters
}

fn request_body(route: &Route, examples: &[&Example]) -> Value {
    let schema = match route.operation {
        Operation::Create => "NewPaymentRequest",
        Operation::Simulate => "Simulate",
        Operation::Rates => "RatesRequest",
        Operation::Currencies => "CurrenciesRequest",
        _ => "NoParameters",
    };
    let shown: BTreeMap<&str, Value> = examples
        .iter()
        .filter(|example| example.status == 200)
        .filter_map(|example| {
            let value = example.shown_body()?;
            Some((example.name, json!({ "summary": example.summary, "value": value })))
        })
        .collect();
    json!({
        "required": route.operation != Operation::Cancel,
        "content": { JSON: { "schema": reference(schema), "examples": shown } },
    })
}

fn responses(route: &Route, examples: &[&Example]) -> Value {
    let described = documented_statuses(route).into_iter().map(|status| {
        let of_status = examples.iter().filter(|example| example.status == status);
        (status.to_string(), response(route, status, &of_status.copied().collect::<Vec<_>>()))
    });
    Value::Object(described.collect())
}

fn response(route: &Route, status: u16, examples: &[&Example]) -> Value {
    let mut content: BTreeMap<&str, Value> = BTreeMap::new();
    for example in examples {
        let (media_type, schema) = media(route, example);
        let entry = content
            .entry(media_type)
            .or_insert_with(|| json!({ "schema": schema, "examples": {} }));
        if entry["schema"] != schema && entry["schema"]["oneOf"].is_null() {
            entry["schema"] = json!({ "oneOf": [entry["schema"], schema] });
        }
        entry["examples"][example.name] =
            json!({ "summary": example.summary, "value": example.answer });
    }
    let id = text("Names the exchange, here and in the server's log.");
    let mut headers = json!({ "Request-Id": id });
    if matches!(status, 429 | 503) && route.access != Access::Open {
        headers["Retry-After"] = json!({
            "description": "In how many seconds to come again.",
            "schema": { "type": "integer", "minimum": 1 },
        });
    }
    if status == 429 {
        headers["RateLimit"] = text("What remains, and when there is more: \"key\";r=0;t=1.");
        headers["RateLimit-Policy"] = text("What the key may do: \"key\";q=200;w=2.");
    }
    json!({ "description": meaning(status), "headers": headers, "content": content })
}

fn text(description: &str) -> Value {
    json!({ "description": description, "schema": { "type": "string" } })
}

/// Media type and schema of an example's answer.
fn media(route: &Route, example: &Example) -> (&'static str, Value) {
    let answer = &example.answer;
    if example.status == 200 || route.operation == Operation::Health {
        return match route.operation {
            Operation::Ping => ("text/plain", json!({ "type": "string", "const": "OK" })),
            other => (JSON, reference(success_schema(other))),
        };
    }
    if answer.get("type").is_some() {
        (problem::CONTENT_TYPE, reference("Problem"))
    } else if answer.get("errors").is_some() {
        (JSON, reference("FieldErrors"))
    } else {
        (JSON, reference("ErrorBody"))
    }
}

const fn success_schema(operation: Operation) -> &'static str {
    match operation {
        Operation::Currencies => "CurrenciesAnswer",
        Operation::Rates => "RatesAnswer",
        Operation::Create => "CreatedAnswer",
        Operation::List => "PaymentRequestPage",
        Operation::Show | Operation::Cancel | Operation::Simulate => "PaymentRequestAnswer",
        Operation::EventsOf | Operation::Events => "EventPage",
        Operation::Health => "Health",
        Operation::OpenApi | Operation::Ping => "Description",
    }
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

const fn meaning(status: u16) -> &'static str {
    match status {
        200 => "Done",
        400 => "The content is not as it should be",
        403 => "Key or signature are missing or wrong, or the key may not do this",
        404 => "There is no such thing",
        409 => "Not possible as things stand, or a twin is still at work",
        413 => "The body is too large",
        422 => "The Idempotency-Key was used with another body",
        429 => "The key asks too often",
        _ => "Not now; nothing was done",
    }
}
