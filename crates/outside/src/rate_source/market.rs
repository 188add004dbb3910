//! The pairs of a source under its own names, and prices read from its answers.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use coffer_domain::{
    code::Iso,
    rate::{Rate, RatePoint},
    time::{Span, Timestamp},
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// How long a pair that a source did not know is not asked for again.
const UNLISTED_FOR: Span = Span::from_hours(6);
/// How far a source's clock may be ahead of ours; beyond it the time makes no sense.
const CLOCKS_DIFFER: Span = Span::from_seconds(60);

/// One pair of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Market {
    /// The source's name for it.
    pub(super) symbol: String,
    pub(super) base: Iso,
    pub(super) quote: Iso,
}

impl Market {
    /// The pair under the source's name for it; none if one of the codes is none.
    pub(super) fn new(symbol: String, base: &str, quote: &str) -> Option<Self> {
        Some(Self { symbol, base: Iso::new(base).ok()?, quote: Iso::new(quote).ok()? })
    }

    /// A point from two prices; none when one of them is missing, zero or nonsense, or when the
    /// book is crossed: such a market is closed or broken.
    pub(super) fn point(
        &self,
        source: &'static str,
        bid: &Price<'_>,
        ask: &Price<'_>,
        at: Timestamp,
    ) -> Option<RatePoint> {
        let (bid, ask) = (bid.rate()?, ask.rate()?);
        let (base, quote) = (self.base, self.quote);
        (bid <= ask).then_some(RatePoint { source, base, quote, bid, ask, at })
    }
}

/// A number as the source wrote it, quoted or not. It never passes through a float.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Price<'a>(#[serde(borrow)] &'a RawValue);

impl<'a> Price<'a> {
    /// A number taken out of an array.
    pub(super) const fn raw(raw: &'a RawValue) -> Self {
        Self(raw)
    }

    fn rate(&self) -> Option<Rate> {
        rate(self.0.get().trim_matches('"'))
    }
}

/// A positive price from its decimal text.
pub(super) fn rate(text: &str) -> Option<Rate> {
    Rate::parse(text).ok()
}

/// A source's own time, never later than now; none when it is too far ahead to make sense.
pub(super) fn past(at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    (at.since(now) <= CLOCKS_DIFFER).then(|| at.min(now))
}

/// The pairs a source has said it does not have.
#[derive(Default)]
pub(super) struct Unlisted(Mutex<HashMap<String, Timestamp>>);

impl Unlisted {
    /// Remembers that the source does not have these pairs. To be called only when the same
    /// source named some other price: one that knows nothing at all is out of order.
    pub(super) fn note(&self, symbols: Vec<String>, now: Timestamp) {
        let until = now.plus(UNLISTED_FOR);
        let mut unlisted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unlisted.extend(symbols.into_iter().map(|symbol| (symbol, until)));
    }

    /// The pairs worth asking for, each once: a repeated symbol is an error at some sources.
    pub(super) fn worth_asking(&self, mut markets: Vec<Market>, now: Timestamp) -> Vec<Market> {
        let unlisted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = HashSet::new();
        markets.retain(|market| {
            unlisted.get(&market.symbol).is_none_or(|until| *until <= now)
                && seen.insert(market.symbol.clone())
        });
        markets
    }
}
