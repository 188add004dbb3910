//! One of two endpoints serves a branch without what was paid.

use coffer_domain::{code::NetworkName, time::Span};
use coffer_engine::follow::Progress;

use crate::support::{Database, Request, Setup, World, ether};

async fn what_another_endpoint_still_has_is_not_taken_back(world: World) {
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(10)).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    let second = world.second_follows().await;
    world.node.reorg(3).await;
    world.node.mine(1).await;
    let reason = world.settle_blind().await;
    assert!(reason.contains("the endpoints of anvil disagree about block"), "{reason}");
    assert!(reason.contains("endpoint 2"), "{reason}");
    request.is("paid", &[]).await;
    assert_eq!(world.stopped().await, None);
    assert_eq!(request.told(), ["processing 0/0.01", "paid 0.01/0.01: 0.01x3"]);
    // The network was reorganised indeed: the other one follows.
    second.become_as(&world.node).await;
    world.settle().await;
    request.is("paid", &["reversed 0.01 ETH"]).await;
    assert!(world.stopped().await.unwrap().starts_with("a payment that had been final is gone"));
    assert_eq!(request.told().last().unwrap(), "reversal paid 0/0.01:");
    world.remove().await;
}

#[tokio::test]
async fn what_another_endpoint_still_has_is_not_taken_back_on_sqlite() {
    let world = Setup::new().with_second().start().await;
    what_another_endpoint_still_has_is_not_taken_back(world).await;
}

#[tokio::test]
async fn what_another_endpoint_still_has_is_not_taken_back_on_postgres() {
    let world = Setup::on(Database::Postgres).with_second().start().await;
    what_another_endpoint_still_has_is_not_taken_back(world).await;
}

#[tokio::test]
async fn a_network_goes_on_by_itself_when_a_false_branch_is_given_up() {
    let world = Setup::new().with_second().start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(10)).await;
    world.mine(3).await;
    let second = world.second_follows().await;
    world.node.reorg(3).await;
    world.node.mine(1).await;
    world.settle_blind().await;
    world.node.become_as(second).await;
    world.mine(1).await;
    request.is("paid", &[]).await;
    assert_eq!(world.stopped().await, None);
    assert_eq!(request.told(), ["processing 0/0.01", "paid 0.01/0.01: 0.01x3"]);
    world.remove().await;
}

#[tokio::test]
async fn a_false_branch_below_all_that_is_remembered_stops_nothing_while_another_has_the_true_one()
{
    let world = Setup::new().with_second().unread().start().await;
    world.node.mine(60).await;
    world.settle().await;
    world.second_follows().await;
    world.node.reorg(55).await;
    let reason = world.settle_blind().await;
    assert!(reason.contains("the endpoints of anvil disagree about block 10:"), "{reason}");
    assert_eq!(world.stopped().await, None);
    // Who gives no answer holds up no stop.
    world.second_is_gone();
    world.settle_blind().await;
    assert!(world.stopped().await.unwrap().contains("below every block that is remembered"));
    world.remove().await;
}

async fn a_large_amount_is_paid_once_a_second_endpoint_has_the_block(world: World) {
    let second = world.second_follows().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(10)).await;
    world.node.mine(1).await;
    second.become_as(&world.node).await;
    world.settle().await;
    // Blocks that only the first has make it no deeper than that one says alone.
    world.node.mine(2).await;
    let anvil = NetworkName::constant("anvil");
    let chain = world.engine.chains().find(|chain| chain.name() == anvil).unwrap();
    assert_eq!(world.engine.follow_once(chain).await.unwrap(), Progress::Unsettled);
    world.pass(Span::from_seconds(61));
    let reason = world.settle_blind().await;
    assert!(reason.contains("a second endpoint must confirm: block 3 makes a payment"), "{reason}");
    assert!(reason.contains("endpoint 2"), "{reason}");
    request.is("processing", &[]).await;
    second.become_as(&world.node).await;
    world.settle().await;
    request.is("paid", &[]).await;
    let told = ["processing 0/0.01", "processing 0.01/0.01: 0.01x1", "paid 0.01/0.01: 0.01x3"];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn a_large_amount_is_paid_once_a_second_endpoint_has_the_block_on_sqlite() {
    let world = Setup::new().with_second_above(1).start().await;
    a_large_amount_is_paid_once_a_second_endpoint_has_the_block(world).await;
}

#[tokio::test]
async fn a_large_amount_is_paid_once_a_second_endpoint_has_the_block_on_postgres() {
    let world = Setup::on(Database::Postgres).with_second_above(1).start().await;
    a_large_amount_is_paid_once_a_second_endpoint_has_the_block(world).await;
}
