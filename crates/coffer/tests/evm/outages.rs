//! The node is gone, or Coffer is.

use coffer_domain::{code::NetworkName, time::Span};
use coffer_store::{blind_span::BlindSpan, error::DbError, tx::Tx};
use serde_json::json;

use crate::support::{Database, Request, Setup, World, ether};

/// When the node could not be read, the newest first.
async fn blind_spans(world: &World) -> Vec<BlindSpan> {
    let anvil = NetworkName::constant("anvil");
    let read = async move |tx: &mut Tx<'_>| tx.blind_spans(Some(anvil), 10).await;
    world.engine.store().read(read).await.map_err(|error: DbError| error).unwrap()
}

async fn a_window_stands_still_while_the_node_is_gone(world: World) {
    let (paid, unpaid) = (Request::of(&world, "ETH").await, Request::of(&world, "ETH").await);
    assert_ne!(paid.address, unpaid.address);
    world.mine(1).await;
    world.gate.shut();
    world.pass(Span::from_minutes(30));
    world.node.pay(&paid.address, ether(10)).await;
    world.node.mine(1).await;
    let reason = world.settle_blind().await;
    assert!(reason.contains("anvil cannot be reached"), "{reason}");
    world.pass(Span::from_hours(30));
    world.node.mine(5).await;
    world.settle_blind().await;
    for request in [&paid, &unpaid] {
        request.is("processing", &[]).await;
        assert_eq!(request.shown().await["behind"]["network_name"], "Anvil");
        assert_eq!(request.told(), ["processing 0/0.01"]);
    }
    world.gate.open();
    world.settle().await;
    paid.is("paid", &[]).await;
    unpaid.is("expired", &[]).await;
    assert_eq!(paid.told(), ["processing 0/0.01", "paid 0.01/0.01: 0.01x6"]);
    assert_eq!(unpaid.told(), ["processing 0/0.01", "expired 0/0.01:"]);
    let spans = blind_spans(&world).await;
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert_eq!((spans[0].payments, spans[0].found[0].1.get()), (1, 10_000_000_000_000_000));
    assert!(spans[0].until.is_some() && spans[0].reason.contains("cannot be reached"));
    let told = world.engine.alarms(true, 10).await.unwrap().remove(0).alarm;
    assert_eq!(told.name, "network_was_blind");
    assert!(told.detail.contains(": 1 payment found (0.01 ETH)"), "{}", told.detail);
    world.remove().await;
}

#[tokio::test]
async fn a_window_stands_still_while_the_node_is_gone_on_sqlite() {
    a_window_stands_still_while_the_node_is_gone(Setup::new().start().await).await;
}

#[tokio::test]
async fn a_window_stands_still_while_the_node_is_gone_on_postgres() {
    let setup = Setup::on(Database::Postgres);
    a_window_stands_still_while_the_node_is_gone(setup.start().await).await;
}

#[tokio::test]
async fn a_fixed_request_is_refused_while_its_network_is_behind() {
    let world = Setup::new().start().await;
    let price = ("25", "USD");
    let before = Request::of(&world, "ETH").await;
    // Who repeats himself hears of what stands.
    let named = json!({
        "amount": "25", "currency": { "iso": "USD" }, "foreign_id": "order 1",
        "payment_currency": { "iso": "ETH", "network_name": "anvil" },
        "life_time_duration": 3600, "end_user_email": "guest@example.com",
    });
    let (status, stands) = world.post("/api/payments/v1/requests", &named).await;
    assert_eq!(status, 200, "{stands}");
    world.gate.shut();
    world.settle_blind().await;
    let (status, answer) = Request::ask(&world, "ETH", price).await;
    assert_eq!(status, 503, "{answer}");
    let (status, again) = world.post("/api/payments/v1/requests", &named).await;
    assert_eq!((status, &again["data"]["id"]), (200, &stands["data"]["id"]), "{again}");
    world.gate.open();
    world.settle().await;
    let after = Request::of(&world, "ETH").await;
    assert_eq!(after.shown().await["behind"], before.shown().await["behind"]);
    world.remove().await;
}

#[tokio::test]
async fn what_came_after_the_window_while_the_node_was_gone_is_late() {
    let world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    world.mine(1).await;
    world.gate.shut();
    // Beyond the margin that is left to those whose payment we could not see pending.
    world.pass(Span::from_minutes(75));
    world.node.pay(&request.address, ether(10)).await;
    world.node.mine(4).await;
    world.settle_blind().await;
    request.is("processing", &[]).await;
    world.gate.open();
    world.settle().await;
    request.is("expired", &["late 0.01 ETH"]).await;
    world.remove().await;
}

#[tokio::test]
async fn a_payment_made_while_the_program_was_down_is_found() {
    let mut world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    let (id, address) = (request.id.clone(), request.address.clone());
    world.mine(1).await;
    world.pass(Span::from_minutes(20));
    world.node.pay(&address, ether(10)).await;
    world.node.mine(120).await;
    world.pass(Span::from_hours(30));
    world.restart().await;
    world.settle().await;
    let request = Request::again(&world, id, address);
    request.is("paid", &[]).await;
    assert_eq!(request.told(), ["processing 0/0.01", "paid 0.01/0.01: 0.01x50"]);
    let spans = blind_spans(&world).await;
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert_eq!((spans[0].payments, spans[0].found[0].1.get()), (1, 10_000_000_000_000_000));
    assert_eq!(spans[0].reason, "Coffer did not read it");
    world.remove().await;
}

#[tokio::test]
async fn nothing_is_offered_on_a_network_that_was_not_read_since_the_start() {
    let mut world = Setup::new().start().await;
    world.gate.shut();
    world.restart().await;
    let (status, answer) = Request::ask(&world, "ETH", ("25", "USD")).await;
    assert_eq!(status, 503, "{answer}");
    world.settle_blind().await;
    let (status, answer) = Request::ask(&world, "ETH", ("25", "USD")).await;
    assert_eq!(status, 503, "{answer}");
    world.gate.open();
    world.settle().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(10)).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    world.remove().await;
}
