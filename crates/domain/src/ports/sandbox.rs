//! The ledger of the sandbox chain.

use async_trait::async_trait;

use crate::{
    money::{AssetId, Units},
    time::Timestamp,
    transfer::BlockRef,
};

/// A transfer in the sandbox chain's ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxTransfer {
    /// Transaction id.
    pub transaction: String,
    /// Output number.
    pub output: u32,
    /// What moves.
    pub asset: AssetId,
    /// Text of the receiving address.
    pub to: String,
    /// How much.
    pub units: Units,
    /// The block it is in; none while it is pending.
    pub block: Option<u64>,
}

/// A block of the sandbox chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxBlock {
    /// Height and hash.
    pub at: BlockRef,
    /// Hash of the block before.
    pub parent: String,
    /// Its time.
    pub time: Timestamp,
}

/// Why the sandbox ledger did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox ledger: {0}")]
pub struct SandboxRefused(pub String);

/// The sandbox chain's blocks, mempool and transfers, as rows, so that restarts and several
/// processes see one chain.
#[async_trait]
pub trait SandboxLedger: Send + Sync {
    /// The best block; the genesis block is made by the first call.
    async fn tip(&self) -> Result<SandboxBlock, SandboxRefused>;
    /// The block of the best chain at a height, with its transfers.
    async fn block(
        &self,
        height: u64,
    ) -> Result<Option<(SandboxBlock, Vec<SandboxTransfer>)>, SandboxRefused>;
    /// Transfers in no block.
    async fn pending(&self) -> Result<Vec<SandboxTransfer>, SandboxRefused>;
    /// Puts a transfer into the mempool. Repeating the same transaction and output changes nothing.
    async fn send(&self, transfer: SandboxTransfer) -> Result<(), SandboxRefused>;
    /// Mines `count` blocks dated `at`; the first takes in everything that is pending.
    async fn mine(&self, count: u32, at: Timestamp) -> Result<SandboxBlock, SandboxRefused>;
    /// Takes the newest `depth` blocks off the chain; their transfers become pending again. The
    /// chain is shorter until something is mined.
    async fn unwind(&self, depth: u32) -> Result<SandboxBlock, SandboxRefused>;
    /// Removes a pending transaction for ever, as a double spend does.
    async fn replace(&self, transaction: &str) -> Result<(), SandboxRefused>;
}
