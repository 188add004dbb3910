//! Whose the money of a transfer is, by the state of its request.

use super::AccountKind;
use crate::{
    money::Units,
    payment_request::{PaymentRequest, Settled, TrackedTransfer},
};

/// Whose the money of a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Seen, not final.
    Incoming,
    /// Final, and the request has not said what it is.
    Undecided,
    /// It pays the request.
    Payment,
    /// It is in a case: the customer's.
    Owed,
    /// It had paid the request, and a reorganisation took it.
    Lost,
}

impl Standing {
    /// The standing of a transfer; none where it is not there and nobody was credited for it.
    #[must_use]
    pub fn of(transfer: &TrackedTransfer) -> Option<Self> {
        let paid = transfer.settled == Some(Settled::Payment);
        match transfer.settled {
            Some(Settled::Payment) if transfer.is_final() => Some(Self::Payment),
            Some(Settled::Case(_)) if transfer.is_final() => Some(Self::Owed),
            None if transfer.is_final() => Some(Self::Undecided),
            // Its loss stands until it is final again.
            _ if paid => Some(Self::Lost),
            _ if transfer.is_live() => Some(Self::Incoming),
            _ => None,
        }
    }

    /// The accounts its money stands on: debited, credited.
    #[must_use]
    pub const fn accounts(self) -> (AccountKind, AccountKind) {
        match self {
            Self::Incoming => (AccountKind::Incoming, AccountKind::Pending),
            Self::Undecided => (AccountKind::Treasury, AccountKind::Undecided),
            Self::Payment => (AccountKind::Treasury, AccountKind::Available),
            Self::Owed => (AccountKind::Treasury, AccountKind::Owed),
            Self::Lost => (AccountKind::ReorgLoss, AccountKind::Available),
        }
    }
}

/// What a request was paid beyond its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surplus {
    /// What of it is there, and has a case: the customer's.
    pub owed: Units,
    /// What a reorganisation took of it: it was never the merchant's, so he has not lost it.
    pub lost: Units,
}

impl Surplus {
    /// None.
    pub const NONE: Self = Self { owed: Units::ZERO, lost: Units::ZERO };

    /// The surplus of a request. What is there pays the price first, so that a payment made again
    /// after a reorganisation took the first leaves no loss.
    #[must_use]
    pub fn of(request: &PaymentRequest) -> Self {
        let paid = request.quotes.iter().find(|quote| Some(quote.id) == request.paid_quote);
        let Some(expected) = paid.map(|quote| quote.expected) else { return Self::NONE };
        let sum = |standing| {
            let own = request.transfers.iter();
            let own = own.filter(|transfer| Standing::of(transfer) == Some(standing));
            own.fold(Units::ZERO, |sum, transfer| added(sum, transfer.units))
        };
        let (there, gone) = (sum(Standing::Payment), sum(Standing::Lost));
        let beyond = there.saturating_sub(expected);
        let ever = added(there, gone).saturating_sub(expected);
        Self { owed: request.over_opened.min(beyond), lost: ever.saturating_sub(beyond) }
    }
}

/// The sum, stopping at the greatest that fits.
fn added(one: Units, other: Units) -> Units {
    one.checked_add(other).unwrap_or(Units::new(u128::MAX))
}
