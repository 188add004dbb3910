//! Coin moved by calls inside a transaction, as smart wallets and exchanges pay.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use alloy::primitives::U256;
use coffer_chains::evm::{EvmChain, EvmSettings, InternalTransfers};
use coffer_domain::{
    inner_transfers::InnerTransfers,
    money::Units,
    ports::{Chain, ChainError},
    transfer::{Address, ChainTransfer, ChainUnits},
};
use serde_json::{Value, json};

use crate::{
    anvil::{Anvil, DEVELOPER, OTHER_DEVELOPER},
    evm::{newest, receiver},
    fake_node::{FakeNode, Reply},
    setup::{HandClock, clock, coin, settings},
    tokens::{PAYER, account_word, call_input},
    worlds::only,
};

/// A node with a contract that pays, and the same node as one that traces in the other way.
struct Scene {
    anvil: Anvil,
    payer: String,
    trees_only: FakeNode,
    traceless: FakeNode,
}

impl Scene {
    async fn new() -> Self {
        let anvil = Anvil::start(&[]).await;
        let payer = anvil.deploy_plain(PAYER).await;
        anvil.send_as(DEVELOPER, &payer, 1_000_000, "0x").await;
        anvil.mine().await;
        let unknown = || Some(Reply::Error(-32601, "the method trace_block does not exist"));
        let trees_only =
            FakeNode::start(&anvil.url, move |method: &str, _: &Value, _| match method {
                "trace_block" => unknown(),
                _ => None,
            });
        let trees_only = trees_only.await;
        let traceless =
            FakeNode::start(&anvil.url, move |method: &str, _: &Value, _| match method {
                "trace_block" | "debug_traceBlockByHash" => unknown(),
                _ => None,
            });
        let traceless = traceless.await;
        Self { anvil, payer, trees_only, traceless }
    }

    fn chain(urls: &[&str]) -> EvmChain {
        EvmChain::new(&settings(urls, vec![coin("ETH")]), clock()).unwrap()
    }

    /// A call of the contract, in a block of its own.
    async fn pay(&self, signature: &str, value: u128, arguments: &[U256]) -> String {
        let input = call_input(signature, arguments);
        let transaction = self.anvil.send_as(DEVELOPER, &self.payer, value, &input).await;
        self.anvil.mine().await;
        let receipt = self.anvil.rpc("eth_getTransactionReceipt", json!([transaction])).await;
        assert_eq!(receipt["status"], "0x1", "{signature}");
        transaction
    }

    /// What the newest block moved to the receiver; the same in both ways of tracing.
    async fn found(&self, to: &Address) -> Vec<ChainTransfer> {
        let mine = only([to.clone()]);
        let mut told = Vec::new();
        for url in [&self.anvil.url, &self.trees_only.url] {
            let chain = Self::chain(&[url]);
            let height = chain.tip().await.unwrap().at.height;
            told.push(chain.block(height, &mine).await.unwrap().unwrap());
        }
        assert_eq!(told[0], told[1]);
        told.swap_remove(0).transfers
    }
}

fn units(transfers: &[ChainTransfer]) -> Vec<u128> {
    let small = transfers.iter().map(|transfer| match transfer.units {
        ChainUnits::Units(units) => units.get(),
        ChainUnits::Beyond(_) => panic!("too much"),
    });
    small.collect()
}

fn to_word(to: &Address) -> U256 {
    account_word(&to.text)
}

#[tokio::test]
async fn coin_from_a_contracts_call_is_found() {
    let scene = Scene::new().await;
    let to = receiver(0);
    let arguments = [to_word(&to), U256::from(700)];
    let transaction = scene.pay("pay(address,uint256)", 0, &arguments).await;
    let found = scene.found(&to).await;
    assert_eq!(units(&found), [700]);
    assert_eq!(found[0].reference.transaction, transaction);
    let position = format!("call/{}/0", to.text.to_lowercase());
    assert_eq!(found[0].reference.position, position);
    assert_eq!((&found[0].to, found[0].asset), (&to, coin("ETH").id));
}

#[tokio::test]
async fn coin_from_a_call_that_fails_inside_pays_nothing() {
    let scene = Scene::new().await;
    let to = receiver(0);
    let arguments = [to_word(&to), U256::from(700)];
    scene.pay("payAndTakeBack(address,uint256)", 0, &arguments).await;
    let found = scene.found(&to).await;
    assert_eq!(units(&found), [350], "the whole was taken back, then half of it was paid");
    assert!(found[0].reference.position.ends_with("/0"));
}

