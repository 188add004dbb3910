use axum::http::StatusCode;
use coffer_domain::{ports::RateSource, time::Span};
use coffer_outside::rate_source::Binance;

use super::*;
use crate::loopback::{AMPLE, Site, open_client};

const TICKERS: &str = include_str!("../fixtures/binance.json");
const INVALID_SYMBOL: &str = include_str!("../fixtures/binance-invalid-symbol.json");

#[tokio::test]
async fn prices_are_in_tether_and_never_called_dollars() {
    let site = Site::always(200, TICKERS).await;
    let binance = Binance::new(&site.url, open_client(AMPLE));
    let coins = isos(&["BTC", "ETH", "USDC", "USDT", "DAI"]);
    let points = binance.fetch(&coins, &isos(&["USD", "EUR"]), NOW).await.unwrap();
    let expected = [
        expected("binance BTC/USDT", "60030", "60030.01", NOW),
        expected("binance ETH/USDT", "3001.5", "3001.51", NOW),
        expected("binance USDC/USDT", "1.0003", "1.0004", NOW),
        // ETH/EUR is halted: its book is empty.
        expected("binance BTC/EUR", "55020", "55025.5", NOW),
    ];
    assert_eq!(said(&points), expected);
    let symbols = "%5B%22BTCUSDT%22,%22ETHUSDT%22,%22USDCUSDT%22,%22BTCEUR%22,%22ETHEUR%22%5D";
    assert_eq!(site.asked(), [format!("/api/v3/ticker/bookTicker?symbols={symbols}")]);
}

#[tokio::test]
async fn an_invalid_symbol_is_learned_and_not_asked_for_again_for_six_hours() {
    let site = Site::new(|uri| match uri.query().is_some_and(|query| query.contains("TON")) {
        true => (StatusCode::BAD_REQUEST, &[], INVALID_SYMBOL.to_owned()),
        false => (StatusCode::OK, &[], TICKERS.to_owned()),
    })
    .await;
    let binance = Binance::new(&site.url, open_client(AMPLE));
    let mut now = NOW;
    for _ in 0..3 {
        assert_eq!(binance.fetch(&isos(&["TON", "BTC"]), &[], now).await.unwrap().len(), 1);
        now = now.plus(Span::from_hours(3));
    }
    let everything = "/api/v3/ticker/bookTicker";
    let question = format!("{everything}?symbols=%5B%22TONUSDT%22,%22BTCUSDT%22%5D");
    let without = format!("{everything}?symbols=%5B%22BTCUSDT%22%5D");
    let asked = [question.as_str(), everything, without.as_str(), question.as_str(), everything];
    assert_eq!(site.asked(), asked);
}

#[tokio::test]
async fn another_refusal_is_an_error_and_not_a_reason_to_ask_for_everything() {
    for (status, body) in [(400, r#"{"code":-1100,"msg":"Illegal"}"#), (451, ""), (403, "")] {
        let site = Site::always(status, body).await;
        let binance = Binance::new(&site.url, open_client(AMPLE));
        let error = binance.fetch(&isos(&["BTC"]), &[], NOW).await.unwrap_err();
        assert_eq!(error.reason, format!("it answers HTTP {status}"));
        assert_eq!(site.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_ban_is_heeded() {
    let site = Site::new(|_| (StatusCode::IM_A_TEAPOT, &[("retry-after", "120")], String::new()));
    let site = site.await;
    let binance = Binance::new(&site.url, open_client(AMPLE));
    for seconds in [0, 60, 119] {
        let now = NOW.plus(Span::from_seconds(seconds));
        binance.fetch(&isos(&["BTC"]), &[], now).await.unwrap_err();
    }
    assert_eq!(site.asked().len(), 1);
}
