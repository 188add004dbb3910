//! Several endpoints of one network of Bitcoin's kind, and what each may do to us.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use ::bitcoin::{
    Block, CompactTarget, Network, TxOut, blockdata::constants::genesis_block, consensus::serialize,
};
use coffer_chains::utxo::{ChainKind, Like, NetworkRules, UtxoChain, UtxoSettings};
use coffer_domain::{
    money::Units,
    ports::{Chain, ChainError, Clock, Pending},
    time::Timestamp,
    transfer::BlockRef,
};
use serde_json::{Value, json};
use tokio::time;

use crate::{
    bitcoin::{Daemon, PASSWORD, Program, USER},
    fake_node::{FakeNode, Reply},
    fake_site::FakeSite,
    setup::clock,
    utxo::{newest, whole},
    utxo_world::{asset, receiver, settings},
    worlds::everything,
};

const BITCOIN: Program = Program::Bitcoin;

/// A node behind a fake that commits `fault`.
pub(crate) async fn faulty(
    daemon: &Daemon,
    fault: impl Fn(&str, &Value, Value) -> Option<Reply> + Send + Sync + 'static,
) -> FakeNode {
    let mut fake = FakeNode::start(&daemon.bare_url(), fault).await;
    fake.url = fake.url.replace("http://", &format!("http://{USER}:{PASSWORD}@"));
    fake
}

fn chain_of(endpoints: &[&str]) -> UtxoChain {
    UtxoChain::new(&settings(BITCOIN, endpoints), clock()).unwrap()
}

fn disagree(error: &ChainError, height: u64, says: &str) {
    let ChainError::EndpointsDisagree { height: at, reason, .. } = error else { panic!("{error}") };
    assert_eq!(*at, height);
    assert!(reason.contains(says), "{reason}");
}

/// Answers every question about the hash of a block with another block's.
fn lies(method: &str, params: &Value, truth: Value) -> Option<Reply> {
    let of_tip = method == "getblockhash" && params[0].as_u64() > Some(100);
    let mut hash = truth.as_str().unwrap_or_default().to_owned();
    let last = hash.pop();
    hash.push(if last == Some('b') { 'a' } else { 'b' });
    of_tip.then_some(Reply::Result(Value::String(hash)))
}

#[tokio::test]
async fn a_node_that_is_gone_is_replaced_by_the_next_and_asked_again_when_it_is_back() {
    let daemon = Daemon::start(BITCOIN, &[]).await;
    let gone = format!("http://{USER}:{PASSWORD}@127.0.0.1:{}", crate::bitcoin::free_port());
    let chain = chain_of(&[&gone, &daemon.url]);
    chain.probe().await.unwrap();
    assert_eq!(chain.tip().await.unwrap().at.height, 110);
    assert!(chain.block(110, &everything).await.unwrap().is_some());
    assert_eq!(chain.pending(&everything).await, Ok(Pending::default()));
    let reports = chain.endpoints().await;
    let tips = reports.iter().map(|report| report.tip.is_ok()).collect::<Vec<_>>();
    assert_eq!(tips, [false, true]);
    assert!(!format!("{reports:?}").contains(PASSWORD), "{reports:?}");
    let alone = chain_of(&[&gone]);
    for error in [alone.tip().await.unwrap_err(), alone.probe().await.unwrap_err()] {
        assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
        assert!(
            error.to_string().contains("no connection") && !error.to_string().contains(PASSWORD)
        );
    }
}

#[tokio::test]
async fn a_node_that_does_not_tell_what_waits_is_passed_over() {
    let daemon = Daemon::start(BITCOIN, &[]).await;
    let to = receiver(BITCOIN, 0);
    daemon.send(&to.text, 5_000).await;
    let truth = chain_of(&[&daemon.url]).pending(&everything).await.unwrap();
    assert!(truth.transfers.iter().any(|transfer| transfer.to == to));
    type Answer = fn() -> Reply;
    let answers: [Answer; 4] = [
        || Reply::Result(json!(["no id"])),
        || Reply::Result(json!("x".repeat(100))),
        || Reply::Http("200 OK", b"batches are refused".to_vec()),
        || Reply::Error(-32_601, "Method not found"),
    ];
    for answer in answers {
        let mute = faulty(&daemon, move |method, _, _| (method == "getrawmempool").then(answer));
        let mute = mute.await;
        let chain = chain_of(&[&mute.url, &daemon.url]);
        for _ in 0..3 {
            let told = chain.pending(&everything).await.unwrap();
            assert_eq!(told.transfers, truth.transfers);
        }
        // Alone it is the only one, and says so.
        let alone = chain_of(&[&mute.url]);
        assert!(alone.pending(&everything).await.is_err());
        assert_eq!(alone.tip().await.unwrap().at.height, 110);
    }
}

