//! The accounts: one of each kind for a merchant, an environment and an asset.

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// What is on its way to our addresses and not final.
    Incoming,
    /// What has arrived at our addresses, final. What the owner of the keys moves away stays
    /// booked.
    Treasury,
    /// What the merchant may come to have: the other side of [`Self::Incoming`].
    Pending,
    /// Final, of a request that has not ended, so that it is nobody's yet; or held by screening.
    Undecided,
    /// What the merchant has.
    Available,
    /// What customers are owed for wrong payments.
    Owed,
    /// What the merchant was credited and a reorganisation took.
    ReorgLoss,
}

impl AccountKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Incoming,
        Self::Treasury,
        Self::Pending,
        Self::Undecided,
        Self::Available,
        Self::Owed,
        Self::ReorgLoss,
    ];

    /// The word used in the database and in exports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Treasury => "treasury",
            Self::Pending => "pending",
            Self::Undecided => "undecided",
            Self::Available => "available",
            Self::Owed => "owed",
            Self::ReorgLoss => "reorg_loss",
        }
    }

    /// The kind of that word, if there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether what it holds is what was debited less what was credited; of the others it is the
    /// reverse.
    #[must_use]
    pub const fn is_debit(self) -> bool {
        matches!(self, Self::Incoming | Self::Treasury | Self::ReorgLoss)
    }
}
