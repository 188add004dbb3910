//! The program as an operator sets it up: settings, commands, and a server that nobody drives.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{
    ACCOUNT_KEY, CallbackSink, HandClock, Node, PLAIN, Program, ether, in_a_line,
    provide_cryptography, until,
};

/// The chain id of a development chain.
const CHAIN_ID: u64 = 31_337;

/// The settings of an operator who reads a test network.
pub fn networks(endpoint: &str, chain_id: u64, token: &str) -> String {
    format!(
        "[[networks.evm]]\nname = \"anvil\"\nchain_id = {chain_id}\ntest = true\n\
         confirmations = 3\nendpoints = [\"http://{endpoint}\"]\n\
         [[networks.evm.assets]]\niso = \"ETH\"\ncode = \"ETHANVIL\"\nnumber = 90001\n\
         decimals = 18\nfixed_usd = \"2500\"\n\
         [[networks.evm.assets]]\niso = \"USDX\"\nnumber = 90002\ndecimals = 6\n\
         display_decimals = 2\ncontract = \"{token}\"\nfixed_usd = \"1\"\n"
    )
}

fn request(iso: &str) -> Value {
    json!({
        "amount": "25",
        "currency": { "iso": "USD" },
        "payment_currency": { "iso": iso, "network_name": "anvil" },
        "life_time_duration": 3_600,
        "url_success": "https://shop.example.com/thanks",
        "url_failed": "https://shop.example.com/sorry",
    })
}

/// Creates a request as soon as the network has been read; where to pay.
pub async fn create(program: &Program, iso: &str) -> String {
    let body = request(iso);
    let created = until("a request", async || {
        let (status, answer) = program.post("/api/payments/v1/requests", &body).await;
        match status {
            200 => Some(answer),
            503 => None,
            _ => panic!("{status}: {answer}"),
        }
    });
    let address = &created.await["data"]["payment_request_address"]["address"];
    address.as_str().unwrap().to_owned()
}

/// Waits until that was called back last.
async fn told(sink: &CallbackSink, line: &str) {
    until(line, async || {
        sink.bodies().last().is_some_and(|it| in_a_line(it) == line).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_operator_with_an_account_key_and_a_node_takes_coin_and_tokens() {
    provide_cryptography();
    let clock = Arc::new(HandClock::of_the_machine());
    let node = Node::start(Arc::clone(&clock), CHAIN_ID, &[]).await;
    let token = node.deploy(PLAIN, 6).await;
    let mut program = Program::new(&networks(&node.address, CHAIN_ID, &token));
    let sink = CallbackSink::start(clock).await;
    sink.expect(program.add_merchant(&sink.url, true).await);
    let add = ["wallet", "add", "--network", "anvil", "--sandbox", ACCOUNT_KEY, "--json"];
    let wallet = program.run(&add).await;
    let first = wallet["first_addresses"][0].as_str().unwrap();
    assert!(first.eq_ignore_ascii_case(&node.accounts[0]), "{first}");
    program.serve().await;
    let address = create(&program, "ETH").await;
    assert_eq!(address, first);
    node.pay(&address, ether(10)).await;
    told(&sink, "processing 0.01/0.01: 0.01x0").await;
    node.mine(3).await;
    told(&sink, "paid 0.01/0.01: 0.01x3").await;
    let address = create(&program, "USDX").await;
    node.pay_token(&token, &address, 25_000_000).await;
    told(&sink, "processing 25/25: 25x0").await;
    node.mine(3).await;
    told(&sink, "paid 25/25: 25x3").await;
    node.pay(&address, ether(500)).await;
    node.pay_token(&token, &address, 1_000_000).await;
    node.mine(3).await;
    until("what came beside it", async || {
        let proof = program.run(&["books", "prove", "anvil", "--json"]).await;
        let assets = proof["assets"].as_array().unwrap();
        let late = |asset: &&Value| asset["customers"] != "0";
        (assets.iter().filter(late).count() == 2).then_some(())
    })
    .await;
    let mut proof = program.run(&["books", "prove", "anvil", "--json"]).await;
    for asset in proof["assets"].as_array_mut().unwrap() {
        asset.as_object_mut().unwrap().remove("merchant");
    }
    // The chain gave each of these accounts 10,000 ETH before there was a Coffer.
    let expected = json!([
        {
            "iso": "ETH", "network": "anvil", "arrivals": 2, "booked": "0.51",
            "not_final": "0", "held": "20000.51", "moved_away": "0", "not_booked": "20000",
            "merchants": "0.01", "customers": "0.5", "short": false,
        },
        {
            "iso": "USDX", "network": "anvil", "arrivals": 2, "booked": "26",
            "not_final": "0", "held": "26", "moved_away": "0", "not_booked": "0",
            "merchants": "25", "customers": "1", "short": false,
        },
    ]);
    assert_eq!(proof["assets"], expected);
}

#[tokio::test]
async fn live_keys_use_a_test_network_only_where_it_is_allowed() {
    provide_cryptography();
    let clock = Arc::new(HandClock::of_the_machine());
    let node = Node::start(Arc::clone(&clock), CHAIN_ID, &[]).await;
    let token = node.deploy(PLAIN, 6).await;
    let networks = networks(&node.address, CHAIN_ID, &token);
    let mut program = Program::new(&networks);
    program.add_merchant("http://127.0.0.1:9/callback", false).await;
    program.serve().await;
    let (status, answer) = program.post("/api/payments/v1/requests", &request("ETH")).await;
    assert_eq!(status, 400);
    let sentence = "ETH on anvil cannot be taken here.";
    assert_eq!(answer["errors"]["payment_currency.network_name"], sentence);
    let allowed = "[rates]\nsource = \"fixed\"\n[networks]\nallow_test = true\n";
    let mut program = Program::new(&format!("{allowed}{networks}"));
    let sink = CallbackSink::start(clock).await;
    sink.expect(program.add_merchant(&sink.url, false).await);
    program.run(&["wallet", "add", "--network", "anvil", ACCOUNT_KEY, "--json"]).await;
    program.serve().await;
    let address = create(&program, "ETH").await;
    node.pay(&address, ether(10)).await;
    told(&sink, "processing 0.01/0.01: 0.01x0").await;
    node.mine(3).await;
    told(&sink, "paid 0.01/0.01: 0.01x3").await;
}

#[tokio::test]
async fn a_node_of_another_chain_does_not_keep_the_program_from_starting() {
    provide_cryptography();
    let clock = Arc::new(HandClock::of_the_machine());
    let node = Node::start(Arc::clone(&clock), CHAIN_ID, &[]).await;
    let token = node.deploy(PLAIN, 6).await;
    let mut program = Program::new(&networks(&node.address, 31_338, &token));
    program.add_merchant("http://127.0.0.1:9/callback", true).await;
    program.serve().await;
    until("the reason", async || {
        let health = program.health().await;
        let anvil = health["chains"].as_array()?.iter().find(|it| it["name"] == "anvil")?;
        let behind = anvil["behind"].as_str()?;
        behind.contains("expected chain id 31338, found chain id 31337").then_some(())
    })
    .await;
    let (status, answer) = program.post("/api/payments/v1/requests", &request("ETH")).await;
    assert_eq!(status, 503, "{answer}");
}
