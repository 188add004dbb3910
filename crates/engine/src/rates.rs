//! Prices: asked for in the background, so that no request waits for a market.

use std::sync::{Arc, PoisonError, RwLock};

use coffer_domain::{
    catalogue::Catalogue,
    code::Iso,
    merchant::Environment,
    rate::{NoRate, PricedRate, RateBook, RatePoint, RateRules, Side},
    time::Timestamp,
};
use futures_util::future::join_all;

use crate::{engine::Engine, error::EngineError};

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
        let catalogue = self.catalogue();
        let coins: Vec<Iso> = distinct(catalogue.assets().iter().map(|asset| asset.id.iso));
        let fiats: Vec<Iso> = catalogue.fiats().iter().map(|fiat| fiat.iso).collect();
        let now = self.now();
        let asked = self.parts.rate_sources.iter().map(|source| {
            let (coins, fiats) = (&coins, &fiats);
            async move { (source.name(), source.fetch(coins, fiats, now).await) }
        });
        for (name, answer) in join_all(asked).await {
            match answer {
                Ok(points) => self.rates.take(catalogue, name, points),
                Err(error) => tracing::warn!(source = name, %error, "no rates"),
            }
        }
        Ok(())
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

fn distinct(isos: impl Iterator<Item = Iso>) -> Vec<Iso> {
    let mut isos: Vec<Iso> = isos.collect();
    isos.sort_unstable();
    isos.dedup();
    isos
}
