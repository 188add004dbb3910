//! The window in which a payment counts.

use super::{PaidWhen, PaymentRequest, Quote, Stage, tally::Tally};
use crate::time::{Span, Timestamp};

/// How long after a window's end a block may be in which a transfer still counts as seen in the
/// window, when Coffer was blind to what was pending while it was sent: about the time a block of
/// Bitcoin takes, so that an outage of ours is not the customer's loss.
pub const BLIND_MARGIN: Span = Span::from_minutes(10);

/// A block may be dated so long before it was made: Bitcoin's rules leave its maker about as much.
const DATED_BACK_MAX: Span = Span::from_hours(2);

impl PaymentRequest {
    /// When an address was first shown for this request. One that was never quoted belongs to a
    /// sister network, and may have been known since the request was made.
    #[must_use]
    pub fn shown_at(&self, address: &str) -> Timestamp {
        let quoted = self.quotes.iter().filter(|quote| quote.address == address);
        quoted.map(|quote| quote.locked_at).min().unwrap_or(self.created_at)
    }

    /// Whether a block was certainly made before an address was shown, as its time says: what it
    /// pays there was meant for somebody else, who used the address before. The time of a block
    /// cannot say that of what was made shortly before, or waited for a block when the address was
    /// shown.
    #[must_use]
    pub fn is_early(&self, address: &str, block_time: Timestamp) -> bool {
        block_time < self.shown_at(address).minus(DATED_BACK_MAX)
    }

    /// The quote shown to the customer: the newest.
    #[must_use]
    pub fn current_quote(&self) -> Option<&Quote> {
        self.quotes.last()
    }

    /// The quote the payment is measured by: the one that was paid, else the first towards which
    /// something was seen, else the newest.
    #[must_use]
    pub fn paying_quote(&self) -> Option<&Quote> {
        let tally = Tally::of(self);
        let paid = self.quotes.iter().find(|quote| Some(quote.id) == self.paid_quote);
        let seen = self.quotes.iter().zip(&tally.quotes).find(|(_, sums)| sums.seen.get() > 0);
        paid.or(seen.map(|(quote, _)| quote)).or_else(|| self.quotes.last())
    }

    /// When the window ends: the lifespan before a coin is chosen, then the last end of all quotes'
    /// windows, an extension included.
    #[must_use]
    pub fn window_end(&self) -> Timestamp {
        let ends = Tally::of(self).quotes;
        ends.iter().map(|sums| sums.window_end).max().unwrap_or_else(|| self.lifespan_end())
    }

    /// When the last transfer that counts as seen in a window must be in a block.
    #[must_use]
    pub fn grace_end(&self) -> Timestamp {
        let ends = Tally::of(self).quotes;
        ends.iter().map(|sums| sums.confirm_by).max().unwrap_or_else(|| self.lifespan_end())
    }

    /// When the window of that quote ends, an extension included: the end of its lock; or later by
    /// [`Policy::extension`](super::Policy) when what arrived before the end of the lock is a tenth
    /// of enough or more, and less than enough. Only transfers before the end of the lock can
    /// extend it, so it is extended once at most.
    #[must_use]
    pub fn window_end_of(&self, quote: &Quote) -> Timestamp {
        let tally = Tally::of(self);
        tally.sums_of(self, quote).map_or(quote.locked_until, |sums| sums.window_end)
    }

    /// Whether the customer may choose a coin, change it, or take a new price: nothing was seen and
    /// the lifespan is not over.
    #[must_use]
    pub fn may_change_coin(&self, now: Timestamp) -> bool {
        self.is_open() && !self.payment_seen() && now < self.lifespan_end()
    }

    /// Whether the request has not ended.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Created | Stage::Processing)
    }

    /// Whether a payment in a quoted coin is there, in the window or after it.
    #[must_use]
    pub fn payment_seen(&self) -> bool {
        let seen = |transfer: &super::TrackedTransfer| {
            transfer.is_live() && self.quote_of(transfer).is_some()
        };
        self.transfers.iter().any(seen)
    }

    /// The end of the lifespan, as the sandbox may have cut it.
    pub(super) fn lifespan_end(&self) -> Timestamp {
        self.window_cut.map_or(self.valid_until, |cut| cut.min(self.valid_until))
    }

    /// When a transfer seen in a window that ends then must be in a block to count.
    pub(super) fn confirm_by(&self, window_end: Timestamp) -> Timestamp {
        match self.policy.paid_when {
            PaidWhen::SeenInWindow => window_end.plus(self.policy.grace),
            PaidWhen::ConfirmedInWindow => window_end,
        }
    }
}
