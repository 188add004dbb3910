//! Bitstamp's ticker: best bid and ask of one pair, with the time of the answer in seconds.

use std::time::Duration;

use async_trait::async_trait;
use coffer_domain::{
    code::Iso,
    ports::{RateSource, RateSourceError},
    rate::RatePoint,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    market::{Market, Price, past},
    one_by_one::OneByOne,
};
use crate::client::GuardedClient;

/// Coins whose ticker at Bitstamp means the same coin as ours; their price in USD is asked for.
pub(super) const COINS: [&str; 14] = [
    "ADA", "AVAX", "BCH", "BTC", "CHZ", "DOGE", "ETH", "EURC", "LTC", "SOL", "USDC", "USDT",
    "WBTC", "XRP",
];
/// Coins also asked for in euro, Bitstamp's home. Few, as each pair is a request of its own.
const EUR_COINS: [&str; 6] = ["BTC", "ETH", "LTC", "USDC", "USDT", "XRP"];
/// Currencies that Bitstamp trades against the dollar.
const CROSSES: [&str; 2] = ["EUR", "GBP"];
/// From one request to the next: Bitstamp allows ten thousand in ten minutes.
const PACE: Duration = Duration::from_millis(100);

/// Bitstamp.
pub struct Bitstamp(OneByOne);

impl Bitstamp {
    /// Where the public API is.
    pub const BASE_URL: &'static str = "https://www.bitstamp.net";

    /// Asks at this address, usually [`Self::BASE_URL`].
    #[must_use]
    pub fn new(base_url: &str, client: GuardedClient) -> Self {
        Self(OneByOne::new("bitstamp", base_url, client, PACE))
    }

    /// Leaves this much time from one request to the next instead of the usual.
    #[must_use]
    pub fn paced(self, pace: Duration) -> Self {
        Self(self.0.paced(pace))
    }
}

#[async_trait]
impl RateSource for Bitstamp {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn fetch(
        &self,
        coins: &[Iso],
        fiats: &[Iso],
        now: Timestamp,
    ) -> Result<Vec<RatePoint>, RateSourceError> {
        let path = |market: &Market| format!("/api/v2/ticker/{}/", market.symbol);
        let read = |body: &[u8], market: &Market| self.read(body, market, now);
        self.0.fetch(markets(coins, fiats), now, path, read).await
    }
}

#[derive(Deserialize)]
struct Ticker<'a> {
    #[serde(borrow)]
    bid: Price<'a>,
    #[serde(borrow)]
    ask: Price<'a>,
    /// Seconds, in quotation marks.
    #[serde(borrow)]
    timestamp: &'a RawValue,
}

impl Bitstamp {
    fn read(&self, body: &[u8], market: &Market, now: Timestamp) -> Option<RatePoint> {
        let ticker: Ticker<'_> = serde_json::from_slice(body).ok()?;
        let seconds = ticker.timestamp.get().trim_matches('"').parse().ok()?;
        let at = past(Timestamp::from_seconds(seconds), now)?;
        market.point(self.name(), &ticker.bid, &ticker.ask, at)
    }
}

fn markets(coins: &[Iso], fiats: &[Iso]) -> Vec<Market> {
    let market = |base: &str, quote: &str| {
        Market::new(format!("{base}{quote}").to_ascii_lowercase(), base, quote)
    };
    let listed = |list: &[&str], iso: &Iso| list.contains(&iso.as_str());
    let in_usd = coins.iter().filter(|coin| listed(&COINS, coin));
    let in_usd = in_usd.filter_map(|coin| market(coin.as_str(), "USD"));
    let euro = fiats.iter().any(|fiat| fiat.as_str() == "EUR");
    let in_eur = coins.iter().filter(|coin| euro && listed(&EUR_COINS, coin));
    let in_eur = in_eur.filter_map(|coin| market(coin.as_str(), "EUR"));
    let crosses = fiats.iter().filter(|fiat| listed(&CROSSES, fiat));
    let crosses = crosses.filter_map(|fiat| market(fiat.as_str(), "USD"));
    let markets: Vec<Market> = in_usd.chain(in_eur).collect();
    // Currencies alone are the bank's business.
    if markets.is_empty() { markets } else { markets.into_iter().chain(crosses).collect() }
}
