//! How much was paid: exact, in parts, dust, by one transaction for many.

use coffer::nodes::utxo::Kind;
use coffer_domain::time::Span;

use crate::{
    on_each_node,
    support::{Database, Request, Setup},
};

/// 60 EUR, in base units.
const PRICE: u64 = 110_000;
/// Outputs of the largest payment.
const MANY: usize = 300;

/// A request in euro that is paid in two transactions with a reorganisation in between.
async fn a_request_paid_in_two_parts_with_a_reorg_between_is_paid_once(setup: Setup) {
    let world = setup.start().await;
    let request = world.request().await;
    world.mine(1).await;
    world.node.pay(&request.address, 50_000).await;
    world.settle().await;
    world.mine(1).await;
    request.is("processing", &[]).await;
    assert_eq!(request.shown().await["transactions"][0]["confirmations"], "1");
    world.node.reorg(1).await;
    world.settle().await;
    request.is("processing", &[]).await;
    assert_eq!(request.shown().await["transactions"][0]["confirmations"], "0");
    world.node.pay(&request.address, 60_000).await;
    world.settle().await;
    world.mine(1).await;
    request.is("processing", &[]).await;
    world.mine(1).await;
    request.is("paid", &[]).await;
    world.mine(4).await;
    let told = [
        "processing 0/0.0011",
        "processing 0.0005/0.0011: 0.0005x0",
        "processing 0.0011/0.0011: 0.0005x0 0.0006x0",
        "paid 0.0011/0.0011: 0.0005x2 0.0006x2",
    ];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn a_bitcoin_request_paid_in_two_parts_with_a_reorg_between_is_paid_once_on_sqlite() {
    let setup = Setup::of(Kind::Bitcoin).on(Database::Sqlite);
    a_request_paid_in_two_parts_with_a_reorg_between_is_paid_once(setup).await;
}

#[tokio::test]
async fn a_bitcoin_request_paid_in_two_parts_with_a_reorg_between_is_paid_once_on_postgres() {
    let setup = Setup::of(Kind::Bitcoin).on(Database::Postgres);
    a_request_paid_in_two_parts_with_a_reorg_between_is_paid_once(setup).await;
}

#[tokio::test]
async fn a_litecoin_request_paid_in_two_parts_with_a_reorg_between_is_paid_once_on_sqlite() {
    let setup = Setup::of(Kind::Litecoin).on(Database::Sqlite);
    a_request_paid_in_two_parts_with_a_reorg_between_is_paid_once(setup).await;
}

#[tokio::test]
async fn a_litecoin_request_paid_in_two_parts_with_a_reorg_between_is_paid_once_on_postgres() {
    let setup = Setup::of(Kind::Litecoin).on(Database::Postgres);
    a_request_paid_in_two_parts_with_a_reorg_between_is_paid_once(setup).await;
}

/// The least that a node passes on.
async fn dust_is_counted_and_pays_nothing(setup: Setup) {
    let world = setup.start().await;
    let request = world.request().await;
    world.node.pay(&request.address, 5_460).await;
    world.mine(2).await;
    request.is("processing", &[]).await;
    assert_eq!(request.shown().await["currency_sent"]["remaining_amount"], "0.0010454");
    world.pass(Span::from_hours(3));
    world.mine(1).await;
    assert_eq!(request.shown().await["status"], "failed");
    assert!(!request.told().iter().any(|told| told.starts_with("paid")));
    world.remove().await;
}

async fn one_transaction_that_pays_two_requests_pays_both(setup: Setup) {
    let world = setup.start().await;
    let (one, other) = (world.request().await, world.request().await);
    assert_ne!(one.address, other.address);
    world.node.pay_all(&[(&one.address, PRICE), (&other.address, PRICE)]).await;
    world.settle().await;
    world.mine(2).await;
    for request in [&one, &other] {
        request.is("paid", &[]).await;
        let told = [
            "processing 0/0.0011",
            "processing 0.0011/0.0011: 0.0011x0",
            "paid 0.0011/0.0011: 0.0011x2",
        ];
        assert_eq!(request.told(), told);
    }
    world.remove().await;
}

#[tokio::test]
async fn three_hundred_outputs_of_one_transaction_pay_three_hundred_requests() {
    let world = Setup::of(Kind::Bitcoin).start().await;
    let mut requests = Vec::<Request<'_>>::new();
    for _ in 0..MANY {
        requests.push(world.request().await);
    }
    let outputs = requests.iter().map(|request| (request.address.as_str(), PRICE));
    world.node.pay_all(&outputs.collect::<Vec<_>>()).await;
    world.mine(2).await;
    for request in &requests {
        request.is("paid", &[]).await;
        assert_eq!(request.told().last().unwrap(), "paid 0.0011/0.0011: 0.0011x2");
    }
    world.remove().await;
}

on_each_node!(dust_is_counted_and_pays_nothing, one_transaction_that_pays_two_requests_pays_both,);
