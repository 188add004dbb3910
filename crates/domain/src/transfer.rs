//! Transfers as a chain reports them, and as a payment request follows them.

use crate::{
    code::NetworkName,
    money::{AssetId, Units},
    time::Timestamp,
};

/// An address: its text as a person sees it, and the bytes by which a block is matched (an output
/// script or account bytes).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The text in the network's own spelling, checksum included.
    pub text: String,
    /// The script or account bytes.
    pub account: Vec<u8>,
}

/// Height and hash of a block.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockRef {
    /// Blocks before it.
    pub height: u64,
    /// The hash in the network's usual spelling.
    pub hash: String,
}

/// Which movement on a chain this is: one output, log or value transfer. Unique for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferReference {
    /// The network it moved on.
    pub network: NetworkName,
    /// Transaction id or hash, in the network's usual spelling.
    pub transaction: String,
    /// Output number; token contract and the number among its transfers in the transaction, as
    /// `0x…/0`; `coin` for a transaction's own value; or `call/0x…/0` for what a call inside it
    /// moved to that account. Stays the same when the transaction moves
    /// to another block.
    pub position: String,
}

impl std::fmt::Display for TransferReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.network, self.transaction, self.position)
    }
}

/// What moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainUnits {
    /// Base units that fit.
    Units(Units),
    /// A value beyond 128 bits, as decimal text; never credited, parked as a case.
    Beyond(String),
}

/// A movement to a watched address, as a chain says it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainTransfer {
    /// Which movement.
    pub reference: TransferReference,
    /// The asset of the catalogue that moved.
    pub asset: AssetId,
    /// The watched address it went to.
    pub to: Address,
    /// How much.
    pub units: ChainUnits,
}

/// Where a transfer stands according to one look at its chain. The order says which is believed
/// where two looks bear the same number: what is in a block over what is pending over what is gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    /// Replaced, dropped or reorganised away.
    Gone,
    /// Known to the network, in no block.
    Pending,
    /// In a block of the best chain.
    Block {
        /// The block.
        at: BlockRef,
        /// The block's own time.
        time: Timestamp,
        /// Blocks on top of it, itself included; at least 1.
        confirmations: u32,
        /// Whether the network calls the block safe.
        safe: bool,
        /// Whether the network calls the block final.
        finalized: bool,
    },
}

impl Position {
    /// Whether the transfer is there: pending or in a block.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        !matches!(self, Self::Gone)
    }
}

/// One look at one transfer. Looks may arrive late, twice and in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Which movement.
    pub reference: TransferReference,
    /// The asset that moved.
    pub asset: AssetId,
    /// Text of the address it went to.
    pub address: String,
    /// How much.
    pub units: Units,
    /// When Coffer looked, by its own clock.
    pub observed_at: Timestamp,
    /// The number of this look at the network: rises by one with each committed step of its cursor.
    pub look: u64,
    /// Whether Coffer could not watch what was pending when this was sent (it was down, behind, or
    /// the network has no view of pending transfers), so that the block is the first trace of it.
    pub blind: bool,
    /// Where this is the first trace of it: since when it may have been sent. Up to then all that
    /// was sent had been told, or it is as long ago as is allowed for. [`Timestamp::MAX`] where it
    /// is not the first trace, or its own time is as good.
    pub unseen_since: Timestamp,
    /// What was seen.
    pub position: Position,
}
