//! Endpoints that tell no logs of a block whose own filter says that there may be some: their index
//! of logs lags behind, they lie, or the filter errs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use alloy::primitives::{Address, Bloom, BloomInput, U256, keccak256};
use coffer_chains::evm::{EvmChain, EvmSettings, InternalTransfers};
use coffer_domain::{
    money::Units,
    ports::{Chain, ChainError},
    time::Timestamp,
    transfer::ChainTransfer,
};
use serde_json::{Value, json};

use crate::{
    anvil::{Anvil, DEPLOYER, DEVELOPER},
    evm::receiver,
    fake_node::{FakeNode, Reply},
    setup::{StandingClock, asset_id, clock, coin, settings, token},
    tokens::{PLAIN, transfer_input},
    worlds::everything,
};

/// Answers to a question in place of the truth.
type Lie = fn(&str, &Value) -> Option<Reply>;

/// A node whose block 2 holds a token payment.
struct Scene {
    anvil: Anvil,
    contract: String,
}

impl Scene {
    async fn new() -> Self {
        let anvil = Anvil::start(&[]).await;
        let contract = anvil.deploy(PLAIN, 6, U256::from(1_000)).await;
        let input = transfer_input(&receiver(0).text, U256::from(10));
        anvil.send_as(DEPLOYER, &contract, 0, &input).await;
        anvil.mine().await;
        Self { anvil, contract }
    }

    /// The adapter that asks these endpoints for a token.
    fn chain(contract: &str, urls: &[&str]) -> EvmChain {
        let settings = settings(urls, vec![coin("ETH"), token("USDT", 6, contract)]);
        let internal_transfers = InternalTransfers::Off;
        EvmChain::new(&EvmSettings { internal_transfers, ..settings }, clock()).unwrap()
    }

    async fn liar(&self, lie: Lie) -> FakeNode {
        FakeNode::start(&self.anvil.url, move |method: &str, asked: &Value, _| lie(method, asked))
            .await
    }
}

async fn transfers(chain: &EvmChain) -> Result<Vec<ChainTransfer>, ChainError> {
    Ok(chain.block(2, &everything).await?.unwrap().transfers)
}

/// Tells no logs, as a node whose index of them lags.
fn lags(method: &str, _: &Value) -> Option<Reply> {
    (method == "eth_getLogs").then(|| Reply::Result(json!([])))
}

/// The same, and knows no receipts of whole blocks.
fn lags_without_receipts(method: &str, asked: &Value) -> Option<Reply> {
    match method {
        "eth_getBlockReceipts" => Some(Reply::Error(-32601, "no such method")),
        _ => lags(method, asked),
    }
}

/// The same, with receipts that leave out what was logged.
fn hides(method: &str, asked: &Value) -> Option<Reply> {
    match method {
        "eth_getTransactionReceipt" => Some(Reply::Result(json!({ "logs": [] }))),
        _ => lags_without_receipts(method, asked),
    }
}

#[tokio::test]
async fn what_an_endpoint_tells_no_logs_of_is_looked_up_in_its_receipts() {
    let scene = Scene::new().await;
    let truth = transfers(&Scene::chain(&scene.contract, &[&scene.anvil.url])).await.unwrap();
    assert_eq!(truth.len(), 1);
    for lie in [lags as Lie, lags_without_receipts] {
        let liar = scene.liar(lie).await;
        let chain = Scene::chain(&scene.contract, &[&liar.url]);
        assert_eq!(transfers(&chain).await.unwrap(), truth);
        // Nor are they believed for many blocks at once.
        let many = chain.blocks(1..=2, &everything).await.unwrap();
        assert_eq!(many[1].transfers, truth);
    }
}

#[tokio::test]
async fn an_endpoint_that_hides_logs_does_not_get_past_the_blocks_own_filter() {
    let scene = Scene::new().await;
    let liar = scene.liar(hides).await;
    let alone = transfers(&Scene::chain(&scene.contract, &[&liar.url])).await.unwrap_err();
    assert!(matches!(alone, ChainError::Unreachable { .. }), "{alone}");
    assert!(alone.to_string().contains("tells no logs of the block though its filter"), "{alone}");
    assert!(!alone.to_string().contains("top-secret-key"), "{alone}");
    // One that is away says nothing.
    let urls = [&*liar.url, "http://127.0.0.1:1"];
    assert!(transfers(&Scene::chain(&scene.contract, &urls)).await.is_err());
    // Beside an honest one nothing is passed over until they agree.
    for urls in [[&liar.url, &scene.anvil.url], [&scene.anvil.url, &liar.url]] {
        let chain = Scene::chain(&scene.contract, &urls.map(String::as_str));
        let error = transfers(&chain).await.unwrap_err();
        assert!(matches!(error, ChainError::EndpointsDisagree { .. }), "{error}");
    }
}

