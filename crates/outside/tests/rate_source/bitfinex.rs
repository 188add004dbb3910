use coffer_domain::{ports::RateSource, time::Span};
use coffer_outside::rate_source::Bitfinex;

use super::*;
use crate::loopback::{AMPLE, Site, open_client};

const TICKERS: &str = include_str!("../fixtures/bitfinex.json");

#[tokio::test]
async fn numbers_are_read_exactly_under_bitfinex_s_own_names() {
    let site = Site::always(200, TICKERS).await;
    let bitfinex = Bitfinex::new(&site.url, open_client(AMPLE));
    let coins = isos(&["BTC", "DOGE", "USDT", "BSV", "LTC", "NOSUCHCOIN"]);
    let points = bitfinex.fetch(&coins, &isos(&["EUR", "GBP"]), NOW).await.unwrap();
    let expected = [
        expected("bitfinex BTC/USD", "60000", "60001.1", NOW),
        expected("bitfinex BTC/EUR", "55000.1", "55001", NOW),
        expected("bitfinex DOGE/USD", "0.1", "0.10012", NOW),
        expected("bitfinex USDT/USD", "0.9994", "0.9995", NOW),
        expected("bitfinex BSV/USD", "29", "30.1", NOW),
        // LTC has an empty book and is left out.
    ];
    assert_eq!(said(&points), expected);
    let asked = "/v2/tickers?symbols=tBTCUSD,tBTCEUR,tDOGE:USD,tUSTUSD,tUSTEUR,tBSVUSD,tLTCUSD";
    assert_eq!(site.asked(), [asked]);
}

#[tokio::test]
async fn a_pair_that_is_left_out_is_not_asked_for_again_for_six_hours() {
    let site = Site::always(200, TICKERS).await;
    let bitfinex = Bitfinex::new(&site.url, open_client(AMPLE));
    let mut now = NOW;
    for _ in 0..3 {
        bitfinex.fetch(&isos(&["TRX", "BTC"]), &[], now).await.unwrap();
        now = now.plus(Span::from_hours(3));
    }
    let (both, one) = ("/v2/tickers?symbols=tTRXUSD,tBTCUSD", "/v2/tickers?symbols=tBTCUSD");
    assert_eq!(site.asked(), [both, one, both]);
}

#[tokio::test]
async fn its_own_words_are_passed_on_and_its_limit_is_heeded() {
    let site = Site::always(200, r#"["error",10020,"symbol: invalid"]"#).await;
    let bitfinex = Bitfinex::new(&site.url, open_client(AMPLE));
    let error = bitfinex.fetch(&isos(&["BTC"]), &[], NOW).await.unwrap_err();
    assert_eq!(error.to_string(), "bitfinex gives no rates: it says: symbol: invalid");

    let site = Site::always(200, r#"["error",11010,"ratelimit: error"]"#).await;
    let bitfinex = Bitfinex::new(&site.url, open_client(AMPLE));
    for seconds in [0, 59] {
        let now = NOW.plus(Span::from_seconds(seconds));
        bitfinex.fetch(&isos(&["BTC"]), &[], now).await.unwrap_err();
    }
    assert_eq!(site.asked().len(), 1, "left alone for a minute");
}

#[tokio::test]
async fn one_broken_row_spoils_no_other() {
    let rows = r#"[["tBTCUSD",1],["tETHUSD",3000.10,1,3000.30,2],[7],"gone",null,
        ["tADAUSD","x",1,"y",2],["tSOLUSD",-1,1,-2,1],["tXRPUSD",2,1,1,1]]"#;
    let site = Site::always(200, rows).await;
    let bitfinex = Bitfinex::new(&site.url, open_client(AMPLE));
    let coins = isos(&["BTC", "ETH", "ADA", "SOL", "XRP"]);
    let points = bitfinex.fetch(&coins, &[], NOW).await.unwrap();
    assert_eq!(said(&points), [expected("bitfinex ETH/USD", "3000.1", "3000.3", NOW)]);
}
