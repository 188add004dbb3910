//! What a chain tells of transfers: those in a block, and those that wait for one.

use crate::{
    time::Timestamp,
    transfer::{BlockRef, ChainTransfer},
};

/// One block, reduced to what concerns us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Height and hash.
    pub at: BlockRef,
    /// Hash of the block before it.
    pub parent: String,
    /// Its own time.
    pub time: Timestamp,
    /// Movements to watched addresses, in the order of the block.
    pub transfers: Vec<ChainTransfer>,
}

/// What is in no block yet.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Pending {
    /// Movements to watched addresses.
    pub transfers: Vec<ChainTransfer>,
    /// Up to when all that was sent is among them, by our clock, where the node was not asked for
    /// all of it just now; none where it was. Some of what was sent later may be among them.
    pub through: Option<Timestamp>,
}

impl From<Vec<ChainTransfer>> for Pending {
    /// All there is now.
    fn from(transfers: Vec<ChainTransfer>) -> Self {
        Self { transfers, through: None }
    }
}
