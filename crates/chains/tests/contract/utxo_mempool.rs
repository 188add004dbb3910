//! A mempool with more in it than is asked for with every look, as on a busy main network.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use ::bitcoin::{
    Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, absolute::LockTime,
    consensus::encode::serialize_hex, opcodes::OP_TRUE, script::Builder, transaction::Version,
};
use coffer_chains::utxo::{UtxoChain, UtxoSettings};
use coffer_domain::{
    ports::{Chain, Clock, Pending},
    time::Timestamp,
    transfer::Address,
};
use serde_json::json;

use crate::{
    bitcoin::{Daemon, Program},
    fake_node::FakeNode,
    utxo::references,
    utxo_endpoints::{HandClock, faulty},
    utxo_world::{receiver, settings},
    worlds::only,
};

const BITCOIN: Program = Program::Bitcoin;
/// More than are asked for with every look.
const WAITING: u32 = 1_200;
const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A transaction that spends this to one script, so many times.
fn transaction(
    from: OutPoint,
    witness: &[&[u8]],
    to: &ScriptBuf,
    outputs: u32,
    sats: u64,
) -> Transaction {
    let input = TxIn {
        previous_output: from,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::from_slice(witness),
    };
    let output = TxOut { value: Amount::from_sat(sats), script_pubkey: to.clone() };
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: vec![output; usize::try_from(outputs).unwrap()],
    }
}

/// Makes so many transactions wait that concern nobody; whoever wants may spend what they move.
async fn fill(daemon: &Daemon) {
    let anybody = Builder::new().push_opcode(OP_TRUE).into_script();
    let script = anybody.to_p2wsh();
    let coin = daemon.unspent().await;
    let from =
        OutPoint { txid: coin.txid.parse().unwrap(), vout: u32::try_from(coin.vout).unwrap() };
    let each = coin.sats / 2 / u64::from(WAITING);
    let many = serialize_hex(&transaction(from, &[], &script, WAITING, each));
    let signed = daemon.rpc("signrawtransactionwithwallet", json!([many])).await["hex"].clone();
    daemon.mine_only(&[signed.as_str().unwrap().to_owned()]).await;
    let many = daemon.rpc("decoderawtransaction", json!([signed])).await["txid"].clone();
    let txid = many.as_str().unwrap().parse().unwrap();
    for vout in 0..WAITING {
        let from = OutPoint { txid, vout };
        let one = transaction(from, &[anybody.as_bytes()], &script, 1, each - 1_000);
        daemon.rpc("sendrawtransaction", json!([serialize_hex(&one), 0])).await;
    }
}

/// A node with a full mempool, its adapter by way of a counter of calls, and the adapter's clock.
async fn busy(daemon: &Daemon, zmq: Option<String>) -> (FakeNode, UtxoChain, Arc<HandClock>) {
    fill(daemon).await;
    let node = faulty(daemon, |_, _, _| None).await;
    let time = Arc::new(HandClock(AtomicI64::new(START.seconds())));
    let asked = UtxoSettings { zmq, ..settings(BITCOIN, &[&node.url]) };
    let chain = UtxoChain::new(&asked, Arc::clone(&time) as Arc<dyn Clock>).unwrap();
    (node, chain, time)
}

/// Requests, lists of all that waits, and transactions that were asked for since the last call.
fn cost(node: &FakeNode) -> (usize, usize, usize) {
    let asked = node.asked();
    let of = |method: &str| asked.iter().flatten().filter(|it| *it == method).count();
    (asked.len(), of("getrawmempool"), of("getrawtransaction"))
}

/// The sum of what waits and pays this address, and through when nothing is missing in it.
async fn seen(chain: &UtxoChain, to: &Address) -> (usize, Option<Timestamp>) {
    let Pending { transfers, through } = chain.pending(&only([to.clone()])).await.unwrap();
    (transfers.len(), through)
}

