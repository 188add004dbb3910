//! Coin that contracts move inside transactions, of which blocks do not tell: how it is found.

/// How such movements are found on a network: in one way at a time, so that none counts twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InnerTransfers {
    /// By traces of the calls in each block.
    Traces,
    /// By comparing what addresses hold with what was booked for them.
    Audit,
    /// Not at all.
    Off,
}

impl InnerTransfers {
    /// The word used in settings and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Audit => "audit",
            Self::Off => "off",
        }
    }

    /// What that word means; none for any other.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        [Self::Traces, Self::Audit, Self::Off].into_iter().find(|it| it.as_str() == word)
    }
}
