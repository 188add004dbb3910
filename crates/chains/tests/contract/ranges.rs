//! Providers that limit what `eth_getLogs` answers, and nodes that have forgotten old balances.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use alloy::primitives::U256;
use coffer_chains::evm::{EvmChain, EvmSettings};
use coffer_domain::{
    money::Units,
    ports::{Block, Chain},
    transfer::ChainUnits,
};
use serde_json::{Value, json};

use crate::{
    anvil::{Anvil, DEPLOYER, DEVELOPER},
    evm::receiver,
    fake_node::{FakeNode, Reply},
    setup::{asset_id, clock, coin, settings, token},
    tokens::{PLAIN, transfer_input},
    worlds::only,
};

/// Thirty blocks; in every fifth somebody pays the receiver in one of two tokens, in every seventh
/// in coin.
struct Scene {
    anvil: Anvil,
    settings: EvmSettings,
    last: u64,
}

impl Scene {
    async fn new() -> Self {
        let anvil = Anvil::start(&[]).await;
        let supply = U256::from(1_000_000);
        let one = anvil.deploy(PLAIN, 6, supply).await;
        let other = anvil.deploy(PLAIN, 18, supply).await;
        let to = receiver(0).text;
        for number in 0..28_u64 {
            let contract = if number % 2 == 0 { &one } else { &other };
            if number % 5 == 0 {
                let input = transfer_input(&to, U256::from(number + 1));
                anvil.send_as(DEPLOYER, contract, 0, &input).await;
            }
            if number % 7 == 0 {
                anvil.send_as(DEVELOPER, &to, u128::from(number) + 1, "0x").await;
            }
            anvil.mine().await;
        }
        let assets = vec![coin("ETH"), token("USDT", 6, &one), token("DAI", 18, &other)];
        let settings = settings(&[&anvil.url], assets);
        Self { anvil, settings, last: 30 }
    }

    fn at(&self, url: &str) -> EvmChain {
        let endpoints = vec![url.to_owned()];
        EvmChain::new(&EvmSettings { endpoints, ..self.settings.clone() }, clock()).unwrap()
    }

    /// Every block, each asked for by itself at the honest node.
    async fn truth(&self) -> Vec<Block> {
        let (chain, mine) = (self.at(&self.anvil.url), only([receiver(0)]));
        let mut blocks = Vec::new();
        for height in 1..=self.last {
            blocks.push(chain.block(height, &mine).await.unwrap().unwrap());
        }
        assert_eq!(blocks.iter().flat_map(|block| &block.transfers).count(), 10);
        blocks
    }

    /// Every block as it is told in one go, and what was asked for logs meanwhile.
    async fn told(
        &self,
        fault: impl Fn(&str, &Value, Value) -> Option<Reply> + Send + Sync + 'static,
    ) -> (Vec<Block>, Vec<Value>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let fake = FakeNode::start(&self.anvil.url, move |method, params, truth| {
            if method == "eth_getLogs" {
                seen.lock().unwrap().push(params[0].clone());
            }
            fault(method, params, truth)
        });
        let fake = fake.await;
        let blocks = self.at(&fake.url).blocks(1..=self.last, &only([receiver(0)])).await.unwrap();
        let asked = asked.lock().unwrap().clone();
        (blocks, asked)
    }
}

fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// Refuses the logs of more than so many blocks.
fn at_most(blocks: u64) -> impl Fn(&str, &Value, Value) -> Option<Reply> + Send + Sync + 'static {
    move |method, params, _| {
        let filter = &params[0];
        let ranged = method == "eth_getLogs" && filter.get("fromBlock").is_some();
        let refused = ranged && number(&filter["toBlock"]) - number(&filter["fromBlock"]) >= blocks;
        refused.then_some(Reply::Error(-32602, "eth_getLogs is limited to a 10 block range"))
    }
}

#[tokio::test]
async fn many_blocks_are_read_with_one_question_for_logs() {
    let scene = Scene::new().await;
    let (told, asked) = scene.told(|_, _, _| None).await;
    assert_eq!(told, scene.truth().await);
    // Two blocks make contracts and three hold payments in coin only: their filters are empty,
    // which is what networks say that keep none, so that those are asked for by themselves.
    assert_eq!(asked.len(), 1 + 5);
}

