//! Reorganisations of the node's chain.

use coffer_domain::time::Span;

use crate::support::{Database, Request, Setup, World, ether};

async fn a_payment_reorganised_out_and_back_is_paid_once(world: World) {
    let request = Request::of(&world, "ETH").await;
    world.mine(2).await;
    let transaction = world.node.pay(&request.address, ether(10)).await;
    let bytes = world.node.bytes_of(&transaction).await;
    world.mine(2).await;
    world.node.reorg(2).await;
    world.settle().await;
    request.is("processing", &[]).await;
    assert_eq!(request.shown().await["transactions"][0]["confirmations"], "0");
    world.node.send_again(&bytes).await;
    world.mine(2).await;
    request.is("processing", &[]).await;
    world.mine(1).await;
    request.is("paid", &[]).await;
    world.mine(4).await;
    let told = ["processing 0/0.01", "processing 0.01/0.01: 0.01x2", "paid 0.01/0.01: 0.01x3"];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn a_payment_reorganised_out_and_back_is_paid_once_on_sqlite() {
    a_payment_reorganised_out_and_back_is_paid_once(Setup::new().start().await).await;
}

#[tokio::test]
async fn a_payment_reorganised_out_and_back_is_paid_once_on_postgres() {
    let setup = Setup::on(Database::Postgres);
    a_payment_reorganised_out_and_back_is_paid_once(setup.start().await).await;
}

#[tokio::test]
async fn a_payment_reorganised_out_for_good_is_told_gone_and_pays_nothing() {
    let world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(10)).await;
    world.mine(2).await;
    world.node.reorg(2).await;
    world.mine(5).await;
    request.is("processing", &[]).await;
    assert_eq!(request.shown().await["transactions"][0]["confirmations"], "0");
    // Nodes forget for a while what a reorganisation set free; no longer than that.
    world.pass(Span::from_minutes(10));
    world.mine(1).await;
    request.is("processing", &[]).await;
    assert_eq!(request.shown().await["transactions"], serde_json::json!([]));
    world.pass(Span::from_minutes(50));
    world.mine(1).await;
    request.is("expired", &[]).await;
    let told = [
        "processing 0/0.01",
        "processing 0.01/0.01: 0.01x2",
        "processing 0/0.01:",
        "expired 0/0.01:",
    ];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn a_payment_that_moves_to_another_block_is_paid_once() {
    let world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    let transaction = world.node.pay(&request.address, ether(10)).await;
    let bytes = world.node.bytes_of(&transaction).await;
    world.mine(2).await;
    // Between two looks: out, and in again in another block.
    world.node.reorg(2).await;
    world.node.send_again(&bytes).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    let told = ["processing 0/0.01", "processing 0.01/0.01: 0.01x2", "paid 0.01/0.01: 0.01x3"];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn a_final_payment_that_is_taken_back_is_told_as_a_reversal() {
    let world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(10)).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    world.node.reorg(3).await;
    world.mine(1).await;
    request.is("paid", &["reversed 0.01 ETH"]).await;
    let told = ["processing 0/0.01", "paid 0.01/0.01: 0.01x3", "reversal paid 0/0.01:"];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn a_final_payment_that_waits_again_is_reversed_at_once_and_told_when_it_is_back() {
    let world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    let transaction = world.node.pay(&request.address, ether(10)).await;
    let bytes = world.node.bytes_of(&transaction).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    world.node.reorg(3).await;
    world.node.send_again(&bytes).await;
    world.settle().await;
    request.is("paid", &["reversed 0.01 ETH"]).await;
    assert!(world.stopped().await.unwrap().starts_with("a payment that had been final is gone"));
    world.mine(3).await;
    world.clear().await;
    world.settle().await;
    let told = [
        "processing 0/0.01",
        "paid 0.01/0.01: 0.01x3",
        "reversal paid 0/0.01:",
        "late_payment paid 0.01/0.01: 0.01x3",
    ];
    assert_eq!(request.told(), told);
    assert_eq!(world.stopped().await, None);
    world.remove().await;
}

#[tokio::test]
async fn a_final_payment_that_moves_to_another_block_stops_nothing_where_it_is_deep() {
    for (blocks, stops) in [(3, false), (2, true)] {
        let world = Setup::new().start().await;
        let request = Request::of(&world, "ETH").await;
        let transaction = world.node.pay(&request.address, ether(10)).await;
        let bytes = world.node.bytes_of(&transaction).await;
        world.mine(3).await;
        world.node.reorg(3).await;
        world.node.send_again(&bytes).await;
        world.mine(blocks).await;
        assert_eq!(world.stopped().await.is_some(), stops, "{blocks} deep");
        if stops {
            world.clear().await;
        }
        world.mine(3).await;
        assert_eq!(world.stopped().await, None);
        request.is("paid", &[]).await;
        assert_eq!(request.told(), ["processing 0/0.01", "paid 0.01/0.01: 0.01x3"]);
        world.remove().await;
    }
}

#[tokio::test]
async fn a_reorganisation_after_final_stops_crediting_until_a_person_clears_it() {
    let world = Setup::new().start().await;
    let (taken, other) = (Request::of(&world, "ETH").await, Request::of(&world, "ETH").await);
    world.node.pay(&taken.address, ether(10)).await;
    world.mine(3).await;
    taken.is("paid", &[]).await;
    world.node.reorg(3).await;
    world.mine(1).await;
    taken.is("paid", &["reversed 0.01 ETH"]).await;
    assert_eq!(taken.told().last().unwrap(), "reversal paid 0/0.01:");
    world.node.pay(&other.address, ether(10)).await;
    world.mine(5).await;
    other.is("processing", &[]).await;
    let (status, answer) = Request::ask(&world, "ETH", ("25", "USD")).await;
    assert_eq!(status, 503, "{answer}");
    world.pass(Span::from_hours(2));
    world.mine(1).await;
    other.is("processing", &[]).await;
    world.clear().await;
    world.mine(1).await;
    other.is("paid", &[]).await;
    taken.is("paid", &["reversed 0.01 ETH"]).await;
    world.remove().await;
}

#[tokio::test]
async fn where_the_network_names_final_blocks_nothing_else_makes_a_payment_final() {
    // Final is what lies two epochs of two blocks below the tip.
    let node = ["--slots-in-an-epoch", "2"];
    let world = Setup::new().confirmations("finalized or 3").node(&node).start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(10)).await;
    world.mine(4).await;
    request.is("processing", &[]).await;
    world.mine(1).await;
    request.is("paid", &[]).await;
    assert_eq!(request.told().last().unwrap(), "paid 0.01/0.01: 0.01x5");
    world.remove().await;
}

#[tokio::test]
async fn a_middling_total_is_final_as_soon_as_the_network_calls_its_block_safe() {
    // The request is for 25 USD. Safe is what lies an epoch of two blocks below the tip.
    let steps = "1 below 10 EUR, safe or 40 below 50 EUR, finalized or 75";
    let node = ["--slots-in-an-epoch", "2"];
    let world = Setup::new().confirmations(steps).node(&node).start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(10)).await;
    world.mine(2).await;
    request.is("processing", &[]).await;
    world.mine(1).await;
    request.is("paid", &[]).await;
    assert_eq!(request.told().last().unwrap(), "paid 0.01/0.01: 0.01x3");
    world.remove().await;
}

#[tokio::test]
async fn a_great_total_waits_until_the_network_calls_its_block_final() {
    let node = ["--slots-in-an-epoch", "2"];
    let steps = "1 below 10 EUR, safe or 2 below 20 EUR, finalized or 3";
    let world = Setup::new().confirmations(steps).node(&node).start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(10)).await;
    world.mine(4).await;
    request.is("processing", &[]).await;
    world.mine(1).await;
    request.is("paid", &[]).await;
    world.remove().await;
}
