//! The book: every source's newest prices, and the price of one currency in another made of them.

use std::collections::BTreeMap;

use super::{
    Evidence, NoRate, Rate, RatePoint, RateRules, Side,
    cross::Crossing,
    fixed_points,
    median::{Terms, along},
};
use crate::{catalogue::Catalogue, code::Iso, time::Timestamp};

/// A rate and what it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedRate {
    /// Units of the quote currency for one whole unit of the base.
    pub rate: Rate,
    /// What it was made from.
    pub evidence: Evidence,
}

/// A snapshot of the newest prices of all sources. Immutable: a refresh makes a new one.
///
/// Coins go by the `iso` of the payment request API (see
/// [`market_ticker`](crate::catalogue::market_ticker) for the names markets use).
#[derive(Clone, Debug, Default)]
pub struct RateBook {
    points: Vec<RatePoint>,
    /// Positions in `points` by each currency they mention.
    mentions: BTreeMap<Iso, Vec<usize>>,
    /// Pegged coins and what they claim to be worth one of.
    pegs: BTreeMap<Iso, Iso>,
}

impl RateBook {
    /// A book of these points; of two for the same source and pair the newer one counts. The
    /// catalogue says which coins are pegged.
    #[must_use]
    pub fn new(catalogue: &Catalogue, points: Vec<RatePoint>) -> Self {
        let mut newest: BTreeMap<(&'static str, Iso, Iso), RatePoint> = BTreeMap::new();
        for point in points {
            let key = (point.source, point.base, point.quote);
            let older = newest.get(&key).is_none_or(|held| held.at <= point.at);
            if older && point.base != point.quote {
                newest.insert(key, point);
            }
        }
        let points: Vec<RatePoint> = newest.into_values().collect();
        let mut mentions: BTreeMap<Iso, Vec<usize>> = BTreeMap::new();
        for (index, point) in points.iter().enumerate() {
            mentions.entry(point.base).or_default().push(index);
            mentions.entry(point.quote).or_default().push(index);
        }
        let pegs = catalogue.assets().iter();
        let pegs = pegs.filter_map(|asset| Some((asset.id.iso, asset.pegged_to?))).collect();
        Self { points, mentions, pegs }
    }

    /// The book of made-up prices, for the sandbox and tests; used with [`RateRules::FIXED`].
    #[must_use]
    pub fn fixed(catalogue: &Catalogue) -> Self {
        Self::new(catalogue, fixed_points(catalogue, Timestamp::default()))
    }

    /// The price of one whole `base` in `quote`: coin or fiat in coin or fiat.
    ///
    /// The same currency is one for one, also on another network: USDT on Tron and on Ethereum
    /// are one issuer's promise and one market. Two currencies never are.
    ///
    /// # Errors
    /// When too few sources agree on any way from one to the other, or a pegged coin that is
    /// priced has lost its peg.
    pub fn price(
        &self,
        base: Iso,
        quote: Iso,
        side: Side,
        now: Timestamp,
        rules: &RateRules,
    ) -> Result<PricedRate, NoRate> {
        let rules = *rules;
        let mut crossing = Crossing::new(self, Terms { now, rules });
        let path = crossing.path(base, quote, side)?;
        let legs = crossing.legs;
        let rate = along(&path, &legs).ok_or(NoRate::OutOfRange { base, quote })?;
        let evidence = Evidence { base, quote, side, now, rules, legs, path, result: rate };
        Ok(PricedRate { rate, evidence })
    }

    /// Every point held, in the order of source, base and quote.
    #[must_use]
    pub fn points(&self) -> &[RatePoint] {
        &self.points
    }

    /// What a coin is pegged to, if it is.
    pub(super) fn peg(&self, coin: Iso) -> Option<Iso> {
        self.pegs.get(&coin).copied()
    }

    /// The points that mention a currency, either way round.
    pub(super) fn mentioning(&self, iso: Iso) -> impl Iterator<Item = &RatePoint> {
        let positions = self.mentions.get(&iso).map(Vec::as_slice).unwrap_or_default();
        positions.iter().filter_map(|position| self.points.get(*position))
    }
}

#[cfg(test)]
mod tests;
