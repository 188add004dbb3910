//! `coffer doctor` beside a real node: what is well, what is wrong, and what it advises.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    program::{create, networks},
    support::{ACCOUNT_KEY, HandClock, Node, PLAIN, Program, provide_cryptography, until},
};

/// Live payments on the node's chain, at made-up prices.
const ALLOWED: &str = "[rates]\nsource = \"fixed\"\n[networks]\nallow_test = true\n";
pub const CHAIN_ID: u64 = 31_337;

/// A node of that chain, and the settings that read it.
pub async fn node(chain_id: u64) -> (Node, String) {
    provide_cryptography();
    let node = Node::start(Arc::new(HandClock::of_the_machine()), CHAIN_ID, &[]).await;
    let token = node.deploy(PLAIN, 6).await;
    let settings = format!("{ALLOWED}{}", networks(&node.address, chain_id, &token));
    (node, settings)
}

/// A served installation with a merchant and a wallet.
pub async fn served(settings: &str) -> Program {
    let mut program = Program::new(settings);
    program.add_merchant("http://127.0.0.1:9/callback", false).await;
    program.run(&["wallet", "add", "--network", "anvil", ACCOUNT_KEY, "--json"]).await;
    program.serve().await;
    program
}

/// Whether the doctor is content, and what it says.
async fn examined(program: &Program) -> (bool, Value) {
    let (well, said, told) = program.attempt(&["doctor", "--json"]).await;
    let said: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}{told}"));
    assert_eq!(said["well"], well, "{said}");
    (well, said)
}

/// What the doctor tells a person.
async fn page(program: &Program) -> String {
    program.attempt(&["doctor"]).await.1
}

/// Waits until the running server has read its network.
pub async fn until_read(program: &Program) {
    until("the network is read", async || {
        let health = program.health().await;
        let anvil = health["chains"].as_array()?.iter().find(|it| it["name"] == "anvil")?;
        (anvil["height"].is_u64() && anvil["behind"].is_null()).then_some(())
    })
    .await;
}

/// The findings of a grade, each as `about: what`.
fn findings(said: &Value, grade: &str) -> Vec<String> {
    let all = said["findings"].as_array().unwrap().iter().filter(|it| it["grade"] == grade);
    let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
    all.map(|it| format!("{}: {}", text(it, "about"), text(it, "what"))).collect()
}

#[tokio::test]
async fn where_all_is_well_the_doctor_says_so() {
    let (node, settings) = node(CHAIN_ID).await;
    let words = "confirmations = \"finalized or 3\"";
    let program = served(&settings.replace("confirmations = 3", words)).await;
    until_read(&program).await;
    let (well, said) = examined(&program).await;
    assert!(well, "{said}");
    let network = &said["networks"][0];
    assert_eq!((&network["name"], &network["error"]), (&"anvil".into(), &Value::Null));
    let endpoint = &network["endpoints"][0];
    assert_eq!(endpoint["label"], node.address.as_str());
    assert_eq!(endpoint["in_step"], true);
    assert_eq!((&endpoint["safe_height"], &endpoint["final_height"]), (&Value::Null, &0.into()));
    assert!(endpoint["capabilities"]["traces"].is_boolean(), "{endpoint}");
    assert_eq!(network["read"]["height"], endpoint["height"]);
    let coins = said["coins"].as_array().unwrap();
    assert_eq!(coins.len(), 2);
    assert!(coins.iter().all(|coin| coin["taken"] == true && coin["environment"] == "live"));
    let page = page(&program).await;
    for part in
        ["Network anvil", "in step, finalized 0", "ETH/anvil", "can be taken", "Nothing is wrong."]
    {
        assert!(page.contains(part), "{part} is not in:\n{page}");
    }
}

/// The node's own accounts are those of the key, and are rich.
#[tokio::test]
async fn the_doctor_tells_of_addresses_that_were_used_before() {
    let (_node, settings) = node(CHAIN_ID).await;
    let mut program = Program::new(&settings);
    program.add_merchant("http://127.0.0.1:9/callback", false).await;
    let add = ["wallet", "add", "--network", "anvil", ACCOUNT_KEY, "--json", "--first"];
    program.run(&[&add[..], &["8"]].concat()).await;
    let (_, said) = examined(&program).await;
    let found = findings(&said, "notable").join("\n");
    assert!(found.contains("its address 8, which it gives out next or soon, holds money on anvil"));
    // Behind those that the node gave money to.
    let other = Program::new(&settings);
    other.run(&["migrate", "--json"]).await;
    other.run(&[&add[..], &["500"]].concat()).await;
    let (_, said) = examined(&other).await;
    assert!(!findings(&said, "notable").join("\n").contains("holds money"), "{said}");
}

#[tokio::test]
async fn the_doctor_needs_no_running_server() {
    let (_node, settings) = node(CHAIN_ID).await;
    let mut program = Program::new(&settings);
    program.add_merchant("http://127.0.0.1:9/callback", false).await;
    let (well, said) = examined(&program).await;
    assert!(!well);
    let never = "anvil: it has never been read, so its coins are not offered";
    assert_eq!(findings(&said, "wrong"), [never]);
    assert_eq!(said["networks"][0]["read"], Value::Null);
}

