//! Examples of what goes right.

use serde_json::{Value, json};

use super::example::{Example, FIXED, Given, REQUEST, Signing};
use crate::router::{Operation, Route};

pub(super) fn of(route: &Route) -> Vec<Example> {
    let operation = route.operation;
    let ok = |name, summary, answer| Example::new(operation, name, summary, 200, answer);
    let one = |name, summary, answer| ok(name, summary, answer).given(Given::Created(REQUEST));
    match operation {
        Operation::Ping => vec![ok("pong", "The server answers", json!("OK"))],
        Operation::Currencies => {
            vec![ok("currencies", "Every coin that can be taken", currencies())]
        }
        Operation::Rates => vec![
            ok("one_pair", "The price of a coin in a currency", rates())
                .body(r#"{"currency_from":"BTC","currency_to":"EUR"}"#),
        ],
        Operation::Create => vec![
            ok("open", "The customer chooses the coin", json!({ "data": created() })),
            ok("fixed", "The coin is chosen beforehand", json!({ "data": fixed() })).body(FIXED),
        ],
        Operation::List => {
            let page = json!({ "data": [detail(created(), "created")], "next": null });
            vec![
                one("page", "The newest ones", page).query("limit=20&foreign_id=order123_customer"),
            ]
        }
        Operation::Show => {
            let chosen = detail(fixed(), "processing");
            vec![
                one("shown", "One request", json!({ "data": detail(created(), "created") })),
                ok("chosen", "One whose coin is chosen", json!({ "data": chosen }))
                    .given(Given::Created(FIXED)),
            ]
        }
        Operation::Cancel => {
            let mut cancelled = detail(created(), "cancelled");
            cancelled["ended_at"] = json!(1_775_542_023);
            vec![one("cancelled", "The request is withdrawn", json!({ "data": cancelled }))]
        }
        Operation::Simulate => {
            let answer = json!({ "data": paid() });
            vec![ok("paid", "The request is paid exactly", answer).given(Given::Created(FIXED))]
        }
        Operation::EventsOf => {
            let page = json!({ "data": [event(json!(null))], "next": 0 });
            vec![one("history", "What happened to one request", page)]
        }
        Operation::Events => {
            let page = json!({ "data": [], "next": 0 });
            vec![ok("feed", "Nothing new", page).query("after=0&limit=100")]
        }
        Operation::OpenApi => {
            vec![ok("description", "This description", json!({ "openapi": "3.1.0" }))]
        }
        Operation::Health => health(),
    }
}

fn currencies() -> Value {
    json!({ "data": [{
        "id": 1, "type": "crypto", "currency": "BTC", "minimum_amount": "0.00010000",
        "deposit_fee_percent": "0.000000", "withdrawal_fee_percent": "0.000000", "precision": 8,
        "deposit_confirmations": 1,
    }] })
}

fn rates() -> Value {
    json!({ "data": [{
        "currency_from": {
            "currency": "BTC", "type": "crypto", "min_amount": "0.00010000",
            "min_amount_deposit_with_exchange": "0.00010000",
        },
        "currency_to": { "currency": "EUR", "type": "fiat" },
        "rate_from": "1", "rate_to": "45454.54545454",
    }] })
}

fn created() -> Value {
    json!({
        "id": "019d511c-9fd2-7e71-b534-74e8abd855f1",
        "amount": "100",
        "currency": { "iso": "EUR" },
        "status": "created",
        "life_time": 1_775_902_023,
        "end_user_email": "guest@example.com",
        "description": "Order #123",
        "payment_link": "https://pay.example.com/payment/lLXLZ6Q8lCwFFRbyW0C1ET",
        "foreign_id": "order123_customer",
        "url_store": "https://example.com/store",
        "end_user_reference": "guest_user_17",
    })
}

fn fixed() -> Value {
    let usdc = json!({ "iso": "USDC", "network_name": "polygon" });
    json!({
        "id": "019d511c-9fd2-7e71-b534-74e8abd855f2",
        "amount": "100",
        "currency": { "iso": "EUR" },
        "status": "processing",
        "life_time": 1_775_545_623,
        "payment_link": "https://pay.example.com/payment/lLXLZ6Q8lCwFFRbyW0C1EU",
        "foreign_id": "order124",
        "payment_request_address": {
            "id": "019d511c-a0b1-7c33-8a5e-2d1f0e9c4b7a",
            "currency": usdc,
            "convert_to": { "iso": "EUR" },
            "address": "sandbox1sq2mj1a6jmr2y83dvvmpjd9d85a00w422m3q",
            "tag": null,
        },
        "currency_sent": {
            "currency": usdc,
            "expected_amount": "110",
            "received_amount": "0",
            "remaining_amount": "110",
        },
        "fixed_at": 1_775_542_023,
        "expires_at": 1_775_545_623,
        "valid_until": 1_775_545_623,
    })
}

fn detail(mut request: Value, status: &str) -> Value {
    let chosen = request.get("currency_sent").is_some();
    let finality = json!({ "confirmations": 127, "called": null, "usual_seconds": 254 });
    request["status"] = json!(status);
    for (name, value) in [
        ("environment", json!("sandbox")),
        ("created_at", json!(1_775_542_023)),
        ("ended_at", json!(null)),
        ("reason", json!(null)),
        ("finality", if chosen { finality } else { json!(null) }),
        ("full_amount_seen", json!(false)),
        ("transactions", json!([])),
        ("cases", json!([])),
        ("behind", json!(null)),
    ] {
        request[name] = value;
    }
    request
}

fn paid() -> Value {
    let mut paid = detail(fixed(), "paid");
    paid["ended_at"] = json!(1_775_542_023);
    paid["full_amount_seen"] = json!(true);
    paid["currency_sent"]["received_amount"] = json!("110");
    paid["currency_sent"]["remaining_amount"] = json!("0");
    paid["transactions"] = json!([{
        "id": "019d511c-b3c4-72db-979c-a8487c5a2633",
        "currency": { "iso": "USDC", "network_name": "polygon" },
        "transaction_type": "blockchain",
        "type": "deposit",
        "address": "sandbox1sq2mj1a6jmr2y83dvvmpjd9d85a00w422m3q",
        "tag": null,
        "amount": "110",
        "txid": "a3e9bfbbf6c43e6f0781577a0f53e5d6d909c315b21d8f6ce8e6022a79eb517b",
        "riskscore": null,
        "confirmations": "128",
    }]);
    paid
}

fn event(number: Value) -> Value {
    json!({
        "number": number,
        "id": "019d511c-9fd2-7e71-b534-74e8abd855f1",
        "payment_request_id": "019d511c-9fd2-7e71-b534-74e8abd855f1",
        "type": "created",
        "status": "created",
        "summary": "The payment request was created.",
        "created_at": 1_775_542_023,
    })
}

fn health() -> Vec<Example> {
    let health = |status: &str, store: &str, behind: Value| {
        let height = if behind.is_null() { json!(17) } else { json!(null) };
        let through = if behind.is_null() { json!(1_775_542_023) } else { json!(null) };
        let lag = if behind.is_null() { json!(0) } else { json!(null) };
        json!({
            "status": status,
            "store": store,
            "chains": [{
                "name": "sandbox", "height": height, "read_through": through,
                "lag_seconds": lag, "lag_blocks": null, "behind": behind,
                "addresses_watched": 1, "endpoints": [],
            }],
            "addresses_watched": 1,
            "addresses_issued": 1,
            "coins": [],
            "keys": [],
            "keys_left_out": 0,
        })
    };
    let example = |name, summary, status, answer| {
        Example::new(Operation::Health, name, summary, status, answer)
    };
    vec![
        example("ok", "All is well", 200, json!({ "status": "ok" })).signing(Signing::NoKey),
        example("details", "All is well, with the token", 200, health("ok", "ok", json!(null)))
            .given(Given::Created(FIXED))
            .given(Given::Paid),
        example(
            "unwell",
            "The database is away, with the token",
            503,
            health("unwell", "unavailable", json!("not read yet")),
        )
        .given(Given::StoreAway),
    ]
}
