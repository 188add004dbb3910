//! `coffer find`, beside a running server.

use coffer_wire::signature::{KEY_HEADER, PreparedSecret, SIGNATURE_HEADER};
use serde_json::{Value, json};

use crate::home::{Home, Running};

const REQUESTS: &str = "/api/payments/v1/requests";

/// A sandbox payment of 0.002 BTC with the foreign id `order-7`.
pub fn asked(home: &Home, server: &Running) -> (Value, impl Fn(&str, &Value) -> Value) {
    let merchant = home.merchant();
    let key = home.json(&["key", "add", "--merchant", &merchant, "--sandbox"]);
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    let (key, secret) = (text("key"), PreparedSecret::new(text("secret").as_bytes()));
    let address = server.address.clone();
    let ask = move |below: &str, body: &Value| {
        let body = body.to_string();
        let signature = secret.sign(body.as_bytes());
        let head = format!(
            "POST {REQUESTS}{below} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/json\r\n{KEY_HEADER}: {key}\r\n\
             {SIGNATURE_HEADER}: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = Running::exchange(&address, &head);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap()
    };
    let body = json!({
        "amount": "100", "currency": {"iso": "USD"}, "life_time_duration": 3_600,
        "payment_currency": {"iso": "BTC", "network_name": "bitcoin"}, "foreign_id": "order-7",
        "url_success": "https://shop.example/thanks", "url_failed": "https://shop.example/sorry",
    });
    (ask("", &body), ask)
}

#[test]
fn a_payment_is_as_deep_as_the_newest_block_says() {
    let home = Home::with_database();
    let server = home.serve(&["serve"]);
    let (made, ask) = asked(&home, &server);
    let pay = |made: &Value| {
        let id = made["data"]["id"].as_str().unwrap();
        ask(&format!("/{id}/simulate"), &json!({"payment": "exact"}));
    };
    let story = || home.json(&["find", "order-7"])["requests"][0].clone();
    pay(&made);
    let height = |story: &Value| story["networks"][0]["height"].as_u64().unwrap();
    let before = height(&story());
    let other = json!({
        "amount": "100", "currency": {"iso": "USD"}, "life_time_duration": 3_600,
        "payment_currency": {"iso": "BTC", "network_name": "bitcoin"}, "foreign_id": "order-8",
    });
    pay(&ask("", &other));
    let after = story();
    let transfer = &after["transfers"][0];
    assert!(height(&after) > before, "no block came");
    assert_eq!(transfer["state"], "final");
    let deep = height(&after) - transfer["block"].as_u64().unwrap() + 1;
    assert_eq!(transfer["confirmations"], deep);
    let words = format!("final, block {}, {deep} deep", transfer["block"]);
    assert!(home.said(&["find", "order-7"]).contains(&words), "{words}");
}

#[test]
fn a_payment_is_found_and_its_story_told() {
    let home = Home::with_database();
    let server = home.serve(&["serve"]);
    let (made, ask) = asked(&home, &server);
    let id = made["data"]["id"].as_str().unwrap();
    let address = made["data"]["payment_request_address"]["address"].as_str().unwrap();
    let unpaid = home.said(&["find", address]);
    for part in [
        &format!("Payment request {id} of My Shop (sandbox), found by its address"),
        "order-7",
        "0.002 BTC/bitcoin",
        "Nothing has come to",
        "It is watched since",
        "bitcoin was read up to block",
    ] {
        assert!(unpaid.contains(part), "{part} is not in:\n{unpaid}");
    }
    ask(&format!("/{id}/simulate"), &json!({"payment": "exact"}));
    let told = home.json(&["find", "order-7"]);
    let story = &told["requests"][0];
    assert_eq!((&story["found_by"], &story["id"]), (&"foreign id".into(), &id.into()));
    assert_eq!(story["quotes"][0]["address"], address);
    let transfer = &story["transfers"][0];
    assert_eq!((&transfer["amount"], &transfer["address"]), (&"0.002".into(), &address.into()));
    let transaction = transfer["transaction"].as_str().unwrap();
    let paid = home.said(&["find", transaction]);
    assert!(paid.contains("found by its transaction"), "{paid}");
    assert!(paid.contains("Transfers") && !paid.contains("Nothing has come"), "{paid}");
    let link = made["data"]["payment_link"].as_str().unwrap();
    assert_eq!(home.json(&["find", link])["requests"][0]["id"], id);
}

#[test]
fn what_is_not_here_is_said_in_a_sentence() {
    let home = Home::with_database();
    let network = "[[networks.evm]]\nname = \"ethereum\"\nendpoints = [\"http://127.0.0.1:1\"]\n";
    std::fs::write(home.path("coffer.toml"), network).unwrap();
    for nothing in ["", " "] {
        let told = home.complaint(&["find", nothing], 1);
        assert!(told.contains("nothing to look for: give an id, a payment link"), "{told}");
    }
    let told = home.complaint(&["find", "order-8"], 1);
    assert!(told.contains("nothing here is called order-8"), "{told}");
    let stranger = "0xde709f2102306220921060314715629080e2fb77";
    let told = home.complaint(&["find", stranger], 1);
    let sentence =
        format!("{stranger} is an address of ethereum, but none that was given out here");
    assert!(told.contains(&sentence), "{told}");
}

#[test]
fn a_callback_whose_time_has_come_is_due_now() {
    let home = Home::with_database();
    let server = home.serve(&["serve"]);
    let (made, _) = asked(&home, &server);
    let id = made["data"]["id"].as_str().unwrap();
    let callback = home.json(&["callback", "list", "--request", id])["callbacks"][0].clone();
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
    let id = callback["id"].as_str().unwrap();
    home.said(&["callback", "resend", id]);
    let listed = home.said(&["callback", "list"]);
    assert!(listed.contains("  now  "), "{listed}");
    let shown = home.said(&["callback", "show", id]);
    assert!(shown.contains("next attempt  now"), "{shown}");
}