#[tokio::test]
async fn coin_of_a_call_in_a_failed_transaction_pays_nothing() {
    let scene = Scene::new().await;
    let to = receiver(0);
    let input = call_input("payAndFail(address,uint256)", &[to_word(&to), U256::from(700)]);
    let transaction = scene.anvil.send_as(DEVELOPER, &scene.payer, 0, &input).await;
    scene.anvil.mine().await;
    let receipt = scene.anvil.rpc("eth_getTransactionReceipt", json!([transaction])).await;
    assert_eq!(receipt["status"], "0x0");
    assert_eq!(scene.found(&to).await, []);
}

#[tokio::test]
async fn two_calls_of_one_transaction_are_told_apart() {
    let scene = Scene::new().await;
    let to = receiver(0);
    let arguments = [to_word(&to), U256::from(7), U256::from(5)];
    scene.pay("payTwice(address,uint256,uint256)", 12, &arguments).await;
    let found = scene.found(&to).await;
    assert_eq!(units(&found), [7, 5]);
    let ends = found.iter().map(|it| it.reference.position.rsplit('/').next().unwrap());
    assert_eq!(ends.collect::<Vec<_>>(), ["0", "1"]);
}

#[tokio::test]
async fn coin_from_far_below_the_first_call_is_found() {
    let scene = Scene::new().await;
    let to = receiver(0);
    let arguments = [to_word(&to), U256::from(9), U256::from(100)];
    scene.pay("payDeep(address,uint256,uint256)", 0, &arguments).await;
    assert_eq!(units(&scene.found(&to).await), [9]);
}

#[tokio::test]
async fn what_precompiled_contracts_get_does_not_change_a_reference() {
    let scene = Scene::new().await;
    let to = receiver(0);
    scene.pay("payAfterHash(address,uint256)", 0, &[to_word(&to), U256::from(9)]).await;
    let found = scene.found(&to).await;
    assert_eq!(units(&found), [9]);
    assert!(found[0].reference.position.ends_with("/0"));
}

#[tokio::test]
async fn coin_of_a_contract_that_ends_is_found() {
    let scene = Scene::new().await;
    let to = receiver(0);
    scene.pay("end(address)", 5, &[to_word(&to)]).await;
    assert_eq!(units(&scene.found(&to).await), [1_000_005]);
}

#[tokio::test]
async fn a_transactions_own_value_is_found_once() {
    let scene = Scene::new().await;
    let to = receiver(0);
    scene.anvil.send_as(DEVELOPER, &to.text, 44, "0x").await;
    scene.anvil.mine().await;
    let found = scene.found(&to).await;
    assert_eq!(units(&found), [44]);
    assert_eq!(found[0].reference.position, "coin");
}

#[tokio::test]
async fn an_inner_payment_keeps_its_reference_in_another_block() {
    let scene = Scene::new().await;
    let to = receiver(0);
    let arguments = [to_word(&to), U256::from(700)];
    let transaction = scene.pay("pay(address,uint256)", 0, &arguments).await;
    let first = scene.found(&to).await;
    let raw = scene.anvil.rpc("eth_getRawTransactionByHash", json!([transaction])).await;
    let ahead = json!({ "from": OTHER_DEVELOPER, "to": DEVELOPER, "value": "0x1", "gas": "0x30000",
        "maxFeePerGas": "0x4a817c800", "maxPriorityFeePerGas": "0x12a05f200" });
    scene.anvil.rpc("anvil_reorg", json!([1, [[ahead, 0], [raw, 0]]])).await;
    assert_eq!(scene.found(&to).await, first);
}

#[tokio::test]
async fn traces_may_come_from_another_endpoint_than_the_block() {
    let scene = Scene::new().await;
    let to = receiver(0);
    scene.pay("pay(address,uint256)", 0, &[to_word(&to), U256::from(700)]).await;
    let chain = Scene::chain(&[&scene.traceless.url, &scene.anvil.url]);
    assert!(chain.probe().await.is_ok());
    assert_eq!(newest(&chain).await.transfers.len(), 1);
}

