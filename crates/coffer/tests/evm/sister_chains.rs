//! Two EVM networks of one wallet, chain ids 1 and 56: an address of one is an address of the
//! other, and customers send to it where they please.

use crate::support::{Database, Request, Setup, World, ether};

async fn what_arrives_on_a_sister_chain_is_a_case_and_pays_nothing(world: World) {
    let request = Request::of(&world, "ETH").await;
    let sister = world.sister.as_ref().unwrap();
    sister.node.pay(&request.address, ether(10)).await;
    sister.node.mine(1).await;
    world.mine(1).await;
    request.is("processing", &[]).await;
    sister.node.mine(2).await;
    world.mine(1).await;
    request.is("processing", &["wrong_token 0.01 BNBX"]).await;
    sister.node.pay_token(&sister.contract, &request.address, 25_000_000).await;
    sister.node.mine(3).await;
    world.mine(1).await;
    request.is("processing", &["wrong_token 0.01 BNBX", "wrong_token 25 USDS"]).await;
    // What was asked for still pays.
    world.node.pay(&request.address, ether(10)).await;
    world.mine(3).await;
    request.is("paid", &["wrong_token 0.01 BNBX", "wrong_token 25 USDS"]).await;
    let told = request.told();
    // All that came is listed; what was asked for alone is counted.
    assert_eq!(told.last().unwrap(), "paid 0.01/0.01: 0.01x3 25x3 0.01x3", "{told:?}");
    world.remove().await;
}

#[tokio::test]
async fn what_arrives_on_a_sister_chain_is_a_case_and_pays_nothing_on_sqlite() {
    let world = Setup::new().with_sister().start().await;
    what_arrives_on_a_sister_chain_is_a_case_and_pays_nothing(world).await;
}

#[tokio::test]
async fn what_arrives_on_a_sister_chain_is_a_case_and_pays_nothing_on_postgres() {
    let world = Setup::on(Database::Postgres).with_sister().start().await;
    what_arrives_on_a_sister_chain_is_a_case_and_pays_nothing(world).await;
}
