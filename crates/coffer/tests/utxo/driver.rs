//! The nodes do what the tests ask of them.

use std::path::Path;

use coffer::nodes::utxo::{COIN, Kind, UtxoNode};
use coffer_domain::time::Timestamp;
use serde_json::json;

async fn a_node_pays_replaces_reorganises_and_comes_back(kind: Kind) {
    let templates = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut node = UtxoNode::start(kind, templates, &[]).await.unwrap();
    let time = Timestamp::from_seconds(1_773_768_946);
    node.set_time(Some(time)).await.unwrap();
    node.mine(1).await.unwrap();
    let receiver = node.rpc("getnewaddress", json!([])).await.unwrap();
    let receiver = receiver.as_str().unwrap().to_owned();
    let received = async |node: &UtxoNode| {
        let received = node.rpc("getreceivedbyaddress", json!([receiver, 1])).await.unwrap();
        received.to_string()
    };
    let first = node.pay(&[(&receiver, COIN / 4)]).await.unwrap();
    let second = node.replace(&first, &[(&receiver, COIN / 2)]).await.unwrap();
    assert_eq!(node.rpc("getrawmempool", json!([])).await.unwrap(), json!([second.transaction]));
    node.mine(1).await.unwrap();
    assert_eq!(received(&node).await, "0.5");
    let height = node.height().await.unwrap();
    node.reorg(1).await.unwrap();
    assert_eq!(node.height().await.unwrap(), height + 1);
    assert_eq!(received(&node).await, "0.0", "the payment waits again");
    node.stop().await.unwrap();
    node.run(Some(time)).await.unwrap();
    let third = node.replace(&second, &[(node.elsewhere(), COIN / 2)]).await.unwrap();
    node.mine(1).await.unwrap();
    assert_eq!(node.rpc("getrawmempool", json!([])).await.unwrap(), json!([]));
    assert_eq!(received(&node).await, "0.0");
    let spent = node.rpc("gettransaction", json!([third.transaction])).await.unwrap();
    assert_eq!(spent["confirmations"], 1);
}

#[tokio::test]
async fn a_bitcoin_node_pays_replaces_reorganises_and_comes_back() {
    a_node_pays_replaces_reorganises_and_comes_back(Kind::Bitcoin).await;
}

#[tokio::test]
async fn a_litecoin_node_pays_replaces_reorganises_and_comes_back() {
    a_node_pays_replaces_reorganises_and_comes_back(Kind::Litecoin).await;
}