#[tokio::test]
async fn without_traces_inner_payments_are_not_seen_or_the_network_is_not_read() {
    let scene = Scene::new().await;
    let to = receiver(0);
    scene.pay("pay(address,uint256)", 0, &[to_word(&to), U256::from(700)]).await;
    let with = |internal_transfers, url: &str| {
        let settings = settings(&[url], vec![coin("ETH")]);
        EvmChain::new(&EvmSettings { internal_transfers, ..settings }, clock()).unwrap()
    };
    let auto = with(InternalTransfers::Auto, &scene.traceless.url);
    assert!(auto.probe().await.is_ok());
    assert_eq!(newest(&auto).await.transfers, []);
    assert_eq!(newest(&with(InternalTransfers::Off, &scene.anvil.url)).await.transfers, []);
    let needed = with(InternalTransfers::Traces, &scene.traceless.url);
    let error = needed.probe().await.unwrap_err();
    let told = error.to_string();
    assert!(matches!(error, ChainError::Unreachable { .. }), "{told}");
    assert!(told.contains("gives no traces of calls inside transactions"), "{told}");
}

#[tokio::test]
async fn a_dead_endpoint_beside_one_that_does_not_trace_does_not_stop_the_network() {
    let scene = Scene::new().await;
    let (audit, traces) = (Some(InnerTransfers::Audit), Some(InnerTransfers::Traces));
    for urls in
        [["http://127.0.0.1:1", &scene.traceless.url], [&scene.traceless.url, "http://127.0.0.1:1"]]
    {
        let clock = Arc::new(HandClock(AtomicI64::new(1_800_000_000)));
        let asked = Arc::clone(&clock);
        let chain = EvmChain::new(&settings(&urls, vec![coin("ETH")]), asked).unwrap();
        assert!(chain.probe().await.is_ok());
        assert_eq!(chain.inner_transfers(None).await, Ok(audit));
        chain.find_inner_transfers(InnerTransfers::Audit);
        assert!(chain.block(1, &|_: &[u8]| true).await.is_ok());
        // Where traces were read, the dead one may be the one that gives them.
        for (seconds, told) in [(0, traces), (299, traces), (1, audit)] {
            clock.0.fetch_add(seconds, Ordering::Relaxed);
            assert_eq!(chain.inner_transfers(traces).await, Ok(told), "{seconds}");
        }
    }
    // Nobody answers.
    let chain = Scene::chain(&["http://127.0.0.1:1"]);
    assert!(matches!(chain.inner_transfers(None).await, Err(ChainError::Unreachable { .. })));
}

#[tokio::test]
async fn the_way_is_left_open_by_the_settings_only_where_they_say_so() {
    let scene = Scene::new().await;
    let (audit, traces) = (Some(InnerTransfers::Audit), Some(InnerTransfers::Traces));
    let with = |internal_transfers, url: &str| {
        let settings = settings(&[url], vec![coin("ETH")]);
        EvmChain::new(&EvmSettings { internal_transfers, ..settings }, clock()).unwrap()
    };
    let (tracer, traceless) = (&scene.anvil.url, &scene.traceless.url);
    for so_far in [None, audit, traces, Some(InnerTransfers::Off)] {
        let ask = async |set, url: &str| with(set, url).inner_transfers(so_far).await;
        assert_eq!(ask(InternalTransfers::Auto, tracer).await, Ok(traces));
        assert_eq!(ask(InternalTransfers::Auto, traceless).await, Ok(audit));
        assert_eq!(ask(InternalTransfers::Audit, tracer).await, Ok(audit));
        assert_eq!(ask(InternalTransfers::Traces, traceless).await, Ok(traces));
        assert_eq!(ask(InternalTransfers::Off, tracer).await, Ok(Some(InnerTransfers::Off)));
    }
    // In a running process what is audited is audited on.
    let chain = with(InternalTransfers::Auto, tracer);
    assert_eq!(chain.inner_transfers(traces).await, Ok(traces));
    assert_eq!(chain.inner_transfers(audit).await, Ok(audit));
    // What is told goes before what the adapter would do by itself.
    chain.find_inner_transfers(InnerTransfers::Audit);
    let to = receiver(0);
    scene.pay("pay(address,uint256)", 0, &[to_word(&to), U256::from(700)]).await;
    assert_eq!(newest(&chain).await.transfers, []);
    chain.find_inner_transfers(InnerTransfers::Traces);
    assert_eq!(newest(&chain).await.transfers.len(), 1);
}

