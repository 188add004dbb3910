//! The rules of a payment request once more, straight from the design: every answer is summed up
//! from what the looks at the chain have shown.

use coffer_domain::{
    payment_request::{PaidWhen, Policy, Quote},
    time::Timestamp,
};

use super::truth::Payment;

/// A request as the simulation knows it.
#[derive(Clone, Debug)]
pub struct Order {
    /// The policies it was created under.
    pub policy: Policy,
    /// When its lifespan ends.
    pub valid_until: Timestamp,
    /// What its customer was quoted, in order.
    pub quotes: Vec<Quote>,
    /// Where it stands.
    pub status: &'static str,
}

struct Sums {
    enough: u128,
    end: Timestamp,
    confirm_by: Timestamp,
    seen: u128,
    confirmed: u128,
    in_blocks: u128,
}

impl Order {
    /// Whether it has not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.status, "created" | "processing")
    }

    /// Whether something in a quoted coin is there.
    #[must_use]
    pub fn is_seen(&self, payments: &[&Payment]) -> bool {
        let quoted = |payment: &&Payment| self.place_of(payment).is_some();
        payments.iter().copied().filter(|payment| payment.story.live).any(|one| quoted(&one))
    }

    /// Whether the customer may choose or change his coin.
    #[must_use]
    pub fn may_choose(&self, payments: &[&Payment], now: Timestamp) -> bool {
        self.is_open() && !self.is_seen(payments) && now < self.valid_until
    }

    /// Our clock shows `now`, and the chain has been read up to `through`.
    pub fn read(&mut self, payments: &[&Payment], now: Timestamp, through: Timestamp) {
        match self.status {
            "created" if now >= self.valid_until => self.status = "expired",
            "processing" => self.status = self.ending(payments, through),
            _ => {}
        }
    }

    fn ending(&self, payments: &[&Payment], through: Timestamp) -> &'static str {
        let places = 0..self.quotes.len();
        let sums: Vec<Sums> = places.filter_map(|place| self.sums(place, payments)).collect();
        let waits = |one: &Sums| {
            let full = one.seen >= one.enough;
            let until = if full { one.confirm_by } else { one.end };
            through < until || (full && one.in_blocks >= one.enough)
        };
        if sums.iter().any(|one| one.confirmed >= one.enough) {
            "paid"
        } else if sums.iter().any(waits) {
            "processing"
        } else if sums.iter().all(|one| one.seen == 0) {
            "expired"
        } else {
            "failed"
        }
    }

    /// The quote that a payment counts for: the newest of its coin and address that is older than
    /// the payment, or else the oldest.
    fn place_of(&self, payment: &Payment) -> Option<usize> {
        let mut found = None;
        for (place, quote) in self.quotes.iter().enumerate() {
            let fits = quote.asset == payment.asset && quote.address == payment.address;
            let older = payment.story.first.is_some_and(|first| quote.locked_at <= first);
            if fits && (found.is_none() || older) {
                found = Some(place);
            }
        }
        found
    }

    fn sums(&self, place: usize, payments: &[&Payment]) -> Option<Sums> {
        let quote = self.quotes.get(place)?;
        let enough = quote.expected.get().saturating_sub(quote.tolerance.get()).max(1);
        let own = || {
            let live = payments.iter().filter(|payment| payment.story.live);
            live.filter(|payment| self.place_of(payment) == Some(place))
        };
        let until = |end: Timestamp| {
            own().filter(move |payment| payment.story.earliest.is_some_and(|at| at <= end))
        };
        let arrived: u128 = until(quote.locked_until).map(|payment| payment.units).sum();
        let short = (enough.div_ceil(10)..enough).contains(&arrived);
        let end = quote.locked_until;
        let end = if short { end.plus(self.policy.extension) } else { end };
        let confirm_by = match self.policy.paid_when {
            PaidWhen::SeenInWindow => end.plus(self.policy.grace),
            PaidWhen::ConfirmedInWindow => end,
        };
        let in_time =
            |payment: &&&Payment| payment.story.block_time().is_some_and(|time| time <= confirm_by);
        let total = |payments: &mut dyn Iterator<Item = &&Payment>| {
            payments.map(|payment| payment.units).sum()
        };
        let confirmed = |payment: &&&Payment| in_time(payment) && payment.story.is_final();
        Some(Sums {
            enough,
            end,
            confirm_by,
            seen: total(&mut until(end)),
            confirmed: total(&mut until(end).filter(confirmed)),
            in_blocks: total(&mut until(end).filter(in_time)),
        })
    }
}
