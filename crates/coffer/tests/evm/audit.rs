//! Where a node gives no traces, what addresses hold is compared with what was booked. The first
//! addresses of the node's own accounts hold plenty before they are shown, so every test here also
//! shows that this is no payment.

use std::sync::Arc;

use coffer_chains::evm::EvmChain;
use coffer_domain::{
    ports::{Chain, Clock},
    time::Span,
};
use coffer_engine::follow::Progress;
use serde_json::json;

use crate::support::{
    Database, Growing, HandClock, PAYER, Request, Setup, World, ether, pay_input,
};

/// The alarms that stand: their names, and what they say.
pub async fn alarms(world: &World) -> Vec<(String, String)> {
    let told = world.engine.alarms(false, 100).await.unwrap();
    told.into_iter().map(|told| (told.alarm.name, told.alarm.detail)).collect()
}

async fn a_payment_by_a_contract_is_found_by_what_the_address_holds(world: World) {
    let (request, other) = (Request::of(&world, "ETH").await, Request::of(&world, "ETH").await);
    let payer = world.node.deploy_contract(PAYER).await;
    world.node.call(&payer, ether(10), &pay_input(&request.address, ether(10))).await;
    world.mine(2).await;
    request.is("processing", &[]).await;
    world.mine(1).await;
    request.is("paid", &[]).await;
    world.mine(5).await;
    request.is("paid", &[]).await;
    other.is("processing", &[]).await;
    assert_eq!(request.told(), ["processing 0/0.01", "paid 0.01/0.01: 0.01x3"]);
    let found = &request.shown().await["transactions"][0];
    assert!(found["tx"].as_str().unwrap_or_default().len() < 100, "{found}");
    world.remove().await;
}

#[tokio::test]
async fn a_payment_by_a_contract_is_found_by_what_the_address_holds_on_sqlite() {
    let world = Setup::new().audited().start().await;
    a_payment_by_a_contract_is_found_by_what_the_address_holds(world).await;
}

#[tokio::test]
async fn a_payment_by_a_contract_is_found_by_what_the_address_holds_on_postgres() {
    let world = Setup::on(Database::Postgres).audited().start().await;
    a_payment_by_a_contract_is_found_by_what_the_address_holds(world).await;
}

#[tokio::test]
async fn what_blocks_tell_of_is_not_found_again_by_the_audit() {
    let world = Setup::new().audited().start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(4)).await;
    world.mine(4).await;
    world.node.pay(&request.address, ether(6)).await;
    world.mine(4).await;
    request.is("paid", &[]).await;
    world.pass(Span::from_hours(25));
    world.mine(3).await;
    request.is("paid", &[]).await;
    world.remove().await;
}

#[tokio::test]
async fn what_a_merchant_takes_out_does_not_hide_what_arrives_later() {
    let world = Setup::new().audited().start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(4)).await;
    world.mine(4).await;
    world.node.take(&request.address, ether(1_000)).await;
    world.mine(4).await;
    request.is("processing", &[]).await;
    let payer = world.node.deploy_contract(PAYER).await;
    world.node.call(&payer, ether(6), &pay_input(&request.address, ether(6))).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    world.remove().await;
}

#[tokio::test]
async fn what_a_reorganisation_took_back_is_found_once_when_it_comes_again() {
    let world = Setup::new().audited().start().await;
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    let input = pay_input(&request.address, ether(10));
    let transaction = world.node.call(&payer, ether(10), &input).await;
    world.mine(1).await;
    let bytes = world.node.bytes_of(&transaction).await;
    world.node.reorg(1).await;
    world.mine(1).await;
    world.node.send_again(&bytes).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    world.mine(5).await;
    request.is("paid", &[]).await;
    world.remove().await;
}