#[tokio::test]
async fn a_balance_above_the_cap_needs_a_second_endpoint() {
    let scene = Scene::new().await;
    let to = receiver(0);
    scene.pay("pay(address,uint256)", 0, &[to_word(&to), U256::from(700)]).await;
    let at = Scene::chain(&[&scene.anvil.url]).tip().await.unwrap().at;
    let ask = async |cap: u128, other: &str| {
        let settings = settings(&[&scene.anvil.url, other], vec![coin("ETH")]);
        let second_source_above = BTreeMap::from([(coin("ETH").id, Units::new(cap))]);
        let settings = EvmSettings { second_source_above, ..settings };
        let chain = EvmChain::new(&settings, clock()).unwrap();
        chain.balances(&at, std::slice::from_ref(&to.account)).await
    };
    assert_eq!(ask(700, "http://127.0.0.1:1").await, Ok(vec![Units::new(700)]));
    let error = ask(699, "http://127.0.0.1:1").await.unwrap_err();
    assert!(matches!(error, ChainError::Unconfirmed { .. }), "{error}");
    assert!(error.to_string().contains("second endpoint must confirm"), "{error}");
    assert_eq!(ask(699, &scene.traceless.url).await, Ok(vec![Units::new(700)]));
}

#[tokio::test]
async fn a_large_call_is_confirmed_by_balances_where_the_second_endpoint_does_not_trace() {
    let scene = Scene::new().await;
    let to = receiver(0);
    scene.pay("pay(address,uint256)", 0, &[to_word(&to), U256::from(700)]).await;
    let still = FakeNode::start(&scene.traceless.url, |method: &str, _: &Value, _| {
        (method == "eth_getBalance").then(|| Reply::Result(json!("0x2bc")))
    });
    let still = still.await;
    let read = async |other: &str| {
        let settings = settings(&[&scene.anvil.url, other], vec![coin("ETH")]);
        let second_source_above = BTreeMap::from([(coin("ETH").id, Units::new(699))]);
        let settings = EvmSettings { second_source_above, ..settings };
        let chain = EvmChain::new(&settings, clock()).unwrap();
        let height = chain.tip().await.unwrap().at.height;
        chain.block(height, &only([to.clone()])).await
    };
    let found = read(&scene.traceless.url).await.unwrap().unwrap();
    assert_eq!(units(&found.transfers), [700]);
    let error = read(&still.url).await.unwrap_err();
    assert!(error.to_string().contains("second_source_above"), "{error}");
}

#[tokio::test]
async fn an_endpoint_does_not_confirm_the_calls_it_told_itself() {
    let scene = Scene::new().await;
    let to = receiver(0);
    scene.pay("pay(address,uint256)", 0, &[to_word(&to), U256::from(700)]).await;
    let invents = FakeNode::start(&scene.anvil.url, |method: &str, _: &Value, mut calls: Value| {
        for call in calls.as_array_mut().filter(|_| method == "trace_block")? {
            if call["action"]["value"] == "0x2bc" {
                call["action"]["value"] = json!("0xffffff");
            }
        }
        Some(Reply::Result(calls))
    });
    let invents = invents.await;
    // The first endpoint tells the block and no calls, the second one tells the calls.
    let read = async |urls: &[&str], cap: u128| {
        let second_source_above = BTreeMap::from([(coin("ETH").id, Units::new(cap))]);
        let settings = settings(urls, vec![coin("ETH")]);
        let settings = EvmSettings { second_source_above, ..settings };
        let chain = EvmChain::new(&settings, clock()).unwrap();
        let height = chain.tip().await.unwrap().at.height;
        chain.block(height, &only([to.clone()])).await.map(|block| block.unwrap().transfers)
    };
    let traceless = &*scene.traceless.url;
    let error = read(&[traceless, &invents.url], 699).await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("told the calls inside transactions itself"), "{error}");
    // What balances bear out is confirmed, and what is below the cap need not be.
    assert_eq!(units(&read(&[traceless, &scene.anvil.url], 699).await.unwrap()), [700]);
    assert_eq!(units(&read(&[traceless, &invents.url], 0xff_ffff).await.unwrap()), [0xff_ffff]);
    // Another one that traces contradicts.
    let error = read(&[traceless, &invents.url, &scene.anvil.url], 699).await.unwrap_err();
    assert!(matches!(error, ChainError::EndpointsDisagree { .. }), "{error}");
}

