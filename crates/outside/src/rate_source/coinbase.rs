//! Coinbase Exchange's product ticker: best bid and ask of one product, with the time of its last
//! trade.

use std::time::Duration;

use async_trait::async_trait;
use coffer_domain::{
    code::Iso,
    ports::{RateSource, RateSourceError},
    rate::RatePoint,
    time::Timestamp,
};
use serde::Deserialize;

use super::{
    market::{Market, Price, past},
    one_by_one::OneByOne,
};
use crate::client::GuardedClient;

/// Coins whose ticker at Coinbase means the same coin as ours; their price in USD is asked for.
/// USDC is missing because Coinbase changes it one to one and so has no market in it.
pub(super) const COINS: [&str; 17] = [
    "ADA", "AVAX", "BCH", "BNB", "BTC", "CHZ", "DAI", "DOGE", "ETH", "EURC", "LTC", "POL", "SOL",
    "TON", "USDT", "WBTC", "XRP",
];
/// Coins also asked for in these currencies. Few, as each product is a request of its own.
const MAIN_COINS: [&str; 3] = ["BTC", "ETH", "EURC"];
const MAIN_FIATS: [&str; 2] = ["EUR", "GBP"];
/// From one request to the next: Coinbase allows ten a second.
const PACE: Duration = Duration::from_millis(120);

/// Coinbase Exchange.
pub struct Coinbase(OneByOne);

impl Coinbase {
    /// Where the public API is.
    pub const BASE_URL: &'static str = "https://api.exchange.coinbase.com";

    /// Asks at this address, usually [`Self::BASE_URL`].
    #[must_use]
    pub fn new(base_url: &str, client: GuardedClient) -> Self {
        Self(OneByOne::new("coinbase", base_url, client, PACE))
    }

    /// Leaves this much time from one request to the next instead of the usual.
    #[must_use]
    pub fn paced(self, pace: Duration) -> Self {
        Self(self.0.paced(pace))
    }
}

#[async_trait]
impl RateSource for Coinbase {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn fetch(
        &self,
        coins: &[Iso],
        fiats: &[Iso],
        now: Timestamp,
    ) -> Result<Vec<RatePoint>, RateSourceError> {
        let path = |market: &Market| format!("/products/{}/ticker", market.symbol);
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
    time: String,
}

impl Coinbase {
    /// None for a product without trades, which has no bid, ask or time.
    fn read(&self, body: &[u8], market: &Market, now: Timestamp) -> Option<RatePoint> {
        let ticker: Ticker<'_> = serde_json::from_slice(body).ok()?;
        let at: jiff::Timestamp = ticker.time.parse().ok()?;
        let at = past(Timestamp::from_millis(at.as_millisecond()), now)?;
        market.point(self.name(), &ticker.bid, &ticker.ask, at)
    }
}

fn markets(coins: &[Iso], fiats: &[Iso]) -> Vec<Market> {
    let market = |coin: &str, fiat: &str| Market::new(format!("{coin}-{fiat}"), coin, fiat);
    let listed = |list: &[&str], iso: &Iso| list.contains(&iso.as_str());
    let in_usd = coins.iter().filter(|coin| listed(&COINS, coin));
    let in_usd = in_usd.filter_map(|coin| market(coin.as_str(), "USD"));
    let main = coins.iter().filter(|coin| listed(&MAIN_COINS, coin));
    let main = main.flat_map(|coin| {
        let fiats = fiats.iter().filter(|fiat| listed(&MAIN_FIATS, fiat));
        fiats.filter_map(|fiat| market(coin.as_str(), fiat.as_str()))
    });
    in_usd.chain(main).collect()
}
