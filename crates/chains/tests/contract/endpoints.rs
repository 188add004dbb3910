//! Several endpoints of one network: some lag, some lie, some are away. The rule throughout: a
//! disagreement stops crediting, and never makes a wrong credit.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use alloy::primitives::U256;
use coffer_chains::evm::{EvmChain, EvmSettings};
use coffer_domain::{
    confirmations::NamedBlocks,
    money::Units,
    ports::{Chain, ChainError},
    time::Timestamp,
    transfer::{BlockRef, ChainUnits},
};
use serde_json::{Value, json};
use tokio::time;

use crate::{
    anvil::{Anvil, DEPLOYER, DEVELOPER},
    evm::receiver,
    fake_node::{FakeNode, Reply},
    log::Log,
    setup::{HandClock, StandingClock, asset_id, clock, coin, settings, token},
    tokens::{PLAIN, transfer_input},
    worlds::{everything, only},
};

/// A node whose newest block, number 2, has a token payment of 10 and a coin payment of 5.
async fn paid() -> (Anvil, EvmSettings) {
    let anvil = Anvil::start(&[]).await;
    let contract = anvil.deploy(PLAIN, 6, U256::from(1_000)).await;
    let input = transfer_input(&receiver(0).text, U256::from(10));
    anvil.send_as(DEPLOYER, &contract, 0, &input).await;
    anvil.send_as(DEVELOPER, &receiver(1).text, 5, "0x").await;
    anvil.mine().await;
    let settings = settings(&[&anvil.url], vec![coin("ETH"), token("USDT", 6, &contract)]);
    (anvil, settings)
}

fn with(settings: &EvmSettings, urls: &[&str]) -> EvmChain {
    let endpoints = urls.iter().map(|&url| url.to_owned()).collect();
    EvmChain::new(&EvmSettings { endpoints, ..settings.clone() }, clock()).unwrap()
}

/// A node that lies about what one method answers.
async fn liar(
    anvil: &Anvil,
    method: &'static str,
    lie: impl Fn(&Value, Value) -> Option<Value> + Send + Sync + 'static,
) -> FakeNode {
    let fault = move |called: &str, params: &Value, truth| {
        (called == method).then(|| lie(params, truth)).flatten().map(Reply::Result)
    };
    FakeNode::start(&anvil.url, fault).await
}

fn disagree(error: &ChainError, what: &str) {
    let told = |reason: &String| reason.contains(what);
    let same = matches!(error, ChainError::EndpointsDisagree { height: 2, reason, .. }
        if told(reason));
    assert!(same, "{error}");
}

