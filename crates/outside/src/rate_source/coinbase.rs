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
    inquiry::{ANSWER_BYTES, Inquiry},
    market::{Market, Price, Unlisted, past},
};
use crate::client::GuardedClient;

/// Coins whose ticker at Coinbase means the same coin as ours; their price in USD is asked for.
/// USDC is missing because Coinbase changes it one to one and so has no market in it.
const COINS: [&str; 16] = [
    "ADA", "AVAX", "BCH", "BNB", "BTC", "DAI", "DOGE", "ETH", "EURC", "LTC", "POL", "SOL", "TON",
    "USDT", "WBTC", "XRP",
];
/// Coins also asked for in these currencies. Few, as each product is a request of its own.
const MAIN_COINS: [&str; 3] = ["BTC", "ETH", "EURC"];
const MAIN_FIATS: [&str; 2] = ["EUR", "GBP"];
/// From one request to the next: Coinbase allows ten a second.
const PACE: Duration = Duration::from_millis(120);

/// Coinbase Exchange.
pub struct Coinbase {
    inquiry: Inquiry,
    unlisted: Unlisted,
    pace: Duration,
}

impl Coinbase {
    /// Where the public API is.
    pub const BASE_URL: &'static str = "https://api.exchange.coinbase.com";

    /// Asks at this address, usually [`Self::BASE_URL`].
    #[must_use]
    pub fn new(base_url: &str, client: GuardedClient) -> Self {
        let inquiry = Inquiry::new("coinbase", base_url, client);
        Self { inquiry, unlisted: Unlisted::default(), pace: PACE }
    }

    /// Leaves this much time from one request to the next instead of the usual.
    #[must_use]
    pub const fn paced(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }
}

#[async_trait]
impl RateSource for Coinbase {
    fn name(&self) -> &'static str {
        self.inquiry.name()
    }

    async fn fetch(
        &self,
        coins: &[Iso],
        fiats: &[Iso],
        now: Timestamp,
    ) -> Result<Vec<RatePoint>, RateSourceError> {
        let markets = self.unlisted.worth_asking(markets(coins, fiats), now);
        let asked = !markets.is_empty();
        let (mut points, mut missing) = (Vec::new(), Vec::new());
        for (index, market) in markets.into_iter().enumerate() {
            if index > 0 && !self.pace.is_zero() {
                tokio::time::sleep(self.pace).await;
            }
            match self.ticker(&market, now).await {
                Ok(Said::Price(point)) => points.push(point),
                Ok(Said::Nothing) => {}
                Ok(Said::NoSuchProduct) => missing.push(market.symbol),
                // What was named before the fault is as good as ever; the rest can wait.
                Err(_) if !points.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        if points.is_empty() {
            return if asked { Err(self.inquiry.silent()) } else { Ok(points) };
        }
        self.unlisted.note(missing, now);
        Ok(points)
    }
}

/// What one product's ticker says.
enum Said {
    Price(RatePoint),
    Nothing,
    NoSuchProduct,
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
    async fn ticker(&self, market: &Market, now: Timestamp) -> Result<Said, RateSourceError> {
        let path = format!("/products/{}/ticker", market.symbol);
        let answer = self.inquiry.ask(&path, ANSWER_BYTES, now).await?;
        match answer.status {
            // A product without trades has no bid, ask or time; that is no fault of the others.
            200 => Ok(self.read(&answer.body, market, now).map_or(Said::Nothing, Said::Price)),
            404 => Ok(Said::NoSuchProduct),
            status => Err(self.inquiry.answered(status)),
        }
    }

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
