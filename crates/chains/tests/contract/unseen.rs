//! A node that shows nothing of what waits for a block. The rule throughout: an empty list of such
//! a node is no sign of "no payment", so that the chain is read by its blocks alone.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use coffer_chains::evm::{EvmChain, EvmSettings};
use coffer_domain::{
    ports::{Chain, ChainError, Pending},
    time::Span,
};
use serde_json::{Value, json};

use crate::{
    anvil::{Anvil, DEVELOPER},
    evm::receiver,
    fake_node::{FakeNode, Reply},
    setup::{HandClock, clock, coin, settings},
    worlds::everything,
};

/// What the fake answers when it is asked for the pending block.
const TRUTH: usize = 0;
const NOTHING: usize = 1;
const NO_SUCH_METHOD: usize = 2;
const REFUSED: usize = 3;
const NEWEST: usize = 4;
const EMPTY: usize = 5;
/// The newest block, and one is mined whenever it is asked.
const NEWEST_AS_IT_COMES: usize = 6;
/// The truth, and a block is mined the first time.
const MINED_MEANWHILE: usize = 7;

/// A network whose blocks come regularly.
fn regular(url: &str) -> EvmSettings {
    let stale_after = Some(Span::from_hours(24));
    EvmSettings { stale_after, ..settings(&[url], vec![coin("ETH")]) }
}

/// A node that answers like that when it is asked for the pending block.
async fn answering(anvil: &Anvil, how: &Arc<AtomicUsize>) -> FakeNode {
    let newest = anvil.rpc("eth_getBlockByNumber", json!(["latest", true])).await;
    let how = Arc::clone(how);
    FakeNode::start(&anvil.url, move |method: &str, params: &Value, mut truth| {
        if method != "eth_getBlockByNumber" || params[0] != "pending" {
            return None;
        }
        match how.load(Ordering::SeqCst) {
            NOTHING => Some(Reply::Result(json!(null))),
            NO_SUCH_METHOD => Some(Reply::Error(-32601, "no such method")),
            REFUSED => Some(Reply::Error(-32000, "not now")),
            NEWEST => Some(Reply::Result(newest.clone())),
            EMPTY => {
                truth["transactions"] = json!([]);
                Some(Reply::Result(truth))
            }
            _ => None,
        }
    })
    .await
}

fn is_unseen(answer: &Result<Pending, ChainError>) -> bool {
    matches!(answer, Err(ChainError::PendingUnseen { .. }))
}

#[tokio::test]
async fn a_node_without_a_view_of_its_own_shows_nothing_that_waits() {
    let anvil = Anvil::start(&[]).await;
    anvil.mine().await;
    anvil.send_as(DEVELOPER, &receiver(1).text, 5, "0x").await;
    let how = Arc::new(AtomicUsize::new(TRUTH));
    let fake = answering(&anvil, &how).await;
    let development = settings(&[&fake.url], vec![coin("ETH")]);
    for settings in [regular(&fake.url), development] {
        let chain = EvmChain::new(&settings, clock()).unwrap();
        for what in [NOTHING, NO_SUCH_METHOD, REFUSED, NEWEST] {
            how.store(what, Ordering::SeqCst);
            let answer = chain.pending(&everything).await;
            assert!(is_unseen(&answer), "{what}: {answer:?}");
        }
        how.store(TRUTH, Ordering::SeqCst);
        assert_eq!(chain.pending(&everything).await.unwrap().transfers.len(), 1);
    }
}

#[tokio::test]
async fn a_block_that_is_mined_while_the_view_is_asked_for_takes_none_away() {
    let anvil = Anvil::start(&[]).await;
    anvil.mine().await;
    anvil.send_as(DEVELOPER, &receiver(1).text, 5, "0x").await;
    for (what, seen) in [(MINED_MEANWHILE, true), (NEWEST_AS_IT_COMES, false)] {
        let mined = AtomicUsize::new(0);
        let answer = move |method: &str, params: &Value, mut truth: Value| match method {
            "eth_blockNumber" => {
                Some(Reply::Result(json!(format!("{:#x}", 1 + mined.load(Ordering::SeqCst)))))
            }
            "eth_getBlockByNumber" if params[0] == "pending" => {
                let so_far = mined.load(Ordering::SeqCst);
                if what == NEWEST_AS_IT_COMES || so_far == 0 {
                    mined.fetch_add(1, Ordering::SeqCst);
                }
                // The view is above the newest block when it is asked for; or is the next.
                truth["number"] = json!(format!("{:#x}", 2 + so_far));
                Some(Reply::Result(truth))
            }
            _ => None,
        };
        let fake = FakeNode::start(&anvil.url, answer).await;
        let chain = EvmChain::new(&regular(&fake.url), clock()).unwrap();
        let answer = chain.pending(&everything).await;
        match seen {
            true => assert_eq!(answer.unwrap().transfers.len(), 1),
            false => assert!(is_unseen(&answer), "{answer:?}"),
        }
    }
}

#[tokio::test]
async fn an_empty_view_is_believed_of_a_node_that_has_shown_what_waits() {
    let anvil = Anvil::start(&[]).await;
    let how = Arc::new(AtomicUsize::new(EMPTY));
    let fake = answering(&anvil, &how).await;
    let clock = Arc::new(HandClock(AtomicI64::new(1_800_000_000)));
    let chain = EvmChain::new(&regular(&fake.url), Arc::<HandClock>::clone(&clock)).unwrap();
    // Somebody else's transaction waits, and is not shown.
    anvil.send_as(DEVELOPER, &receiver(1).text, 5, "0x").await;
    let nobody = |_: &[u8]| false;
    for _ in 0..3 {
        assert!(is_unseen(&chain.pending(&nobody).await));
    }
    how.store(TRUTH, Ordering::SeqCst);
    assert_eq!(chain.pending(&nobody).await, Ok(Pending::default()));
    how.store(EMPTY, Ordering::SeqCst);
    assert_eq!(chain.pending(&nobody).await, Ok(Pending::default()));
    // A refusal says nothing of that look, and nothing against the next.
    how.store(REFUSED, Ordering::SeqCst);
    assert!(is_unseen(&chain.pending(&nobody).await));
    how.store(EMPTY, Ordering::SeqCst);
    clock.0.fetch_add(20 * 60, Ordering::SeqCst);
    assert_eq!(chain.pending(&nobody).await, Ok(Pending::default()));
    clock.0.fetch_add(1, Ordering::SeqCst);
    assert!(is_unseen(&chain.pending(&nobody).await));
}

#[tokio::test]
async fn an_idle_development_chain_has_nothing_that_waits() {
    let anvil = Anvil::start(&[]).await;
    let chain = EvmChain::new(&settings(&[&anvil.url], vec![coin("ETH")]), clock()).unwrap();
    assert_eq!(chain.pending(&everything).await, Ok(Pending::default()));
}
