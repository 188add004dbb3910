//! Prices: asked for in the background, so that no request waits for a market.

use std::sync::{Arc, PoisonError, RwLock};

use coffer_domain::{
    catalogue::{Catalogue, market_ticker},
    code::Iso,
    merchant::Environment,
    ports::RateSourceError,
    rate::{FIXED, NoRate, PricedRate, RateBook, RatePoint, RateRules, Side},
    time::Timestamp,
};
use futures_util::future::join_all;

use crate::{engine::Engine, error::EngineError};

/// The prices that a source named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// How many.
    pub prices: usize,
    /// The time of the newest; none where they are made up, or none was named.
    pub newest: Option<Timestamp>,
}

/// The newest prices of every source.
pub(crate) struct RateBoard {
    market: RwLock<Arc<RateBook>>,
    fixed: RateBook,
    points: RwLock<Vec<RatePoint>>,
}

impl RateBoard {
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        Self {
            market: RwLock::new(Arc::new(RateBook::new(catalogue, Vec::new()))),
            fixed: RateBook::fixed(catalogue),
            points: RwLock::default(),
        }
    }

    /// Takes in what one source said; what it said before of other pairs stays until it is stale.
    fn take(&self, catalogue: &Catalogue, source: &str, fresh: Vec<RatePoint>) {
        let mut points = self.points.write().unwrap_or_else(PoisonError::into_inner);
        points.retain(|old| {
            let renewed = |new: &RatePoint| new.base == old.base && new.quote == old.quote;
            old.source != source || !fresh.iter().any(renewed)
        });
        points.extend(fresh);
        let book = Arc::new(RateBook::new(catalogue, points.clone()));
        *self.market.write().unwrap_or_else(PoisonError::into_inner) = book;
    }

    fn market(&self) -> Arc<RateBook> {
        Arc::clone(&self.market.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Engine {
    /// Asks every source once, all at a time.
    ///
    /// # Errors
    /// Never; a source without an answer is logged, and its old prices grow stale.
    pub async fn refresh_rates(&self) -> Result<(), EngineError> {
        for (name, answer) in self.refreshed_rates().await {
            if let Err(error) = answer {
                tracing::warn!(source = name, %error, "no rates");
            }
        }
        Ok(())
    }

    /// Asks every source once, all at a time; how many prices each named, and from when.
    pub(crate) async fn refreshed_rates(
        &self,
    ) -> Vec<(&'static str, Result<Named, RateSourceError>)> {
        let catalogue = self.catalogue();
        let coins: Vec<Iso> = distinct(catalogue.assets().iter().map(|asset| asset.id.iso));
        let tickers: Vec<Iso> = distinct(coins.iter().copied().map(market_ticker));
        let fiats: Vec<Iso> = catalogue.fiats().iter().map(|fiat| fiat.iso).collect();
        let now = self.now();
        let asked = self.parts.rate_sources.iter().map(|source| {
            let (tickers, fiats) = (&tickers, &fiats);
            async move { (source.name(), source.fetch(tickers, fiats, now).await) }
        });
        let answers = join_all(asked).await.into_iter().map(|(name, answer)| {
            let named = answer.map(|points| {
                let timed = points.iter().filter(|point| point.source != FIXED);
                let newest = timed.map(|point| point.at).max();
                let named = Named { prices: points.len(), newest };
                self.rates.take(catalogue, name, by_iso(&coins, points));
                named
            });
            (name, named)
        });
        answers.collect()
    }

    /// The price of one whole `base` in `quote`. The sandbox has made-up prices.
    ///
    /// # Errors
    /// When too few sources agree, or the coin has lost its peg.
    pub fn price(
        &self,
        environment: Environment,
        base: Iso,
        quote: Iso,
        side: Side,
        now: Timestamp,
    ) -> Result<PricedRate, NoRate> {
        let settings = self.settings();
        let fixed = environment == Environment::Sandbox
            || (settings.fixed_rates && settings.allow_test_networks);
        if fixed {
            self.rates.fixed.price(base, quote, side, now, &RateRules::FIXED)
        } else {
            self.rates.market().price(base, quote, side, now, &RateRules::MARKET)
        }
    }
}

/// Markets name a coin by its ticker, the book by its `iso`, of which several may have one ticker.
fn by_iso(coins: &[Iso], points: Vec<RatePoint>) -> Vec<RatePoint> {
    let mut filed = Vec::with_capacity(points.len());
    for point in points {
        let known = coins.iter().filter(|iso| market_ticker(**iso) == point.base);
        let before = filed.len();
        filed.extend(known.map(|iso| RatePoint { base: *iso, ..point.clone() }));
        if filed.len() == before {
            filed.push(point);
        }
    }
    filed
}

fn distinct(isos: impl Iterator<Item = Iso>) -> Vec<Iso> {
    let mut isos: Vec<Iso> = isos.collect();
    isos.sort_unstable();
    isos.dedup();
    isos
}

#[cfg(test)]
mod tests {
    use coffer_domain::{rate::Rate, time::Timestamp};

    use super::*;

    #[test]
    fn a_price_is_filed_under_every_coin_of_its_ticker_and_money_under_itself() {
        let (bnb, bsc) = (Iso::constant("BNB"), Iso::constant("BNB-BSC"));
        let (eur, usd) = (Iso::constant("EUR"), Iso::constant("USD"));
        let point = |base| RatePoint {
            source: "kraken",
            base,
            quote: usd,
            bid: Rate::ONE,
            ask: Rate::ONE,
            at: Timestamp::from_millis(0),
        };
        let filed = by_iso(&[bsc, Iso::constant("BTC")], vec![point(bnb), point(eur)]);
        let bases: Vec<Iso> = filed.iter().map(|point| point.base).collect();
        assert_eq!(bases, [bsc, eur]);
    }
}
