use axum::http::StatusCode;
use coffer_domain::{ports::RateSource, time::Span};
use coffer_outside::rate_source::Kraken;

use super::*;
use crate::loopback::{AMPLE, Site, open_client};

const TICKERS: &str = include_str!("../fixtures/kraken.json");
const UNKNOWN_PAIR: &str = include_str!("../fixtures/kraken-unknown-pair.json");

#[tokio::test]
async fn bid_and_ask_are_read_exactly_under_old_and_new_names() {
    let site = Site::always(200, TICKERS).await;
    let kraken = Kraken::new(&site.url, open_client(AMPLE));
    let coins = isos(&["BTC", "ETH", "DOGE", "SOL", "USDT", "NOSUCHCOIN"]);
    let points = kraken.fetch(&coins, &isos(&["EUR", "PLN"]), NOW).await.unwrap();
    let expected = [
        expected("kraken BTC/USD", "60000.1", "60001.2", NOW),
        expected("kraken BTC/EUR", "55000.1", "55001.2", NOW),
        expected("kraken ETH/USD", "3000.1", "3000.3", NOW),
        expected("kraken ETH/EUR", "2750.1", "2750.3", NOW),
        expected("kraken DOGE/USD", "0.1", "0.10001", NOW),
        expected("kraken DOGE/EUR", "0.09", "0.09001", NOW),
        // SOL/EUR has an empty book and is left out.
        expected("kraken SOL/USD", "150.01", "150.02", NOW),
        expected("kraken USDT/USD", "0.9994", "0.9995", NOW),
        expected("kraken USDT/EUR", "0.9164", "0.9165", NOW),
        expected("kraken EUR/USD", "1.0908", "1.0909", NOW),
    ];
    assert_eq!(said(&points), expected);
    let asked = "/0/public/Ticker?pair=XBTUSD,XBTEUR,ETHUSD,ETHEUR,XDGUSD,XDGEUR,SOLUSD,SOLEUR,\
                 USDTUSD,USDTEUR,EURUSD";
    assert_eq!(site.asked(), [asked]);
}

#[tokio::test]
async fn an_unknown_pair_is_learned_and_not_asked_for_again_for_six_hours() {
    let site = Site::new(|uri| {
        let refused = uri.query().is_some_and(|query| query.contains("TON"));
        (StatusCode::OK, &[], if refused { UNKNOWN_PAIR } else { TICKERS }.to_owned())
    })
    .await;
    let kraken = Kraken::new(&site.url, open_client(AMPLE));
    let coins = isos(&["TON", "BTC"]);
    let wanted = ["kraken BTC/USD".to_owned()];
    let mut now = NOW;
    for _ in 0..3 {
        let points = kraken.fetch(&coins, &[], now).await.unwrap();
        assert_eq!(said(&points).into_iter().map(|point| point.0).collect::<Vec<_>>(), wanted);
        now = now.plus(Span::from_hours(3));
    }
    let (question, everything) = ("/0/public/Ticker?pair=TONUSD,XBTUSD", "/0/public/Ticker");
    let without = "/0/public/Ticker?pair=XBTUSD";
    assert_eq!(site.asked(), [question, everything, without, question, everything]);
}

#[tokio::test]
async fn a_coin_on_two_networks_is_asked_for_once() {
    let site = Site::always(200, TICKERS).await;
    let kraken = Kraken::new(&site.url, open_client(AMPLE));
    let points = kraken.fetch(&isos(&["USDT", "USDT"]), &[], NOW).await.unwrap();
    assert_eq!(points.len(), 1);
    assert_eq!(site.asked(), ["/0/public/Ticker?pair=USDTUSD"]);
}

#[tokio::test]
async fn its_own_words_are_passed_on_and_its_limit_is_heeded() {
    let site = Site::always(200, r#"{"error":["EService:Unavailable"]}"#).await;
    let kraken = Kraken::new(&site.url, open_client(AMPLE));
    let error = kraken.fetch(&isos(&["BTC"]), &[], NOW).await.unwrap_err();
    assert_eq!(error.to_string(), "kraken gives no rates: it says: EService:Unavailable");

    let site = Site::always(200, r#"{"error":["EAPI:Rate limit exceeded"]}"#).await;
    let kraken = Kraken::new(&site.url, open_client(AMPLE));
    for seconds in [0, 59] {
        let now = NOW.plus(Span::from_seconds(seconds));
        kraken.fetch(&isos(&["BTC"]), &[], now).await.unwrap_err();
    }
    assert_eq!(site.asked().len(), 1, "left alone for a minute");
    kraken.fetch(&isos(&["BTC"]), &[], NOW.plus(Span::from_minutes(1))).await.unwrap_err();
    assert_eq!(site.asked().len(), 2);
}

#[tokio::test]
async fn one_broken_ticker_spoils_no_other() {
    let tickers = r#"{"error":[],"result":{"XXBTZUSD":{"a":["1"],"b":["2"]},"LTCUSD":{"a":[1]},
        "XETHZUSD":{"a":[3000.30,1],"b":["3e3"]},"XDGUSD":"gone","ADAUSD":{"a":["x"],"b":["1"]},
        "SOLUSD":{"a":["-1"],"b":["-2"]},"XRPUSD":{"a":[],"b":[]}}}"#;
    let site = Site::always(200, tickers).await;
    let kraken = Kraken::new(&site.url, open_client(AMPLE));
    let coins = isos(&["BTC", "LTC", "ETH", "DOGE", "ADA", "SOL", "XRP"]);
    let points = kraken.fetch(&coins, &[], NOW).await.unwrap();
    assert_eq!(said(&points), [expected("kraken ETH/USD", "3000", "3000.3", NOW)]);
}
