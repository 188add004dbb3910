//! Kraken's public ticker: best bid and ask of many pairs in one answer, without a time.

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

/// Coins whose ticker at Kraken means the same coin as ours, and Kraken's name for each.
pub(super) const COINS: [(&str, &str); 20] = [
    ("ADA", "ADA"),
    ("AVAX", "AVAX"),
    ("BCH", "BCH"),
    ("BNB", "BNB"),
    ("BTC", "XBT"),
    ("CHZ", "CHZ"),
    ("DAI", "DAI"),
    ("DOGE", "XDG"),
    ("ETH", "ETH"),
    ("EURC", "EURC"),
    ("LTC", "LTC"),
    ("POL", "POL"),
    ("SOL", "SOL"),
    ("TON", "TON"),
    ("TRX", "TRX"),
    ("USDC", "USDC"),
    ("USDG", "USDG"),
    ("USDT", "USDT"),
    ("WBTC", "WBTC"),
    ("XRP", "XRP"),
];
/// Currencies Kraken has books of coins in. USD is always asked for: other prices cross over it.
const FIATS: [&str; 3] = ["USD", "EUR", "GBP"];
/// Currencies that Kraken trades against each other.
const CROSSES: [(&str, &str); 6] = [
    ("EUR", "USD"),
    ("GBP", "USD"),
    ("AUD", "USD"),
    ("USD", "CAD"),
    ("USD", "CHF"),
    ("USD", "JPY"),
];

/// Kraken.
pub struct Kraken {
    inquiry: Inquiry,
    unlisted: Unlisted,
}

impl Kraken {
    /// Where the public API is.
    pub const BASE_URL: &'static str = "https://api.kraken.com";

    /// Asks at this address, usually [`Self::BASE_URL`].
    #[must_use]
    pub fn new(base_url: &str, client: GuardedClient) -> Self {
        let inquiry = Inquiry::new("kraken", base_url, client);
        Self { inquiry, unlisted: Unlisted::default() }
    }
}

#[async_trait]
impl RateSource for Kraken {
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
        let path = format!("/0/public/Ticker?pair={}", symbols.join(","));
        let body = self.inquiry.ask_ok(&path, ANSWER_BYTES, now).await?;
        let mut reading = self.read(&body, &markets, now)?;
        if reading.unknown_pair {
            // One unknown pair spoils the whole question, and Kraken does not say which. So ask
            // for everything once, and learn from that what not to ask for.
            let body = self.inquiry.ask_ok("/0/public/Ticker", LISTING_BYTES, now).await?;
            reading = self.read(&body, &markets, now)?;
            if !reading.points.is_empty() {
                self.unlisted.note(reading.missing, now);
            }
        }
        if reading.points.is_empty() { Err(self.inquiry.silent()) } else { Ok(reading.points) }
    }
}

#[derive(Deserialize)]
struct Tickers<'a> {
    #[serde(borrow)]
    error: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    result: HashMap<Cow<'a, str>, &'a RawValue>,
}

/// The first element of each is the price; volumes follow.
#[derive(Deserialize)]
struct Ticker<'a> {
    #[serde(borrow)]
    a: Vec<Price<'a>>,
    #[serde(borrow)]
    b: Vec<Price<'a>>,
}

#[derive(Default)]
struct Reading {
    points: Vec<RatePoint>,
    missing: Vec<String>,
    unknown_pair: bool,
}

impl Kraken {
    fn read(
        &self,
        body: &[u8],
        markets: &[Market],
        now: Timestamp,
    ) -> Result<Reading, RateSourceError> {
        let tickers: Tickers<'_> =
            serde_json::from_slice(body).map_err(|_| self.inquiry.nonsense())?;
        if let Some(error) = tickers.error.first() {
            return match error.as_ref() {
                "EQuery:Unknown asset pair" => {
                    Ok(Reading { unknown_pair: true, ..Reading::default() })
                }
                limit if limit.contains("Rate limit") || limit.contains("Too many") => {
                    self.inquiry.rest_as_usual(now);
                    Err(self.inquiry.says(limit))
                }
                other => Err(self.inquiry.says(other)),
            };
        }
        let mut reading = Reading::default();
        for market in markets {
            let Some(ticker) = spellings(market).find_map(|key| tickers.result.get(key.as_str()))
            else {
                reading.missing.push(market.symbol.clone());
                continue;
            };
            let ticker = serde_json::from_str::<Ticker<'_>>(ticker.get()).ok();
            reading.points.extend(ticker.and_then(|ticker| {
                market.point(self.name(), ticker.b.first()?, ticker.a.first()?, now)
            }));
        }
        Ok(reading)
    }
}

fn markets(coins: &[Iso], fiats: &[Iso]) -> Vec<Market> {
    let wanted = |fiat: &str| fiat == "USD" || fiats.iter().any(|iso| iso.as_str() == fiat);
    let coins = coins.iter().filter_map(|coin| COINS.iter().find(|(iso, _)| *iso == coin.as_str()));
    let priced = coins.flat_map(|(iso, name)| {
        let fiats = FIATS.iter().filter(|fiat| wanted(fiat));
        fiats.filter_map(move |fiat| Market::new(format!("{name}{fiat}"), iso, fiat))
    });
    let crosses = CROSSES.iter().filter(|(base, quote)| wanted(base) && wanted(quote));
    let crosses =
        crosses.filter_map(|(base, quote)| Market::new(format!("{base}{quote}"), base, quote));
    priced.chain(crosses).collect()
}

/// Kraken answers under old names, with X before coins and Z before currencies (XXBTZUSD), for
/// some pairs and under the plain name for others; which is which is not to be known.
fn spellings(market: &Market) -> impl Iterator<Item = String> {
    let quote = market.quote.as_str().to_owned();
    let base = market.symbol.strip_suffix(&quote).unwrap_or(&market.symbol).to_owned();
    ["", "X", "Z"].into_iter().flat_map(move |before_base| {
        let (base, quote) = (base.clone(), quote.clone());
        ["", "Z"].map(|before_quote| format!("{before_base}{base}{before_quote}{quote}"))
    })
}