#[tokio::test]
async fn so_many_balances_are_asked_for_as_calls_are_left() {
    let scene = Scene::new().await;
    let at = Scene::chain(&[&scene.anvil.url]).tip().await.unwrap().at;
    let settings = settings(&[&scene.anvil.url], vec![coin("ETH")]);
    let settings = EvmSettings { calls_per_minute: Some(20), ..settings };
    let chain = EvmChain::new(&settings, clock()).unwrap();
    let accounts = vec![receiver(0).account; 50];
    assert_eq!(chain.balances(&at, &accounts).await.unwrap().len(), 10);
    // Half of the calls are used: one more now and then, so that the audit never starves.
    assert_eq!(chain.balances(&at, &accounts).await.unwrap().len(), 1);
    let error = chain.balances(&at, &accounts).await.unwrap_err();
    assert!(error.to_string().contains("half of its calls are used"), "{error}");
}

#[tokio::test]
async fn balances_are_only_believed_of_two() {
    let scene = Scene::new().await;
    let to = receiver(0);
    let pay = [to_word(&to), U256::from(700)];
    scene.pay("pay(address,uint256)", 0, &pay).await;
    let with = |internal_transfers| {
        let settings = settings(&[&scene.anvil.url], vec![coin("ETH")]);
        EvmChain::new(&EvmSettings { internal_transfers, ..settings }, clock()).unwrap()
    };
    assert_eq!(newest(&with(InternalTransfers::Audit)).await.transfers, []);

    let at = Scene::chain(&[&scene.anvil.url]).tip().await.unwrap().at;
    let accounts = [to.account.clone(), receiver(1).account];
    let told = [Units::new(700), Units::new(0)];
    let liar = FakeNode::start(&scene.anvil.url, |method: &str, _: &Value, _| {
        (method == "eth_getBalance").then(|| Reply::Result(json!("0xffff")))
    });
    let liar = liar.await;
    let ask = async |urls: &[&str]| Scene::chain(urls).balances(&at, &accounts).await;
    assert_eq!(ask(&[&scene.anvil.url, &scene.traceless.url]).await.as_deref(), Ok(&told[..]));
    assert_eq!(ask(&[&scene.anvil.url, "http://127.0.0.1:1"]).await.as_deref(), Ok(&told[..]));
    for urls in [[&scene.anvil.url, &liar.url], [&liar.url, &scene.anvil.url]] {
        let error = ask(&urls.map(String::as_str)).await.unwrap_err();
        assert!(matches!(error, ChainError::EndpointsDisagree { .. }), "{error}");
    }
}

#[tokio::test]
async fn traces_that_leave_out_a_transaction_are_a_lie() {
    let scene = Scene::new().await;
    let to = receiver(0);
    scene.pay("pay(address,uint256)", 0, &[to_word(&to), U256::from(700)]).await;
    let other = |mut calls: Value| {
        for call in calls.as_array_mut().unwrap() {
            call["transactionHash"] = json!(format!("0x{}", "7".repeat(64)));
        }
        Reply::Result(calls)
    };
    let elsewhere = |mut calls: Value| {
        calls[0]["blockHash"] = json!(format!("0x{}", "7".repeat(64)));
        Reply::Result(calls)
    };
    for (fault, told) in [
        (other as fn(Value) -> Reply, "traces of a transaction are missing"),
        (elsewhere, "another block"),
    ] {
        let fake = FakeNode::start(&scene.anvil.url, move |method: &str, _: &Value, truth| {
            (method == "trace_block").then(|| fault(truth))
        });
        let fake = fake.await;
        let chain = Scene::chain(&[&fake.url]);
        let height = chain.tip().await.unwrap().at.height;
        let error = chain.block(height, &only([to.clone()])).await.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        // With an honest endpoint beside it nothing is lost.
        let chain = Scene::chain(&[&fake.url, &scene.anvil.url]);
        assert_eq!(newest(&chain).await.transfers.len(), 1);
    }
}

#[tokio::test]
async fn a_block_of_which_nothing_is_traced_is_read_without_traces() {
    let scene = Scene::new().await;
    scene.anvil.send_as(DEVELOPER, &receiver(0).text, 44, "0x").await;
    scene.anvil.mine().await;
    // As Polygon tells of what its bridge does.
    let bridge = FakeNode::start(&scene.anvil.url, |method: &str, _: &Value, mut truth| {
        match method {
            "trace_block" => return Some(Reply::Result(json!([]))),
            "eth_getBlockByNumber" => {
                for transaction in truth["transactions"].as_array_mut()? {
                    if transaction.is_object() {
                        transaction["from"] = json!(format!("0x{}", "0".repeat(40)));
                    }
                }
            }
            _ => return None,
        }
        Some(Reply::Result(truth))
    });
    let bridge = bridge.await;
    let chain = Scene::chain(&[&bridge.url]);
    assert_eq!(chain.inner_transfers(None).await, Ok(Some(InnerTransfers::Traces)));
    let to = receiver(0);
    let height = chain.tip().await.unwrap().at.height;
    let block = chain.block(height, &only([to])).await.unwrap().unwrap();
    assert_eq!(units(&block.transfers), [44]);
}

