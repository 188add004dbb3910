//! Reorganisations of the node's chain.

use crate::{on_each_node, support::Setup};

/// 60 EUR, in base units.
const PRICE: u64 = 110_000;

/// The block goes, and what was in it is spent in another way.
async fn a_payment_that_a_reorg_drops_is_told_gone_and_pays_nothing(setup: Setup) {
    let world = setup.start().await;
    let request = world.request().await;
    let payment = world.node.pay(&request.address, PRICE).await;
    world.settle().await;
    world.mine(1).await;
    world.node.take_off(1).await;
    world.node.replace(&payment, world.node.elsewhere(), PRICE).await;
    world.mine(4).await;
    request.is("processing", &[]).await;
    let told =
        ["processing 0/0.0011", "processing 0.0011/0.0011: 0.0011x0", "processing 0/0.0011:"];
    assert_eq!(request.told(), told);
    assert_eq!(request.shown().await["transactions"], serde_json::json!([]));
    world.remove().await;
}

/// Between two looks: out, and in again in another block.
async fn a_payment_that_a_reorg_moves_to_another_block_is_paid_once(setup: Setup) {
    let world = setup.start().await;
    let request = world.request().await;
    world.mine(1).await;
    world.node.pay(&request.address, PRICE).await;
    world.settle().await;
    world.mine(1).await;
    world.node.reorg(1).await;
    world.node.mine(1).await;
    world.settle().await;
    request.is("processing", &[]).await;
    assert_eq!(request.shown().await["transactions"][0]["confirmations"], "1");
    world.mine(1).await;
    request.is("paid", &[]).await;
    world.mine(3).await;
    let told = [
        "processing 0/0.0011",
        "processing 0.0011/0.0011: 0.0011x0",
        "paid 0.0011/0.0011: 0.0011x2",
    ];
    assert_eq!(request.told(), told);
    world.remove().await;
}

/// Another node's block, which ours never takes for the best one.
async fn a_payment_that_is_only_in_an_orphaned_block_pays_nothing(setup: Setup) {
    let mut world = setup.second_node().start().await;
    let fork = world.node.height().await;
    let second = world.second.take().unwrap();
    second.take_blocks(&world.node, fork).await;
    let request = world.request().await;
    second.pay(&request.address, PRICE).await;
    second.mine(1).await;
    world.node.mine(2).await;
    world.node.take_blocks(&second, fork + 1).await;
    let tips = world.node.rpc("getchaintips", serde_json::json!([])).await;
    assert_eq!(tips.as_array().unwrap().len(), 2, "our node knows the block: {tips}");
    world.settle().await;
    world.mine(3).await;
    request.is("processing", &[]).await;
    assert_eq!(request.told(), ["processing 0/0.0011"]);
    assert_eq!(request.shown().await["transactions"], serde_json::json!([]));
    world.remove().await;
}

on_each_node!(
    a_payment_that_a_reorg_drops_is_told_gone_and_pays_nothing,
    a_payment_that_a_reorg_moves_to_another_block_is_paid_once,
    a_payment_that_is_only_in_an_orphaned_block_pays_nothing,
);
