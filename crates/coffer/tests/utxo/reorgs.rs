//! Reorganisations of the node's chain.

use coffer::nodes::networks::UTXO_ACCOUNT;
use coffer_domain::time::Span;

use crate::{
    on_each_node,
    support::{Setup, World},
};

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

/// In no block any more, it can be replaced by its sender, though it waits for another.
async fn a_final_payment_that_a_reorg_makes_wait_again_stops_its_network_at_once(setup: Setup) {
    let world = setup.start().await;
    let (request, other) = (world.request().await, world.request().await);
    world.node.pay(&request.address, PRICE).await;
    world.mine(2).await;
    request.is("paid", &[]).await;
    world.node.reorg(2).await;
    world.settle().await;
    let reversed = format!("reversed 0.0011 {}", world.iso());
    request.is("paid", &[&reversed]).await;
    assert_eq!(request.told().last().unwrap(), "reversal paid 0/0.0011:");
    assert!(world.stopped().await.unwrap().starts_with("a payment that had been final is gone"));
    world.node.pay(&other.address, PRICE).await;
    world.mine(3).await;
    other.is("processing", &[]).await;
    assert_eq!(other.told(), ["processing 0/0.0011"]);
    world.clear().await;
    world.settle().await;
    other.is("paid", &[]).await;
    request.is("paid", &[&reversed]).await;
    let told = [
        "processing 0/0.0011",
        "paid 0.0011/0.0011: 0.0011x2",
        "reversal paid 0/0.0011:",
        "late_payment paid 0.0011/0.0011: 0.0011x3",
    ];
    assert_eq!(request.told(), told, "it is there again, and told once");
    assert_eq!(world.stopped().await, None);
    world.remove().await;
}

/// Replaced by its sender while it waits: what was told at once stays true.
async fn a_final_payment_that_a_reorg_drops_is_reversed_once(setup: Setup) {
    let world = setup.start().await;
    let request = world.request().await;
    let payment = world.node.pay(&request.address, PRICE).await;
    world.mine(2).await;
    world.node.reorg(2).await;
    world.settle().await;
    world.node.replace(&payment, world.node.elsewhere(), PRICE).await;
    world.clear().await;
    world.mine(3).await;
    world.pass(Span::from_minutes(20));
    world.mine(1).await;
    request.is("paid", &[&format!("reversed 0.0011 {}", world.iso())]).await;
    let told = ["processing 0/0.0011", "paid 0.0011/0.0011: 0.0011x2", "reversal paid 0/0.0011:"];
    assert_eq!(request.told(), told);
    assert_eq!(world.stopped().await, None);
    world.remove().await;
}

/// Between two looks: out, in again, and as deep as it needs.
async fn a_final_payment_that_a_reorg_moves_and_buries_again_stops_nothing(setup: Setup) {
    let world = setup.start().await;
    let request = world.request().await;
    world.node.pay(&request.address, PRICE).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    world.node.reorg(3).await;
    world.node.mine(2).await;
    world.settle().await;
    assert_eq!(world.stopped().await, None);
    request.is("paid", &[]).await;
    world.mine(3).await;
    assert_eq!(request.told(), ["processing 0/0.0011", "paid 0.0011/0.0011: 0.0011x3"]);
    world.remove().await;
}

/// In another block, but less deep than it needs: it is not lost, and no more certain either.
async fn a_final_payment_that_a_reorg_moves_to_the_tip_stops_its_network_unreversed(setup: Setup) {
    let world = setup.start().await;
    let request = world.request().await;
    world.node.pay(&request.address, PRICE).await;
    world.mine(3).await;
    world.node.reorg(3).await;
    world.node.mine(1).await;
    world.settle().await;
    let reason = world.stopped().await.unwrap();
    assert!(reason.starts_with("a payment that had been final is in another block"), "{reason}");
    request.is("paid", &[]).await;
    world.clear().await;
    world.settle().await;
    assert_eq!(world.stopped().await, None, "a person has seen it");
    world.mine(2).await;
    assert_eq!(world.stopped().await, None);
    request.is("paid", &[]).await;
    assert_eq!(request.told(), ["processing 0/0.0011", "paid 0.0011/0.0011: 0.0011x3"]);
    world.remove().await;
}