#[tokio::test]
async fn logs_limited_to_ten_blocks_are_asked_for_in_smaller_ranges() {
    let scene = Scene::new().await;
    let (told, asked) = scene.told(at_most(10)).await;
    assert_eq!(told, scene.truth().await);
    // 64, 32 and 16 blocks are refused, then eight at a time.
    assert_eq!(asked.len(), 3 + 4 + 5);
    // A range of one is none: each block is asked for by itself.
    let (told, asked) = scene.told(at_most(1)).await;
    assert_eq!(told, scene.truth().await);
    assert!(asked.iter().filter(|filter| filter.get("blockHash").is_some()).count() >= 30);
}

#[tokio::test]
async fn logs_of_blocks_that_are_gone_are_not_believed() {
    let scene = Scene::new().await;
    let ranged = |method: &str, params: &Value| {
        method == "eth_getLogs" && params[0].get("fromBlock").is_some()
    };
    // As if other blocks had stood there when the logs were fetched.
    let empty = scene
        .told(move |method, params, _| ranged(method, params).then(|| Reply::Result(json!([]))));
    assert_eq!(empty.await.0, scene.truth().await);
    let elsewhere = scene.told(move |method, params, mut logs| {
        for log in logs.as_array_mut().into_iter().flatten() {
            log["blockHash"] = json!(format!("0x{}", "7".repeat(64)));
        }
        ranged(method, params).then_some(Reply::Result(logs))
    });
    assert_eq!(elsewhere.await.0, scene.truth().await);
}

#[tokio::test]
async fn a_network_without_bloom_filters_is_read_all_the_same() {
    let scene = Scene::new().await;
    for bloom in [json!(format!("0x{}", "0".repeat(512))), Value::Null] {
        let told = scene.told(move |method, params, mut truth| match method {
            "eth_getBlockByNumber" => {
                truth["logsBloom"] = bloom.clone();
                Some(Reply::Result(truth))
            }
            "eth_getLogs" if params[0].get("fromBlock").is_some() => Some(Reply::Result(json!([]))),
            _ => None,
        });
        assert_eq!(told.await.0, scene.truth().await);
    }
}

#[tokio::test]
async fn a_block_with_too_many_logs_is_read_by_its_receipts_or_token_by_token() {
    let scene = Scene::new().await;
    let truth = scene.truth().await;
    let many = |method: &str, params: &Value, _| {
        let tokens = params[0]["address"].as_array().map_or(0, Vec::len);
        let refused = method == "eth_getLogs" && tokens > 1;
        refused.then_some(Reply::Error(-32005, "query returned more than 10000 results"))
    };
    assert_eq!(scene.told(many).await.0, truth);
    let told = scene.told(move |method, params, truth| match method {
        "eth_getBlockReceipts" => Some(Reply::Error(-32601, "no such method")),
        _ => many(method, params, truth),
    });
    assert_eq!(told.await.0, truth);
    // Where no way leads to them, the block is not read.
    let fake = FakeNode::start(&scene.anvil.url, |method: &str, _: &Value, _| match method {
        "eth_getBlockReceipts" => Some(Reply::Error(-32601, "no such method")),
        "eth_getLogs" => Some(Reply::Error(-32005, "query returned more than 10000 results")),
        _ => None,
    });
    let fake = fake.await;
    let error = scene.at(&fake.url).block(3, &only([receiver(0)])).await.unwrap_err();
    assert!(error.to_string().contains("gives no answer so large"), "{error}");
}

#[tokio::test]
async fn a_token_of_a_known_issuer_is_counted_by_its_logs_where_balances_are_forgotten() {
    let scene = Scene::new().await;
    let forgot = FakeNode::start(&scene.anvil.url, |method: &str, _: &Value, _| {
        (method == "eth_call").then_some(Reply::Error(-32000, "missing trie node 5f1a"))
    });
    let forgot = forgot.await;
    let with = |exact: &[&str]| {
        let exact_logs = exact.iter().map(|iso| asset_id(iso)).collect::<BTreeSet<_>>();
        let endpoints = vec![forgot.url.clone()];
        let settings = EvmSettings { endpoints, exact_logs, ..scene.settings.clone() };
        EvmChain::new(&settings, clock()).unwrap()
    };
    let mine = only([receiver(0)]);
    // The first block after the two contracts pays one unit of the first token, and one of coin.
    let found = with(&["USDT"]).block(3, &mine).await.unwrap().unwrap().transfers;
    let units = ChainUnits::Units(Units::new(1));
    assert!(found.iter().any(|it| it.asset == asset_id("USDT") && it.units == units), "{found:?}");
    assert!(with(&["DAI"]).block(3, &mine).await.is_err(), "another token than the known one");
    assert!(with(&[]).block(3, &mine).await.is_err());
}
