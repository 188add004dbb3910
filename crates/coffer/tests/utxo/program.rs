//! The program as an operator sets it up: settings, commands, and a server that nobody drives.

use std::sync::Arc;

use coffer::nodes::{
    networks::{self, UTXO_ACCOUNT},
    utxo::Kind,
};
use serde_json::json;

use crate::support::{
    CallbackSink, HandClock, Node, Program, in_a_line, provide_cryptography, until,
};

#[tokio::test]
async fn an_operator_with_a_descriptor_and_a_node_takes_bitcoin() {
    provide_cryptography();
    let clock = Arc::new(HandClock::of_the_machine());
    let node = Node::start(Kind::Bitcoin, Arc::clone(&clock), &[]).await;
    let settings = networks::utxo(Kind::Bitcoin, &[node.address()], node.zmq().as_deref(), 2);
    let mut program = Program::new(&settings);
    let sink = CallbackSink::start(clock).await;
    sink.expect(program.add_merchant(&sink.url, true).await);
    let add =
        ["wallet", "add", "--network", "bitcoin_regtest", "--sandbox", UTXO_ACCOUNT, "--json"];
    let wallet = program.run(&add).await;
    program.serve().await;
    let body = json!({
        "amount": "60",
        "currency": { "iso": "EUR" },
        "payment_currency": { "iso": "BTC", "network_name": "bitcoin_regtest" },
        "life_time_duration": 3_600,
        "url_success": "https://shop.example.com/thanks",
        "url_failed": "https://shop.example.com/sorry",
    });
    let created = until("a request", async || {
        let (status, answer) = program.post("/api/payments/v1/requests", &body).await;
        match status {
            200 => Some(answer),
            503 => None,
            _ => panic!("{status}: {answer}"),
        }
    })
    .await;
    let address = created["data"]["payment_request_address"]["address"].as_str().unwrap();
    assert_eq!(wallet["first_addresses"][0], address);
    let told = async |line: &str| {
        until(line, async || {
            sink.bodies().last().is_some_and(|it| in_a_line(it) == line).then_some(())
        })
        .await;
    };
    node.pay(address, 110_000).await;
    told("processing 0.0011/0.0011: 0.0011x0").await;
    node.mine(2).await;
    told("paid 0.0011/0.0011: 0.0011x2").await;
    let health = program.health().await;
    let chains = health["chains"].as_array().unwrap();
    let own = chains.iter().find(|chain| chain["name"] == "bitcoin_regtest").unwrap();
    assert_eq!(own["behind"], serde_json::Value::Null, "{health}");
    let proof = program.run(&["books", "prove", "bitcoin_regtest", "--json"]).await;
    let asset = &proof["assets"][0];
    assert_eq!(
        *asset,
        json!({
            "merchant": asset["merchant"], "iso": "BTC", "network": "bitcoin_regtest",
            "arrivals": 1, "booked": "0.0011", "not_final": "0", "held": "0.0011",
            "moved_away": "0", "not_booked": "0", "merchants": "0.0011", "customers": "0",
            "short": false,
        })
    );
}