#[tokio::test]
async fn an_endpoint_that_lies_about_an_amount_stops_crediting() {
    let (anvil, settings) = paid().await;
    let lie = |_: &Value, mut block: Value| {
        for transaction in block["transactions"].as_array_mut()? {
            if transaction["value"] == "0x5" {
                transaction["value"] = json!("0xffffff");
            }
        }
        Some(block)
    };
    let liar = liar(&anvil, "eth_getBlockByNumber", lie).await;
    // Whoever is asked first.
    for urls in [[&liar.url, &anvil.url], [&anvil.url, &liar.url]] {
        let chain = with(&settings, &urls.map(String::as_str));
        let error = chain.block(2, &everything).await.unwrap_err();
        disagree(&error, "tells other transfers of it");
        assert!(!error.to_string().contains("top-secret-key"), "{error}");
        // Blocks in which we are not concerned are read on.
        assert!(chain.block(1, &|_: &[u8]| false).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn an_endpoint_that_invents_or_hides_a_log_stops_crediting() {
    let (anvil, settings) = paid().await;
    let hides = |method: &str, _: &Value, mut truth: Value| match method {
        "eth_getLogs" | "eth_getBlockReceipts" => Some(Reply::Result(json!([]))),
        "eth_getTransactionReceipt" => {
            truth["logs"] = json!([]);
            Some(Reply::Result(truth))
        }
        _ => None,
    };
    let more = |_: &Value, mut logs: Value| {
        let mut again = logs[0].clone();
        again["logIndex"] = json!("0x9");
        logs.as_array_mut().unwrap().push(again);
        Some(logs)
    };
    let hiding = FakeNode::start(&anvil.url, hides).await;
    let chain = with(&settings, &[&anvil.url, &hiding.url]);
    disagree(&chain.block(2, &everything).await.unwrap_err(), "other transfers");
    // An invented log is not borne out by balances, so that nothing follows from it.
    let inventing = liar(&anvil, "eth_getLogs", more).await;
    let chain = with(&settings, &[&inventing.url, &anvil.url]);
    let found = chain.block(2, &everything).await.unwrap().unwrap().transfers;
    let ten = found.iter().find(|transfer| transfer.asset == asset_id("USDT")).unwrap();
    assert_eq!(ten.units, ChainUnits::Units(Units::new(10)));
}

#[tokio::test]
async fn the_tip_is_asked_of_an_endpoint_that_names_the_final_block() {
    let (anvil, settings) = paid().await;
    let wordless = |method: &str, params: &Value, _| {
        let asked = method == "eth_getBlockByNumber" && params[0] == "finalized";
        asked.then_some(Reply::Error(-32602, "no such block tag"))
    };
    let wordless = FakeNode::start(&anvil.url, wordless).await;
    let named = NamedBlocks { safe: false, finalized: true };
    let settings = EvmSettings { named, ..settings };
    let chain = with(&settings, &[&wordless.url, &anvil.url]);
    for _ in 0..2 {
        assert!(chain.tip().await.unwrap().final_height.is_some());
    }
    for others in [&["http://127.0.0.1:1"][..], &[&wordless.url], &[]] {
        let urls = [&[&*wordless.url], others].concat();
        assert_eq!(with(&settings, &urls).tip().await.unwrap().final_height, None);
    }
}

#[tokio::test]
async fn no_endpoint_alone_makes_a_block_final() {
    let (anvil, settings) = paid().await;
    for _ in 0..3 {
        anvil.mine().await;
    }
    // In truth nothing above block 0 is safe or final yet.
    let hasty = liar(&anvil, "eth_getBlockByNumber", |params, mut block| {
        block["number"] = json!("0x5");
        matches!(params[0].as_str(), Some("safe" | "finalized")).then_some(block)
    });
    let hasty = hasty.await;
    let syncing = FakeNode::start(&anvil.url, |method: &str, _: &Value, _| {
        let syncs = json!({ "currentBlock": "0x1", "highestBlock": "0x99" });
        (method == "eth_syncing").then_some(Reply::Result(syncs))
    });
    let syncing = syncing.await;
    let wordless = FakeNode::start(&anvil.url, |_: &str, params: &Value, _| {
        let asked = matches!(params[0].as_str(), Some("safe" | "finalized"));
        asked.then_some(Reply::Error(-32602, "no such block tag"))
    });
    let wordless = wordless.await;
    let named = NamedBlocks { safe: true, finalized: true };
    let settings = EvmSettings { named, ..settings };
    let away = "http://127.0.0.1:1";
    for (urls, height) in [
        (&[&*hasty.url, &anvil.url][..], 0),
        (&[&anvil.url, &hasty.url], 0),
        (&[away, &hasty.url, &wordless.url, &anvil.url], 0),
        // Nobody in step is asked in vain.
        (&[&hasty.url], 5),
        (&[&hasty.url, away], 5),
        (&[&hasty.url, &syncing.url], 5),
        (&[&hasty.url, &wordless.url], 5),
        (&[&wordless.url, &hasty.url], 5),
    ] {
        let chain = with(&settings, urls);
        for _ in 0..2 {
            let tip = chain.tip().await.unwrap();
            assert_eq!((tip.safe_height, tip.final_height), (Some(height), Some(height)));
            assert_eq!(tip.at.height, 5);
        }
    }
}

#[tokio::test]
async fn one_that_dates_its_newest_block_ahead_makes_nothing_final_alone() {
    let (anvil, settings) = paid().await;
    let time = with(&settings, &[&anvil.url]).tip().await.unwrap().time;
    let hasty = liar(&anvil, "eth_getBlockByNumber", move |params, mut block| {
        match params[0].as_str() {
            Some("safe" | "finalized") => block["number"] = json!("0x2"),
            Some("latest") => block["timestamp"] = json!(format!("{:#x}", time.seconds() + 120)),
            _ => return None,
        }
        Some(block)
    });
    let hasty = hasty.await;
    let named = NamedBlocks { safe: true, finalized: true };
    let settings = EvmSettings { named, ..settings };
    for urls in [[&hasty.url, &anvil.url], [&anvil.url, &hasty.url]] {
        let endpoints = urls.map(Clone::clone).to_vec();
        let settings = EvmSettings { endpoints, ..settings.clone() };
        let chain = EvmChain::new(&settings, Arc::new(StandingClock(time))).unwrap();
        for _ in 0..2 {
            let tip = chain.tip().await.unwrap();
            assert_eq!((tip.safe_height, tip.final_height), (Some(0), Some(0)), "{urls:?}");
            // Nor is who stands first passed over.
            assert_eq!(tip.time == time, urls[0] == &anvil.url);
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_is_only_asked_beside_another_is_told_to_be_back() {
    let (anvil, settings) = paid().await;
    let away = Arc::new(AtomicBool::new(false));
    let is_away = Arc::clone(&away);
    let second = FakeNode::start(&anvil.url, move |_: &str, _: &Value, _| {
        let away = is_away.load(Ordering::SeqCst);
        away.then(|| Reply::Http("503 Service Unavailable", Vec::new()))
    });
    let second = second.await;
    let endpoints = vec![anvil.url.clone(), second.url.clone()];
    let time = with(&settings, &[&anvil.url]).tip().await.unwrap().time.seconds();
    let clock = Arc::new(HandClock(AtomicI64::new(time)));
    let settings = EvmSettings { endpoints, ..settings };
    let chain = EvmChain::new(&settings, Arc::clone(&clock) as Arc<_>).unwrap();
    let tip = chain.tip().await.unwrap().at;
    let payee = [receiver(1).account];
    let log = Log::listen();
    // As a witness, of balances, of a block that makes much final or takes it back, of its tip.
    for way in 0..5 {
        for (gone, part) in [(true, "endpoint failed"), (false, "endpoint answers again")] {
            away.store(gone, Ordering::SeqCst);
            if gone {
                // A look at a tip alone complains of nobody.
                let _ = chain.named_by_two(&tip).await;
            }
            match way {
                0 => drop(chain.block(2, &everything).await.unwrap()),
                1 => drop(chain.balances(&tip, &payee).await.unwrap()),
                2 => drop(chain.named_by_two(&tip).await),
                3 => drop(chain.named_by(&tip).await),
                _ => drop(chain.tip().await.unwrap()),
            }
            let lines = log.with(part);
            assert_eq!(lines.len(), 1, "{way}: {lines:?}");
            assert!(lines[0].contains("endpoint 2"), "{lines:?}");
            clock.0.fetch_add(61, Ordering::SeqCst);
        }
    }
}

#[tokio::test]
async fn an_endpoint_with_another_block_stops_crediting() {
    let (anvil, settings) = paid().await;
    let other = |params: &Value, mut block: Value| {
        block["hash"] = json!(format!("0x{}", "7".repeat(64)));
        (params[0] == "0x2").then_some(block)
    };
    let liar = liar(&anvil, "eth_getBlockByNumber", other).await;
    let chain = with(&settings, &[&anvil.url, &liar.url]);
    disagree(&chain.block(2, &everything).await.unwrap_err(), "has 0x7777");
}

#[tokio::test]
async fn endpoints_may_differ_about_the_newest_block_for_a_moment() {
    let (anvil, settings) = paid().await;
    let other = |params: &Value, mut block: Value| {
        block["hash"] = json!(format!("0x{}", "7".repeat(64)));
        (params[0] == "0x2").then_some(block)
    };
    let differs = liar(&anvil, "eth_getBlockByNumber", other).await;
    let lacks = |params: &Value, _| (params[0] == "0x2").then_some(Value::Null);
    let lags = liar(&anvil, "eth_getBlockByNumber", lacks).await;
    let time = with(&settings, &[&anvil.url]).tip().await.unwrap().time.seconds();
    let at = |seconds: i64, url: &str| {
        let endpoints = vec![anvil.url.clone(), url.to_owned()];
        let clock = Arc::new(StandingClock(Timestamp::from_seconds(time + seconds)));
        EvmChain::new(&EvmSettings { endpoints, ..settings.clone() }, clock).unwrap()
    };
    for url in [&differs.url, &lags.url] {
        assert_eq!(at(59, url).block(2, &everything).await, Ok(None));
        let error = at(60, url).block(2, &everything).await.unwrap_err();
        assert!(matches!(error, ChainError::EndpointsDisagree { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_syncing_is_no_witness() {
    let (anvil, settings) = paid().await;
    let syncing = FakeNode::start(&anvil.url, |method: &str, params: &Value, _| match method {
        "eth_getBlockByNumber" if params[0] == "0x2" => Some(Reply::Result(Value::Null)),
        "eth_syncing" => Some(Reply::Result(json!({ "currentBlock": "0x1" }))),
        _ => None,
    });
    let syncing = syncing.await;
    let chain = with(&settings, &[&anvil.url, &syncing.url]);
    assert_eq!(chain.block(2, &everything).await.unwrap().unwrap().transfers.len(), 2);
}

#[tokio::test]
async fn an_amount_above_the_cap_needs_a_second_endpoint() {
    let (anvil, settings) = paid().await;
    let silent = "http://127.0.0.1:1";
    let with_cap = |units: u128, url: &str| {
        let cap = BTreeMap::from([(asset_id("ETH"), Units::new(units))]);
        let settings = EvmSettings { second_source_above: cap, ..settings.clone() };
        with(&settings, &[&anvil.url, url])
    };
    let found = with_cap(5, silent).block(2, &everything).await.unwrap().unwrap();
    assert_eq!(found.transfers.len(), 2);
    let error = with_cap(4, silent).block(2, &everything).await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("second_source_above"), "{error}");
    assert!(error.to_string().contains("endpoint 2 (127.0.0.1:1): no connection"), "{error}");
    let found = with_cap(4, &anvil.url).block(2, &everything).await.unwrap().unwrap();
    assert_eq!(found.transfers.len(), 2);
    // A witness that has the block and no more of it is none for such an amount.
    let pruned = |method: &str, _: &Value, _| {
        (method == "eth_call").then_some(Reply::Error(-32000, "missing trie node 5f1a"))
    };
    let pruned = FakeNode::start(&anvil.url, pruned).await;
    assert!(with_cap(5, &pruned.url).block(2, &everything).await.is_ok());
    assert!(with_cap(4, &pruned.url).block(2, &everything).await.is_err());
    let alone = BTreeMap::from([(asset_id("ETH"), Units::new(1))]);
    let alone = EvmSettings { second_source_above: alone, ..settings.clone() };
    let refused = EvmChain::new(&alone, clock()).err().unwrap();
    assert!(refused.to_string().contains("needs a second endpoint"));
}

#[tokio::test]
async fn one_that_told_no_tip_is_still_asked_where_a_second_endpoint_is_needed() {
    let (anvil, settings) = paid().await;
    let late = FakeNode::start(&anvil.url, |method: &str, params: &Value, _| {
        let tip = method == "eth_getBlockByNumber" && params[0] == "latest";
        tip.then_some(Reply::Error(-32000, "too slow"))
    });
    let late = late.await;
    let with_cap = |units: u128, urls: &[&str]| {
        let cap = BTreeMap::from([(asset_id("ETH"), Units::new(units))]);
        with(&EvmSettings { second_source_above: cap, ..settings.clone() }, urls)
    };
    let payee = [receiver(1).account];
    for (cap, is_asked) in [(4, true), (5, false)] {
        let chain = with_cap(cap, &[&anvil.url, &late.url]);
        let tip = chain.tip().await.unwrap().at;
        late.asked();
        let found = chain.block(2, &everything).await.unwrap().unwrap();
        assert_eq!(found.transfers.len(), 2);
        assert_eq!(!late.asked().is_empty(), is_asked);
        assert_eq!(chain.balances(&tip, &payee).await, Ok(vec![Units::new(5)]));
        assert_eq!(!late.asked().is_empty(), is_asked);
    }
    // One that answers is asked before it.
    let chain = with_cap(4, &[&anvil.url, &late.url, &anvil.url]);
    let tip = chain.tip().await.unwrap().at;
    late.asked();
    assert!(chain.block(2, &everything).await.is_ok());
    assert!(chain.balances(&tip, &payee).await.is_ok());
    assert!(late.asked().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_lags_is_not_believed_about_the_tip() {
    let anvil = Anvil::start(&[]).await;
    let old = anvil.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    let stuck = liar(&anvil, "eth_getBlockByNumber", move |params, _| {
        (params[0] == "latest").then(|| old.clone())
    });
    let stuck = stuck.await;
    let settings = settings(&[&anvil.url], vec![coin("ETH")]);
    anvil.rpc("evm_increaseTime", json!([60])).await;
    anvil.mine().await;
    let chain = with(&settings, &[&stuck.url, &anvil.url]);
    // A minute is no lag; anvil may have let a second pass by itself.
    let near = chain.tip().await.unwrap().at.height;
    assert!(near <= 1);
    anvil.rpc("evm_increaseTime", json!([600])).await;
    anvil.mine().await;
    let chain = with(&settings, &[&stuck.url, &anvil.url]);
    assert_eq!(chain.tip().await.unwrap().at.height, 2);
    // Alone it is all there is to be had.
    assert_eq!(with(&settings, &[&stuck.url]).tip().await.unwrap().at.height, 0);
    let away = with(&settings, &[&stuck.url, "http://127.0.0.1:1"]);
    assert_eq!(away.tip().await.unwrap().at.height, 0);
}

#[tokio::test]
async fn each_endpoint_is_reported_with_what_it_can() {
    let (anvil, settings) = paid().await;
    let poor = FakeNode::start(&anvil.url, |method: &str, params: &Value, _| match method {
        "trace_block" | "debug_traceBlockByHash" | "eth_getBlockReceipts" => {
            Some(Reply::Error(-32601, "no such method"))
        }
        "eth_getBalance" => Some(Reply::Error(-32000, "missing trie node")),
        "eth_getBlockByNumber" if params[0] == "finalized" => {
            Some(Reply::Error(-32602, "no such block"))
        }
        _ => None,
    });
    let poor = poor.await;
    let elsewhere = Anvil::start(&["--chain-id", "99"]).await;
    let chain = with(&settings, &[&anvil.url, &poor.url, &elsewhere.url, "http://127.0.0.1:1"]);
    let reports = chain.endpoints().await;
    let numbers = reports.iter().map(|report| report.number).collect::<Vec<_>>();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert!(anvil.url.ends_with(&reports[0].label));
    assert!(!reports[1].label.contains("secret"));
    let can = |place: usize| {
        let yes = reports[place].capabilities.iter().filter(|(_, able)| *able);
        yes.map(|(what, _)| *what).collect::<Vec<_>>()
    };
    assert_eq!(can(0), ["traces", "finalized", "receipts", "old states"]);
    assert_eq!(can(1), Vec::<&str>::new());
    assert_eq!(reports[0].tip.as_ref().unwrap().at.height, 2);
    assert!(reports[0].calls_last_minute >= 8);
    assert!(matches!(reports[2].tip, Err(ChainError::OtherChain { .. })));
    assert!(matches!(reports[3].tip, Err(ChainError::Unreachable { .. })));
}

#[tokio::test]
async fn an_endpoint_that_lies_about_a_blocks_time_or_parent_stops_crediting() {
    let (anvil, settings) = paid().await;
    let time = with(&settings, &[&anvil.url]).tip().await.unwrap().time.seconds();
    let pruned = |method: &str, _: &Value, _| {
        (method == "eth_call").then_some(Reply::Error(-32000, "missing trie node 5f1a"))
    };
    // It has the block's header only.
    let pruned = FakeNode::start(&anvil.url, pruned).await;
    let other = format!("0x{}", "7".repeat(64));
    for (field, lie) in [
        ("timestamp", "0x0".to_owned()),
        ("timestamp", format!("{:#x}", time + 86_400)),
        ("timestamp", format!("{:#x}", time - 3_600)),
        ("parentHash", other),
    ] {
        let told = if field == "timestamp" { "another time" } else { "another parent" };
        let liar = liar(&anvil, "eth_getBlockByNumber", move |params, mut block| {
            block[field] = json!(lie);
            (params[0] == "0x2").then_some(block)
        });
        let liar = liar.await;
        // Nor is it a matter of a moment: the hash is the same.
        let clock = Arc::new(StandingClock(Timestamp::from_seconds(time + 1)));
        let read = async |urls: [&str; 2]| {
            let endpoints = urls.map(str::to_owned).to_vec();
            let settings = EvmSettings { endpoints, ..settings.clone() };
            let chain = EvmChain::new(&settings, Arc::<StandingClock>::clone(&clock)).unwrap();
            chain.block(2, &only([receiver(1)])).await
        };
        disagree(&read([&liar.url, &anvil.url]).await.unwrap_err(), told);
        if field == "timestamp" {
            disagree(&read([&anvil.url, &liar.url]).await.unwrap_err(), told);
            let error = with(&settings, &[&liar.url, &pruned.url]).block(2, &everything).await;
            disagree(&error.unwrap_err(), told);
        }
    }
}

#[tokio::test]
async fn two_endpoints_must_have_the_block_that_makes_a_large_amount_final() {
    let (anvil, settings) = paid().await;
    let one = (asset_id("ETH"), Units::new(5));
    let settings = EvmSettings { second_source_above: BTreeMap::from([one]), ..settings };
    let newest = anvil.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    let block = BlockRef { height: 2, hash: newest["hash"].as_str().unwrap().to_owned() };
    let lagging = |params: &Value, _| (params[0] == "0x2").then_some(json!(null));
    let lagging = liar(&anvil, "eth_getBlockByNumber", lagging).await;
    let other = liar(&anvil, "eth_getBlockByNumber", |params, mut block| {
        block["hash"] = json!(format!("0x{}", "7".repeat(64)));
        (params[0] == "0x2").then_some(block)
    });
    let other = other.await;
    let silent = |method: &str, params: &Value, _| {
        let asked = method == "eth_getBlockByNumber" && params[0] == "0x2";
        asked.then_some(Reply::Silence)
    };
    let silent = FakeNode::start(&anvil.url, silent).await;
    let away = "http://127.0.0.1:1";
    // A second one has as long as any call may take.
    let slow = with(&settings, &[&anvil.url, &silent.url]);
    let waits = time::timeout(Duration::from_millis(3_500), slow.named_by_two(&block)).await;
    assert!(waits.is_err(), "{waits:?}");
    let chain = with(&settings, &[&anvil.url, &anvil.url]);
    assert!(chain.one_suffices(asset_id("ETH"), Units::new(5)));
    assert!(!chain.one_suffices(asset_id("ETH"), Units::new(6)));
    assert!(chain.one_suffices(asset_id("USDT"), Units::new(6)));
    let named = async |urls: &[&str]| with(&settings, urls).named_by_two(&block).await;
    // Nobody waits for a third, whatever it says.
    for third in [&*lagging.url, &other.url, &silent.url, away] {
        assert_eq!(named(&[third, &anvil.url, &anvil.url]).await, Ok(()));
    }
    for (second, told) in [(&*lagging.url, "no such block"), (away, "no connection")] {
        let error = named(&[&anvil.url, second]).await.unwrap_err();
        assert!(matches!(error, ChainError::Unconfirmed { .. }), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    disagree(&named(&[&anvil.url, &other.url]).await.unwrap_err(), "there, not");
    disagree(&named(&[&other.url, &anvil.url, away]).await.unwrap_err(), "there, not");
}
