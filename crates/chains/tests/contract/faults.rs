//! An endpoint that lies, breaks or withholds. The rule throughout: an error, never a wrong credit.

use std::{sync::Arc, time::Duration};

use alloy::primitives::U256;
use coffer_chains::evm::{EvmChain, EvmSettings, InternalTransfers};
use coffer_domain::ports::{Chain, ChainError};
use serde_json::{Value, json};

use crate::{
    anvil::{Anvil, DEPLOYER, DEVELOPER},
    evm::receiver,
    fake_node::{FakeNode, Reply},
    setup::{clock, coin, network, settings, token},
    tokens::{PLAIN, transfer_input},
    worlds::everything,
};

/// A node whose newest block, number 2, has a token payment and a coin payment.
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
        anvil.send_as(DEVELOPER, &receiver(1).text, 5, "0x").await;
        anvil.mine().await;
        Self { anvil, contract }
    }

    fn settings(&self, urls: &[&str]) -> EvmSettings {
        settings(urls, vec![coin("ETH"), token("USDT", 6, &self.contract)])
    }

    /// What the adapter says of the block when the endpoint commits the fault.
    async fn error(
        &self,
        fault: impl Fn(&str, &Value, Value) -> Option<Reply> + Send + Sync + 'static,
    ) -> ChainError {
        let fake = FakeNode::start(&self.anvil.url, fault).await;
        let limits = EvmSettings {
            request_timeout: Duration::from_millis(500),
            answer_limit: 1 << 20,
            ..self.settings(&[&fake.url])
        };
        let chain = EvmChain::new(&limits, clock()).unwrap();
        let error = chain.block(2, &everything).await.unwrap_err();
        assert!(!error.to_string().contains("top-secret-key"), "{error}");
        // With an honest endpoint beside it nothing is lost.
        let both =
            EvmSettings { endpoints: vec![fake.url.clone(), self.anvil.url.clone()], ..limits };
        let chain = EvmChain::new(&both, clock()).unwrap();
        let block = chain.block(2, &everything).await.unwrap().unwrap();
        assert_eq!(block.transfers.len(), 2);
        error
    }
}

/// A fault in one method's answers.
fn on(
    method: &'static str,
    change: impl Fn(Value) -> Reply + Send + Sync + 'static,
) -> impl Fn(&str, &Value, Value) -> Option<Reply> + Send + Sync + 'static {
    move |called, _, truth| (called == method).then(|| change(truth))
}

fn nonsense(error: &ChainError, what: &str) {
    assert!(
        matches!(error, ChainError::Nonsense { reason, .. } if reason.contains(what)),
        "{error}"
    );
}

fn unreachable(error: &ChainError, what: &str) {
    let told = |reason: &String| reason.contains(what);
    assert!(matches!(error, ChainError::Unreachable { reason, .. } if told(reason)), "{error}");
}

#[tokio::test]
async fn logs_of_another_block_are_a_lie() {
    let scene = Scene::new().await;
    let error = scene.error(on("eth_getLogs", |mut logs| {
        logs[0]["blockHash"] = json!(format!("0x{}", "7".repeat(64)));
        Reply::Result(logs)
    }));
    nonsense(&error.await, "a log of another block");
}

#[tokio::test]
async fn a_log_of_an_unknown_transaction_is_a_lie() {
    let scene = Scene::new().await;
    let error = scene.error(on("eth_getLogs", |mut logs| {
        logs[0]["transactionHash"] = json!(format!("0x{}", "7".repeat(64)));
        Reply::Result(logs)
    }));
    nonsense(&error.await, "no transaction of the block");
}

#[tokio::test]
async fn a_log_twice_is_a_lie() {
    let scene = Scene::new().await;
    let error = scene.error(on("eth_getLogs", |mut logs| {
        let again = logs[0].clone();
        logs.as_array_mut().unwrap().push(again);
        Reply::Result(logs)
    }));
    nonsense(&error.await, "the same number");
}

#[tokio::test]
async fn another_block_than_asked_for_is_nonsense() {
    let scene = Scene::new().await;
    let error = scene.error(on("eth_getBlockByNumber", |mut block| {
        block["number"] = json!("0x7");
        Reply::Result(block)
    }));
    nonsense(&error.await, "got another");
}