#[tokio::test]
async fn what_was_found_stays_the_same_payment_after_a_reorganisation_below_it() {
    let world = Setup::new().audited().start().await;
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    world.node.call(&payer, ether(10), &pay_input(&request.address, ether(10))).await;
    world.mine(1).await;
    world.mine(5).await;
    request.is("paid", &[]).await;
    let told = request.told();
    // Long after the request it is compared daily, but for what a reorganisation takes away.
    world.pass(Span::from_hours(3));
    world.mine(1).await;
    world.node.reorg(5).await;
    world.mine(6).await;
    request.is("paid", &[]).await;
    let shown = request.shown().await;
    assert_eq!(shown["transactions"].as_array().unwrap().len(), 1, "{shown}");
    world.pass(Span::from_minutes(30));
    world.mine(1).await;
    request.is("paid", &[]).await;
    assert_eq!(request.told(), told);
    assert_eq!(alarms(&world).await, []);
    world.remove().await;
}

#[tokio::test]
async fn what_was_found_stays_when_a_payment_beside_it_is_reversed_and_a_person_goes_on() {
    let world = Setup::new().audited().start().await;
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    world.node.call(&payer, ether(6), &pay_input(&request.address, ether(6))).await;
    world.mine(1).await;
    world.node.pay(&request.address, ether(4)).await;
    world.mine(6).await;
    request.is("paid", &[]).await;
    // The ordinary one goes, and the block after which the other was found; not its own.
    world.node.reorg(6).await;
    world.mine(7).await;
    request.is("paid", &["reversed 0.004 ETH"]).await;
    let chain = world.engine.chains().find(|chain| chain.name().as_str() == "anvil").unwrap();
    assert_eq!(world.engine.follow_once(chain).await.unwrap(), Progress::Stopped);
    world.engine.clear_chain(chain, None).await.unwrap();
    for _ in 0..3 {
        world.mine(1).await;
        world.pass(Span::from_minutes(11));
    }
    world.mine(1).await;
    assert_eq!(world.engine.follow_once(chain).await.unwrap(), Progress::AtTip);
    request.is("paid", &["reversed 0.004 ETH"]).await;
    let shown = request.shown().await;
    let transactions = shown["transactions"].as_array().unwrap();
    assert_eq!(transactions.len(), 1, "{shown}");
    assert_eq!(transactions[0]["amount"], "0.006", "{shown}");
    assert_ne!(transactions[0]["confirmations"], "0", "{shown}");
    world.remove().await;
}

#[tokio::test]
async fn what_was_found_and_is_gone_for_good_is_reversed() {
    let world = Setup::new().audited().start().await;
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    world.mine(1).await;
    world.node.call(&payer, ether(10), &pay_input(&request.address, ether(10))).await;
    world.mine(6).await;
    request.is("paid", &[]).await;
    world.node.reorg(6).await;
    world.mine(7).await;
    // Now the audit has looked for it.
    world.mine(1).await;
    world.pass(Span::from_minutes(11));
    world.mine(1).await;
    request.is("paid", &["reversed 0.01 ETH"]).await;
    let told = alarms(&world).await;
    assert!(told.iter().any(|(name, _)| name == "network_stopped"), "{told:?}");
    world.remove().await;
}

#[tokio::test]
async fn an_audit_goes_on_where_payments_need_more_blocks_than_are_compared_within() {
    let world = Setup::new().audited().confirmations("240").start().await;
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    world.mine(1).await;
    world.node.call(&payer, ether(10), &pay_input(&request.address, ether(10))).await;
    world.node.mine(130).await;
    let chain = world.engine.chains().find(|chain| chain.name().as_str() == "anvil").unwrap();
    while world.engine.follow_once(chain).await.unwrap() != Progress::AtTip {}
    world.node.mine(1).await;
    let engine = Some(world.engine.clone());
    let growing: Arc<dyn Chain> =
        Arc::new(Growing { chain: Arc::clone(chain), engine, doubted: Box::new(|_, _| false) });
    world.engine.audit_once(&growing).await.unwrap();
    request.is("processing", &[]).await;
    let shown = request.shown().await;
    assert_eq!(shown["transactions"].as_array().unwrap().len(), 1, "{shown}");
    world.mine(150).await;
    request.is("paid", &[]).await;
    world.remove().await;
}

