//! Payments in tokens: ordinary ones, ones that keep a fee, ones that lie.

use coffer_domain::{
    payment_request::{Policy, Tolerance},
    time::Span,
};

use crate::support::{Database, FEE, LYING, PLAIN, Request, Setup, Token};

/// One whole token.
const ONE: u128 = 1_000_000;

#[tokio::test]
async fn an_exact_payment_in_a_token_is_paid() {
    let world = Setup::new().token(Token::new("USDX", PLAIN)).start().await;
    let request = Request::of(&world, "USDX").await;
    world.node.pay_token(&world.contracts[0], &request.address, 25 * ONE).await;
    world.settle().await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    let told = ["processing 0/25", "processing 25/25: 25x0", "paid 25/25: 25x3"];
    assert_eq!(request.told(), told);
    world.remove().await;
}

/// A request in euro that is paid in two transactions with a reorganisation in between.
async fn a_token_request_paid_in_two_parts_with_a_reorg_between_is_paid_once(database: Database) {
    let world = Setup::on(database).token(Token::new("USDX", PLAIN)).start().await;
    let chain_id = world.node.rpc("eth_chainId", serde_json::json!([])).await;
    assert_eq!(chain_id, "0x38", "BNB Smart Chain");
    let request = Request::priced(&world, "USDX", ("60", "EUR")).await;
    world.mine(1).await;
    let first = world.node.pay_token(&world.contracts[0], &request.address, 26 * ONE).await;
    let bytes = world.node.bytes_of(&first).await;
    world.mine(1).await;
    request.is("processing", &[]).await;
    world.node.reorg(1).await;
    world.settle().await;
    assert_eq!(request.shown().await["transactions"][0]["confirmations"], "0");
    world.node.send_again(&bytes).await;
    world.node.pay_token(&world.contracts[0], &request.address, 40 * ONE).await;
    world.mine(2).await;
    request.is("processing", &[]).await;
    world.mine(1).await;
    request.is("paid", &[]).await;
    world.mine(4).await;
    let told = [
        "processing 0/66",
        "processing 26/66: 26x1",
        "processing 66/66: 26x2 40x2",
        "paid 66/66: 26x3 40x3",
    ];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn a_token_request_paid_in_two_parts_with_a_reorg_between_is_paid_once_on_sqlite() {
    let database = Database::Sqlite;
    a_token_request_paid_in_two_parts_with_a_reorg_between_is_paid_once(database).await;
}

#[tokio::test]
async fn a_token_request_paid_in_two_parts_with_a_reorg_between_is_paid_once_on_postgres() {
    let database = Database::Postgres;
    a_token_request_paid_in_two_parts_with_a_reorg_between_is_paid_once(database).await;
}

#[tokio::test]
async fn a_token_of_18_decimals_is_counted_to_its_last_digit() {
    let token = Token { decimals: 18, pinned: 18, ..Token::new("USDY", PLAIN) };
    let world = Setup::new().token(token).start().await;
    let request = Request::of(&world, "USDY").await;
    let units = 25 * 10_u128.pow(18) + 1;
    world.node.pay_token(&world.contracts[0], &request.address, units).await;
    world.mine(3).await;
    request.is("paid", &["over 0.000000000000000001 USDY"]).await;
    world.remove().await;
}

#[tokio::test]
async fn a_token_that_keeps_a_fee_is_credited_by_what_arrived_and_too_little_fails() {
    let world = Setup::new().token(Token::new("FEE", FEE)).start().await;
    let request = Request::of(&world, "FEE").await;
    world.node.pay_token(&world.contracts[0], &request.address, 25 * ONE).await;
    world.settle().await;
    assert_eq!(request.shown().await["currency_sent"]["received_amount"], "25", "as announced");
    world.mine(3).await;
    let shown = request.shown().await;
    assert_eq!(shown["currency_sent"]["received_amount"], "22.5", "as arrived");
    assert_eq!(shown["currency_sent"]["remaining_amount"], "2.5");
    request.is("processing", &[]).await;
    world.pass(Span::from_hours(2));
    world.mine(1).await;
    request.is("failed", &["under 22.5 FEE"]).await;
    let told = ["processing 0/25", "processing 25/25: 25x0", "failed 22.5/25: 22.5x3"];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn a_token_that_keeps_a_fee_pays_where_the_merchant_tolerates_it() {
    let tolerance = Tolerance { share_ppm: 120_000, euro_cents: 1_000 };
    let policy = Policy { tolerance, ..Policy::DEFAULT };
    let world = Setup::new().token(Token::new("FEE", FEE)).policy(policy).start().await;
    let request = Request::of(&world, "FEE").await;
    world.node.pay_token(&world.contracts[0], &request.address, 25 * ONE).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    assert_eq!(request.told(), ["processing 0/25", "paid 22.5/25: 22.5x3"]);
    world.remove().await;
}

#[tokio::test]
async fn a_customer_who_sends_the_fee_on_top_has_paid() {
    let world = Setup::new().token(Token::new("FEE", FEE)).start().await;
    let request = Request::of(&world, "FEE").await;
    world.node.pay_token(&world.contracts[0], &request.address, 25 * ONE).await;
    world.mine(1).await;
    world.node.pay_token(&world.contracts[0], &request.address, 2_777_778).await;
    world.mine(3).await;
    request.is("paid", &["over 0.000001 FEE"]).await;
    let told =
        ["processing 0/25", "processing 22.5/25: 22.5x1", "paid 25.000001/25: 22.5x4 2.500001x3"];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn a_transfer_that_was_logged_and_not_made_is_nothing() {
    let world = Setup::new().token(Token::new("LIE", LYING)).start().await;
    let request = Request::of(&world, "LIE").await;
    world.node.pay_token(&world.contracts[0], &request.address, 25 * ONE).await;
    world.mine(5).await;
    let shown = request.shown().await;
    assert_eq!(shown["transactions"], serde_json::json!([]));
    assert_eq!(shown["currency_sent"]["received_amount"], "0");
    request.is("processing", &[]).await;
    world.pass(Span::from_minutes(61));
    world.mine(1).await;
    request.is("expired", &[]).await;
    assert_eq!(request.told(), ["processing 0/25", "expired 0/25:"]);
    world.remove().await;
}

#[tokio::test]
async fn what_a_lying_token_announced_is_never_credited() {
    let world = Setup::new().token(Token::new("LIE", LYING)).start().await;
    let request = Request::of(&world, "LIE").await;
    world.node.pay_token(&world.contracts[0], &request.address, 25 * ONE).await;
    world.settle().await;
    world.mine(5).await;
    request.is("processing", &[]).await;
    world.pass(Span::from_hours(48));
    world.mine(1).await;
    world.pass(Span::from_minutes(11));
    world.mine(1).await;
    request.is("expired", &[]).await;
    assert!(!request.told().iter().any(|told| told.starts_with("paid")));
    world.remove().await;
}