#[tokio::test]
async fn an_endpoint_that_refuses_traces_for_a_moment_still_gives_them() {
    let scene = Scene::new().await;
    let to = receiver(0);
    scene.pay("pay(address,uint256)", 0, &[to_word(&to), U256::from(700)]).await;
    for message in ["header not found", "internal error", "historical state is not available"] {
        let refuses = Arc::new(AtomicBool::new(true));
        let now = Arc::clone(&refuses);
        let fake = FakeNode::start(&scene.anvil.url, move |method: &str, _: &Value, _| {
            let traces = matches!(method, "trace_block" | "debug_traceBlockByHash");
            let refuses = traces && now.load(Ordering::Relaxed);
            refuses.then_some(Reply::Error(-32000, message))
        });
        let fake = fake.await;
        let clock = Arc::new(HandClock(AtomicI64::new(1_800_000_000)));
        let asked = Arc::clone(&clock);
        let chain = EvmChain::new(&settings(&[&fake.url], vec![coin("ETH")]), asked).unwrap();
        let traces = Some(InnerTransfers::Traces);
        // What was read by traces goes on so.
        assert_eq!(chain.inner_transfers(traces).await, Ok(traces));
        chain.find_inner_transfers(InnerTransfers::Traces);
        let height = chain.tip().await.unwrap().at.height;
        assert!(chain.block(height, &only([to.clone()])).await.is_err());
        refuses.store(false, Ordering::Relaxed);
        clock.0.fetch_add(10, Ordering::Relaxed);
        assert_eq!(units(&newest(&chain).await.transfers), [700]);
        // One that refuses for good is none that gives them.
        refuses.store(true, Ordering::Relaxed);
        let other = Arc::clone(&clock);
        let chain = EvmChain::new(&settings(&[&fake.url], vec![coin("ETH")]), other).unwrap();
        assert_eq!(chain.inner_transfers(None).await, Ok(Some(InnerTransfers::Audit)));
        let chain = EvmChain::new(
            &settings(&[&fake.url], vec![coin("ETH")]),
            Arc::<HandClock>::clone(&clock),
        );
        let chain = chain.unwrap();
        for (seconds, told) in [(0, traces), (299, traces), (1, Some(InnerTransfers::Audit))] {
            clock.0.fetch_add(seconds, Ordering::Relaxed);
            assert_eq!(chain.inner_transfers(traces).await, Ok(told), "{seconds}");
        }
    }
}

#[tokio::test]
async fn a_balance_in_doubt_does_not_hide_those_before_it() {
    let scene = Scene::new().await;
    let (to, none) = (receiver(0), receiver(1));
    scene.pay("pay(address,uint256)", 0, &[to_word(&to), U256::from(700)]).await;
    let at = Scene::chain(&[&scene.anvil.url]).tip().await.unwrap().at;
    let doubted = to.text.to_lowercase();
    let liar = FakeNode::start(&scene.anvil.url, move |method: &str, asked: &Value, _| {
        let lies = method == "eth_getBalance" && asked[0] == json!(doubted);
        lies.then(|| Reply::Result(json!("0xffff")))
    });
    let liar = liar.await;
    let ask = async |other: &str, accounts: &[&Address]| {
        let settings = settings(&[&scene.anvil.url, other], vec![coin("ETH")]);
        let second_source_above = BTreeMap::from([(coin("ETH").id, Units::new(699))]);
        let settings = EvmSettings { second_source_above, ..settings };
        let chain = EvmChain::new(&settings, clock()).unwrap();
        let accounts = accounts.iter().map(|it| it.account.clone()).collect::<Vec<_>>();
        chain.balances(&at, &accounts).await
    };
    for other in [&*liar.url, "http://127.0.0.1:1"] {
        let told = ask(other, &[&none, &none, &to, &none]).await;
        assert_eq!(told, Ok(vec![Units::ZERO; 2]));
        assert_eq!(ask(other, &[&none]).await, Ok(vec![Units::ZERO]));
        assert!(ask(other, &[&to, &none]).await.is_err());
    }
}
