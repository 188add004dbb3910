//! Binance's book ticker: best bid and ask of many symbols in one answer, without a time.
//!
//! Its books are in USDT, and that is what the points say: a USDT is not a dollar.

use std::{borrow::Cow, collections::HashMap};

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
    inquiry::{ANSWER_BYTES, Inquiry, LISTING_BYTES},
    market::{Market, Price, Unlisted},
};
use crate::client::GuardedClient;

/// Coins whose ticker at Binance means the same coin as ours; their price in USDT is asked for.
pub(super) const COINS: [&str; 16] = [
    "ADA", "AVAX", "BCH", "BNB", "BTC", "CHZ", "DOGE", "ETH", "LTC", "POL", "SOL", "TON", "TRX",
    "USDC", "WBTC", "XRP",
];
/// Coins also asked for in euro, which Binance has books in.
const EUR_COINS: [&str; 8] = ["ADA", "BNB", "BTC", "DOGE", "ETH", "LTC", "SOL", "XRP"];
/// The code of Binance's answer to a symbol it does not have.
const INVALID_SYMBOL: i64 = -1121;

/// Binance.
pub struct Binance {
    inquiry: Inquiry,
    unlisted: Unlisted,
}

impl Binance {
    /// Where the public market data is.
    pub const BASE_URL: &'static str = "https://data-api.binance.vision";

    /// Asks at this address, usually [`Self::BASE_URL`].
    #[must_use]
    pub fn new(base_url: &str, client: GuardedClient) -> Self {
        let inquiry = Inquiry::new("binance", base_url, client);
        Self { inquiry, unlisted: Unlisted::default() }
    }
}

#[async_trait]
impl RateSource for Binance {
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
        if markets.is_empty() {
            return Ok(Vec::new());
        }
        let symbols: Vec<&str> = markets.iter().map(|market| market.symbol.as_str()).collect();
        // ["A","B"], percent-encoded.
        let path = format!("{PATH}?symbols=%5B%22{}%22%5D", symbols.join("%22,%22"));
        let answer = self.inquiry.ask(&path, ANSWER_BYTES, now).await?;
        let points = match answer.status {
            200 => self.read(&answer.body, &markets, now)?.points,
            400 if invalid_symbol(&answer.body) => {
                // One unknown symbol spoils the whole question, and Binance does not say which. So
                // ask for everything once, and learn from that what not to ask for.
                let body = self.inquiry.ask_ok(PATH, LISTING_BYTES, now).await?;
                let reading = self.read(&body, &markets, now)?;
                if !reading.points.is_empty() {
                    self.unlisted.note(reading.missing, now);
                }
                reading.points
            }
            status => return Err(self.inquiry.answered(status)),
        };
        if points.is_empty() { Err(self.inquiry.silent()) } else { Ok(points) }
    }
}

const PATH: &str = "/api/v3/ticker/bookTicker";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ticker<'a> {
    #[serde(borrow)]
    bid_price: Price<'a>,
    #[serde(borrow)]
    ask_price: Price<'a>,
}

#[derive(Deserialize)]
struct Symbol<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
}

struct Reading {
    points: Vec<RatePoint>,
    missing: Vec<String>,
}

impl Binance {
    fn read(
        &self,
        body: &[u8],
        markets: &[Market],
        now: Timestamp,
    ) -> Result<Reading, RateSourceError> {
        let tickers: Vec<&RawValue> =
            serde_json::from_slice(body).map_err(|_| self.inquiry.nonsense())?;
        let named = tickers.into_iter().filter_map(|raw| {
            let symbol = serde_json::from_str::<Symbol<'_>>(raw.get()).ok()?.symbol;
            Some((symbol, raw))
        });
        let tickers: HashMap<Cow<'_, str>, &RawValue> = named.collect();
        let mut reading = Reading { points: Vec::new(), missing: Vec::new() };
        for market in markets {
            let Some(raw) = tickers.get(market.symbol.as_str()) else {
                reading.missing.push(market.symbol.clone());
                continue;
            };
            let ticker = serde_json::from_str::<Ticker<'_>>(raw.get()).ok();
            reading.points.extend(ticker.and_then(|ticker| {
                market.point(self.name(), &ticker.bid_price, &ticker.ask_price, now)
            }));
        }
        Ok(reading)
    }
}

fn invalid_symbol(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|refusal: Refusal| refusal.code == INVALID_SYMBOL)
}

fn markets(coins: &[Iso], fiats: &[Iso]) -> Vec<Market> {
    let market = |base: &str, quote: &str| Market::new(format!("{base}{quote}"), base, quote);
    let listed = |list: &[&str], iso: &Iso| list.contains(&iso.as_str());
    let in_usdt = coins.iter().filter(|coin| listed(&COINS, coin));
    let in_usdt = in_usdt.filter_map(|coin| market(coin.as_str(), "USDT"));
    let euro = fiats.iter().any(|fiat| fiat.as_str() == "EUR");
    let in_eur = coins.iter().filter(|coin| euro && listed(&EUR_COINS, coin));
    let in_eur = in_eur.filter_map(|coin| market(coin.as_str(), "EUR"));
    in_usdt.chain(in_eur).collect()
}
