//! What follows from a decision or fact, to be written in the same transaction.

use crate::{
    callback::CallbackKind,
    money::{AssetId, Units},
    transfer::TransferReference,
};

/// What must be done because the request changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell the merchant.
    Callback(CallbackKind),
    /// Somebody paid wrongly.
    OpenCase(OpenedCase),
}

/// A wrong payment, as it is first recorded. A request may open several of one kind: a transfer
/// that becomes final later opens another `Under` or `Late`, and a further surplus another `Over`
/// with what came on top. No unit of money is ever in two cases, except that [`CaseKind::Reversed`]
/// names money again that has gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedCase {
    /// What was wrong.
    pub kind: CaseKind,
    /// What arrived.
    pub asset: AssetId,
    /// How much of it is in question.
    pub units: Units,
    /// The transfer that caused it; none where the sum did.
    pub transfer: Option<TransferReference>,
}

/// What was wrong with a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaseKind {
    /// Too little when the window closed.
    Under,
    /// More than was asked for.
    Over,
    /// After the window, or confirmed after the grace, or after the request had been withdrawn.
    Late,
    /// Another token than the quoted one.
    WrongToken,
    /// A second address of the request was paid too.
    SecondAddress,
    /// Final once, then reorganised away.
    Reversed,
    /// A value beyond 128 bits.
    Beyond,
}

impl CaseKind {
    /// The word used in the database, the API and the pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Under => "under",
            Self::Over => "over",
            Self::Late => "late",
            Self::WrongToken => "wrong_token",
            Self::SecondAddress => "second_address",
            Self::Reversed => "reversed",
            Self::Beyond => "beyond",
        }
    }

    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Under,
        Self::Over,
        Self::Late,
        Self::WrongToken,
        Self::SecondAddress,
        Self::Reversed,
        Self::Beyond,
    ];

    /// The kind of that word, if there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}