#[tokio::test]
async fn what_is_not_json_rpc_is_nonsense() {
    let scene = Scene::new().await;
    for body in ["", "<html>", "{}", "[]", "{\"jsonrpc\":\"2.0\",\"id\":1}", "nul"] {
        let reply = move |_| Reply::Http("200 OK", body.as_bytes().to_vec());
        nonsense(&scene.error(on("eth_getBlockByNumber", reply)).await, "");
    }
}

#[tokio::test]
async fn an_answer_to_another_question_is_nonsense() {
    let scene = Scene::new().await;
    let body = br#"{"jsonrpc":"2.0","id":4711,"result":null}"#;
    let reply = move |_| Reply::Http("200 OK", body.to_vec());
    nonsense(&scene.error(on("eth_getBlockByNumber", reply)).await, "another question");
}

#[tokio::test]
async fn numbers_in_another_spelling_are_nonsense() {
    let scene = Scene::new().await;
    for value in [json!(5), json!("5"), json!("0x"), json!("-0x5"), json!(5.0), json!(null)] {
        let error = scene.error(on("eth_getBlockByNumber", move |mut block| {
            for transaction in block["transactions"].as_array_mut().unwrap() {
                transaction["value"] = value.clone();
            }
            Reply::Result(block)
        }));
        nonsense(&error.await, "unreadable");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let scene = Scene::new().await;
    let reply = |_| Reply::Http("200 OK", vec![b' '; 10 << 20]);
    nonsense(&scene.error(on("eth_getLogs", reply)).await, "larger than 1048576 bytes");
}

#[tokio::test]
async fn an_endpoint_that_says_nothing_is_unreachable() {
    let scene = Scene::new().await;
    let error = scene.error(on("eth_getLogs", |_| Reply::Silence)).await;
    unreachable(&error, "no answer in time");
}

#[tokio::test]
async fn an_endpoint_that_limits_us_is_unreachable() {
    let scene = Scene::new().await;
    let error = scene.error(on("eth_getLogs", |_| Reply::Http("429 Slow", vec![]))).await;
    unreachable(&error, "HTTP 429");
    let error = scene.error(on("eth_getLogs", |_| Reply::Error(-32005, "limit exceeded"))).await;
    unreachable(&error, "limits our calls");
    let error = scene.error(on("eth_getLogs", |_| Reply::Http("502 Bad", b"<p>".to_vec()))).await;
    unreachable(&error, "HTTP 502");
}

#[tokio::test]
async fn an_error_that_repeats_our_key_is_not_repeated() {
    let scene = Scene::new().await;
    let reply = |_| Reply::Error(-32000, "top-secret-key is not paid for");
    unreachable(&scene.error(on("eth_getBlockByNumber", reply)).await, "… is not paid for");
}

#[tokio::test]
async fn a_token_payment_without_old_state_is_held() {
    let scene = Scene::new().await;
    let reply = |_| Reply::Error(-32000, "missing trie node 5f1a (path ) state is not available");
    let error = scene.error(on("eth_call", reply)).await;
    assert!(matches!(error, ChainError::StatePruned { height: 2, .. }), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let scene = Scene::new().await;
    let reply = |_| Reply::Http("302 Found\r\nlocation: http://127.0.0.1:1/", vec![]);
    unreachable(&scene.error(on("eth_getLogs", reply)).await, "HTTP 302");
}

#[tokio::test]
async fn a_receipt_of_another_block_means_that_the_chain_moved() {
    let scene = Scene::new().await;
    let error = scene.error(on("eth_getTransactionReceipt", |mut receipt| {
        receipt["blockHash"] = json!(format!("0x{}", "7".repeat(64)));
        Reply::Result(receipt)
    }));
    unreachable(&error.await, "replaced while it was read");
}

#[tokio::test]
async fn a_block_that_is_replaced_while_it_is_read_is_read_once_more() {
    let scene = Scene::new().await;
    let first = std::sync::atomic::AtomicBool::new(true);
    let fake = FakeNode::start(&scene.anvil.url, move |method, _, _| {
        let fails =
            method == "eth_getLogs" && first.swap(false, std::sync::atomic::Ordering::SeqCst);
        fails.then_some(Reply::Error(-32000, "unknown block"))
    });
    let fake = fake.await;
    let chain = EvmChain::new(&scene.settings(&[&fake.url]), clock()).unwrap();
    assert_eq!(chain.block(2, &everything).await.unwrap().unwrap().transfers.len(), 2);
}

#[tokio::test]
async fn a_lagging_endpoint_does_not_make_the_chain_shorter() {
    let scene = Scene::new().await;
    let lagging = |method: &str, params: &Value, _| {
        let beyond = method == "eth_getBlockByNumber" && params[0] == "0x2";
        beyond.then_some(Reply::Result(json!(null)))
    };
    let fake = FakeNode::start(&scene.anvil.url, lagging).await;
    let chain = EvmChain::new(&scene.settings(&[&fake.url]), clock()).unwrap();
    assert_eq!(chain.block(2, &everything).await, Ok(None));
    let urls = [fake.url.as_str(), scene.anvil.url.as_str()];
    let chain = EvmChain::new(&scene.settings(&urls), clock()).unwrap();
    assert!(chain.block(2, &|_: &[u8]| false).await.unwrap().is_some());
    // An endpoint that cannot be asked may have the block.
    let urls = [fake.url.as_str(), "http://127.0.0.1:1"];
    let chain = EvmChain::new(&scene.settings(&urls), clock()).unwrap();
    assert!(matches!(chain.block(2, &everything).await, Err(ChainError::Unreachable { .. })));
}

#[tokio::test]
async fn a_node_that_is_syncing_is_not_live() {
    let scene = Scene::new().await;
    let syncing = |_| Reply::Result(json!({ "currentBlock": "0x1", "highestBlock": "0x99" }));
    let fake = FakeNode::start(&scene.anvil.url, on("eth_syncing", syncing)).await;
    let chain = EvmChain::new(&scene.settings(&[&fake.url]), clock()).unwrap();
    assert!(!chain.tip().await.unwrap().live);
}

#[tokio::test]
async fn a_block_costs_the_same_calls_however_many_are_watched() {
    let scene = Scene::new().await;
    let calls = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let fake = FakeNode::start(&scene.anvil.url, move |method, _, _| {
        seen.lock().unwrap().push(method.to_owned());
        None
    });
    let fake = fake.await;
    let without = scene.settings(&[&fake.url]);
    let without = EvmSettings { internal_transfers: InternalTransfers::Off, ..without };
    let chain = EvmChain::new(&without, clock()).unwrap();
    chain.block(2, &|_: &[u8]| false).await.unwrap();
    let asked = std::mem::take(&mut *calls.lock().unwrap());
    assert_eq!(asked, ["eth_chainId", "eth_getBlockByNumber", "eth_getLogs"]);
    chain.block(2, &everything).await.unwrap();
    let mut asked = std::mem::take(&mut *calls.lock().unwrap());
    asked.sort();
    let balances = ["eth_call", "eth_call"];
    let others = ["eth_getBlockByNumber", "eth_getLogs", "eth_getTransactionReceipt"];
    assert_eq!(asked, [balances.as_slice(), others.as_slice()].concat());
    let chain = EvmChain::new(&scene.settings(&[&fake.url]), clock()).unwrap();
    chain.probe().await.unwrap();
    calls.lock().unwrap().clear();
    chain.block(2, &|_: &[u8]| false).await.unwrap();
    let asked = std::mem::take(&mut *calls.lock().unwrap());
    assert_eq!(asked, ["eth_getBlockByNumber", "eth_getLogs", "trace_block"]);
}

#[tokio::test]
async fn no_more_calls_are_made_than_the_endpoint_allows() {
    let scene = Scene::new().await;
    let limits = EvmSettings {
        calls_per_minute: Some(3),
        internal_transfers: InternalTransfers::Off,
        ..scene.settings(&[&scene.anvil.url])
    };
    let chain = EvmChain::new(&limits, clock()).unwrap();
    assert!(chain.block(1, &|_: &[u8]| false).await.is_ok());
    let error = chain.block(1, &|_: &[u8]| false).await.unwrap_err();
    unreachable(&error, "3 calls a minute are used up");
}

#[test]
fn the_registry_builds_each_chain_once() {
    let build = |networks: Vec<EvmSettings>| {
        let chains = coffer_chains::registry::ChainSettings { evm: networks, utxo: Vec::new() };
        let names = |chains: Vec<Arc<dyn Chain>>| chains.iter().map(|it| it.name()).collect();
        coffer_chains::registry::build(chains, &clock()).map(names)
    };
    let evm = || settings(&["http://127.0.0.1:1"], vec![coin("ETH")]);
    assert_eq!(build(vec![evm()]), Ok(vec![network()]));
    let twice = build(vec![evm(), evm()]).unwrap_err();
    assert!(twice.to_string().contains("twice"));
}
