//! What counts for which quote, and what follows for the stage.

use super::{PaymentRequest, Quote, Stage, TrackedTransfer};
use crate::{
    code::NetworkName, id::QuoteId, money::Units, time::Timestamp, transfer::TransferReference,
};

/// At least the tenth part of enough must have arrived to extend a window: less than that is no
/// attempt to pay, and would give the payer an hour of a rate for nothing.
const EXTENDING_PART: u128 = 10;

/// The sums of one quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    /// How much pays it: expected less tolerance, and never nothing.
    pub(super) enough: Units,
    /// When its window ends, an extension included.
    pub(super) window_end: Timestamp,
    /// When a transfer must be in a block to count.
    pub(super) confirm_by: Timestamp,
    /// What is there of the transfers in its window.
    pub(super) seen: Units,
    /// What is final of them, in a block that is in time.
    pub(super) confirmed: Units,
    /// What is in a block that is in time, final or not: no longer in the payer's hands.
    pub(super) in_blocks: Units,
}

/// How one transfer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// Place of the quote it counts for.
    pub(super) quote: usize,
    /// Whether it is there and its time lies in the quote's window.
    pub(super) in_window: bool,
    /// Whether it is in the window, in time and final: it pays.
    pub(super) pays: bool,
}

/// All sums and shares of a request; computed afresh from its fields whenever they are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    /// One for each quote.
    pub(super) quotes: Vec<Sums>,
    /// One for each transfer; none for another token than the quoted.
    pub(super) shares: Vec<Option<Share>>,
}

/// The end a request has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) stage: Stage,
    pub(super) paid_quote: Option<QuoteId>,
}

impl PaymentRequest {
    /// What was seen in that quote's window and is still there, confirmed or not. Sums stop at the
    /// greatest number that fits: beyond it any quote is paid anyway.
    #[must_use]
    pub fn seen(&self, quote: &Quote) -> Units {
        Tally::of(self).sums_of(self, quote).map_or(Units::ZERO, |sums| sums.seen)
    }

    /// What is final of it, in blocks that are in time: what pays.
    #[must_use]
    pub fn confirmed(&self, quote: &Quote) -> Units {
        Tally::of(self).sums_of(self, quote).map_or(Units::ZERO, |sums| sums.confirmed)
    }

    /// What is still missing of the paying quote's expected amount, counting what was seen.
    #[must_use]
    pub fn remaining(&self) -> Units {
        let missing = |quote: &Quote| quote.expected.saturating_sub(self.seen(quote));
        self.paying_quote().map_or(Units::ZERO, missing)
    }

    /// Whether enough was seen for one of the quotes, so that only confirmations are missing.
    #[must_use]
    pub fn full_amount_seen(&self) -> bool {
        Tally::of(self).quotes.iter().any(Sums::is_full)
    }

    /// The network that keeps a processing request open, and up to when it must be reported for
    /// that to change; of several, the one with the longest to go. None where only blocks do: what
    /// is seen waits to become final or to go.
    #[must_use]
    pub fn waits_for(&self) -> Option<(NetworkName, Timestamp)> {
        let tally = Tally::of(self);
        let unreported = self.quotes.iter().zip(&tally.quotes).filter_map(|(quote, sums)| {
            let end = sums.end();
            let open = self.reported_to(quote).is_none_or(|reported| reported < end);
            open.then_some((quote.asset.network, end))
        });
        unreported.max_by_key(|(_, end)| *end)
    }

    /// What was paid beyond the expected amount, final and not taken back; nothing unless paid.
    #[must_use]
    pub fn surplus(&self) -> Units {
        let paid = self.quotes.iter().find(|quote| Some(quote.id) == self.paid_quote);
        let payment = |transfer: &&TrackedTransfer| {
            transfer.settled == Some(super::Settled::Payment) && transfer.is_final()
        };
        let units = self.transfers.iter().filter(payment).map(|transfer| transfer.units);
        let received = units.fold(Units::ZERO, sum);
        paid.map_or(Units::ZERO, |quote| received.saturating_sub(quote.expected))
    }

    /// The quote a transfer counts for, in its window or not: of those with its asset and address
    /// the newest that was made before its time, or else the oldest. None for another token.
    #[must_use]
    pub fn quote_of(&self, transfer: &TrackedTransfer) -> Option<&Quote> {
        self.quotes.get(self.place_of_quote(transfer)?)
    }

    fn place_of_quote(&self, transfer: &TrackedTransfer) -> Option<usize> {
        let fitting = self.quotes.iter().enumerate().filter(|(_, quote)| {
            quote.asset == transfer.asset && quote.address == transfer.address
        });
        let (oldest, _) = fitting.clone().next()?;
        let newest = fitting.clone().rfind(|(_, quote)| quote.locked_at <= transfer.first_time);
        Some(newest.map_or(oldest, |(place, _)| place))
    }

    /// How far the network of that quote has been reported.
    fn reported_to(&self, quote: &Quote) -> Option<Timestamp> {
        let network = quote.asset.network;
        let place = self.watermarks.binary_search_by_key(&network, |mark| mark.0).ok()?;
        self.watermarks.get(place).map(|mark| mark.1)
    }
}

impl Sums {
    /// Whether enough was seen.
    const fn is_full(&self) -> bool {
        self.seen.get() >= self.enough.get()
    }

    /// Up to when the network must be reported before the quote can pay no more.
    const fn end(&self) -> Timestamp {
        if self.is_full() { self.confirm_by } else { self.window_end }
    }
}

