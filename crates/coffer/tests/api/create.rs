//! `POST /api/payments/v1/requests` (spec 4.1 and 4.2).

use coffer_wire::signature::PreparedSecret;
use serde_json::{Value, json};

use crate::{
    on_both,
    support::{Ask, NOW, World},
};

const URL: &str = "/api/payments/v1/requests";

/// The mission's own request.
const MISSION: &str = r##"{
"amount": "100",
"currency": {
"iso": "EUR"
},
"life_time_duration": 360000,
"end_user_email": "guest@example.com",
"end_user_reference": "guest_user_17",
"description": "Order #123",
"foreign_id": "order123_customer",
"url_store": "https://example.com/store"
}"##;

/// A body that is right but for these fields, which replace or follow the right ones.
fn body(fields: &str) -> String {
    let mut all = json!({"amount": "100", "currency": {"iso": "EUR"}, "life_time_duration": 3600});
    let changed: serde_json::Map<String, Value> =
        serde_json::from_str(&format!("{{{fields}}}")).unwrap();
    for (name, value) in changed {
        all[name.as_str()] = value;
    }
    all.to_string()
}

/// What a line of the table expects.
enum Then {
    /// The answer holds this member of `data`, as JSON; null is absence.
    Shows(&'static str, &'static str),
    /// This field is wrong.
    Wrong(&'static str),
}
use Then::{Shows, Wrong};

on_both! {
    async fn the_missions_request_gets_the_documented_answer(world: &World) {
        let answer = Ask::post(URL, MISSION).signed(&world.sandbox).of(world).await;
        let id = answer.id();
        let link = answer.json()["data"]["payment_link"].as_str().unwrap().to_owned();
        let life_time = NOW.seconds() + 360_000;
        answer.is(200, &format!(
            "{{\"data\":{{\"id\":\"{id}\",\"amount\":\"100\",\"currency\":{{\"iso\":\"EUR\"}},\
             \"status\":\"created\",\"life_time\":{life_time},\
             \"end_user_email\":\"guest@example.com\",\"description\":\"Order #123\",\
             \"payment_link\":\"{link}\",\"foreign_id\":\"order123_customer\",\
             \"url_store\":\"https://example.com/store\",\
             \"end_user_reference\":\"guest_user_17\"}}}}"
        ));
        assert!(id.len() == 36 && id.as_bytes()[14] == b'7', "{id} is a UUIDv7");
        let token = link.strip_prefix("http://127.0.0.1:8080/payment/").unwrap();
        assert!(token.len() == 22 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("request-id").len(), 24);
    }

    async fn fixed_mode_answers_with_address_amount_and_window(world: &World) {
        let fixed = body(
            r#""payment_currency": {"iso": "USDT", "network_name": "tron"}, "foreign_id": "f1""#,
        );
        let answer = Ask::post(URL, fixed).signed(&world.sandbox).of(world).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let data = &answer.json()["data"];
        assert_eq!(data["status"], "processing");
        let address = &data["payment_request_address"];
        assert!(address["address"].as_str().unwrap().starts_with("sandbox1"), "{address}");
        assert_eq!(address["currency"], json!({"iso": "USDT", "network_name": "tron"}));
        assert_eq!(address["convert_to"], json!({"iso": "EUR"}));
        assert_eq!(address["tag"], Value::Null);
        let sent = &data["currency_sent"];
        assert_eq!(sent["received_amount"], "0");
        assert_eq!(sent["expected_amount"], sent["remaining_amount"]);
        assert_eq!(data["fixed_at"], NOW.seconds());
        assert_eq!(data["expires_at"], NOW.seconds() + 3600);
        assert_eq!(data["valid_until"], NOW.seconds() + 3600);
    }

    async fn the_same_foreign_id_with_the_same_fields_is_the_same_request(world: &World) {
        let same = body(r#""foreign_id": "order 1", "description": "Tea""#);
        let first = Ask::post(URL, same.clone()).signed(&world.sandbox).of(world).await;
        world.pass(60_000);
        let again = Ask::post(URL, same.clone() + " ").signed(&world.sandbox).of(world).await;
        again.is(200, first.text());
        let other = body(r#""foreign_id": "order 1", "description": "Coffee""#);
        let refused = Ask::post(URL, other).signed(&world.sandbox).of(world).await;
        refused.is_wrong("foreign_id", "The foreign id has already been taken.");
        let theirs = Ask::post(URL, same).signed(&world.other).of(world).await;
        assert_ne!(theirs.id(), first.id(), "another merchant has ids of his own");
    }

    async fn twins_become_one_request(world: &World) {
        let twin = body(r#""foreign_id": "twin", "end_user_email": "guest@example.com",
            "end_user_reference": "guest""#);
        let asks = (0..8).map(|_| Ask::post(URL, twin.clone()).signed(&world.sandbox).of(world));
        let answers = futures_util::future::join_all(asks).await;
        let first = answers[0].text();
        assert!(answers.iter().all(|answer| answer.status == 200 && answer.text() == first));
    }
}

/// Each rule of spec 4.1: fields that replace or follow those of a right body, and what they lead
/// to. Times are counted from [`NOW`], which is 1773768946 in Unix seconds.
const RULES: &[(&str, Then)] = &[
    (r#""amount": "100.50""#, Shows("amount", r#""100.50""#)),
    (r#""amount": 100.5"#, Shows("amount", r#""100.5""#)),
    (r#""amount": null"#, Wrong("amount")),
    (r#""currency": {"iso": "EUR"}"#, Shows("currency", r#"{"iso": "EUR"}"#)),
    (
        r#""currency": {"iso": "USDT", "network_name": "tron"}"#,
        Shows("currency", r#"{"iso": "USDT", "network_name": "tron"}"#),
    ),
    (r#""currency": null"#, Wrong("currency")),
    (r#""currency": {}"#, Wrong("currency.iso")),
    (r#""currency": {"iso": "USDT"}"#, Wrong("currency.network_name")),
    (r#""currency": {"iso": "EUR", "network_name": "tron"}"#, Wrong("currency.network_name")),
    (r#""life_time_duration": 300"#, Shows("life_time", "1773769246")),
    (r#""life_time_duration": 5184000"#, Shows("life_time", "1778952946")),
    (r#""life_time_duration": 299"#, Wrong("life_time_duration")),
    (r#""life_time_duration": 5184001"#, Wrong("life_time_duration")),
    (
        r#""life_time_duration": null, "life_time_datetime": 1773769346"#,
        Shows("life_time", "1773769346"),
    ),
    (
        r#""life_time_duration": null, "life_time_date_time": 1773769346"#,
        Shows("life_time", "1773769346"),
    ),
    (
        r#""life_time_duration": null, "life_time_datetime": 1773769245"#,
        Wrong("life_time_datetime"),
    ),
    (
        r#""life_time_duration": null, "life_time_datetime": 1778952947"#,
        Wrong("life_time_datetime"),
    ),
    (r#""life_time_duration": null"#, Wrong("life_time_duration")),
    (r#""payment_currency": {"iso": "BTC"}"#, Shows("status", r#""created""#)),
    (
        r#""payment_currency": {"iso": "BTC", "network_name": "bitcoin"}"#,
        Shows("status", r#""processing""#),
    ),
    (r#""payment_currency": {"iso": "EUR"}"#, Wrong("payment_currency.iso")),
    (r#""end_user_email": "a@example.com""#, Shows("end_user_email", r#""a@example.com""#)),
    (r#""end_user_email": "nobody""#, Wrong("end_user_email")),
    (r#""end_user_reference": "u1""#, Shows("end_user_reference", r#""u1""#)),
    (
        r#""sender_type": "natural", "sender_data": {"first_name": "A", "last_name": "B"}"#,
        Shows("sender_data", "null"),
    ),
    (
        r#""sender_type": "legal",
            "sender_data": {"legal_name": "A", "country_of_registration": "DEU"}"#,
        Shows("sender_type", "null"),
    ),
    (r#""sender_type": "natural""#, Wrong("sender_data")),
    (
        r#""sender_type": "natural",
            "sender_data": {"first_name": "A", "last_name": "B", "legal_name": "C"}"#,
        Wrong("sender_data.legal_name"),
    ),
    (r#""description": "Order""#, Shows("description", r#""Order""#)),
    (r#""foreign_id": "x1""#, Shows("foreign_id", r#""x1""#)),
    ("", Shows("foreign_id", "null")),
    (r#""url_store": "https://example.com/""#, Shows("url_store", r#""https://example.com/""#)),
    (r#""url_store": "http://example.com/""#, Wrong("url_store")),
    (r#""url_success": "https://192.0.2.1/""#, Wrong("url_success")),
    (r#""url_failed": "https://0x7f000001/""#, Wrong("url_failed")),
    (
        r#""url_success": "https://example.com/s""#,
        Shows("url_success", r#""https://example.com/s""#),
    ),
    (r#""url_failed": "https://example.com/f""#, Shows("url_failed", r#""https://example.com/f""#)),
    (r#""callback_url": 17"#, Shows("callback_url", "null")),
    (r#""description": null"#, Shows("description", "null")),
];

#[tokio::test]
async fn every_rule_of_the_table_holds() {
    let world = World::sqlite().await;
    for (fields, then) in RULES {
        let answer = Ask::post(URL, body(fields)).signed(&world.sandbox).of(&world).await;
        match then {
            Shows(member, value) => {
                assert_eq!(answer.status, 200, "{fields}: {}", answer.text());
                let value: Value = serde_json::from_str(value).unwrap();
                assert_eq!(answer.json()["data"][member], value, "{fields}");
            }
            Wrong(field) => {
                assert_eq!(answer.status, 400, "{fields}: {}", answer.text());
                let errors = answer.json()["errors"].clone();
                let sentence = errors[field].as_str().unwrap_or_default().to_owned();
                assert!(sentence.ends_with('.'), "{fields}: {errors}");
            }
        }
    }
}

/// The rules of a body with the ways to break them, as `wire` tests them.
const MISTAKES: &str = include_str!("../../../wire/src/payment_request/create/mistakes.txt");

#[tokio::test]
async fn every_mistake_has_its_sentence_under_its_field() {
    let world = World::sqlite().await;
    let blocks = MISTAKES.split("\n\n").map(str::trim_end).filter(|block| !block.starts_with('#'));
    for block in blocks {
        let (fields, lines) = block.split_once('\n').unwrap();
        let errors: serde_json::Map<String, Value> = lines
            .lines()
            .map(|line| line.trim().split_once(": ").unwrap())
            .map(|(field, sentence)| (field.to_owned(), sentence.into()))
            .collect();
        let answer = Ask::post(URL, body(fields)).signed(&world.sandbox).of(&world).await;
        assert_eq!((answer.status, answer.json()), (400, json!({ "errors": errors })), "{fields}");
    }
}

#[tokio::test]
async fn a_live_key_needs_a_network_that_is_set_up() {
    let world = World::sqlite().await;
    let open = Ask::post(URL, body("")).signed(&world.live).of(&world).await;
    assert_eq!(open.status, 200, "{}", open.text());
    let fixed = body(r#""payment_currency": {"iso": "BTC", "network_name": "bitcoin"}"#);
    let answer = Ask::post(URL, fixed).signed(&world.live).of(&world).await;
    answer.is_wrong("payment_currency.network_name", "BTC on bitcoin cannot be taken here.");
}

/// Bodies are verified as they came, however they are written.
#[tokio::test]
async fn any_spelling_of_json_is_taken() {
    let world = World::sqlite().await;
    for body in [
        r#"{"amount": 1, "currency": {"iso": "EUR"}, "life_time_duration": "3600"}"#,
        "\n{\"amount\":\"1\",\"currency\":{\"iso\":\"\\u0045UR\"},\"life_time_duration\":3600}\r\n",
        r#"{"amount":"1","currency":{"iso":"EUR"},"life_time_duration":600,"description":"Größe"}"#,
        r#"{"amount":"1","currency":{"iso":"EUR"},"life_time_duration":3600,
            "url_store":"https:\/\/example.com\/"}"#,
    ] {
        let answer = Ask::post(URL, body).signed(&world.sandbox).of(&world).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    }
    let wrong = PreparedSecret::new(b"another").sign(b"{}");
    let refused = Ask::post(URL, "{}").signed(&world.sandbox);
    let refused = refused.header("x-processing-signature", &wrong).of(&world).await;
    assert_eq!(refused.status, 403);
}
