//! Payments that a contract makes inside a transaction, as smart wallets and exchanges do.

use coffer_domain::time::Span;

use crate::support::{Database, PAYER, Request, Setup, World, ether, pay_input, take_back_input};

async fn a_payment_by_a_contract_is_paid_once_it_is_final(world: World) {
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    world.node.call(&payer, ether(10), &pay_input(&request.address, ether(10))).await;
    world.mine(2).await;
    request.is("processing", &[]).await;
    world.mine(1).await;
    request.is("paid", &[]).await;
    let told = ["processing 0/0.01", "processing 0.01/0.01: 0.01x2", "paid 0.01/0.01: 0.01x3"];
    assert_eq!(request.told(), told);
    world.remove().await;
}

#[tokio::test]
async fn a_payment_by_a_contract_is_paid_once_it_is_final_on_sqlite() {
    a_payment_by_a_contract_is_paid_once_it_is_final(Setup::new().start().await).await;
}

#[tokio::test]
async fn a_payment_by_a_contract_is_paid_once_it_is_final_on_postgres() {
    let setup = Setup::on(Database::Postgres);
    a_payment_by_a_contract_is_paid_once_it_is_final(setup.start().await).await;
}

#[tokio::test]
async fn a_payment_by_a_contract_that_moves_to_another_block_counts_once() {
    let world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    let input = pay_input(&request.address, ether(10));
    let transaction = world.node.call(&payer, ether(10), &input).await;
    world.mine(1).await;
    let bytes = world.node.bytes_of(&transaction).await;
    world.node.reorg(1).await;
    world.settle().await;
    world.node.send_again(&bytes).await;
    world.mine(3).await;
    request.is("paid", &[]).await;
    assert_eq!(request.told().last().unwrap(), "paid 0.01/0.01: 0.01x3");
    world.remove().await;
}

#[tokio::test]
async fn what_a_contract_takes_back_in_the_same_transaction_pays_nothing() {
    let world = Setup::new().start().await;
    let request = Request::of(&world, "ETH").await;
    let payer = world.node.deploy_contract(PAYER).await;
    // It pays 0.01 in a call that fails, then half of it.
    world.node.call(&payer, ether(10), &take_back_input(&request.address, ether(10))).await;
    world.mine(3).await;
    request.is("processing", &[]).await;
    world.pass(Span::from_hours(2));
    world.mine(1).await;
    request.is("failed", &["under 0.005 ETH"]).await;
    world.remove().await;
}