#[tokio::test]
async fn a_long_mempool_is_read_seldom_and_each_transaction_once() {
    let daemon = Daemon::start(BITCOIN, &[]).await;
    let (node, chain, time) = busy(&daemon, None).await;
    let to = receiver(BITCOIN, 0);
    let pass = || time.0.fetch_add(1, Ordering::Relaxed);
    assert_eq!(seen(&chain, &to).await, (0, None));
    // Which chain it is, the tip, the list, and a hundred transactions at a time.
    assert_eq!(cost(&node), (1 + 2 + 1 + 12, 1, 1_200));

    let (coin, elsewhere) = (daemon.unspent().await, daemon.address("bech32").await);
    daemon.spend(&coin, &[(&to.text, coin.sats - 10_000)]).await;
    for _ in 0..10 {
        assert_eq!(seen(&chain, &to).await, (0, Some(START)));
    }
    assert_eq!(cost(&node), (10 * 2, 0, 0));
    pass();
    assert_eq!(seen(&chain, &to).await, (1, None));
    assert_eq!(cost(&node), (2 + 1 + 1, 1, 1));

    // So is it with one that was replaced.
    let before = chain.pending(&only([to.clone()])).await.unwrap();
    daemon.spend(&coin, &[(&elsewhere, coin.sats - 50_000)]).await;
    assert_eq!(chain.pending(&only([to.clone()])).await.unwrap(), before);
    pass();
    assert_eq!(seen(&chain, &to).await, (0, None));
    let tip = chain.tip().await.unwrap();
    let gone = references(&before.transfers);
    assert_eq!(chain.lost(&gone, &tip.at).await, Ok(gone));

    // A new block changes much, and is waited for by nobody.
    cost(&node);
    daemon.mine_only(&[]).await;
    assert_eq!(seen(&chain, &to).await, (0, None));
    assert_eq!(cost(&node), (2 + 1, 1, 0));
}

#[tokio::test]
async fn what_a_node_announces_is_seen_at_once_however_long_its_mempool_is() {
    let port = crate::bitcoin::free_port();
    let publish = |topic| format!("-zmqpub{topic}=tcp://127.0.0.1:{port}");
    for topics in [&["hashblock", "rawtx"][..], &["sequence"]] {
        let arguments = topics.iter().map(publish).collect::<Vec<_>>();
        let arguments = arguments.iter().map(String::as_str).collect::<Vec<_>>();
        let daemon = Daemon::start(BITCOIN, &arguments).await;
        let (node, chain, _) = busy(&daemon, Some(format!("127.0.0.1:{port}"))).await;
        let (to, other) = (receiver(BITCOIN, 0), receiver(BITCOIN, 1));
        assert_eq!(seen(&chain, &to).await, (0, None));
        assert_eq!(cost(&node).1, 1);
        // A subscription begins some time after it was asked for: pay until it has.
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(100));
        tokio::select! {
            () = async {
                while seen(&chain, &other).await.0 == 0 {
                    chain.news().await;
                }
            } => {}
            () = async {
                loop {
                    daemon.send(&other.text, 5_000).await;
                    beat.tick().await;
                }
            } => {}
        }
        cost(&node);
        let (coin, elsewhere) = (daemon.unspent().await, daemon.address("bech32").await);
        let paid = daemon.spend(&coin, &[(&to.text, coin.sats - 10_000)]).await;
        while seen(&chain, &to).await != (1, Some(START)) {
            chain.news().await;
        }
        // Whoever takes its place is announced, too.
        let before = chain.pending(&only([to.clone()])).await.unwrap();
        assert_eq!(before.transfers[0].reference.transaction, paid);
        daemon.spend(&coin, &[(&elsewhere, coin.sats - 50_000)]).await;
        while seen(&chain, &to).await != (0, Some(START)) {
            chain.news().await;
        }
        let tip = chain.tip().await.unwrap();
        let gone = references(&before.transfers);
        assert_eq!(chain.lost(&gone, &tip.at).await, Ok(gone));
        let (_, lists, fetched) = cost(&node);
        assert!(lists == 0 && (2..20).contains(&fetched), "{lists} lists, {fetched} fetched");
    }
}
