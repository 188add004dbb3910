//! The books: what the state of a payment request means in double entry.
//!
//! An [`Entry`] takes units of one asset out of one account and into another, so that what is
//! debited is what is credited, always. The accounts of a request follow from its state alone:
//! [`entries`] compares two states and gives what must be booked between them. So neither the
//! order nor the repetition of what a chain tells can be told from the books, and a correction is
//! an entry of its own that takes back an earlier one.

mod account;
mod balance;
mod standing;

pub use account::AccountKind;
pub use balance::{Account, Balance, Held, Total, TotalRefused};
pub use standing::{Standing, Surplus};

use crate::{
    money::{AssetId, Units},
    payment_request::{PaymentRequest, TrackedTransfer},
    transfer::TransferReference,
};

/// What a change of a request is booked as: so much of an asset, out of one account and into
/// another of the request's scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is booked for.
    pub cause: Cause,
    /// The account that is debited.
    pub debit: AccountKind,
    /// The account that is credited.
    pub credit: AccountKind,
    /// What moved.
    pub asset: AssetId,
    /// How much; never zero.
    pub units: Units,
    /// Whether it takes back an earlier entry.
    pub reverses: bool,
    /// What it says of the movement's arrival.
    pub arrival: Arrival,
}

/// What an entry says of the arrival of a movement at our addresses. It is booked once, until it is
/// taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing.
    None,
    /// It has arrived.
    First,
    /// It has arrived, and may have before: it had been taken back.
    Again,
}

/// What an entry is booked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A movement on a chain.
    Transfer(TransferReference),
    /// What was paid beyond the price.
    Surplus,
}

/// What must be booked because a request was `before` (none: it is new) and is `after`.
#[must_use]
pub fn entries(before: Option<&PaymentRequest>, after: &PaymentRequest) -> Vec<Entry> {
    let mut entries = Vec::new();
    for transfer in &after.transfers {
        let was = before.and_then(|before| before.transfer(&transfer.reference));
        change(was, transfer, &mut entries);
    }
    let was = before.map_or(Surplus::NONE, Surplus::of);
    let now = Surplus::of(after);
    if let Some(asset) = paid_asset(after) {
        surplus_change(asset, AccountKind::Owed, (was.owed, now.owed), &mut entries);
        surplus_change(asset, AccountKind::ReorgLoss, (was.lost, now.lost), &mut entries);
    }
    entries
}

/// The asset a request was paid in.
fn paid_asset(request: &PaymentRequest) -> Option<AssetId> {
    let paid = request.quotes.iter().find(|quote| Some(quote.id) == request.paid_quote)?;
    Some(paid.asset)
}

/// What a transfer's change is booked as. Where one account stays the same the other moves alone.
fn change(was: Option<&TrackedTransfer>, now: &TrackedTransfer, entries: &mut Vec<Entry>) {
    let old = was.and_then(|was| Some((Standing::of(was)?.accounts(), was.units)));
    let new = Standing::of(now).map(|standing| (standing.accounts(), now.units));
    let mut book = |debit, credit, units: Units, reverses| {
        let arrival = match (debit, was.is_some_and(|was| was.confirmed.is_some())) {
            (AccountKind::Treasury, false) => Arrival::First,
            (AccountKind::Treasury, true) => Arrival::Again,
            _ => Arrival::None,
        };
        let (cause, asset) = (Cause::Transfer(now.reference.clone()), now.asset);
        entries.push(Entry { cause, debit, credit, asset, units, reverses, arrival });
    };
    match (old, new) {
        (old, new) if old == new => {}
        (Some(((from, old), units)), Some(((to, new), same))) if units == same && from == to => {
            book(old, new, units, false);
        }
        (Some(((old, from), units)), Some(((new, to), same))) if units == same && from == to => {
            book(new, old, units, new == AccountKind::ReorgLoss);
        }
        (old, new) => {
            if let Some(((debit, credit), units)) = old {
                book(credit, debit, units, true);
            }
            if let Some(((debit, credit), units)) = new {
                book(debit, credit, units, false);
            }
        }
    }
}

/// What a change of the surplus is booked as, out of what the merchant has, or back.
fn surplus_change(
    asset: AssetId,
    account: AccountKind,
    (was, now): (Units, Units),
    entries: &mut Vec<Entry>,
) {
    let merchant = AccountKind::Available;
    let (more, less) = (now.saturating_sub(was), was.saturating_sub(now));
    let moves = [(merchant, account, more, false), (account, merchant, less, true)];
    for (debit, credit, units, reverses) in moves {
        if !units.is_zero() {
            let (cause, arrival) = (Cause::Surplus, Arrival::None);
            entries.push(Entry { cause, debit, credit, asset, units, reverses, arrival });
        }
    }
}
