//! Nodes that do not follow the same rules.

use coffer::nodes::utxo::Kind;

use crate::support::{Request, Setup};

/// 60 EUR, in base units.
const PRICE: u64 = 110_000;

/// From the fork's height on one node takes other blocks than the other.
#[tokio::test]
async fn a_node_with_other_rules_beside_an_ordinary_one_stops_crediting() {
    let fork = "-testactivationheight=blake2b@126";
    let mut world = Setup::of(Kind::Bitcoin).second_endpoint(&[fork]).start().await;
    let mut second = world.second.take().unwrap();
    let common = world.node.height().await;
    second.take_blocks(&world.node, common).await;
    let request = world.request().await;
    let (id, address) = (request.id.clone(), request.address.clone());
    while world.node.height().await < 126 {
        world.node.mine(1).await;
        second.mine(1).await;
    }
    world.node.pay(&address, PRICE).await;
    world.node.mine(3).await;
    second.mine(3).await;
    let reason = world.settle_blind().await;
    assert!(reason.contains("disagree about block"), "{reason}");
    let request = Request::again(&world, id.clone(), address.clone());
    request.is("processing", &[]).await;
    assert_eq!(request.told(), ["processing 0/0.0011"]);
    assert!(request.shown().await["behind"].is_object());
    // Its operator takes the odd one away.
    second.stop().await;
    world.settle().await;
    let request = Request::again(&world, id, address);
    request.is("paid", &[]).await;
    assert_eq!(request.told().last().unwrap(), "paid 0.0011/0.0011: 0.0011x3");
    world.remove().await;
}