#[tokio::test]
async fn a_clock_ahead_of_the_network_hides_no_payment_by_a_contract() {
    let world = Setup::new().audited().start().await;
    let payer = world.node.deploy_contract(PAYER).await;
    world.mine(20).await;
    let newest = world.node.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    let newest = newest["timestamp"].as_str().unwrap().trim_start_matches("0x");
    let newest = u64::from_str_radix(newest, 16).unwrap();
    world.pass(Span::from_minutes(2));
    let request = Request::of(&world, "ETH").await;
    world.node.call(&payer, ether(10), &pay_input(&request.address, ether(10))).await;
    // Its block is older than the address by our clock.
    world.node.rpc("evm_setNextBlockTimestamp", json!([newest + 12])).await;
    world.node.rpc("evm_mine", json!([])).await;
    world.settle().await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    assert_eq!(alarms(&world).await, []);
    world.remove().await;
}

#[tokio::test]
async fn what_is_found_long_after_the_request_is_a_late_payment() {
    let world = Setup::new().audited().start().await;
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    world.pass(Span::from_hours(3));
    world.mine(1).await;
    request.is("expired", &[]).await;
    world.node.call(&payer, ether(10), &pay_input(&request.address, ether(10))).await;
    world.mine(3).await;
    // Its address is compared daily now.
    world.pass(Span::from_hours(25));
    world.mine(1).await;
    request.is("expired", &["late 0.01 ETH"]).await;
    world.remove().await;
}

#[tokio::test]
async fn what_the_audit_has_booked_is_not_credited_again_when_traces_tell_of_it() {
    let world = Setup::new().audited().start().await;
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    world.node.call(&payer, ether(5), &pay_input(&request.address, ether(5))).await;
    world.mine(5).await;
    let settings = Setup::new().traced().evm(world.engine.catalogue(), &world.gate.address);
    let clock: Arc<dyn Clock> = Arc::new(HandClock::new());
    let chain: Arc<dyn Chain> = Arc::new(EvmChain::new(&settings, clock).unwrap());
    let found = world.engine.rescan(&chain, 1, &|_| {}).await.unwrap();
    assert_eq!((found.seen, found.missed), (1, 0));
    world.mine(5).await;
    request.is("processing", &[]).await;
    assert_eq!(request.shown().await["transactions"].as_array().unwrap().len(), 1);
    let told = alarms(&world).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "transfer_refused");
    assert!(told[0].1.contains("the balance audit has booked"), "{told:?}");
    // What comes after the last audit is taken in.
    world.node.call(&payer, ether(5), &pay_input(&request.address, ether(5))).await;
    world.node.mine(1).await;
    for chain in world.engine.chains() {
        world.engine.follow_once(chain).await.unwrap();
    }
    let found = world.engine.rescan(&chain, 1, &|_| {}).await.unwrap();
    assert_eq!((found.seen, found.missed), (2, 1));
    world.mine(5).await;
    request.is("paid", &[]).await;
    world.remove().await;
}

#[tokio::test]
async fn what_came_before_the_first_look_of_the_audit_is_told_to_the_operator() {
    let world = Setup::new().audited().start().await;
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    world.node.call(&payer, ether(10), &pay_input(&request.address, ether(10))).await;
    // So many that none older than the address is remembered.
    world.mine(260).await;
    assert_eq!(request.shown().await["transactions"].as_array().unwrap().len(), 0);
    let told = alarms(&world).await;
    let refused = told.iter().find(|(name, _)| name == "transfer_refused");
    let (_, detail) = refused.unwrap_or_else(|| panic!("{told:?}"));
    assert!(detail.contains("nothing of that is credited"), "{detail}");
    world.remove().await;
}