/// Longer than what one look reads: on the way to the tip nothing is known of it yet.
async fn a_final_payment_at_the_end_of_a_long_reorganisation_has_moved(setup: Setup) {
    let world = setup.start().await;
    let request = world.request().await;
    world.node.pay(&request.address, PRICE).await;
    world.mine(2).await;
    request.is("paid", &[]).await;
    world.node.reorg(2).await;
    world.node.mine_empty(60).await;
    world.node.mine(2).await;
    world.settle().await;
    assert_eq!(world.stopped().await, None);
    request.is("paid", &[]).await;
    assert_eq!(request.told(), ["processing 0/0.0011", "paid 0.0011/0.0011: 0.0011x2"]);
    world.remove().await;
}

/// Its branch is longer, and the other node has not heard of it.
async fn what_another_node_still_has_is_not_taken_back(setup: Setup) {
    let mut world = setup.second_endpoint(&[]).start().await;
    let second = world.second.take().unwrap();
    let common = world.node.height().await;
    second.take_blocks(&world.node, common).await;
    let request = world.request().await;
    world.node.pay(&request.address, PRICE).await;
    world.node.mine(2).await;
    second.take_blocks(&world.node, common + 1).await;
    world.settle().await;
    request.is("paid", &[]).await;
    world.node.reorg(2).await;
    let reason = world.settle_blind().await;
    assert!(reason.contains("disagree about block"), "{reason}");
    assert!(reason.contains("endpoint 2"), "{reason}");
    request.is("paid", &[]).await;
    assert_eq!(world.stopped().await, None);
    assert_eq!(request.told(), ["processing 0/0.0011", "paid 0.0011/0.0011: 0.0011x2"]);
    // It hears of it, and follows.
    second.take_blocks(&world.node, common + 1).await;
    world.settle().await;
    request.is("paid", &[&format!("reversed 0.0011 {}", world.iso())]).await;
    assert!(world.stopped().await.unwrap().starts_with("a payment that had been final is gone"));
    world.remove().await;
}

async fn rescanned(world: &World) -> (usize, usize, usize) {
    let chain = world.engine.chains().find(|it| it.name() == world.network).unwrap();
    let found = world.engine.rescan(chain, 1, &|_| {}).await.unwrap();
    (found.seen, found.missed, found.early)
}

/// Its blocks are minutes old only: whoever used the account before was paid in one of them.
async fn what_was_in_a_block_when_its_address_was_shown_pays_nothing(setup: Setup) {
    let world = setup.start().await;
    let chain = world.engine.chains().find(|it| it.name() == world.network).unwrap();
    let next = chain.derive(world.network, UTXO_ACCOUNT, 0).unwrap().text;
    world.node.pay(&next, PRICE).await;
    world.mine(2).await;
    let request = world.request().await;
    assert_eq!(request.address, next);
    world.mine(1).await;
    assert_eq!(rescanned(&world).await, (1, 0, 1));
    request.is("processing", &[]).await;
    world.node.pay(&request.address, PRICE).await;
    world.mine(2).await;
    request.is("paid", &[]).await;
    assert_eq!(rescanned(&world).await, (2, 0, 1));
    assert_eq!(request.told(), ["processing 0/0.0011", "paid 0.0011/0.0011: 0.0011x2"]);
    world.remove().await;
}

/// In a block as high as one that had been read when the address was shown, of another branch.
async fn a_payment_that_a_reorg_puts_below_what_had_been_read_is_paid(setup: Setup) {
    let world = setup.start().await;
    world.mine(3).await;
    let request = world.request().await;
    world.node.take_off(3).await;
    world.node.pay(&request.address, PRICE).await;
    world.node.mine(4).await;
    world.settle().await;
    request.is("paid", &[]).await;
    assert_eq!(request.told(), ["processing 0/0.0011", "paid 0.0011/0.0011: 0.0011x4"]);
    assert_eq!(rescanned(&world).await, (1, 0, 0));
    world.remove().await;
}

on_each_node!(
    what_was_in_a_block_when_its_address_was_shown_pays_nothing,
    a_payment_that_a_reorg_puts_below_what_had_been_read_is_paid,
    what_another_node_still_has_is_not_taken_back,
    a_final_payment_that_a_reorg_makes_wait_again_stops_its_network_at_once,
    a_final_payment_that_a_reorg_drops_is_reversed_once,
    a_final_payment_that_a_reorg_moves_and_buries_again_stops_nothing,
    a_final_payment_that_a_reorg_moves_to_the_tip_stops_its_network_unreversed,
    a_final_payment_at_the_end_of_a_long_reorganisation_has_moved,
    a_payment_that_a_reorg_drops_is_told_gone_and_pays_nothing,
    a_payment_that_a_reorg_moves_to_another_block_is_paid_once,
    a_payment_that_is_only_in_an_orphaned_block_pays_nothing,
);
