//! A node that tells of new blocks by itself. It makes a look come earlier, nothing else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use coffer_chains::evm::{EvmChain, EvmSettings};
use coffer_domain::ports::Chain;
use futures_util::FutureExt;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};

use crate::{
    anvil::{Anvil, DEVELOPER},
    evm::receiver,
    setup::{clock, coin, settings},
    worlds::only,
};

/// Nothing takes so long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(20);

fn chain(anvil: &Anvil, ws: &str) -> EvmChain {
    let settings = settings(&[&anvil.url], vec![coin("ETH")]);
    EvmChain::new(&EvmSettings { ws: Some(ws.to_owned()), ..settings }, clock()).unwrap()
}

async fn heard(chain: &EvmChain) {
    timeout(PATIENCE, chain.news()).await.unwrap();
}

/// Lets connections to a node through, each for a second.
async fn cutting(node: &str) -> (String, Arc<AtomicU32>, JoinSet<()>) {
    let node = node.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let made = Arc::new(AtomicU32::new(0));
    let mut keeper = JoinSet::new();
    let count = Arc::clone(&made);
    keeper.spawn(async move {
        loop {
            let (mut caller, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let mut node = TcpStream::connect(&node).await.unwrap();
            let both = copy_bidirectional(&mut caller, &mut node);
            let _ = timeout(Duration::from_secs(1), both).await;
        }
    });
    (url, made, keeper)
}

#[tokio::test]
async fn a_new_block_is_news() {
    let anvil = Anvil::start(&[]).await;
    let chain = chain(&anvil, &anvil.url.replace("http", "ws"));
    heard(&chain).await; // a connection was made
    for _ in 0..3 {
        assert_eq!(chain.news().now_or_never(), None);
        anvil.mine().await;
        heard(&chain).await;
    }
}

#[tokio::test]
async fn waiting_for_news_may_be_broken_off() {
    let anvil = Anvil::start(&[]).await;
    let chain = chain(&anvil, &anvil.url.replace("http", "ws"));
    let connected =
        async { while timeout(Duration::from_millis(1), chain.news()).await.is_err() {} };
    timeout(PATIENCE, connected).await.unwrap();
    anvil.mine().await;
    let told = async { while timeout(Duration::from_millis(1), chain.news()).await.is_err() {} };
    timeout(PATIENCE, told).await.unwrap();
}

#[tokio::test]
async fn a_websocket_that_is_cut_every_second_changes_latency_only() {
    let anvil = Anvil::start(&[]).await;
    let (ws, made, _keeper) = cutting(&anvil.url).await;
    let chain = chain(&anvil, &ws);
    let mut looks = 0;
    let mut paid = 0;
    while made.load(Ordering::SeqCst) < 4 {
        anvil.send_as(DEVELOPER, &receiver(0).text, 7, "0x").await;
        anvil.mine().await;
        paid += 1;
        heard(&chain).await;
        looks += 1;
    }
    assert!(looks < 100, "{looks} looks in some seconds");
    let mine = only([receiver(0)]);
    let mut found = 0;
    for height in 0..=chain.tip().await.unwrap().at.height {
        found += chain.block(height, &mine).await.unwrap().unwrap().transfers.len();
    }
    assert_eq!(found, paid);
}

#[tokio::test]
async fn a_websocket_that_cannot_be_reached_is_no_news() {
    let anvil = Anvil::start(&[]).await;
    let silent = chain(&anvil, "ws://127.0.0.1:1/top-secret-key");
    assert!(timeout(Duration::from_secs(2), silent.news()).await.is_err());
    assert!(silent.tip().await.is_ok());
    let settings = settings(&[&anvil.url], vec![coin("ETH")]);
    let ws = Some("http://node.example/secret".to_owned());
    let refused = EvmChain::new(&EvmSettings { ws, ..settings }, clock()).err().unwrap();
    assert_eq!(refused.to_string(), "network development: ws is not a ws or wss address");
}
