//! What is shown once a coin is chosen.

use coffer_domain::time::Timestamp;

/// A coin or token on one network, as people name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Coin {
    /// Its ticker, such as `USDC`.
    pub code: String,
    /// Its name, such as "USD Coin".
    pub name: String,
    /// The network's name for people, such as "Polygon".
    pub network: String,
    /// The contract of a token.
    pub contract: Option<String>,
}

/// Where and how much to send, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pay {
    /// What to send.
    pub coin: Coin,
    /// How much is to arrive: all of it, or what is missing.
    pub amount: String,
    /// Where to.
    pub address: String,
    /// What the QR code says: a payment link, or the bare address where wallets misread links.
    pub qr: String,
    /// A link that opens a wallet (BIP 321, ERC-681).
    pub wallet_link: Option<String>,
    /// What one coin is worth in the price's currency; none where the price is in the coin.
    pub rate: Option<String>,
    /// When the time began.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// What has to happen before the end.
    pub counts: Counts,
    /// Seconds from sending to final, usually.
    pub usual_wait_seconds: u32,
    /// Whether another coin, or a new price, may still be had.
    pub can_change: bool,
    /// The address of this page, for another device.
    pub page_url: String,
}

/// What has to happen to a payment before the time ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counts {
    /// The network has to show it.
    WhenSeen,
    /// The network has to confirm it.
    WhenConfirmed,
}

/// What makes a payment final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Needed {
    /// So many of so many confirmations.
    Confirmations {
        /// How many there are.
        have: u32,
        /// How many it takes.
        need: u32,
    },
    /// The network's word that the block is safe.
    Safe,
    /// The network's word that the block is final.
    Finalized,
}

/// A transaction that paid.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transaction {
    /// Its id on the network.
    pub hash: String,
    /// What it brought.
    pub amount: String,
}

/// Enough was seen and confirms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seen {
    /// What was sent.
    pub coin: Coin,
    /// How much.
    pub received: String,
    /// How far it is.
    pub needed: Needed,
    /// Seconds until it is final, usually.
    pub usual_wait_seconds: u32,
    /// Whether a mail will be sent when it is done.
    pub will_mail: bool,
    /// What was seen.
    pub transactions: Vec<Transaction>,
}

/// Something arrived in time, but not enough.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartPaid {
    /// How much was to arrive in all.
    pub expected: String,
    /// How much was seen.
    pub received: String,
    /// The same in thousandths of the whole.
    pub received_per_mille: u32,
    /// How to send the rest.
    pub rest: Pay,
}
