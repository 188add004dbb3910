//! A quote: one coin, one address, one amount, for as long as the lock holds.

use crate::{
    id::QuoteId,
    money::{AssetId, Units},
    time::Timestamp,
};

/// What makes a transfer final; the stricter is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Needed {
    /// So many blocks, the transfer's own included.
    Confirmations(u32),
    /// The network calls the block safe.
    Safe,
    /// The network calls the block final.
    Finalized,
}

impl Needed {
    /// Whether so many confirmations, or the network's own word, make a transfer final. A block the
    /// network calls final is final whatever the count.
    #[must_use]
    pub const fn is_met(self, confirmations: u32, safe: bool, finalized: bool) -> bool {
        match self {
            Self::Confirmations(needed) => finalized || confirmations >= needed,
            Self::Safe => finalized || safe,
            Self::Finalized => finalized,
        }
    }
}

/// What the customer was offered when he proceeded with a coin. Stays payable until its lock ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Identity; the `payment_request_address.id` of callbacks.
    pub id: QuoteId,
    /// The coin.
    pub asset: AssetId,
    /// Where to pay.
    pub address: String,
    /// How much is to arrive.
    pub expected: Units,
    /// How much less than that still pays.
    pub tolerance: Units,
    /// What makes a transfer final.
    pub needed: Needed,
    /// When the rate was fixed.
    pub locked_at: Timestamp,
    /// Until when the rate holds.
    pub locked_until: Timestamp,
}
