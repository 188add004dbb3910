//! Payments that their sender replaces before they are in a block.

use crate::{on_each_node, support::Setup};

/// 60 EUR, in base units.
const PRICE: u64 = 110_000;

async fn a_payment_replaced_by_a_lower_one_counts_as_the_lower_one(setup: Setup) {
    let world = setup.start().await;
    let request = world.request().await;
    let payment = world.node.pay(&request.address, PRICE).await;
    world.settle().await;
    world.node.replace(&payment, &request.address, 50_000).await;
    world.settle().await;
    let shown = request.shown().await;
    assert_eq!(shown["currency_sent"]["received_amount"], "0.0005", "{shown}");
    world.mine(3).await;
    request.is("processing", &[]).await;
    let told = [
        "processing 0/0.0011",
        "processing 0.0011/0.0011: 0.0011x0",
        "processing 0.0005/0.0011: 0.0005x0",
    ];
    assert_eq!(request.told(), told);
    world.remove().await;
}

async fn a_payment_replaced_by_a_higher_one_counts_as_the_higher_one(setup: Setup) {
    let world = setup.start().await;
    let request = world.request().await;
    let payment = world.node.pay(&request.address, 50_000).await;
    world.settle().await;
    world.node.replace(&payment, &request.address, PRICE).await;
    world.settle().await;
    world.mine(2).await;
    request.is("paid", &[]).await;
    let told = [
        "processing 0/0.0011",
        "processing 0.0005/0.0011: 0.0005x0",
        "processing 0.0011/0.0011: 0.0011x0",
        "paid 0.0011/0.0011: 0.0011x2",
    ];
    assert_eq!(request.told(), told);
    world.remove().await;
}

async fn a_payment_replaced_by_one_to_somebody_else_is_told_gone_and_pays_nothing(setup: Setup) {
    let world = setup.start().await;
    let request = world.request().await;
    let payment = world.node.pay(&request.address, PRICE).await;
    world.settle().await;
    world.node.replace(&payment, world.node.elsewhere(), PRICE).await;
    world.settle().await;
    world.mine(3).await;
    request.is("processing", &[]).await;
    let told =
        ["processing 0/0.0011", "processing 0.0011/0.0011: 0.0011x0", "processing 0/0.0011:"];
    assert_eq!(request.told(), told);
    world.remove().await;
}

on_each_node!(
    a_payment_replaced_by_a_lower_one_counts_as_the_lower_one,
    a_payment_replaced_by_a_higher_one_counts_as_the_higher_one,
    a_payment_replaced_by_one_to_somebody_else_is_told_gone_and_pays_nothing,
);
