//! The node is gone, or Coffer is.

use coffer::nodes::utxo::Kind;
use coffer_domain::time::Span;
use serde_json::json;

use crate::{
    on_each_node,
    support::{Request, Setup},
};

/// 60 EUR, in base units.
const PRICE: u64 = 110_000;

/// Its network goes on without it: another node mines, and gives it what it missed.
async fn a_node_that_was_stopped_for_50_blocks_misses_nothing(setup: Setup) {
    let mut world = setup.second_node().start().await;
    let first = world.node.height().await;
    let second = world.second.take().unwrap();
    second.take_blocks(&world.node, first).await;
    let request = world.request().await;
    let (id, address) = (request.id.clone(), request.address.clone());
    world.node.stop().await;
    second.pay(&address, PRICE).await;
    second.mine(50).await;
    let reason = world.settle_blind().await;
    assert!(reason.contains("cannot be reached"), "{reason}");
    world.node.run().await;
    world.node.take_blocks(&second, first + 1).await;
    world.settle().await;
    let request = Request::again(&world, id, address);
    request.is("paid", &[]).await;
    let told = request.told();
    assert_eq!(told.last().unwrap(), "paid 0.0011/0.0011: 0.0011x50");
    assert_eq!(told.iter().filter(|told| told.starts_with("paid")).count(), 1);
    world.remove().await;
}

/// A payment inside the window, which ends while nothing can be read.
async fn a_window_that_ends_while_the_node_is_stopped_stands_still(setup: Setup) {
    let world = setup.start().await;
    let (paid, unpaid) = (world.request().await, world.request().await);
    world.mine(1).await;
    world.gate.shut();
    world.pass(Span::from_minutes(30));
    world.node.pay(&paid.address, PRICE).await;
    world.node.mine(1).await;
    world.settle_blind().await;
    world.pass(Span::from_hours(5));
    world.node.mine(3).await;
    world.settle_blind().await;
    for request in [&paid, &unpaid] {
        request.is("processing", &[]).await;
        assert!(request.shown().await["behind"].is_object());
        assert_eq!(request.told(), ["processing 0/0.0011"]);
    }
    world.gate.open();
    world.settle().await;
    paid.is("paid", &[]).await;
    unpaid.is("expired", &[]).await;
    assert_eq!(paid.told(), ["processing 0/0.0011", "paid 0.0011/0.0011: 0.0011x4"]);
    assert_eq!(unpaid.told(), ["processing 0/0.0011", "expired 0/0.0011:"]);
    world.remove().await;
}

async fn a_payment_made_while_coffer_was_down_for_an_hour_is_found(setup: Setup) {
    let mut world = setup.start().await;
    let request = world.request().await;
    let (id, address) = (request.id.clone(), request.address.clone());
    world.mine(1).await;
    world.pass(Span::from_minutes(20));
    world.node.pay(&address, PRICE).await;
    world.node.mine(2).await;
    world.pass(Span::from_hours(1));
    world.node.mine(1).await;
    world.restart().await;
    world.settle().await;
    let request = Request::again(&world, id, address);
    request.is("paid", &[]).await;
    assert_eq!(request.told(), ["processing 0/0.0011", "paid 0.0011/0.0011: 0.0011x3"]);
    world.remove().await;
}

on_each_node!(
    a_node_that_was_stopped_for_50_blocks_misses_nothing,
    a_window_that_ends_while_the_node_is_stopped_stands_still,
    a_payment_made_while_coffer_was_down_for_an_hour_is_found,
);

/// A node with block filters names the blocks itself, once it has filtered them all.
#[tokio::test]
async fn a_rescan_by_block_filters_finds_what_was_paid() {
    let world = Setup::of(Kind::Bitcoin).with("-blockfilterindex=1").start().await;
    let request = world.request().await;
    world.node.pay(&request.address, PRICE).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    let height = world.node.height().await;
    let filters = async || {
        let indexes = world.node.rpc("getindexinfo", json!(["basic block filter index"])).await;
        indexes["basic block filter index"]["best_block_height"].as_u64()
    };
    while filters().await != Some(height) {}
    let chain = world.engine.chains().find(|it| it.name() == world.network).unwrap();
    let found = world.engine.rescan(chain, 1, &|_| {}).await.unwrap();
    assert_eq!((found.seen, found.missed, found.early), (1, 0, 0));
    world.remove().await;
}
