#![expect(clippy::unwrap_used, reason = "tests")]

mod binance;
mod bitfinex;
mod bitstamp;
mod coinbase;
mod coingecko;
mod ecb;
mod faults;
mod fixed;
mod kraken;

use coffer_domain::{
    code::Iso,
    rate::{Rate, RatePoint},
    time::Timestamp,
};

/// 2023-11-14 22:13:20 UTC.
const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn iso(text: &str) -> Iso {
    Iso::new(text).unwrap()
}

fn isos(texts: &[&str]) -> Vec<Iso> {
    texts.iter().map(|text| iso(text)).collect()
}

/// Source, pair, bid and ask as texts, and the time.
fn said(points: &[RatePoint]) -> Vec<(String, Rate, Rate, i64)> {
    let line = |point: &RatePoint| {
        let pair = format!("{} {}/{}", point.source, point.base, point.quote);
        (pair, point.bid, point.ask, point.at.millis())
    };
    points.iter().map(line).collect()
}

fn expected(pair: &str, bid: &str, ask: &str, at: Timestamp) -> (String, Rate, Rate, i64) {
    (pair.to_owned(), Rate::parse(bid).unwrap(), Rate::parse(ask).unwrap(), at.millis())
}
