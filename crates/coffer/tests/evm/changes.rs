//! How payments made by contracts are found changes while requests are open: from traces to the
//! audit and back. Nothing is missed, and nothing counts twice.

use std::sync::Arc;

use coffer_chains::evm::{EvmChain, InternalTransfers};
use coffer_domain::ports::{Chain, Clock};
use coffer_engine::follow::Progress;

use crate::support::{Database, HandClock, PAYER, Request, Setup, World, ether, pay_input};

/// Coin that a contract pays to a request, in thousandths; waits for a block.
async fn pay(world: &World, payer: &str, address: &str, thousandths: u128) {
    let input = pay_input(address, ether(thousandths));
    world.node.call(payer, ether(thousandths), &input).await;
}

/// What is asked for was paid, nothing beyond that, and nothing was left for a person to look at.
async fn is_paid_exactly(world: &World, request: &Request<'_>) {
    for _ in 0..3 {
        request.is("paid", &[]).await;
        world.mine(5).await;
    }
    let told = request.told();
    assert!(told.last().unwrap().starts_with("paid 0.01/0.01"), "{told:?}");
    let alarms = world.engine.alarms(false, 100).await.unwrap();
    assert!(alarms.is_empty(), "{alarms:?}");
}

/// Paid in part in the last block that is read in the old way, in the first one that is read in the
/// new, and later.
async fn what_contracts_pay_around_a_change_counts_once(mut world: World, by: InternalTransfers) {
    let request = Request::of(&world, "ETH").await;
    let (id, address) = (request.id.clone(), request.address.clone());
    let payer = world.node.deploy_contract(PAYER).await;
    world.mine(3).await;
    pay(&world, &payer, &address, 2).await;
    world.mine(1).await;
    pay(&world, &payer, &address, 3).await;
    world.node.mine(1).await;
    world.restart_finding(by).await;
    world.settle().await;
    pay(&world, &payer, &address, 4).await;
    world.mine(1).await;
    pay(&world, &payer, &address, 1).await;
    world.mine(3).await;
    world.mine(3).await;
    let request = Request::again(&world, id, address);
    is_paid_exactly(&world, &request).await;
    world.remove().await;
}

#[tokio::test]
async fn what_contracts_pay_around_a_change_to_traces_counts_once_on_sqlite() {
    let world = Setup::new().audited().start().await;
    what_contracts_pay_around_a_change_counts_once(world, InternalTransfers::Traces).await;
}

#[tokio::test]
async fn what_contracts_pay_around_a_change_to_traces_counts_once_on_postgres() {
    let world = Setup::on(Database::Postgres).audited().start().await;
    what_contracts_pay_around_a_change_counts_once(world, InternalTransfers::Traces).await;
}

#[tokio::test]
async fn what_contracts_pay_around_a_change_to_the_audit_counts_once_on_sqlite() {
    let world = Setup::new().traced().start().await;
    what_contracts_pay_around_a_change_counts_once(world, InternalTransfers::Audit).await;
}

#[tokio::test]
async fn what_contracts_pay_around_a_change_to_the_audit_counts_once_on_postgres() {
    let world = Setup::on(Database::Postgres).traced().start().await;
    what_contracts_pay_around_a_change_counts_once(world, InternalTransfers::Audit).await;
}

#[tokio::test]
async fn a_change_there_and_back_counts_everything_once() {
    let mut world = Setup::new().audited().start().await;
    let request = Request::of(&world, "ETH").await;
    let (id, address) = (request.id.clone(), request.address.clone());
    let payer = world.node.deploy_contract(PAYER).await;
    let ways = [InternalTransfers::Traces, InternalTransfers::Audit];
    for by in ways.into_iter().cycle().take(5) {
        pay(&world, &payer, &address, 1).await;
        world.mine(1).await;
        pay(&world, &payer, &address, 1).await;
        world.node.mine(1).await;
        world.restart_finding(by).await;
        world.settle().await;
    }
    world.mine(3).await;
    world.mine(3).await;
    let request = Request::again(&world, id, address);
    is_paid_exactly(&world, &request).await;
    world.remove().await;
}

#[tokio::test]
async fn an_address_issued_just_before_a_change_is_compared_once_more() {
    let mut world = Setup::new().audited().start().await;
    let payer = world.node.deploy_contract(PAYER).await;
    world.mine(1).await;
    // Issued and paid while the audit does not run.
    let request = Request::of(&world, "ETH").await;
    let (id, address) = (request.id.clone(), request.address.clone());
    pay(&world, &payer, &address, 10).await;
    world.node.mine(1).await;
    for chain in world.engine.chains() {
        world.engine.follow_once(chain).await.unwrap();
    }
    world.restart_finding(InternalTransfers::Traces).await;
    world.settle().await;
    world.mine(3).await;
    world.mine(3).await;
    let request = Request::again(&world, id, address);
    is_paid_exactly(&world, &request).await;
    world.remove().await;
}

/// Two processes on one database, the one set to the audit, the other to traces: each takes over
/// from the other.
#[tokio::test]
async fn processes_with_different_settings_count_everything_once() {
    let world = Setup::on(Database::Postgres).audited().start().await;
    let settings = Setup::new().traced().evm(world.engine.catalogue(), &world.gate.address);
    let clock: Arc<dyn Clock> = Arc::new(HandClock::new());
    let other: Arc<dyn Chain> = Arc::new(EvmChain::new(&settings, clock).unwrap());
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    for _ in 0..2 {
        pay(&world, &payer, &request.address, 2).await;
        world.mine(1).await;
        pay(&world, &payer, &request.address, 3).await;
        world.node.mine(1).await;
        for _ in 0..3 {
            world.engine.follow_once(&other).await.unwrap();
        }
    }
    world.mine(3).await;
    world.mine(3).await;
    is_paid_exactly(&world, &request).await;
    world.remove().await;
}

#[tokio::test]
async fn a_network_is_behind_until_what_every_address_holds_is_noted() {
    let mut world = Setup::new().traced().start().await;
    let request = Request::of(&world, "ETH").await;
    let (id, address) = (request.id.clone(), request.address.clone());
    world.mine(3).await;
    world.restart_finding(InternalTransfers::Audit).await;
    let behind = async |world: &World| {
        let states = world.engine.chain_states().await.unwrap();
        let state = states.into_iter().find(|state| state.name == world.network).unwrap();
        state.cursor.and_then(|cursor| cursor.behind_reason)
    };
    assert_eq!(behind(&world).await, None);
    let chain = world.engine.chains().find(|chain| chain.name() == world.network).unwrap();
    assert_eq!(world.engine.follow_once(chain).await.unwrap(), Progress::More);
    let reason = behind(&world).await.unwrap();
    assert!(reason.starts_with("what every address holds is noted"), "{reason}");
    world.settle().await;
    assert_eq!(behind(&world).await, None);
    let payer = world.node.deploy_contract(PAYER).await;
    pay(&world, &payer, &address, 10).await;
    world.mine(4).await;
    let request = Request::again(&world, id, address);
    is_paid_exactly(&world, &request).await;
    world.remove().await;
}
