use std::time::Duration;

use axum::http::StatusCode;
use coffer_domain::{ports::RateSource, time::Span};
use coffer_outside::rate_source::Bitstamp;

use super::*;
use crate::loopback::{AMPLE, Site, open_client};

const TICKER: &str = include_str!("../fixtures/bitstamp.json");

#[tokio::test]
async fn bid_and_ask_carry_the_source_s_own_time() {
    let site = Site::always(200, TICKER).await;
    let points = bitstamp(&site).fetch(&isos(&["BTC"]), &[], NOW).await.unwrap();
    let at = NOW.minus(Span::from_seconds(5));
    assert_eq!(said(&points), [expected("bitstamp BTC/USD", "60000.2", "60000.9", at)]);
}

#[tokio::test]
async fn the_time_may_be_a_number_and_a_ticker_without_one_is_skipped() {
    let number = TICKER.replace("\"1699999995\"", "1699999995");
    let site = Site::always(200, &number).await;
    assert_eq!(bitstamp(&site).fetch(&isos(&["BTC"]), &[], NOW).await.unwrap().len(), 1);
    for time in ["\"soon\"", "null", "1.5", "\"99999999999999999999\""] {
        let site = Site::always(200, &TICKER.replace("\"1699999995\"", time)).await;
        let error = bitstamp(&site).fetch(&isos(&["BTC"]), &[], NOW).await.unwrap_err();
        assert_eq!(error.reason, "it names none of the prices asked for", "{time}");
    }
}

#[tokio::test]
async fn coins_are_asked_for_in_dollars_main_ones_in_euro_and_money_against_dollars() {
    let site = Site::always(200, TICKER).await;
    let coins = isos(&["BTC", "DOGE", "TRX"]);
    let fiats = isos(&["USD", "EUR", "GBP", "PLN"]);
    let points = bitstamp(&site).fetch(&coins, &fiats, NOW).await.unwrap();
    let pairs = ["btcusd", "dogeusd", "btceur", "eurusd", "gbpusd"];
    assert_eq!(site.asked(), pairs.map(|pair| format!("/api/v2/ticker/{pair}/")));
    let last = said(&points).pop().unwrap();
    assert_eq!(last.0, "bitstamp GBP/USD");
}

#[tokio::test]
async fn an_unknown_pair_is_skipped_and_not_asked_for_again_for_six_hours() {
    let site = Site::new(|uri| match uri.path().contains("chz") {
        true => (StatusCode::NOT_FOUND, &[], String::new()),
        false => (StatusCode::OK, &[], TICKER.to_owned()),
    })
    .await;
    let bitstamp = bitstamp(&site);
    let mut now = NOW;
    for _ in 0..3 {
        bitstamp.fetch(&isos(&["CHZ", "BTC"]), &[], now).await.unwrap();
        now = now.plus(Span::from_hours(3));
    }
    let (chz, btc) = ("/api/v2/ticker/chzusd/", "/api/v2/ticker/btcusd/");
    assert_eq!(site.asked(), [chz, btc, btc, chz, btc]);
}

fn bitstamp(site: &Site) -> Bitstamp {
    Bitstamp::new(&site.url, open_client(AMPLE)).paced(Duration::ZERO)
}