#[tokio::test]
async fn two_endpoints_that_tell_no_logs_of_a_block_are_believed() {
    let scene = Scene::new().await;
    scene.anvil.send_as(DEVELOPER, &receiver(1).text, 5, "0x").await;
    scene.anvil.mine().await;
    // A block with a coin payment only, whose filter says otherwise.
    let block = scene.anvil.rpc("eth_getBlockByNumber", json!(["0x3", true])).await;
    let told = scene.anvil.rpc("eth_getBlockByNumber", json!(["0x2", true])).await;
    let mut odd = block.clone();
    odd["logsBloom"] = told["logsBloom"].clone();
    let fault = move |method: &str, asked: &Value, _: Value| {
        let this = method == "eth_getBlockByNumber" && asked[0] == "0x3";
        this.then(|| Reply::Result(odd.clone()))
    };
    let fake = FakeNode::start(&scene.anvil.url, fault.clone()).await;
    let other = FakeNode::start(&scene.anvil.url, fault).await;
    let read = async |urls: &[&str]| {
        Scene::chain(&scene.contract, urls).block(3, &everything).await.map(|it| it.unwrap())
    };
    assert!(read(&[&fake.url]).await.is_err());
    assert!(read(&[&fake.url, "http://127.0.0.1:1"]).await.is_err());
    assert_eq!(read(&[&fake.url, &other.url]).await.unwrap().transfers.len(), 1);
    // So is one that only has to bear out a payment, which is of the coin.
    let above = async |units: u128, urls: [&str; 2]| {
        let assets = vec![coin("ETH"), token("USDT", 6, &scene.contract)];
        let second_source_above = BTreeMap::from([(asset_id("ETH"), Units::new(units))]);
        let internal_transfers = InternalTransfers::Off;
        let settings = settings(&urls, assets);
        let settings = EvmSettings { internal_transfers, second_source_above, ..settings };
        EvmChain::new(&settings, clock()).unwrap().block(3, &everything).await
    };
    for urls in [[&scene.anvil.url, &fake.url], [&fake.url, &other.url]] {
        let found = above(4, urls.map(String::as_str)).await.unwrap().unwrap();
        assert_eq!(found.transfers.len(), 1);
    }
    assert!(above(4, [&scene.anvil.url, "http://127.0.0.1:1"]).await.is_err());
}

#[tokio::test]
async fn two_endpoints_that_tell_no_logs_of_a_new_block_are_waited_for() {
    let scene = Scene::new().await;
    let (one, other) = (scene.liar(hides).await, scene.liar(hides).await);
    let block = scene.anvil.rpc("eth_getBlockByNumber", json!(["0x2", false])).await;
    let time = block["timestamp"].as_str().unwrap().trim_start_matches("0x");
    let time = i64::from_str_radix(time, 16).unwrap();
    let at = async |seconds: i64, urls: &[&str]| {
        let assets = vec![coin("ETH"), token("USDT", 6, &scene.contract)];
        let internal_transfers = InternalTransfers::Off;
        let settings = EvmSettings { internal_transfers, ..settings(urls, assets) };
        let clock = Arc::new(StandingClock(Timestamp::from_seconds(time + seconds)));
        EvmChain::new(&settings, clock).unwrap().block(2, &everything).await
    };
    // They share an index of logs, which comes up to the block a little later.
    for seconds in [0, 59] {
        assert_eq!(at(seconds, &[&one.url, &other.url]).await, Ok(None));
    }
    let later = at(59, &[&one.url, &scene.anvil.url]).await;
    assert_eq!(later, Ok(None), "they differ, and the block is new");
    assert_eq!(at(60, &[&one.url, &other.url]).await.unwrap().unwrap().transfers, []);
}

/// A contract that a filter seems to name although it logged nothing.
fn mistaken_for(bloom: &Bloom) -> String {
    let mut some = (0_u32..).map(|number| Address::from_word(keccak256(number.to_be_bytes())));
    let mistaken = some.find(|it| bloom.contains_input(BloomInput::Raw(it.as_slice())));
    format!("{:#x}", mistaken.unwrap())
}

#[tokio::test]
async fn a_filter_that_errs_costs_one_call_and_stops_nothing() {
    let scene = Scene::new().await;
    for number in 0..40_u64 {
        let to = format!("0x{:040x}", 0x1_0000 + number * 7919);
        let input = transfer_input(&to, U256::from(1));
        let small = json!({ "from": DEPLOYER, "to": scene.contract, "input": input,
            "gas": "0x20000", "gasPrice": "0x4a817c800" });
        scene.anvil.rpc("eth_sendTransaction", json!([small])).await;
    }
    scene.anvil.mine().await;
    let block = scene.anvil.rpc("eth_getBlockByNumber", json!(["0x3", false])).await;
    let bloom = block["logsBloom"].as_str().unwrap().parse::<Bloom>().unwrap();
    let contract = mistaken_for(&bloom);
    // A filter in which all is set, or nothing, says nothing.
    let calls = ["eth_chainId", "eth_getBlockByNumber", "eth_getLogs", "eth_getBlockReceipts"];
    for (filler, cost) in [(None, 4), (Some("f"), 3), (Some("0"), 3)] {
        let filler = filler.map(|digit| json!(format!("0x{}", digit.repeat(512))));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let fake = FakeNode::start(&scene.anvil.url, move |method: &str, _: &Value, mut truth| {
            seen.lock().unwrap().push(method.to_owned());
            let filler = filler.clone().filter(|_| method == "eth_getBlockByNumber")?;
            truth["logsBloom"] = filler;
            Some(Reply::Result(truth))
        });
        let fake = fake.await;
        let chain = Scene::chain(&contract, &[&fake.url]);
        let found = chain.block(3, &|_: &[u8]| false).await.unwrap().unwrap();
        assert_eq!(found.transfers, []);
        assert_eq!(*asked.lock().unwrap(), calls[..cost]);
    }
}
