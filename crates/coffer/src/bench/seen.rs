//! How long it takes from the broadcast of a payment until its page says that it was seen.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use serde_json::json;

use super::{Failed, options::Seen, sample::Sample};
use crate::{
    demo::temporary_folder,
    failure::Failure,
    nodes::{
        anvil::Anvil,
        installation::{Created, Installation},
        networks::{self, EVM_ACCOUNT, EVM_NAME, UTXO_ACCOUNT},
        utxo::{Kind, UtxoNode},
    },
};

/// What the page says then.
const SEEN: &str = "We see your payment.";
/// Between two looks at a page; no figure is more exact.
const BEAT: Duration = Duration::from_millis(25);
/// Payments under way at the same time, so that the whole does not take an hour.
const AT_ONCE: usize = 10;
/// 60 EUR.
const SATOSHI: u64 = 110_000;
const WEI: u128 = 26_400_000_000_000_000;
/// The chain id of development chains.
const CHAIN_ID: u64 = 31_337;

/// How a network is read.
#[derive(Clone, Copy)]
enum Way {
    BitcoinZmq,
    BitcoinPolling,
    LitecoinPolling,
    EvmPolling,
}

enum Node {
    Utxo(UtxoNode),
    Evm(Anvil),
}

impl Way {
    const ALL: [Self; 4] =
        [Self::BitcoinZmq, Self::BitcoinPolling, Self::LitecoinPolling, Self::EvmPolling];

    const fn words(self) -> &'static str {
        match self {
            Self::BitcoinZmq => "bitcoind, ZMQ",
            Self::BitcoinPolling => "bitcoind, polling",
            Self::LitecoinPolling => "litecoind, polling",
            Self::EvmPolling => "anvil, polling",
        }
    }

    const fn asset(self) -> (&'static str, &'static str) {
        match self {
            Self::BitcoinZmq | Self::BitcoinPolling => ("BTC", "bitcoin_regtest"),
            Self::LitecoinPolling => ("LTC", "litecoin_regtest"),
            Self::EvmPolling => ("ETH", EVM_NAME),
        }
    }
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self(failure.to_string())
    }
}

/// Measures every way, and prints a table or rows.
pub(super) fn run(seen: &Seen) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failed::because("no runtime")(&error))?;
    let mut rows = Vec::new();
    for way in Way::ALL {
        let sample = runtime.block_on(measure(way, usize::from(seen.payments())))?;
        let p = |share| millis(sample.micros_of(share));
        // Progress that cannot be shown is not missed.
        let _ = writeln!(io::stderr(), "{}: p50 {} ms, p99 {} ms", way.words(), p(500), p(990));
        rows.push((way.words(), seen.payments(), p(500), p(990)));
    }
    let mut text = String::new();
    if !seen.json {
        text.push_str("| node | payments | p50 ms | p99 ms |\n|---|---|---|---|\n");
    }
    for (words, payments, p50, p99) in rows {
        // Writing to a text does not fail.
        let _ = if seen.json {
            let row = json!({ "node": words, "payments": payments, "p50_ms": p50, "p99_ms": p99 });
            writeln!(text, "{row}")
        } else {
            writeln!(text, "| {words} | {payments} | {p50} | {p99} |")
        };
    }
    io::stdout().write_all(text.as_bytes()).map_err(|error| Failed::because("printing")(&error))
}

async fn measure(way: Way, payments: usize) -> Result<Sample, Failed> {
    let templates = temporary_folder()?;
    let (node, settings, key) = match way {
        Way::BitcoinZmq | Way::BitcoinPolling | Way::LitecoinPolling => {
            let litecoin = matches!(way, Way::LitecoinPolling);
            let kind = if litecoin { Kind::Litecoin } else { Kind::Bitcoin };
            let node = UtxoNode::start(kind, templates.path(), &[]).await?;
            node.mine(1).await?;
            let zmq = node.zmq().filter(|_| matches!(way, Way::BitcoinZmq));
            let settings = networks::utxo(kind, &[node.address()], zmq.as_deref(), 2);
            (Node::Utxo(node), settings, UTXO_ACCOUNT)
        }
        Way::EvmPolling => {
            let node = Anvil::start(CHAIN_ID, &[]).await?;
            node.mine(1).await?;
            let settings = networks::evm(node.address(), CHAIN_ID, 2);
            (Node::Evm(node), settings, EVM_ACCOUNT)
        }
    };
    let (iso, network) = way.asset();
    let mut installation = Installation::new(&settings, &[(network, key)], None).await?;
    installation.serve().await?;
    let begun = now();
    let mut micros = Vec::new();
    while micros.len() < payments {
        let mut created = Vec::new();
        for _ in 0..AT_ONCE.min(payments - micros.len()) {
            created.push(installation.create(iso, network).await?);
        }
        let each = created.iter().map(|created| time_of_one(&installation, &node, created));
        micros.extend(try_join_all(each).await?);
        // What waits is put into a block, so that the node's view does not grow.
        match &node {
            Node::Utxo(node) => node.mine(1).await?,
            Node::Evm(node) => node.mine(1).await?,
        }
    }
    Ok(Sample::new(micros, now() - begun))
}

/// Microseconds from the answer to the broadcast until the page says it.
async fn time_of_one(
    installation: &Installation,
    node: &Node,
    created: &Created,
) -> Result<u32, Failed> {
    match node {
        Node::Utxo(node) => node.pay(&[(&created.address, SATOSHI)]).await.map(drop)?,
        Node::Evm(node) => node.pay(&created.address, WEI).await.map(drop)?,
    }
    let sent = now();
    let mut beat = tokio::time::interval(BEAT);
    loop {
        if installation.page(&created.page).await?.contains(SEEN) {
            return Ok(u32::try_from((now() - sent).as_micros()).unwrap_or(u32::MAX));
        }
        beat.tick().await;
    }
}

fn millis(micros: u32) -> u32 {
    micros.div_ceil(1_000)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}
