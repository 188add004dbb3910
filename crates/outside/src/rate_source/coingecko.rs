//! CoinGecko's simple price: one price in dollars for each coin, with the time of its last change.
//!
//! CoinGecko asks the markets itself, so it is no witness beside them. It is asked only for coins
//! that fewer than three of the others name.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use coffer_domain::{
    code::Iso,
    ports::{RateSource, RateSourceError},
    rate::RatePoint,
    time::{Span, Timestamp},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    inquiry::{ANSWER_BYTES, Inquiry},
    market::{Market, Price, past},
};
use crate::client::GuardedClient;

/// Coins that fewer than three other sources name, and CoinGecko's id for each.
pub(super) const COINS: [(&str, &str); 3] =
    [("BSV", "bitcoin-cash-sv"), ("EURS", "stasis-eurs"), ("USDG", "global-dollar")];
/// From one question to the next. CoinGecko renews its prices once a minute, and those who have no
/// key are few calls a minute allowed.
const EVERY: Span = Span::from_seconds(25);

/// CoinGecko.
pub struct CoinGecko {
    inquiry: Inquiry,
    next: Mutex<Timestamp>,
}

impl CoinGecko {
    /// Where the public API is.
    pub const BASE_URL: &'static str = "https://api.coingecko.com";

    /// Asks at this address, usually [`Self::BASE_URL`].
    #[must_use]
    pub fn new(base_url: &str, client: GuardedClient) -> Self {
        let inquiry = Inquiry::new("coingecko", base_url, client);
        Self { inquiry, next: Mutex::new(Timestamp::default()) }
    }
}

#[async_trait]
impl RateSource for CoinGecko {
    fn name(&self) -> &'static str {
        self.inquiry.name()
    }

    async fn fetch(
        &self,
        coins: &[Iso],
        _fiats: &[Iso],
        now: Timestamp,
    ) -> Result<Vec<RatePoint>, RateSourceError> {
        let markets = markets(coins);
        if markets.is_empty() || now < *self.next.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Vec::new());
        }
        let ids: Vec<&str> = markets.iter().map(|market| market.symbol.as_str()).collect();
        let path = format!(
            "/api/v3/simple/price?ids={}&vs_currencies=usd&include_last_updated_at=true\
             &precision=full",
            ids.join(",")
        );
        let body = self.inquiry.ask_ok(&path, ANSWER_BYTES, now).await?;
        let points = self.read(&body, &markets, now)?;
        if points.is_empty() {
            return Err(self.inquiry.silent());
        }
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = now.plus(EVERY);
        Ok(points)
    }
}

#[derive(Deserialize)]
struct Coin<'a> {
    #[serde(borrow)]
    usd: Price<'a>,
    last_updated_at: i64,
}

impl CoinGecko {
    fn read(
        &self,
        body: &[u8],
        markets: &[Market],
        now: Timestamp,
    ) -> Result<Vec<RatePoint>, RateSourceError> {
        let coins: HashMap<Cow<'_, str>, &RawValue> =
            serde_json::from_slice(body).map_err(|_| self.inquiry.nonsense())?;
        let point = |market: &Market| {
            let coin: Coin<'_> =
                serde_json::from_str(coins.get(market.symbol.as_str())?.get()).ok()?;
            let at = past(Timestamp::from_seconds(coin.last_updated_at), now)?;
            market.point(self.name(), &coin.usd, &coin.usd, at)
        };
        Ok(markets.iter().filter_map(point).collect())
    }
}

fn markets(coins: &[Iso]) -> Vec<Market> {
    // In our own order, each once.
    let wanted = COINS.iter().filter(|(iso, _)| coins.iter().any(|coin| coin.as_str() == *iso));
    wanted.filter_map(|(iso, id)| Market::new((*id).to_owned(), iso, "USD")).collect()
}