/// The node has made no block since its first, which is an hour old.
#[tokio::test]
async fn the_doctor_tells_a_node_that_is_behind() {
    provide_cryptography();
    let node = Node::start(Arc::new(HandClock::of_the_machine()), CHAIN_ID, &[]).await;
    let no_contract = format!("0x{}", "5a".repeat(20));
    let settings = format!("{ALLOWED}{}", networks(&node.address, CHAIN_ID, &no_contract));
    let stale = settings.replace("\ntest = true\n", "\ntest = true\nstale_after_seconds = 60\n");
    assert_ne!(stale, settings);
    let program = served(&stale).await;
    until("the reason", async || {
        let (_, said) = examined(&program).await;
        let wrong = findings(&said, "wrong").join("\n");
        let both =
            ["not in step with its network: its newest block, 0, is 60 min", "it has been behind"];
        both.iter().all(|part| wrong.contains(part)).then_some(())
    })
    .await;
    let page = page(&program).await;
    assert!(page.contains("NOT in step") && page.contains("-> wait until the node"), "{page}");
    assert!(page.contains("cannot be taken: no endpoint is in step"), "{page}");
}

#[tokio::test]
async fn the_doctor_tells_a_node_of_another_chain() {
    let (_node, settings) = node(31_338).await;
    let program = served(&settings).await;
    let (well, said) = examined(&program).await;
    assert!(!well);
    let wrong = findings(&said, "wrong").join("\n");
    assert!(wrong.contains("expected chain id 31338, found chain id 31337"), "{wrong}");
    assert!(page(&program).await.contains("-> name a node of this network"));
}

#[tokio::test]
async fn the_doctor_tells_a_node_that_is_away() {
    let (node, settings) = node(CHAIN_ID).await;
    let program = served(&settings).await;
    until_read(&program).await;
    drop(node);
    let (well, said) = examined(&program).await;
    assert!(!well);
    assert_eq!(said["networks"][0]["endpoints"][0]["height"], Value::Null);
    assert!(findings(&said, "wrong")[0].contains("anvil cannot be reached"), "{said}");
}

/// The node's chain is another from its first blocks on, as after a hand has reset it.
#[tokio::test]
async fn the_doctor_tells_a_stopped_network_and_how_it_goes_on() {
    let (node, settings) = node(CHAIN_ID).await;
    node.rpc("anvil_mine", serde_json::json!(["0x46", "0x1"])).await;
    let program = served(&settings).await;
    until_read(&program).await;
    // More than is remembered of what was read, which began 50 blocks below the tip.
    node.reorg(60).await;
    let said = until("the stop", async || {
        let (_, said) = examined(&program).await;
        said["networks"][0]["stopped"].is_object().then_some(said)
    })
    .await;
    let wrong = findings(&said, "wrong");
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].starts_with("anvil: it has been stopped for "), "{wrong:?}");
    assert!(wrong[0].contains("reorganised below every block"), "{wrong:?}");
    let page = page(&program).await;
    assert!(page.contains("  stopped since "), "{page}");
    assert!(page.contains("then coffer chain clear anvil (--from HEIGHT"), "{page}");
    let reason = said["coins"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("its network is behind: stopped: "), "{reason}");
}

/// Made-up prices are none for real payments, so it is as if no market answered.
#[tokio::test]
async fn the_doctor_tells_that_there_are_no_rates() {
    provide_cryptography();
    let node = Node::start(Arc::new(HandClock::of_the_machine()), 1, &[]).await;
    node.mine(1).await;
    let settings = format!(
        "[rates]\nsource = \"fixed\"\n[[networks.evm]]\nname = \"ethereum\"\n\
         endpoints = [\"http://{}\"]\n",
        node.address
    );
    let mut program = Program::new(&settings);
    program.add_merchant("http://127.0.0.1:9/callback", false).await;
    program.run(&["wallet", "add", "--network", "ethereum", ACCOUNT_KEY, "--json"]).await;
    program.serve().await;
    until("no rate", async || {
        let (_, said) = examined(&program).await;
        let wrong = findings(&said, "wrong").join("\n");
        wrong.contains("ETH cannot be taken: no rate for ETH in USD").then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_doctor_tells_coins_that_no_wallet_receives() {
    let (_node, settings) = node(CHAIN_ID).await;
    let mut program = Program::new(&settings);
    program.add_merchant("http://127.0.0.1:9/callback", false).await;
    program.serve().await;
    until_read(&program).await;
    let (well, said) = examined(&program).await;
    assert!(!well);
    let lacking = "anvil: ETH, USDX cannot be taken: no wallet receives it";
    assert_eq!(findings(&said, "wrong"), [lacking]);
    assert!(page(&program).await.contains("-> coffer wallet add --network anvil KEY"));
}

#[tokio::test]
async fn the_doctor_measures_how_many_addresses_in_a_row_were_not_paid() {
    let (_node, settings) = node(CHAIN_ID).await;
    let program = served(&settings).await;
    for _ in 0..21 {
        create(&program, "ETH").await;
    }
    until_read(&program).await;
    let (well, said) = examined(&program).await;
    assert!(well, "{said}");
    let key = &said["keys"][0];
    assert_eq!((&key["addresses"], &key["unpaid"]), (&21.into(), &21.into()));
    assert_eq!(key["gap_limit_needed"], 100);
    let notable = findings(&said, "notable").join("\n");
    assert!(notable.contains("21 of its addresses in a row"), "{notable}");
}
