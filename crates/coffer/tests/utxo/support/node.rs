//! A real node of our own, for one test. Its blocks bear the time of the test's clock.

use std::{path::Path, sync::Arc};

use coffer::nodes::utxo::{Kind, Payment, UtxoNode};
use coffer_domain::{ports::Clock as _, time::Span};
use serde_json::{Value, json};

use super::clock::HandClock;

/// Between two blocks.
const BLOCK: Span = Span::from_minutes(2);

/// The node; ends when dropped. Makes blocks only when told to.
pub struct Node {
    inner: UtxoNode,
    clock: Arc<HandClock>,
}

impl Node {
    pub async fn start(kind: Kind, clock: Arc<HandClock>, arguments: &[&str]) -> Self {
        let templates = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let inner = UtxoNode::start(kind, templates, arguments).await.unwrap();
        let node = Self { inner, clock };
        node.keep_time().await;
        // A node whose newest block is old takes itself for one that is still syncing.
        node.inner.mine(1).await.unwrap();
        node
    }

    /// Where it listens, as `127.0.0.1:port`.
    pub fn address(&self) -> &str {
        self.inner.address()
    }

    /// Where it says that there is something new.
    pub fn zmq(&self) -> Option<String> {
        self.inner.zmq()
    }

    pub async fn rpc(&self, method: &str, params: Value) -> Value {
        self.inner.rpc(method, params).await.unwrap()
    }

    /// Lets the time of one block pass and makes it, of what waits.
    pub async fn mine(&self, blocks: u32) {
        for _ in 0..blocks {
            self.clock.pass(BLOCK);
            self.keep_time().await;
            self.inner.mine(1).await.unwrap();
        }
    }

    /// Replaces the newest blocks by one more empty ones. What was in them waits again.
    pub async fn reorg(&self, depth: u32) {
        self.keep_time().await;
        self.inner.reorg(depth).await.unwrap();
    }

    /// Makes so many blocks, and leaves what waits where it is.
    pub async fn mine_empty(&self, blocks: u32) {
        self.keep_time().await;
        self.inner.mine_empty(blocks).await.unwrap();
    }

    /// Takes the newest blocks off the chain. What was in them waits again.
    pub async fn take_off(&self, depth: u64) {
        let first = self.height().await + 1 - depth;
        let hash = self.rpc("getblockhash", json!([first])).await;
        self.rpc("invalidateblock", json!([hash])).await;
    }

    /// Sends so many base units to an address; the transaction waits for a block.
    pub async fn pay(&self, to: &str, units: u64) -> Payment {
        self.pay_all(&[(to, units)]).await
    }

    /// The same to many in one transaction.
    pub async fn pay_all(&self, outputs: &[(&str, u64)]) -> Payment {
        self.keep_time().await;
        self.inner.pay(outputs).await.unwrap()
    }

    /// Sends another transaction, which spends the same coin for a higher fee.
    pub async fn replace(&self, payment: &Payment, to: &str, units: u64) -> Payment {
        self.inner.replace(payment, &[(to, units)]).await.unwrap()
    }

    /// An address of nobody's interest.
    pub fn elsewhere(&self) -> &str {
        self.inner.elsewhere()
    }

    /// The height of its best block.
    pub async fn height(&self) -> u64 {
        self.inner.height().await.unwrap()
    }

    /// Gives it the blocks of another node from that height on.
    pub async fn take_blocks(&self, other: &Self, from: u64) {
        self.keep_time().await;
        for height in from..=other.height().await {
            let hash = other.rpc("getblockhash", json!([height])).await;
            let block = other.rpc("getblock", json!([hash, 0])).await;
            self.rpc("submitblock", json!([block])).await;
        }
    }

    pub async fn stop(&mut self) {
        self.inner.stop().await.unwrap();
    }

    /// Runs again after it was stopped.
    pub async fn run(&mut self) {
        self.inner.run(Some(self.clock.now())).await.unwrap();
    }

    async fn keep_time(&self) {
        self.inner.set_time(Some(self.clock.now())).await.unwrap();
    }
}
