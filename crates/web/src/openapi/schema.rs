//! The schemas of the description: those of `wire`, and what is put together from them.

use coffer_wire::{
    currency::{CurrencyItem, RateItem},
    error::ErrorBody,
    event::EventView,
    payment_request::{DetailView, QuoteView, RequestView, SimulatedPayment},
    problem::Problem,
};
use serde_json::{Map, Value, json};
use utoipa::{ToSchema, openapi::RefOr, openapi::schema::Schema};

use crate::health::HealthView;

pub(super) fn components() -> Value {
    let mut all = Map::new();
    add::<ErrorBody<'_>>(&mut all);
    add::<Problem<'_>>(&mut all);
    add::<CurrencyItem<'_>>(&mut all);
    add::<RateItem<'_>>(&mut all);
    add::<RequestView<'_>>(&mut all);
    add::<QuoteView<'_>>(&mut all);
    add::<DetailView<'_>>(&mut all);
    add::<EventView<'_>>(&mut all);
    add::<SimulatedPayment>(&mut all);
    add::<HealthView>(&mut all);
    for (name, schema) in inputs().into_iter().chain(answers()) {
        all.insert(name.to_owned(), schema);
    }
    all.sort_keys();
    Value::Object(all)
}

/// Adds a type and every type inside it.
fn add<T: ToSchema>(all: &mut Map<String, Value>) {
    let mut inside: Vec<(String, RefOr<Schema>)> = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut inside);
    for (name, schema) in inside {
        all.insert(name, serde_json::to_value(schema).unwrap_or_default());
    }
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn data(schema: Value) -> Value {
    json!({ "type": "object", "required": ["data"], "properties": { "data": schema } })
}

fn text(description: &str, max: u16) -> Value {
    json!({ "type": "string", "description": description, "maxLength": max })
}

fn list(schema: &str) -> Value {
    json!({ "type": "array", "items": reference(schema) })
}

fn answers() -> Vec<(&'static str, Value)> {
    let all_of = |parts: &[&str]| {
        let parts: Vec<Value> = parts.iter().map(|part| reference(part)).collect();
        json!({ "allOf": parts })
    };
    let page = |items: Value, next: Value| {
        json!({
            "type": "object",
            "required": ["data", "next"],
            "properties": { "data": items, "next": next },
        })
    };
    vec![
        ("CurrenciesAnswer", data(list("CurrencyItem"))),
        ("RatesAnswer", data(list("RateItem"))),
        (
            "CreatedPaymentRequest",
            json!({ "anyOf": [
                all_of(&["PaymentRequestHead", "Quote"]),
                reference("PaymentRequestHead"),
            ] }),
        ),
        ("CreatedAnswer", data(reference("CreatedPaymentRequest"))),
        (
            "PaymentRequest",
            json!({ "anyOf": [
                all_of(&["PaymentRequestHead", "Quote", "PaymentRequestDetail"]),
                all_of(&["PaymentRequestHead", "PaymentRequestDetail"]),
            ] }),
        ),
        ("PaymentRequestAnswer", data(reference("PaymentRequest"))),
        (
            "PaymentRequestPage",
            page(
                list("PaymentRequest"),
                json!({
                    "type": ["string", "null"],
                    "description": "What to ask for before; null on the last page.",
                }),
            ),
        ),
        (
            "EventPage",
            page(
                list("Event"),
                json!({ "type": "integer", "description": "What to ask for after." }),
            ),
        ),
        (
            "FieldErrors",
            json!({
                "type": "object",
                "required": ["errors"],
                "properties": { "errors": {
                    "type": "object",
                    "description": "One sentence for each wrong field; dots for nesting.",
                    "additionalProperties": { "type": "string" },
                } },
            }),
        ),
        ("Description", json!({ "type": "object", "description": "An OpenAPI 3.1 document." })),
    ]
}

fn inputs() -> Vec<(&'static str, Value)> {
    let code = |description: &str| json!({ "type": "string", "description": description });
    vec![
        ("NewPaymentRequest", new_payment_request()),
        (
            "NewCurrency",
            json!({
                "type": "object",
                "required": ["iso"],
                "properties": {
                    "iso": code("ISO 4217 code or coin, such as EUR or USDT."),
                    "network_name": code("The network of a coin, such as tron."),
                },
            }),
        ),
        (
            "Sender",
            json!({
                "type": "object",
                "properties": {
                    "first_name": text("natural: required", 255),
                    "last_name": text("natural: required", 255),
                    "date_of_birth": { "type": "string", "format": "date" },
                    "legal_name": text("legal: required", 255),
                    "country_of_registration": {
                        "type": "string", "pattern": "^[A-Z]{3}$",
                        "description": "legal: required; ISO 3166-1 alpha-3",
                    },
                },
            }),
        ),
        (
            "Simulate",
            json!({
                "type": "object",
                "required": ["payment"],
                "properties": { "payment": reference("SimulatedPayment") },
            }),
        ),
        (
            "RatesRequest",
            json!({
                "type": ["object", "array", "null"],
                "properties": {
                    "currency_from": code("Only prices of this code."),
                    "currency_to": code("Only prices in this code; else EUR and USD."),
                },
            }),
        ),
        (
            "CurrenciesRequest",
            json!({
                "type": ["object", "array", "null"],
                "properties": { "visible": { "type": ["boolean", "integer", "string"] } },
            }),
        ),
        ("NoParameters", json!({ "type": ["object", "array", "null"] })),
    ]
}

fn new_payment_request() -> Value {
    let url = |description: &str| {
        json!({
            "type": "string", "format": "uri",
            "description": format!("{description} https with a domain name."),
        })
    };
    let until = json!({
        "type": ["integer", "string"],
        "description": "Until when it may be paid: Unix seconds, 300 s to 60 days from now.",
    });
    json!({
        "type": "object",
        "required": ["amount", "currency"],
        "properties": {
            "amount": {
                "type": ["string", "number"],
                "description": "What to receive; a plain decimal, exactly.",
            },
            "currency": reference("NewCurrency"),
            "life_time_duration": {
                "type": ["integer", "string"],
                "description": "How long it may be paid, in seconds: 300 to 5184000. Exactly one \
                                life_time field is given.",
            },
            "life_time_datetime": until,
            "life_time_date_time": until,
            "payment_currency": reference("NewCurrency"),
            "end_user_email": { "type": "string", "format": "email", "maxLength": 254 },
            "end_user_reference": text("Your permanent id of the customer.", 255),
            "sender_type": { "type": "string", "enum": ["natural", "legal"] },
            "sender_data": reference("Sender"),
            "description": text("What the customer reads.", 1_000),
            "foreign_id": text("Your own id of the request; unique.", 255),
            "url_store": url("Back to the shop."),
            "url_success": url("Where the customer goes once paid; url_store if absent."),
            "url_failed": url("Where the customer goes when it failed; url_store if absent."),
        },
    })
}
