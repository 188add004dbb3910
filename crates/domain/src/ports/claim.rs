//! What the books say of an address, for a chain to say what is there.

use crate::{money::AssetId, transfer::TransferReference};

/// What was booked for one of our addresses of one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Script or account bytes of the address.
    pub account: Vec<u8>,
    /// What was booked.
    pub asset: AssetId,
    /// The movements it was booked for.
    pub arrivals: Vec<TransferReference>,
}
