//! What `/health` says of a real node: what the running process knows, and nothing it must ask for.

use coffer_domain::{ports::ChainError, time::Span};
use coffer_engine::{doctor::Gap, health::ChainHealth};
use serde_json::Value;

use crate::{
    doctor::{CHAIN_ID, node, served, until_read},
    support::{Database, PLAIN, Request, Setup, Token, World},
};

/// How the node's network is read, as the process knows.
async fn anvil(world: &World) -> ChainHealth {
    let chains = world.engine.health().await.chains;
    chains.into_iter().find(|chain| chain.name.as_str() == "anvil").unwrap()
}

/// Why each coin of the node's network cannot be taken; none for one that can.
async fn refusals(world: &World) -> Vec<Option<String>> {
    let coins = world.engine.health().await.coins;
    coins.into_iter().map(|coin| coin.refused).collect()
}

/// What runs in the background and is not reading or sending.
async fn background(world: &World) {
    world.engine.check_alarms().await.unwrap();
    world.engine.take_stock().await.unwrap();
}

async fn health_tells_of_endpoints_coins_and_keys_without_asking_anybody(world: World) {
    let _request = Request::of(&world, "ETH").await;
    world.mine(3).await;
    assert_eq!(anvil(&world).await.asked, None, "nobody has asked yet");
    background(&world).await;
    let chain = anvil(&world).await;
    let asked = chain.asked.clone().unwrap();
    assert_eq!((asked.at, asked.reports.len()), (world.engine.now(), 1));
    let report = &asked.reports[0];
    assert_eq!(report.label, world.gate.address);
    let tip = report.tip.as_ref().unwrap();
    assert_eq!((Some(tip.at.height), tip.live), (chain.height, true));
    assert!(report.calls_last_minute > 0);
    assert_eq!((chain.addresses, chain.lag_blocks()), (1, Some(0)));
    assert_eq!(chain.audit.unwrap().audited_at, world.engine.now(), "balances are compared");
    assert_eq!(refusals(&world).await, [None]);
    let health = world.engine.health().await;
    assert_eq!(health.keys.len(), 1);
    assert_eq!(health.keys[0].0.gap, Gap { issued: 1, unpaid: 1, longest: 1 });
    assert_eq!(health.keys_left_out, 0);
    // What was said stays so until it is asked again.
    world.node.mine(2).await;
    assert_eq!(anvil(&world).await.asked.unwrap(), asked);
    world.pass(Span::from_minutes(1));
    background(&world).await;
    assert_eq!(anvil(&world).await.lag_blocks(), Some(2));
    world.remove().await;
}

#[tokio::test]
async fn health_tells_of_endpoints_coins_and_keys_without_asking_anybody_on_sqlite() {
    let world = Setup::new().audited().start().await;
    health_tells_of_endpoints_coins_and_keys_without_asking_anybody(world).await;
}

#[tokio::test]
async fn health_tells_of_endpoints_coins_and_keys_without_asking_anybody_on_postgres() {
    let world = Setup::on(Database::Postgres).audited().start().await;
    health_tells_of_endpoints_coins_and_keys_without_asking_anybody(world).await;
}

#[tokio::test]
async fn the_check_for_alarms_asks_an_endpoint_for_its_chain_and_its_tip_alone() {
    let world = Setup::new().start().await;
    background(&world).await;
    let able = anvil(&world).await.asked.unwrap().reports[0].capabilities.clone();
    assert!(able.contains(&("receipts", true)), "{able:?}");
    for _ in 0..3 {
        world.pass(Span::from_minutes(2));
        background(&world).await;
        let report = anvil(&world).await.asked.unwrap().reports.remove(0);
        assert!(report.tip.is_ok());
        assert!(report.calls_last_minute <= 4, "{} calls", report.calls_last_minute);
        assert_eq!(report.capabilities, able, "it is still told what it can do");
    }
    world.remove().await;
}

#[tokio::test]
async fn health_tells_a_node_that_is_gone_and_why_its_coins_cannot_be_taken() {
    let world = Setup::new().token(Token::new("USDX", PLAIN)).start().await;
    background(&world).await;
    assert_eq!(refusals(&world).await, [None, None]);
    world.gate.shut();
    world.settle_blind().await;
    world.pass(Span::from_minutes(1));
    background(&world).await;
    let asked = anvil(&world).await.asked.unwrap();
    let error = asked.reports[0].tip.as_ref().unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    for reason in refusals(&world).await {
        let reason = reason.unwrap();
        assert!(reason.starts_with("its network is behind: anvil cannot be reached"), "{reason}");
    }
    world.gate.open();
    world.settle().await;
    assert_eq!(refusals(&world).await, [None, None]);
    world.remove().await;
}

/// Without what another second makes different.
fn timeless(endpoint: &Value) -> Value {
    let mut endpoint = endpoint.clone();
    let members = endpoint.as_object_mut().unwrap();
    for member in ["asked_at", "tip_age_seconds", "calls_last_minute", "lag_blocks"] {
        members.remove(member);
    }
    for member in ["reachable", "right_chain"] {
        assert_eq!(members.remove(member), Some(true.into()), "{member}");
    }
    endpoint
}

/// The program as it runs, asked from the machine it runs on.
#[tokio::test]
async fn health_says_of_a_network_what_the_doctor_says() {
    let (_node, settings) = node(CHAIN_ID).await;
    let program = served(&settings).await;
    until_read(&program).await;
    let health = crate::support::until("everything is known", async || {
        let health = program.health().await;
        let known = health["keys"].as_array().is_some_and(|keys| !keys.is_empty());
        let chains = health["chains"].as_array().unwrap();
        let anvil = chains.iter().find(|chain| chain["name"] == "anvil")?;
        (known && anvil["endpoints"][0]["height"].is_u64()).then_some(health)
    })
    .await;
    let said: Value = program.run(&["doctor", "--json"]).await;
    let anvil = health["chains"].as_array().unwrap().iter().find(|it| it["name"] == "anvil");
    let endpoint = timeless(&anvil.unwrap()["endpoints"][0]);
    for (member, value) in endpoint.as_object().unwrap() {
        assert_eq!(&said["networks"][0]["endpoints"][0][member], value, "{member}");
    }
    assert_eq!(health["coins"], said["coins"]);
    assert_eq!(health["coins"][0]["taken"], true);
    let (key, told) = (&health["keys"][0], &said["keys"][0]);
    for member in ["wallet", "family", "environment", "addresses", "longest_gap"] {
        assert_eq!(key[member], told[member], "{member}");
    }
    assert_eq!(health["keys_left_out"], 0);
}
