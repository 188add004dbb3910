use std::time::Duration;

use axum::http::StatusCode;
use coffer_domain::{ports::RateSource, time::Span};
use coffer_outside::rate_source::Coinbase;

use super::*;
use crate::loopback::{AMPLE, Site, open_client};

const TICKER: &str = include_str!("../fixtures/coinbase.json");

#[tokio::test]
async fn bid_and_ask_carry_the_source_s_own_time() {
    let site = Site::always(200, TICKER).await;
    let points = coinbase(&site).fetch(&isos(&["BTC"]), &[], NOW).await.unwrap();
    let at = Timestamp::from_millis(1_699_999_995_833);
    assert_eq!(said(&points), [expected("coinbase BTC/USD", "60000.15", "60000.71", at)]);
}

#[tokio::test]
async fn main_coins_are_asked_for_in_euro_and_pounds_others_in_dollars_only() {
    let site = Site::always(200, TICKER).await;
    let coins = isos(&["BTC", "LTC", "USDC", "TRX"]);
    coinbase(&site).fetch(&coins, &isos(&["USD", "EUR", "GBP", "PLN"]), NOW).await.unwrap();
    let products = ["BTC-USD", "LTC-USD", "BTC-EUR", "BTC-GBP"];
    assert_eq!(site.asked(), products.map(|product| format!("/products/{product}/ticker")));
}

#[tokio::test]
async fn an_unknown_product_is_skipped_and_not_asked_for_again_for_six_hours() {
    let site = Site::new(|uri| match uri.path().contains("TON") {
        true => (StatusCode::NOT_FOUND, &[], r#"{"message":"NotFound"}"#.to_owned()),
        false => (StatusCode::OK, &[], TICKER.to_owned()),
    })
    .await;
    let coinbase = coinbase(&site);
    let mut now = NOW;
    for _ in 0..3 {
        assert_eq!(coinbase.fetch(&isos(&["TON", "BTC"]), &[], now).await.unwrap().len(), 1);
        now = now.plus(Span::from_hours(3));
    }
    let (ton, btc) = ("/products/TON-USD/ticker", "/products/BTC-USD/ticker");
    assert_eq!(site.asked(), [ton, btc, btc, ton, btc]);
}

#[tokio::test]
async fn an_old_price_keeps_its_old_time() {
    let old = TICKER.replace("2023-11-14T22:13:15.833897Z", "2023-11-14T20:13:20Z");
    let site = Site::always(200, &old).await;
    let points = coinbase(&site).fetch(&isos(&["BTC"]), &[], NOW).await.unwrap();
    assert_eq!(points.first().unwrap().at, NOW.minus(Span::from_hours(2)));
}

#[tokio::test]
async fn a_clock_a_little_ahead_counts_as_now_and_one_far_ahead_is_nonsense() {
    let ahead = TICKER.replace("22:13:15.833897Z", "22:13:25Z");
    let site = Site::always(200, &ahead).await;
    let points = coinbase(&site).fetch(&isos(&["BTC"]), &[], NOW).await.unwrap();
    assert_eq!(points.first().unwrap().at, NOW);
    for time in ["2033-11-14T22:13:20Z", "9999-99-99", "yesterday"] {
        let site = Site::always(200, &TICKER.replace("2023-11-14T22:13:15.833897Z", time)).await;
        let error = coinbase(&site).fetch(&isos(&["BTC"]), &[], NOW).await.unwrap_err();
        assert_eq!(error.reason, "it names none of the prices asked for", "{time}");
    }
}

#[tokio::test]
async fn what_was_named_before_a_fault_is_kept() {
    let site = Site::new(|uri| match uri.path().contains("ETH") {
        true => (StatusCode::TOO_MANY_REQUESTS, &[("retry-after", "5")], String::new()),
        false => (StatusCode::OK, &[], TICKER.to_owned()),
    })
    .await;
    let coinbase = coinbase(&site);
    let coins = isos(&["BTC", "ETH", "LTC"]);
    assert_eq!(coinbase.fetch(&coins, &[], NOW).await.unwrap().len(), 1);
    assert_eq!(site.asked().len(), 2, "asks no further");
    let soon = NOW.plus(Span::from_seconds(4));
    coinbase.fetch(&coins, &[], soon).await.unwrap_err();
    assert_eq!(site.asked().len(), 2, "rests as long as asked to");
    let later = NOW.plus(Span::from_seconds(5));
    assert_eq!(coinbase.fetch(&coins, &[], later).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_product_without_trades_is_skipped() {
    let site = Site::new(|uri| match uri.path().contains("TON") {
        true => (StatusCode::OK, &[], r#"{"trade_id":0,"price":"","time":null}"#.to_owned()),
        false => (StatusCode::OK, &[], TICKER.to_owned()),
    })
    .await;
    let points = coinbase(&site).fetch(&isos(&["TON", "BTC"]), &[], NOW).await.unwrap();
    assert_eq!(points.len(), 1);
}

fn coinbase(site: &Site) -> Coinbase {
    Coinbase::new(&site.url, open_client(AMPLE)).paced(Duration::ZERO)
}
