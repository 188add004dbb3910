//! Bitfinex's tickers: best bid and ask of many pairs in one answer, as arrays of numbers and
//! without a time.

use std::{borrow::Cow, collections::HashMap};

use async_trait::async_trait;
use coffer_domain::{
    code::Iso,
    ports::{RateSource, RateSourceError},
    rate::RatePoint,
    time::Timestamp,
};
use serde_json::value::RawValue;

use super::{
    inquiry::{ANSWER_BYTES, Inquiry},
    market::{Market, Price, Unlisted},
};
use crate::client::GuardedClient;

/// Coins whose ticker at Bitfinex means the same coin as ours, and Bitfinex's name for each.
pub(super) const COINS: [(&str, &str); 14] = [
    ("ADA", "ADA"),
    ("AVAX", "AVAX"),
    ("BCH", "BCHN"),
    ("BSV", "BSV"),
    ("BTC", "BTC"),
    ("DAI", "DAI"),
    ("DOGE", "DOGE"),
    ("ETH", "ETH"),
    ("LTC", "LTC"),
    ("SOL", "SOL"),
    ("TRX", "TRX"),
    ("USDC", "UDC"),
    ("USDT", "UST"),
    ("XRP", "XRP"),
];
/// Coins also asked for in euro.
const EUR_COINS: [&str; 3] = ["BTC", "ETH", "USDT"];

/// Bitfinex.
pub struct Bitfinex {
    inquiry: Inquiry,
    unlisted: Unlisted,
}

impl Bitfinex {
    /// Where the public API is.
    pub const BASE_URL: &'static str = "https://api-pub.bitfinex.com";

    /// Asks at this address, usually [`Self::BASE_URL`].
    #[must_use]
    pub fn new(base_url: &str, client: GuardedClient) -> Self {
        let inquiry = Inquiry::new("bitfinex", base_url, client);
        Self { inquiry, unlisted: Unlisted::default() }
    }
}

#[async_trait]
impl RateSource for Bitfinex {
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
        let path = format!("/v2/tickers?symbols={}", symbols.join(","));
        let body = self.inquiry.ask_ok(&path, ANSWER_BYTES, now).await?;
        let (points, missing) = self.read(&body, &markets, now)?;
        if points.is_empty() {
            return Err(self.inquiry.silent());
        }
        self.unlisted.note(missing, now);
        Ok(points)
    }
}

impl Bitfinex {
    /// The prices, and the symbols that the answer leaves out, which Bitfinex does with those it
    /// does not have.
    fn read(
        &self,
        body: &[u8],
        markets: &[Market],
        now: Timestamp,
    ) -> Result<(Vec<RatePoint>, Vec<String>), RateSourceError> {
        let answer: Vec<&RawValue> =
            serde_json::from_slice(body).map_err(|_| self.inquiry.nonsense())?;
        if let [first, _, words] = answer.as_slice()
            && first.get() == "\"error\""
        {
            // ["error", 11010, "ratelimit: error"]
            let words: Cow<'_, str> = serde_json::from_str(words.get()).unwrap_or_default();
            if words.contains("ratelimit") {
                self.inquiry.rest_as_usual(now);
            }
            return Err(self.inquiry.says(&words));
        }
        let rows = answer.into_iter().filter_map(|row| {
            let row: Vec<&RawValue> = serde_json::from_str(row.get()).ok()?;
            let symbol: Cow<'_, str> = serde_json::from_str(row.first()?.get()).ok()?;
            Some((symbol, row))
        });
        let rows: HashMap<Cow<'_, str>, Vec<&RawValue>> = rows.collect();
        let (mut points, mut missing) = (Vec::new(), Vec::new());
        for market in markets {
            // SYMBOL, BID, BID_SIZE, ASK, …
            match rows.get(market.symbol.as_str()).map(Vec::as_slice) {
                Some([_, bid, _, ask, ..]) => {
                    let (bid, ask) = (Price::raw(bid), Price::raw(ask));
                    points.extend(market.point(self.name(), &bid, &ask, now));
                }
                Some(_) => {}
                None => missing.push(market.symbol.clone()),
            }
        }
        Ok((points, missing))
    }
}

fn markets(coins: &[Iso], fiats: &[Iso]) -> Vec<Market> {
    let euro = fiats.iter().any(|fiat| fiat.as_str() == "EUR");
    let coins = coins.iter().filter_map(|coin| COINS.iter().find(|(iso, _)| *iso == coin.as_str()));
    let market = |iso: &str, name: &str, fiat: &str| {
        // Names longer than three letters are set apart by a colon.
        let colon = if name.len() > 3 { ":" } else { "" };
        Market::new(format!("t{name}{colon}{fiat}"), iso, fiat)
    };
    let priced = coins.flat_map(|(iso, name)| {
        let in_eur = euro && EUR_COINS.contains(iso);
        let in_eur = in_eur.then(|| market(iso, name, "EUR")).flatten();
        market(iso, name, "USD").into_iter().chain(in_eur)
    });
    priced.collect()
}
