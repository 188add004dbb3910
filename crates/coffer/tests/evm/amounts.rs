//! How much was paid, in coin: exact, in parts, short, over, late, and in another coin.

use coffer_domain::time::Span;

use crate::support::{Database, PLAIN, Request, Setup, Token, World, ether};

async fn an_exact_payment_is_paid_once_it_is_final(world: World) {
    let request = Request::of(&world, "ETH").await;
    // The wallet's first address is the node's first account.
    assert!(request.address.eq_ignore_ascii_case(&world.node.accounts[0]));
    world.node.pay(&request.address, ether(10)).await;
    world.settle().await;
    request.is("processing", &[]).await;
    let seen = ["processing 0/0.01", "processing 0.01/0.01: 0.01x0"];
    assert_eq!(request.told(), seen);
    world.mine(2).await;
    request.is("processing", &[]).await;
    assert_eq!(request.told(), seen, "two of three confirmations are no news");
    world.mine(1).await;
    request.is("paid", &[]).await;
    assert_eq!(request.told(), [seen[0], seen[1], "paid 0.01/0.01: 0.01x3"]);
    world.mine(5).await;
    assert_eq!(request.told().len(), 3);
    world.remove().await;
}

#[tokio::test]
async fn an_exact_payment_is_paid_once_it_is_final_on_sqlite() {
    an_exact_payment_is_paid_once_it_is_final(Setup::new().start().await).await;
}

#[tokio::test]
async fn an_exact_payment_is_paid_once_it_is_final_on_postgres() {
    let setup = Setup::on(Database::Postgres);
    an_exact_payment_is_paid_once_it_is_final(setup.start().await).await;
}

#[tokio::test]
async fn two_parts_make_a_whole() {
    let world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(4)).await;
    world.mine(3).await;
    request.is("processing", &[]).await;
    assert_eq!(request.shown().await["currency_sent"]["remaining_amount"], "0.006");
    world.node.pay(&request.address, ether(6)).await;
    world.mine(2).await;
    request.is("processing", &[]).await;
    world.mine(1).await;
    request.is("paid", &[]).await;
    let told = [
        "processing 0/0.01",
        "processing 0.004/0.01: 0.004x3",
        "processing 0.01/0.01: 0.004x3 0.006x2",
        "paid 0.01/0.01: 0.004x3 0.006x3",
    ];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn too_little_fails_when_its_extended_window_ends_and_is_a_case() {
    let world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(6)).await;
    world.mine(3).await;
    world.pass(Span::from_minutes(70));
    world.mine(1).await;
    request.is("processing", &[]).await;
    world.pass(Span::from_minutes(50));
    world.mine(1).await;
    request.is("failed", &["under 0.006 ETH"]).await;
    let told =
        ["processing 0/0.01", "processing 0.006/0.01: 0.006x3", "failed 0.006/0.01: 0.006x3"];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn too_much_is_paid_and_the_surplus_is_a_case() {
    let world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay(&request.address, ether(15)).await;
    world.mine(3).await;
    request.is("paid", &["over 0.005 ETH"]).await;
    assert_eq!(request.told(), ["processing 0/0.01", "paid 0.015/0.01: 0.015x3"]);
    world.remove().await;
}

#[tokio::test]
async fn a_late_payment_is_a_case_of_an_expired_request() {
    let world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    world.pass(Span::from_minutes(61));
    world.mine(1).await;
    request.is("expired", &[]).await;
    world.node.pay(&request.address, ether(10)).await;
    world.mine(3).await;
    request.is("expired", &["late 0.01 ETH"]).await;
    let told = ["processing 0/0.01", "expired 0/0.01:", "expired 0/0.01: 0.01x3"];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn another_token_than_the_quoted_one_is_a_case_and_pays_nothing() {
    let world = Setup::new().token(Token::new("USDX", PLAIN)).start().await;
    let request = Request::of(&world, "ETH").await;
    world.node.pay_token(&world.contracts[0], &request.address, 25_000_000).await;
    world.mine(3).await;
    request.is("processing", &["wrong_token 25 USDX"]).await;
    world.pass(Span::from_minutes(61));
    world.mine(1).await;
    request.is("expired", &["wrong_token 25 USDX"]).await;
    world.remove().await;
}
