//! Rates: decimal prices at scale 18, the median of several sources, and quotes computed from them.

mod book;
mod cross;
mod evidence;
mod fixed;
mod median;
mod number;
mod quote;

pub use book::{PricedRate, RateBook};
pub use evidence::{Evidence, EvidenceRefused, Leg, Step, Verdict, Witness};
pub use fixed::fixed_points;
pub use median::median;
pub use number::RateRefused;
pub use quote::{QuoteEvidence, QuoteRefused, euro_cap, expected_units, value_of};

use crate::{
    code::Iso,
    payment_request::RateSide,
    time::{Span, Timestamp},
};

/// A positive price as an integer at scale 10^18: units of `quote` for one whole `base`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(pub(crate) u128);

/// One source's prices of one pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatePoint {
    /// Which source.
    pub source: &'static str,
    /// What is priced.
    pub base: Iso,
    /// What it is priced in.
    pub quote: Iso,
    /// What buyers pay; the price itself where the source has one price only.
    pub bid: Rate,
    /// What sellers ask; the price itself where the source has one price only.
    pub ask: Rate,
    /// The source's own time of the price, or our time of asking where it names none.
    pub at: Timestamp,
}

/// The name of the source whose prices are made up, for the sandbox and tests.
pub const FIXED: &str = "fixed";

/// The name of the European Central Bank's reference rates, which may stand alone between fiat
/// currencies.
pub const ECB: &str = "ecb";

/// Which side of the market a price is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// What buyers pay for the base.
    Bid,
    /// The mean of bid and ask.
    Mid,
    /// What sellers ask for the base.
    Ask,
}

/// What a price must satisfy before a customer is quoted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RateRules {
    /// The oldest market price that counts.
    pub max_age: Span,
    /// The oldest price between two fiat currencies that counts; banks do not work at Easter.
    pub fiat_max_age: Span,
    /// How far off the median a source may be, in parts per million.
    pub deviation_ppm: u32,
    /// How many sources must remain.
    pub quorum: u32,
    /// How far a pegged coin's market price may be from its peg, in parts per million.
    pub depeg_ppm: u32,
    /// Whether the made-up prices of [`FIXED`] are used, and only they; without it never.
    pub fixed: bool,
}

impl RateRules {
    /// For real money: 60 s (fiat 130 h), 1.5 % off the median, two sources, 2 % off the peg.
    pub const MARKET: Self = Self {
        max_age: Span::from_seconds(60),
        fiat_max_age: Span::from_hours(130),
        deviation_ppm: 15_000,
        quorum: 2,
        depeg_ppm: 20_000,
        fixed: false,
    };

    /// For the sandbox and tests: the one source [`FIXED`], whose prices have no age.
    pub const FIXED: Self = Self { quorum: 1, fixed: true, ..Self::MARKET };
}

impl Side {
    /// The word used in evidence.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bid => "bid",
            Self::Mid => "mid",
            Self::Ask => "ask",
        }
    }

    /// The side of that word, if there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Bid, Self::Mid, Self::Ask].into_iter().find(|side| side.as_str() == text)
    }

    /// The same side seen from the other currency of the pair.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Bid => Self::Ask,
            Self::Mid => Self::Mid,
            Self::Ask => Self::Bid,
        }
    }
}

impl From<RateSide> for Side {
    fn from(side: RateSide) -> Self {
        match side {
            RateSide::Bid => Self::Bid,
            RateSide::Mid => Self::Mid,
        }
    }
}

impl RatePoint {
    /// A point with one price only.
    #[must_use]
    pub const fn single(
        source: &'static str,
        base: Iso,
        quote: Iso,
        price: Rate,
        at: Timestamp,
    ) -> Self {
        Self { source, base, quote, bid: price, ask: price, at }
    }
}

/// Why there is no rate now. The text is for people: it says what is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRate {
    /// Too few sources agree.
    #[error("no rate for {base} in {quote}: {found} of {needed} sources usable ({sources})")]
    TooFew {
        /// What was to be priced.
        base: Iso,
        /// In what.
        quote: Iso,
        /// How many sources must remain.
        needed: u32,
        /// How many remained.
        found: u32,
        /// Each source and what was wrong with it.
        sources: String,
    },
    /// A coin that claims to be worth one of its peg is not.
    #[error("{coin} has lost its peg: it is worth {price} {peg}")]
    Depegged {
        /// The coin.
        coin: Iso,
        /// What it claims to be worth one of.
        peg: Iso,
        /// What it is worth.
        price: Rate,
    },
    /// The number is beyond what a rate can say.
    #[error("no rate for {base} in {quote}: the number is out of range")]
    OutOfRange {
        /// What was to be priced.
        base: Iso,
        /// In what.
        quote: Iso,
    },
}
