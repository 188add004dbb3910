//! Addresses of which the endpoints tell otherwise what they hold: each waits by itself, and the
//! audit of the others goes on.

use std::sync::Arc;

use coffer_chains::evm::InternalTransfers;
use coffer_domain::{ports::Chain, time::Span, transfer::BlockRef};
use coffer_engine::follow::Progress;

use crate::{
    audit::alarms,
    support::{Growing, PAYER, Request, Setup, World, ether, pay_input},
};

/// The account m/44'/60'/0' of the mnemonic "abandon … about": another wallet.
const OTHER_ACCOUNT_KEY: &str = "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrg\
                                 jtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt";

/// The account of an address.
fn account(chain: &Arc<dyn Chain>, address: &str) -> Vec<u8> {
    chain.parse_address(chain.name(), address).unwrap().account
}

/// A chain whose endpoints tell otherwise of some accounts after some blocks.
fn doubting(
    chain: &Arc<dyn Chain>,
    doubted: impl Fn(&BlockRef, &[u8]) -> bool + Send + Sync + 'static,
) -> Arc<dyn Chain> {
    let doubted = Box::new(doubted);
    Arc::new(Growing { chain: Arc::clone(chain), engine: None, doubted })
}

/// Reads a chain to its tip, and audits nothing.
async fn follow(world: &World, chain: &Arc<dyn Chain>) {
    while world.engine.follow_once(chain).await.unwrap() != Progress::AtTip {}
}

#[tokio::test]
async fn an_address_in_doubt_does_not_keep_others_from_being_audited() {
    let world = Setup::new().audited().start().await;
    let (doubted, request) = (Request::of(&world, "ETH").await, Request::of(&world, "ETH").await);
    let payer = world.node.deploy_contract(PAYER).await;
    world.mine(1).await;
    for to in [&doubted.address, &request.address] {
        world.node.call(&payer, ether(10), &pay_input(to, ether(10))).await;
    }
    world.node.mine(4).await;
    let chain = world.engine.chains().find(|chain| chain.name().as_str() == "anvil").unwrap();
    while world.engine.follow_once(chain).await.unwrap() != Progress::AtTip {}
    world.pass(Span::from_minutes(1));
    let account = account(chain, &doubted.address);
    let doubting = doubting(chain, move |_, asked| *asked == *account);
    for _ in 0..3 {
        world.engine.audit_once(&doubting).await.unwrap();
    }
    request.is("paid", &[]).await;
    doubted.is("processing", &[]).await;
    let told = alarms(&world).await;
    let about = |(name, detail): &(String, String)| {
        name == "transfer_refused" && detail.contains("cannot tell what the address holds")
    };
    assert_eq!(told.iter().filter(|it| about(it)).count(), 1, "{told:?}");
    // Once nobody doubts it, it is compared after a while.
    world.engine.audit_once(chain).await.unwrap();
    doubted.is("processing", &[]).await;
    world.pass(Span::from_minutes(10));
    world.mine(1).await;
    doubted.is("paid", &[]).await;
    world.remove().await;
}

/// So many that they fill a whole run of the audit.
#[tokio::test]
async fn addresses_in_doubt_since_a_reorganisation_are_passed_over_for_a_while() {
    let world = Setup::new().audited().start().await;
    let chain = world.engine.chains().find(|chain| chain.name() == world.network).unwrap();
    let mut doubted = Vec::new();
    for _ in 0..50 {
        doubted.push(Request::of(&world, "ETH").await);
    }
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    world.mine(8).await;
    let states = world.engine.chain_states().await.unwrap();
    let state = states.into_iter().find(|state| state.name == world.network).unwrap();
    let fork = state.cursor.unwrap().at.height - 4;
    world.node.reorg(4).await;
    for to in [&doubted[0].address, &request.address] {
        world.node.call(&payer, ether(10), &pay_input(to, ether(10))).await;
    }
    world.node.mine(6).await;
    follow(&world, chain).await;
    let accounts = doubted.iter().map(|it| account(chain, &it.address)).collect::<Vec<_>>();
    let doubting = doubting(chain, move |at, asked| {
        at.height <= fork && accounts.iter().any(|account| *account == *asked)
    });
    let mut runs = 1;
    while world.engine.audit_once(&doubting).await.unwrap() {
        runs += 1;
        assert!(runs < 5, "it asks about them again and again");
    }
    request.is("paid", &[]).await;
    doubted[0].is("processing", &[]).await;
    // Once nobody doubts them, they are compared after a while, from the fork on.
    assert!(!world.engine.audit_once(chain).await.unwrap());
    doubted[0].is("processing", &[]).await;
    world.pass(Span::from_minutes(10));
    world.settle().await;
    doubted[0].is("paid", &[]).await;
    doubted[1].is("processing", &[]).await;
    world.remove().await;
}

/// How many alarms say that.
async fn told(world: &World, what: &str) -> usize {
    let told = alarms(world).await;
    let says =
        |(name, detail): &&(String, String)| name == "transfer_refused" && detail.contains(what);
    told.iter().filter(says).count()
}

