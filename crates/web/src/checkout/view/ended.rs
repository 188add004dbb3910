//! What is shown when a payment has ended.

use coffer_domain::time::Timestamp;

use super::quoted::{Coin, Transaction};

/// Paid.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Paid {
    /// What was sent.
    pub coin: Coin,
    /// How much was asked for.
    pub expected: String,
    /// How much arrived.
    pub received: String,
    /// How much more than asked for arrived, where it is worth returning.
    pub surplus: Option<String>,
    /// What one coin was worth in the price's currency.
    pub rate: Option<String>,
    /// When it was paid.
    pub at: Timestamp,
    /// What paid it.
    pub transactions: Vec<Transaction>,
}

/// The time is over and nothing was seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expired {
    /// When it ended.
    pub at: Timestamp,
    /// The coin whose rate and address were given out; none where no coin was chosen.
    pub coin: Option<Coin>,
    /// What arrived after the end, with its ticker.
    pub arrived_late: Option<String>,
}

/// The time is over and what arrived does not pay.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failed {
    /// When it ended.
    pub at: Timestamp,
    /// What was sent.
    pub coin: Coin,
    /// How much was asked for.
    pub expected: String,
    /// How much arrived.
    pub received: String,
    /// Why that does not pay.
    pub reason: FailReason,
}

/// Why what arrived does not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailReason {
    /// It is too little.
    TooLittle,
    /// The network did not confirm it in time.
    NotConfirmed,
}

/// The merchant withdrew the payment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cancelled {
    /// When.
    pub at: Timestamp,
    /// Whether an address had been given out.
    pub address_shown: bool,
    /// What arrived afterwards, with its ticker.
    pub arrived_late: Option<String>,
}
