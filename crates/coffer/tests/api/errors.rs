//! The errors of spec 2.4, line by line, and what the public pages leave open in the same shape.

use crate::support::{Ask, World};

const CREATE: &str = "/api/payments/v1/requests";
const LIST: &str = "/api/v2/currencies/list";

const BAD_CONTENT: &str = r#"{"error":"Bad content format", "code":"bad_content_format"}"#;
const NO_KEY: &str = r#"{"error":"No key header", "code":"required_header_key"}"#;
const BAD_KEY: &str = r#"{"error":"Bad key header", "code":"bad_header_key"}"#;
const NO_SIGNATURE: &str = r#"{"error":"No signature header", "code":"required_header_signature"}"#;
const BAD_SIGNATURE: &str = r#"{"error":"Bad signature header", "code":"bad_header_signature"}"#;
const NOT_FOUND: &str = r#"{"error":"Not found", "code":"not_found"}"#;
const TOO_LARGE: &str = r#"{"error":"The body is too large", "code":"body_too_large"}"#;
const BUSY: &str = r#"{"error":"Temporarily unavailable", "code":"temporarily_unavailable"}"#;

#[tokio::test]
async fn every_line_of_the_table_of_transport_errors() {
    let world = World::sqlite().await;
    for url in [CREATE, LIST, "/api/v2/currencies/rates"] {
        let right = || Ask::post(url, "{}").signed(&world.sandbox);
        let with = |name: &str, value: &str| right().header(name, value);
        let not_json = Ask::post(url, "amount=100").signed(&world.sandbox);
        for (ask, status, body) in [
            (not_json, 400, BAD_CONTENT),
            (with("content-type", ""), 400, BAD_CONTENT),
            (with("content-type", "text/plain"), 400, BAD_CONTENT),
            (with("content-type", "application/x-www-form-urlencoded"), 400, BAD_CONTENT),
            (right().also("content-type", "application/json"), 400, BAD_CONTENT),
            (with("x-processing-key", ""), 403, NO_KEY),
            (Ask::get("/api/v2/none"), 403, NO_KEY),
            (Ask::get("/api"), 403, NO_KEY),
            (with("x-processing-key", "unknown"), 403, BAD_KEY),
            (with("x-processing-key", "no key at all"), 403, BAD_KEY),
            (right().also("x-processing-key", &world.sandbox.key), 403, BAD_KEY),
            (
                with("x-processing-key", "unknown").header("x-processing-signature", ""),
                403,
                BAD_KEY,
            ),
            (with("x-processing-signature", ""), 403, NO_SIGNATURE),
            (with("x-processing-signature", "x"), 403, BAD_SIGNATURE),
            (with("x-processing-signature", &"0".repeat(128)), 403, BAD_SIGNATURE),
            (with("x-processing-key", &world.live.key), 403, BAD_SIGNATURE),
            (with("x-processing-key", &world.other.key), 403, BAD_SIGNATURE),
            (Ask::get("/api/v2/none").signed(&world.sandbox), 404, NOT_FOUND),
        ] {
            ask.of(&world).await.is(status, body);
        }
    }
}