#[tokio::test]
async fn a_new_address_in_doubt_keeps_no_other_waiting() {
    let world = Setup::new().audited().start().await;
    let chain = world.engine.chains().find(|chain| chain.name() == world.network).unwrap();
    let (doubted, behind) = (Request::of(&world, "ETH").await, Request::of(&world, "ETH").await);
    world.add_wallet(OTHER_ACCOUNT_KEY).await;
    let other = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    let account = account(chain, &doubted.address);
    let doubting = doubting(chain, move |_, asked| *asked == *account);
    follow(&world, chain).await;
    while world.engine.audit_once(&doubting).await.unwrap() {}
    for to in [&doubted.address, &behind.address, &other.address] {
        world.node.call(&payer, ether(10), &pay_input(to, ether(10))).await;
    }
    // So many that a first look would come too late.
    world.node.mine(260).await;
    follow(&world, chain).await;
    while world.engine.audit_once(&doubting).await.unwrap() {}
    behind.is("paid", &[]).await;
    other.is("paid", &[]).await;
    doubted.is("processing", &[]).await;
    assert_eq!(told(&world, "cannot tell what the address holds").await, 1);
    // Nobody can say any more what it held at first: what is there is told, and not credited.
    world.pass(Span::from_seconds(30));
    world.settle().await;
    doubted.is("processing", &[]).await;
    // The node gave it 10,000 at the beginning.
    let there = "it holds 10000010000000000000000 base units of ETH";
    assert_eq!(told(&world, there).await, 1, "{:?}", alarms(&world).await);
    // What comes later is.
    world.node.call(&payer, ether(10), &pay_input(&doubted.address, ether(10))).await;
    world.mine(4).await;
    doubted.is("paid", &[]).await;
    world.remove().await;
}

#[tokio::test]
async fn what_comes_to_a_new_address_in_doubt_counts_once_it_is_certain_what_it_held() {
    let mut world = Setup::new().audited().start().await;
    let request = Request::of(&world, "ETH").await;
    let (id, address) = (request.id.clone(), request.address.clone());
    let payer = world.node.deploy_contract(PAYER).await;
    let chain = world.engine.chains().find(|chain| chain.name() == world.network).unwrap();
    let account = account(chain, &address);
    let doubting = doubting(chain, move |_, asked| *asked == *account);
    follow(&world, chain).await;
    while world.engine.audit_once(&doubting).await.unwrap() {}
    world.node.call(&payer, ether(10), &pay_input(&address, ether(10))).await;
    world.node.mine(4).await;
    follow(&world, chain).await;
    while world.engine.audit_once(&doubting).await.unwrap() {}
    request.is("processing", &[]).await;
    // That it is to be asked once more is remembered by the database.
    world.restart_finding(InternalTransfers::Audit).await;
    world.settle().await;
    world.mine(4).await;
    Request::again(&world, id, address).is("paid", &[]).await;
    world.remove().await;
}

#[tokio::test]
async fn a_new_address_in_doubt_does_not_keep_a_network_from_a_change_to_traces() {
    let mut world = Setup::new().audited().start().await;
    let request = Request::of(&world, "ETH").await;
    let (id, address) = (request.id.clone(), request.address.clone());
    let payer = world.node.deploy_contract(PAYER).await;
    let chain = world.engine.chains().find(|chain| chain.name() == world.network).unwrap();
    follow(&world, chain).await;
    world.node.call(&payer, ether(4), &pay_input(&address, ether(4))).await;
    world.node.mine(1).await;
    follow(&world, chain).await;
    world.restart_finding(InternalTransfers::Traces).await;
    let chain = world.engine.chains().find(|chain| chain.name() == world.network).unwrap();
    let account = account(chain, &address);
    let doubting = doubting(chain, move |_, asked| *asked == *account);
    follow(&world, &doubting).await;
    world.node.call(&payer, ether(6), &pay_input(&address, ether(6))).await;
    world.node.mine(4).await;
    follow(&world, &doubting).await;
    while world.engine.audit_once(&doubting).await.unwrap() {}
    let request = Request::again(&world, id, address);
    request.is("processing", &[]).await;
    // What came before the change is found once it is certain, and nothing twice.
    world.pass(Span::from_seconds(30));
    world.settle().await;
    world.mine(4).await;
    request.is("paid", &[]).await;
    assert!(request.told().last().unwrap().starts_with("paid 0.01/0.01"), "{:?}", request.told());
    world.remove().await;
}

#[tokio::test]
async fn an_address_in_doubt_does_not_keep_a_network_from_a_change_to_the_audit() {
    let mut world = Setup::new().traced().start().await;
    let (doubted, request) = (Request::of(&world, "ETH").await, Request::of(&world, "ETH").await);
    let [doubted, request] = [doubted, request].map(|it| (it.id.clone(), it.address.clone()));
    let payer = world.node.deploy_contract(PAYER).await;
    world.mine(3).await;
    world.restart_finding(InternalTransfers::Audit).await;
    let chain = world.engine.chains().find(|chain| chain.name() == world.network).unwrap();
    let doubted = Request::again(&world, doubted.0, doubted.1);
    let request = Request::again(&world, request.0, request.1);
    let account = account(chain, &doubted.address);
    let doubting = doubting(chain, move |_, asked| *asked == *account);
    follow(&world, &doubting).await;
    for to in [&doubted.address, &request.address] {
        world.node.call(&payer, ether(10), &pay_input(to, ether(10))).await;
    }
    world.node.mine(4).await;
    follow(&world, &doubting).await;
    while world.engine.audit_once(&doubting).await.unwrap() {}
    request.is("paid", &[]).await;
    doubted.is("processing", &[]).await;
    assert_eq!(told(&world, "cannot tell what the address holds").await, 1);
    // Once it is certain what it held then, what came since is credited, and nothing else.
    world.pass(Span::from_minutes(10));
    world.settle().await;
    for _ in 0..2 {
        world.mine(4).await;
        doubted.is("paid", &[]).await;
    }
    assert!(doubted.told().last().unwrap().starts_with("paid 0.01/0.01"), "{:?}", doubted.told());
    world.remove().await;
}