impl Tally {
    /// Counts everything that was reported to the request.
    pub(super) fn of(request: &PaymentRequest) -> Self {
        let places: Vec<_> =
            request.transfers.iter().map(|transfer| request.place_of_quote(transfer)).collect();
        let mut quotes: Vec<_> = (0..)
            .zip(&request.quotes)
            .map(|(place, quote)| {
                let own = request.transfers.iter().zip(&places);
                let own = own.filter(|(_, its)| **its == Some(place)).map(|(transfer, _)| transfer);
                empty_sums(request, quote, own)
            })
            .collect();
        let mut shares = Vec::with_capacity(places.len());
        for (transfer, place) in request.transfers.iter().zip(places) {
            let sums = place.and_then(|place| Some((place, quotes.get_mut(place)?)));
            shares.push(sums.map(|(place, sums)| take(place, sums, transfer)));
        }
        Self { quotes, shares }
    }

    /// The sums of one of the request's quotes.
    pub(super) fn sums_of(&self, request: &PaymentRequest, quote: &Quote) -> Option<&Sums> {
        let mut known = request.quotes.iter().zip(&self.quotes);
        known.find(|(known, _)| known.id == quote.id).map(|(_, sums)| sums)
    }

    /// The end that a processing request has come to, if any. Paid goes before everything: enough
    /// is enough, whatever the clock says.
    pub(super) fn ending(&self, request: &PaymentRequest) -> Option<Ending> {
        self.paid(request).or_else(|| self.closed(request))
    }

    /// The first quote that is covered, by the chain's clock and then by the order of quotes.
    fn paid(&self, request: &PaymentRequest) -> Option<Ending> {
        let sums = request.quotes.iter().zip(&self.quotes).enumerate();
        let covered = sums.filter_map(|(place, (quote, sums))| {
            let (at, by) = self.cover(request, place, sums)?;
            Some((at, place, by, quote.id))
        });
        let (at, _, by, quote) = covered.min_by_key(|(at, place, ..)| (*at, *place))?;
        Some(Ending { stage: Stage::Paid { at, by }, paid_quote: Some(quote) })
    }

    /// The transfers that pay a quote, in the order of their blocks and no more than it needs, with
    /// the time of the last one's block.
    fn cover(
        &self,
        request: &PaymentRequest,
        place: usize,
        sums: &Sums,
    ) -> Option<(Timestamp, Vec<TransferReference>)> {
        if sums.confirmed < sums.enough {
            return None;
        }
        let shares = request.transfers.iter().zip(&self.shares);
        let mut paying: Vec<_> = shares
            .filter(|(_, share)| share.is_some_and(|share| share.pays && share.quote == place))
            .filter_map(|(transfer, _)| Some((transfer.confirmed.as_ref()?, transfer)))
            .collect();
        paying.sort_by_key(|(block, transfer)| (block.time, block.at.height, &transfer.reference));
        let mut by = Vec::new();
        let mut total = Units::ZERO;
        for (block, transfer) in paying {
            by.push(transfer.reference.clone());
            total = sum(total, transfer.units);
            if total >= sums.enough {
                return Some((block.time, by));
            }
        }
        None
    }

    /// Whether every window is closed and nothing can pay any more. A network that has not been
    /// reported up to the end keeps the request open.
    fn closed(&self, request: &PaymentRequest) -> Option<Ending> {
        let mut at = None;
        for (quote, sums) in request.quotes.iter().zip(&self.quotes) {
            let reported = request.reported_to(quote)?;
            let end = sums.end();
            // What is in a block in time is waited for until it is final or gone: how deep it is
            // has ceased to be in the payer's hands.
            if reported < end || (sums.is_full() && sums.in_blocks >= sums.enough) {
                return None;
            }
            at = at.max(Some(end));
        }
        let at = at?;
        let nothing = self.quotes.iter().all(|sums| sums.seen == Units::ZERO);
        let stage =
            if nothing { Stage::Expired { at, with_rate: true } } else { Stage::Failed { at } };
        Some(Ending { stage, paid_quote: None })
    }
}

/// The sum of two amounts, stopping at the greatest that fits.
pub(super) fn sum(one: Units, other: Units) -> Units {
    one.checked_add(other).unwrap_or(Units::new(u128::MAX))
}

/// The sums of a quote before its transfers are taken in, with the end of its window.
fn empty_sums<'a>(
    request: &PaymentRequest,
    quote: &Quote,
    own: impl Iterator<Item = &'a TrackedTransfer>,
) -> Sums {
    let enough = quote.expected.saturating_sub(quote.tolerance).max(Units::new(1));
    let in_lock = own.filter(|own| own.is_live() && own.earliest_time <= quote.locked_until);
    let arrived = in_lock.map(|own| own.units).fold(Units::ZERO, sum);
    let extends = arrived.get().saturating_mul(EXTENDING_PART) >= enough.get();
    let short = extends && arrived < enough;
    let lock_end = quote.locked_until;
    let end = if short { lock_end.plus(request.policy.extension) } else { lock_end };
    let window_end = request.window_cut.map_or(end, |cut| cut.min(end));
    Sums {
        enough,
        window_end,
        confirm_by: request.confirm_by(window_end),
        seen: Units::ZERO,
        confirmed: Units::ZERO,
        in_blocks: Units::ZERO,
    }
}

/// Adds a transfer to the sums of its quote.
fn take(quote: usize, sums: &mut Sums, transfer: &TrackedTransfer) -> Share {
    let in_window = transfer.is_live() && transfer.earliest_time <= sums.window_end;
    let in_time = in_window && transfer.block_time().is_some_and(|time| time <= sums.confirm_by);
    let pays = in_time && transfer.is_final();
    let add = |which: bool, total: Units| {
        if which { sum(total, transfer.units) } else { total }
    };
    sums.seen = add(in_window, sums.seen);
    sums.in_blocks = add(in_time, sums.in_blocks);
    sums.confirmed = add(pays, sums.confirmed);
    Share { quote, in_window, pays }
}