#[tokio::test]
async fn the_order_of_checks_is_key_signature_content_fields() {
    let world = World::sqlite().await;
    let all_wrong = || Ask::post(CREATE, "x").header("content-type", "text/plain");
    all_wrong().of(&world).await.is(403, NO_KEY);
    let keyed = || all_wrong().header("x-processing-key", &world.sandbox.key);
    keyed().of(&world).await.is(403, NO_SIGNATURE);
    keyed().header("x-processing-signature", "00").of(&world).await.is(403, BAD_SIGNATURE);
    all_wrong().signed(&world.sandbox).of(&world).await.is(400, BAD_CONTENT);
    let typed = Ask::post(CREATE, "x").signed(&world.sandbox);
    typed.of(&world).await.is(400, BAD_CONTENT);
    let empty = Ask::post(CREATE, "{}").signed(&world.sandbox).of(&world).await;
    assert_eq!(empty.json()["errors"].as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn header_names_and_media_types_are_taken_as_clients_spell_them() {
    let world = World::sqlite().await;
    for media_type in
        ["application/json; charset=utf-8", "Application/JSON", "application/json ;charset=UTF-8"]
    {
        let ask = Ask::post(LIST, "{}").signed(&world.sandbox).header("CONTENT-TYPE", media_type);
        assert_eq!(ask.of(&world).await.status, 200, "{media_type}");
    }
    let upper = world.sandbox.secret.sign(b"{}").to_uppercase();
    let ask = Ask::post(LIST, "{}").signed(&world.sandbox);
    assert_eq!(ask.header("X-PROCESSING-SIGNATURE", &upper).of(&world).await.status, 200);
}

#[tokio::test]
async fn a_disabled_key_is_refused_within_a_second() {
    let world = World::sqlite().await;
    let ask = || Ask::post(LIST, "{}").signed(&world.sandbox);
    assert_eq!(ask().of(&world).await.status, 200);
    let keys = world.engine.keys_of(world.merchant.id).await.unwrap();
    let key = keys.iter().find(|key| key.public_key == world.sandbox.key).unwrap();
    assert!(world.engine.disable_key(key.id).await.unwrap());
    world.pass(1_000);
    ask().of(&world).await.is(403, BAD_KEY);
}

#[tokio::test]
async fn nasty_bodies_are_refused_without_harm() {
    let world = World::sqlite().await;
    let around = |amount: &str| {
        format!(r#"{{"amount":{amount},"currency":{{"iso":"EUR"}},"life_time_duration":3600}}"#)
    };
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let not_utf8 = b"{\"amount\":\"\xff\"}".to_vec();
    for (body, status, answer) in [
        (vec![b' '; 65_537], 413, TOO_LARGE),
        (vec![b'['; 65_536], 400, BAD_CONTENT),
        (around(&deep).into_bytes(), 400, BAD_CONTENT),
        (b"".to_vec(), 400, BAD_CONTENT),
        (b"\"100\"".to_vec(), 400, BAD_CONTENT),
        (b"{\"amount\":100".to_vec(), 400, BAD_CONTENT),
        (b"{} {}".to_vec(), 400, BAD_CONTENT),
        (b"{\"amount\":\"1\0\"}".to_vec(), 400, BAD_CONTENT),
        (b"\xef\xbb\xbf{}".to_vec(), 400, BAD_CONTENT),
        (not_utf8, 400, BAD_CONTENT),
    ] {
        Ask::post(CREATE, body).signed(&world.sandbox).of(&world).await.is(status, answer);
    }
    for (amount, sentence) in [
        ("1e400", "1e400 is not a plain decimal number, such as \"100.50\"."),
        ("1,\"amount\":2", "The field is given more than once."),
        ("true", "The amount must be a decimal number, such as \"100.50\"."),
        ("\"1\\u0000\"", "\"1\\u0000\" is not a plain decimal number, such as \"100.50\"."),
        (
            &"9".repeat(40_000),
            "9999999999999999999999999999999999999999… is too large; at most 15 digits may stand \
             before the point.",
        ),
    ] {
        let answer = Ask::post(CREATE, around(amount)).signed(&world.sandbox).of(&world).await;
        answer.is_wrong("amount", sentence);
    }
}

/// Nobody learns what a body would have been answered without its signature.
#[tokio::test]
async fn a_body_is_authenticated_before_it_is_read() {
    let world = World::sqlite().await;
    for body in ["not json", "{}", r#"{"amount":"1","amount":"2"}"#] {
        let ask = Ask::post(CREATE, body).signed(&world.sandbox);
        ask.header("x-processing-signature", &"0".repeat(128))
            .of(&world)
            .await
            .is(403, BAD_SIGNATURE);
    }
    let large = Ask::post(CREATE, vec![b' '; 65_537]).signed(&world.sandbox);
    large.header("x-processing-key", "unknown").of(&world).await.is(403, BAD_KEY);
}

#[tokio::test]
async fn other_methods_are_named_to_who_has_a_key() {
    let world = World::sqlite().await;
    let answer = Ask::get(CREATE).method("DELETE").signed(&world.sandbox).of(&world).await;
    answer.is(405, r#"{"error":"Method not allowed", "code":"method_not_allowed"}"#);
    assert_eq!(answer.header("allow"), "POST, GET");
    Ask::get(LIST).of(&world).await.is(403, NO_KEY);
}

#[tokio::test]
async fn slashes_of_base_urls_are_forgiven() {
    let world = World::sqlite().await;
    for path in ["/api/v2/ping", "/api/v2/ping/", "/api/v2//ping", "//api/v2/ping"] {
        Ask::get(path).of(&world).await.is(200, "OK");
    }
    for path in ["/api/v2//currencies/list", "/api/v2/currencies/list/"] {
        let answer = Ask::post(path, "{}").signed(&world.sandbox).of(&world).await;
        assert_eq!(answer.status, 200, "{path}");
    }
}

#[tokio::test]
async fn without_the_store_nothing_is_done_and_said_so() {
    let world = World::sqlite().await;
    world.store.close().await;
    let body = r#"{"amount":"1","currency":{"iso":"EUR"},"life_time_duration":3600}"#;
    let ask = || Ask::post(CREATE, body).signed(&world.sandbox);
    let answer = ask().of(&world).await;
    answer.is(503, BUSY);
    assert_eq!(answer.header("retry-after"), "2");
    world.pass(2_000);
    ask().of(&world).await.is(503, BUSY);
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_ours() {
    let world = World::sqlite().await;
    let mut seen = std::collections::HashSet::new();
    for ask in [Ask::get("/api/v2/ping"), Ask::get("/api/nothing"), Ask::post(CREATE, "{}")] {
        let answer = ask.header("request-id", "mine").of(&world).await;
        let id = answer.header("request-id").to_owned();
        assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        assert!(seen.insert(id));
    }
}

#[tokio::test]
async fn outside_of_the_api_an_unknown_url_is_a_page() {
    let world = World::sqlite().await;
    for path in ["/", "/favicon.ico", "/payment/0000000000000000000000", "/apis/v2"] {
        let answer = Ask::get(path).of(&world).await;
        assert_eq!((answer.status, answer.header("request-id").len()), (404, 24), "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    }
}