#[tokio::test]
async fn an_endpoint_on_another_chain_is_never_used() {
    let litecoin = Daemon::start(Program::Litecoin, &[]).await;
    let bitcoin = Daemon::start(BITCOIN, &[]).await;
    for endpoints in [vec![litecoin.url.as_str()], vec![&bitcoin.url, &litecoin.url]] {
        let chain = chain_of(&endpoints);
        let error = chain.probe().await.unwrap_err();
        let ChainError::OtherChain { expected, found, .. } = &error else { panic!("{error}") };
        assert!(expected.contains("0f9188f1") && found.contains("530827f3"), "{error}");
    }
    let error = chain_of(&[&litecoin.url]).tip().await.unwrap_err();
    assert!(matches!(error, ChainError::OtherChain { .. }), "{error}");
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_repeated() {
    let daemon = Daemon::empty(BITCOIN, &[]).await;
    let url = daemon.url.replace(PASSWORD, "another-password");
    let error = chain_of(&[&url]).tip().await.unwrap_err();
    assert!(matches!(error, ChainError::NoAccess { .. }), "{error}");
    let error = error.to_string();
    assert!(error.contains("does not accept user and password"), "{error}");
    assert!(!error.contains("another-password"), "{error}");
}

#[tokio::test]
async fn a_cookie_file_is_read_again_when_the_node_has_written_a_new_one() {
    let mut daemon = Daemon::empty(BITCOIN, &[]).await;
    let settings = UtxoSettings {
        cookie_file: Some(daemon.cookie_file()),
        ..settings(BITCOIN, &[&daemon.bare_url()])
    };
    let chain = UtxoChain::new(&settings, clock()).unwrap();
    assert_eq!(chain.tip().await.unwrap().at.height, 0);
    daemon.stop().await;
    let error = chain.tip().await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    daemon.start_again().await;
    assert_eq!(chain.tip().await.unwrap().at.height, 0);
}

#[tokio::test]
async fn a_cookie_file_that_is_not_there_and_a_machine_that_is_not_served_are_no_access() {
    let daemon = Daemon::empty(BITCOIN, &[]).await;
    let missing = daemon.cookie_file().with_file_name("another.cookie");
    let at = daemon.bare_url();
    let asked = UtxoSettings { cookie_file: Some(missing), ..settings(BITCOIN, &[&at]) };
    let error = UtxoChain::new(&asked, clock()).unwrap().tip().await.unwrap_err();
    assert!(matches!(error, ChainError::NoAccess { .. }), "{error}");
    assert!(error.to_string().contains("its cookie file is not there"), "{error}");
    let refuses = |_: &str, _: &Value, _| Some(Reply::Http("403 Forbidden", Vec::new()));
    let closed = faulty(&daemon, refuses).await;
    let error = chain_of(&[&closed.url]).tip().await.unwrap_err();
    assert!(matches!(error, ChainError::NoAccess { .. }), "{error}");
    assert!(error.to_string().contains("rpcallowip"), "{error}");
}

#[tokio::test]
async fn an_endpoint_that_lies_about_a_block_stops_crediting() {
    let daemon = Daemon::start(BITCOIN, &[]).await;
    let liar = faulty(&daemon, lies).await;
    daemon.send(&receiver(BITCOIN, 0).text, 5_000).await;
    daemon.mine(1).await;
    let chain = chain_of(&[&daemon.url, &liar.url]);
    let error = chain.block(111, &everything).await.unwrap_err();
    disagree(&error, 111, "another named");
    // Without a payment to us nobody is asked twice.
    assert!(chain.block(111, &|_: &[u8]| false).await.unwrap().is_some());
    // The liar alone cannot make up a block: none has the hash that it names.
    let alone = chain_of(&[&liar.url]);
    let error = alone.block(111, &everything).await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_block_that_was_changed_on_the_way_is_not_believed() {
    let daemon = Daemon::start(BITCOIN, &[]).await;
    let to = receiver(BITCOIN, 0);
    let script = to.account.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    // The miner's script becomes ours.
    let forger = faulty(&daemon, move |method, _, truth| {
        let of_block = method == "getblock";
        of_block.then(|| {
            let mut digits = truth.as_str().unwrap().to_owned();
            let at = digits.rfind("160014").unwrap();
            digits.replace_range(at + 2..at + 2 + script.len(), &script);
            Reply::Result(Value::String(digits))
        })
    });
    let forger = forger.await;
    daemon.send(&daemon.address("bech32").await, 9_000).await;
    daemon.mine(1).await;
    let error = chain_of(&[&forger.url]).block(111, &everything).await.unwrap_err();
    let ChainError::Nonsense { reason, .. } = &error else { panic!("{error}") };
    assert!(reason.contains("not those its header names"), "{reason}");
}

#[tokio::test]
async fn a_lagging_endpoint_does_not_lead_and_does_not_disagree() {
    let daemon = Daemon::start(BITCOIN, &[]).await;
    let old = daemon.rpc("getblockhash", json!([100])).await;
    let lags = Arc::new(AtomicBool::new(true));
    let knows = Arc::new(AtomicU64::new(100));
    let (still, headers) = (Arc::clone(&lags), Arc::clone(&knows));
    let lagging = faulty(&daemon, move |method, params, mut truth| {
        let lags = still.load(Ordering::Relaxed);
        match method {
            "getblockchaininfo" if lags => {
                truth["blocks"] = json!(100);
                truth["headers"] = json!(headers.load(Ordering::Relaxed));
                truth["bestblockhash"] = old.clone();
                Some(Reply::Result(truth))
            }
            "getblockhash" if lags && params[0].as_u64() > Some(100) => {
                Some(Reply::Error(-8, "Block height out of range"))
            }
            "getrawmempool" if lags => Some(Reply::Result(json!([]))),
            _ => None,
        }
    });
    let lagging = lagging.await;
    let chain = chain_of(&[&lagging.url, &daemon.url]);
    let to = receiver(BITCOIN, 0);
    assert_eq!(chain.tip().await.unwrap().at.height, 110);
    daemon.send(&to.text, 5_000).await;
    // Asked of the one that leads: the lagging one knows of nothing that waits.
    let pending = chain.pending(&everything).await.unwrap().transfers;
    assert_eq!(pending.len(), 2, "to us, and the change");
    daemon.mine(1).await;
    // It has heard of the blocks that it lacks, so that it is not in step.
    knows.store(111, Ordering::Relaxed);
    let block = chain.block(111, &everything).await.unwrap().unwrap();
    assert!(block.transfers.iter().any(|transfer| transfer.to == to));
    // Above the limit its silence is not enough.
    let careful = UtxoSettings {
        second_source_above: Some(Units::new(4_999)),
        ..settings(BITCOIN, &[&daemon.url, &lagging.url])
    };
    let careful = UtxoChain::new(&careful, clock()).unwrap();
    let ours = to.account.clone();
    let mine = move |account: &[u8]| account == ours;
    let error = careful.block(111, &mine).await.unwrap_err();
    disagree(&error, 111, "pays more than one endpoint is believed for");
    // Nor is it for the block that makes such an amount final.
    let hash = daemon.rpc("getblockhash", json!([111])).await;
    let newest = BlockRef { height: 111, hash: hash.as_str().unwrap().to_owned() };
    let coin = asset();
    assert!(careful.one_suffices(coin, Units::new(4_999)));
    assert!(!careful.one_suffices(coin, Units::new(5_000)));
    let error = careful.named_by_two(&newest).await.unwrap_err();
    assert!(matches!(error, ChainError::Unconfirmed { .. }), "{error}");
    assert!(error.to_string().contains("has no such block"), "{error}");
    let other = faulty(&daemon, lies).await;
    let urls = [&*lagging.url, &daemon.url, &other.url];
    let error = chain_of(&urls).named_by_two(&newest).await.unwrap_err();
    disagree(&error, 111, "there, not");
    lags.store(false, Ordering::Relaxed);
    assert!(careful.block(111, &mine).await.unwrap().is_some());
    assert_eq!(careful.named_by_two(&newest).await, Ok(()));
    assert_eq!(chain_of(&urls).named_by_two(&newest).await, Ok(()), "two of three");
}

#[tokio::test]
async fn a_second_endpoint_has_as_long_as_any_call_to_name_a_block() {
    let daemon = Daemon::start(BITCOIN, &[]).await;
    let hash = daemon.rpc("getblockhash", json!([110])).await;
    let block = BlockRef { height: 110, hash: hash.as_str().unwrap().to_owned() };
    let silent = faulty(&daemon, |method, params, _| {
        (method == "getblockhash" && params[0] == 110).then_some(Reply::Silence)
    });
    let silent = silent.await;
    let chain = chain_of(&[&daemon.url, &silent.url]);
    let waits = time::timeout(Duration::from_millis(3_500), chain.named_by_two(&block)).await;
    assert!(waits.is_err(), "{waits:?}");
}

/// A clock that is moved by hand.
pub(crate) struct HandClock(pub(crate) AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::Relaxed))
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A block that nobody mined and that pays us, with as little work as a chain of one's own asks.
fn made_up() -> Block {
    let mut block = genesis_block(Network::Regtest);
    let mut paying = block.txdata[0].clone();
    paying.output = vec![TxOut {
        value: ::bitcoin::Amount::from_sat(100_000_000_000),
        script_pubkey: receiver(BITCOIN, 0).account.into(),
    }];
    block.txdata.push(paying);
    block.header.merkle_root = block.compute_merkle_root().unwrap();
    while !block.header.target().is_met_by(block.block_hash()) {
        block.header.nonce += 1;
    }
    block
}

#[tokio::test]
async fn a_block_that_another_endpoint_in_step_goes_on_lacking_is_a_disagreement() {
    let daemon = Daemon::start(BITCOIN, &[]).await;
    let block = made_up();
    let (hash, bytes) = (block.block_hash().to_string(), digits(&serialize(&block)));
    let liar = faulty(&daemon, move |method, params, _| match method {
        "getblockhash" if params[0] == json!(111) => Some(Reply::Result(json!(hash))),
        "getblock" if params[0] == json!(hash) => Some(Reply::Result(json!(bytes))),
        _ => None,
    });
    let liar = liar.await;
    let time = Arc::new(HandClock(AtomicI64::new(1_800_000_000)));
    let asked = settings(BITCOIN, &[&liar.url, &daemon.url]);
    let chain = UtxoChain::new(&asked, Arc::clone(&time) as Arc<dyn Clock>).unwrap();
    // For a minute the other one may get it yet.
    for passed in [0, 59] {
        time.0.store(1_800_000_000 + passed, Ordering::Relaxed);
        assert_eq!(chain.block(111, &everything).await, Ok(None));
    }
    time.0.store(1_800_000_060, Ordering::Relaxed);
    let error = chain.block(111, &everything).await.unwrap_err();
    let at = daemon.bare_url().replace("http://", "");
    disagree(&error, 111, &format!("endpoint 2 ({at}): has no block 111"));
    daemon.mine(1).await;
    let error = chain.block(111, &everything).await.unwrap_err();
    disagree(&error, 111, "another named");
}

#[tokio::test]
async fn an_esplora_server_cannot_make_up_a_block_without_the_work() {
    let mut block = made_up();
    let rules = NetworkRules::of(Like::Bitcoin, ChainKind::Regtest).unwrap();
    for bits in [0x207f_ffff, 0] {
        block.header.bits = CompactTarget::from_consensus(bits);
        let (hash, forged) = (block.block_hash().to_string(), block.clone());
        let genesis = genesis_block(Network::Regtest).block_hash().to_string();
        let server = FakeSite::start(move |path| {
            let body = match path.rsplit('/').next() {
                Some("0") => genesis.clone().into_bytes(),
                Some("header") => digits(&serialize(&forged.header)).into_bytes(),
                Some("raw") => serialize(&forged),
                Some("status") => br#"{"in_best_chain":true,"height":111}"#.to_vec(),
                _ => hash.clone().into_bytes(),
            };
            Box::pin(async move { ("200 OK", body) })
        });
        let server = server.await;
        let mut settings = UtxoSettings::new(asset(), rules);
        settings.esplora = vec![server.url.clone()];
        let chain = UtxoChain::new(&settings, clock()).unwrap();
        let (tip, read) = (chain.tip().await, chain.block(111, &everything).await);
        if bits != 0 {
            assert_eq!(tip.unwrap().at, read.unwrap().unwrap().at);
            continue;
        }
        for error in [tip.unwrap_err(), read.unwrap_err()] {
            assert!(error.to_string().contains("lacks the network's proof of work"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_node_cannot_date_its_best_block_anew() {
    let daemon = Daemon::start(BITCOIN, &[]).await;
    for forged in [true, false] {
        let mut header = made_up().header;
        let worked = header.block_hash();
        while forged && header.target().is_met_by(header.block_hash()) {
            header.time += 1;
        }
        let (named, told) = (header.block_hash().to_string(), digits(&serialize(&header)));
        let liar = faulty(&daemon, move |method, _, mut truth| match method {
            "getblockchaininfo" => {
                truth["bestblockhash"] = json!(named);
                Some(Reply::Result(truth))
            }
            "getblockheader" => Some(Reply::Result(json!(told))),
            _ => None,
        });
        let liar = liar.await;
        let tip = chain_of(&[&liar.url]).tip().await;
        let Err(error) = &tip else {
            assert_eq!(tip.unwrap().at.hash, worked.to_string(), "it cost the work of regtest");
            continue;
        };
        assert!(forged && error.to_string().contains("proof of work"), "{error}");
    }
    // Nor can another header be told than the hash that was named has.
    let other = digits(&serialize(&made_up().header));
    let liar = faulty(&daemon, move |method, _, _| {
        (method == "getblockheader").then(|| Reply::Result(json!(other)))
    });
    let liar = liar.await;
    let error = chain_of(&[&liar.url]).tip().await.unwrap_err().to_string();
    assert!(error.contains("its best block has another header"), "{error}");
}

#[tokio::test]
async fn a_pruned_block_is_fetched_from_the_next_endpoint_or_named() {
    let whole_node = Daemon::start(BITCOIN, &[]).await;
    whole_node.mine(600).await;
    let pruned = Daemon::empty(BITCOIN, &["-prune=1", "-fastprune"]).await;
    for height in 1..=710 {
        let hash = whole_node.rpc("getblockhash", json!([height])).await;
        let block = whole_node.rpc("getblock", json!([hash, 0])).await;
        pruned.rpc("submitblock", json!([block])).await;
    }
    let kept = pruned.rpc("pruneblockchain", json!([400])).await.as_u64().unwrap();
    assert!(kept > 10, "{kept}");
    let alone = chain_of(&[&pruned.url]);
    assert!(alone.block(709, &everything).await.unwrap().is_some());
    let error = alone.block(2, &everything).await.unwrap_err();
    let ChainError::BlockPruned { height: 2, reason, .. } = &error else { panic!("{error}") };
    assert!(reason.contains("endpoint 1 (127.0.0.1:"), "{reason}");
    let report = alone.endpoints().await.remove(0);
    assert_eq!(report.kept_from, Some(kept + 1));
    assert!(report.capabilities.contains(&("all blocks", false)));
    let chain = chain_of(&[&pruned.url, &whole_node.url]);
    assert!(chain.block(2, &everything).await.unwrap().is_some());
}

#[tokio::test]
async fn a_node_that_is_not_in_step_is_not_live() {
    let empty = Daemon::empty(BITCOIN, &[]).await;
    let chain = chain_of(&[&empty.url]);
    assert!(!chain.tip().await.unwrap().live, "its only block is years old");
    empty.rpc("createwallet", json!(["till"])).await;
    empty.mine(1).await;
    assert!(chain.tip().await.unwrap().live);
    let ahead = faulty(&empty, |method, _, mut truth| {
        (method == "getblockchaininfo").then(|| {
            truth["headers"] = json!(3);
            Reply::Result(truth)
        })
    });
    let ahead = ahead.await;
    assert!(!chain_of(&[&ahead.url]).tip().await.unwrap().live);
    // Another node that is in step is believed before it.
    let both = chain_of(&[&ahead.url, &empty.url]);
    assert!(both.tip().await.unwrap().live);
}

#[tokio::test]
async fn zmq_tells_of_payments_and_blocks_and_its_loss_changes_nothing_else() {
    let port = crate::bitcoin::free_port();
    let publish = format!("tcp://127.0.0.1:{port}");
    let [blocks, raw] = ["hashblock", "rawtx"].map(|topic| format!("-zmqpub{topic}={publish}"));
    let mut daemon = Daemon::start(BITCOIN, &[&blocks, &raw]).await;
    let settings = UtxoSettings {
        zmq: Some(format!("127.0.0.1:{port}")),
        ..settings(BITCOIN, &[&daemon.url])
    };
    let chain = UtxoChain::new(&settings, clock()).unwrap();
    let to = receiver(BITCOIN, 0);
    // A subscription begins some time after it was asked for: pay until it has.
    let mut beat = tokio::time::interval(std::time::Duration::from_millis(100));
    tokio::select! {
        () = async {
            while chain.pending(&everything).await.unwrap().transfers.is_empty() {
                chain.news().await;
            }
        } => {}
        () = async {
            loop {
                daemon.send(&to.text, 5_000).await;
                beat.tick().await;
            }
        } => {}
    }
    // A call that was given up loses nothing.
    for _ in 0..3 {
        tokio::select! {
            biased;
            () = chain.news() => {}
            () = tokio::task::yield_now() => {}
        }
    }
    tokio::join!(chain.news(), daemon.mine(1));
    daemon.stop().await;
    assert!(chain.tip().await.is_err());
    daemon.start_again().await;
    let to = receiver(BITCOIN, 1).text;
    tokio::select! {
        () = chain.news() => {}
        () = async {
            loop {
                beat.tick().await;
                daemon.rpc("generatetoaddress", json!([1, to])).await;
            }
        } => {}
    }
    assert!(chain.tip().await.unwrap().at.height > 111);
}

/// What an Esplora server answers, told by a real node's blocks.
async fn esplora(path: &str, daemon: &Daemon) -> (&'static str, Vec<u8>) {
    let parts = path.trim_start_matches("/api/").split('/').collect::<Vec<_>>();
    let text = |value: Value| ("200 OK", value.as_str().unwrap_or_default().as_bytes().to_vec());
    let bytes = |value: &Value| {
        let digits = value.as_str().unwrap();
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        (0..digits.len()).step_by(2).map(byte).collect::<Vec<u8>>()
    };
    match parts.as_slice() {
        ["blocks", "tip", "hash"] => text(daemon.rpc("getbestblockhash", json!([])).await),
        ["block-height", height] => {
            let height = height.parse::<u64>().unwrap();
            match daemon.try_rpc("getblockhash", json!([height])).await {
                Ok(hash) => text(hash),
                Err(_) => ("404 Not Found", b"Block not found".to_vec()),
            }
        }
        ["block", hash, "header"] => text(daemon.rpc("getblockheader", json!([hash, false])).await),
        ["block", hash, "raw"] => {
            ("200 OK", bytes(&daemon.rpc("getblock", json!([hash, 0])).await))
        }
        ["block", hash, "status"] => {
            let header = daemon.rpc("getblockheader", json!([hash])).await;
            let next = header["nextblockhash"].clone();
            let status =
                json!({ "in_best_chain": true, "height": header["height"], "next_best": next });
            ("200 OK", status.to_string().into_bytes())
        }
        _ => panic!("Esplora was asked for {path}"),
    }
}

#[tokio::test]
async fn an_esplora_server_serves_blocks_and_learns_no_address() {
    let daemon = Arc::new(Daemon::start(BITCOIN, &[]).await);
    let upstream = Arc::clone(&daemon);
    let server = FakeSite::start(move |path| {
        let upstream = Arc::clone(&upstream);
        Box::pin(async move { esplora(&path, &upstream).await })
    });
    let server = server.await;
    let rules = NetworkRules::of(Like::Bitcoin, ChainKind::Regtest).unwrap();
    let mut settings = UtxoSettings::new(asset(), rules);
    settings.esplora = vec![format!("{}/api/", server.url)];
    let chain = UtxoChain::new(&settings, clock()).unwrap();
    chain.probe().await.unwrap();
    let to = receiver(BITCOIN, 0);
    daemon.send(&to.text, 5_000).await;
    let unseen = chain.pending(&everything).await.unwrap_err();
    assert!(matches!(unseen, ChainError::PendingUnseen { .. }), "{unseen}");
    daemon.mine(1).await;
    let tip = chain.tip().await.unwrap();
    assert_eq!((tip.at.height, tip.live), (111, true));
    let block = newest(&chain).await;
    assert_eq!((&block.at, block.time), (&tip.at, tip.time));
    let paid = block.transfers.iter().find(|transfer| transfer.to == to).unwrap();
    assert_eq!(paid.units, whole(5_000));
    assert_eq!(chain.block(112, &everything).await, Ok(None));
    let asked = server.asked();
    assert!(asked.iter().all(|path| !path.contains(&to.text)), "{asked:?}");

    // Behind a node it is only asked when the node is gone, or for a second word.
    settings.endpoints = vec![daemon.url.clone()];
    settings.second_source_above = Some(Units::new(1));
    let chain = UtxoChain::new(&settings, clock()).unwrap();
    let before = server.asked().len();
    chain.tip().await.unwrap();
    chain.block(110, &|_: &[u8]| false).await.unwrap();
    chain.pending(&everything).await.unwrap();
    assert_eq!(server.asked().len(), before);
    chain.block(111, &everything).await.unwrap();
    assert_eq!(server.asked()[before..], ["/api/block-height/0", "/api/block-height/111"]);
}
