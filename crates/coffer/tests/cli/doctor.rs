//! `coffer doctor` beside a real Bitcoin node that has thrown blocks away.

use std::path::Path;

use coffer::nodes::utxo::{Kind, PASSWORD, UtxoNode};
use serde_json::{Value, json};

use crate::home::{Home, Running};

/// What `/health` is asked with.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The settings of an operator who reads a pruned node.
fn settings(node: &UtxoNode) -> String {
    format!(
        "[health]\ntoken = \"{TOKEN}\"\n\
         [rates]\nsource = \"fixed\"\n[networks]\nallow_test = true\n\
         [[networks.utxo]]\nname = \"bitcoin_regtest\"\nlike = \"bitcoin\"\n\
         chain = \"regtest\"\ntitle = \"Bitcoin regtest\"\ntest = true\n\
         block_seconds = 600\nendpoints = [\"http://{PASSWORD}@{}\"]\n\
         [[networks.utxo.assets]]\niso = \"BTC\"\ncode = \"BTCREG\"\nnumber = 90011\n\
         decimals = 8\ndisplay_decimals = 8\nfixed_usd = \"60000\"\n",
        node.address()
    )
}

/// How far the server has read the node's chain.
fn read_to(server: &Running) -> Option<u64> {
    let head = format!("GET /health HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nX-Ignored:");
    let (_, body) = server.ask(&head, "");
    let health: Value = serde_json::from_str(&body).unwrap();
    let chains = health["chains"].as_array().unwrap().iter();
    let mut own = chains.filter(|chain| chain["name"] == "bitcoin_regtest");
    own.next()?["height"].as_u64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_tells_blocks_that_no_node_keeps_any_more() {
    let templates = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let arguments = ["-prune=1", "-fastprune"];
    let node = UtxoNode::start(Kind::Bitcoin, templates, &arguments).await.unwrap();
    node.mine(1).await.unwrap();
    let height = node.height().await.unwrap();
    let home = Home::with_database();
    std::fs::write(home.path("coffer.toml"), settings(&node)).unwrap();
    let server = home.serve(&["serve"]);
    let mut beat = tokio::time::interval(std::time::Duration::from_millis(50));
    while read_to(&server) != Some(height) {
        beat.tick().await;
    }
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
    // Away for a week and a half, in which the node threw away what it had.
    node.mine(900).await.unwrap();
    node.rpc("pruneblockchain", json!([height + 500])).await.unwrap();
    let output = home.run(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let endpoint = &said["networks"][0]["endpoints"][0];
    let kept = endpoint["kept_from"].as_u64().unwrap();
    assert!(kept > height + 1, "{said}");
    assert_eq!(endpoint["capabilities"]["all blocks"], false);
    let findings = said["findings"].as_array().unwrap();
    let sentence =
        format!("blocks {} to {} were not read and are kept by no endpoint", height + 1, kept - 1);
    assert!(findings.iter().any(|finding| finding["what"] == sentence.as_str()), "{said}");
    let page = String::from_utf8(home.run(&["doctor"]).stdout).unwrap();
    assert!(page.contains(&format!("keeps blocks from {kept} on")), "{page}");
    assert!(page.contains("-> add an endpoint that keeps them"), "{page}");
}
