use coffer_domain::{ports::RateSource, time::Span};
use coffer_outside::rate_source::CoinGecko;

use super::*;
use crate::loopback::{AMPLE, Site, open_client};

const PRICES: &str = include_str!("../fixtures/coingecko.json");

#[tokio::test]
async fn each_coin_has_one_exact_price_with_its_own_time() {
    let site = Site::always(200, PRICES).await;
    let coingecko = CoinGecko::new(&site.url, open_client(AMPLE));
    let coins = isos(&["BTC", "USDG", "EURS", "BSV"]);
    let points = coingecko.fetch(&coins, &isos(&["EUR"]), NOW).await.unwrap();
    let (bsv, eurs) = ("30.123456789012345", "1.0901");
    let expected = [
        expected("coingecko BSV/USD", bsv, bsv, NOW.minus(Span::from_seconds(5))),
        expected("coingecko EURS/USD", eurs, eurs, NOW.minus(Span::from_seconds(10))),
        // USDG has no price and is left out.
    ];
    assert_eq!(said(&points), expected);
    let asked = "/api/v3/simple/price?ids=bitcoin-cash-sv,stasis-eurs,global-dollar\
                 &vs_currencies=usd&include_last_updated_at=true&precision=full";
    assert_eq!(site.asked(), [asked]);
}

#[tokio::test]
async fn it_is_asked_again_only_after_a_while() {
    let site = Site::always(200, PRICES).await;
    let coingecko = CoinGecko::new(&site.url, open_client(AMPLE));
    for (seconds, points, asked) in [(0, 1, 1), (15, 0, 1), (30, 1, 2), (45, 0, 2)] {
        let now = NOW.plus(Span::from_seconds(seconds));
        assert_eq!(coingecko.fetch(&isos(&["BSV"]), &[], now).await.unwrap().len(), points);
        assert_eq!(site.asked().len(), asked, "after {seconds} seconds");
    }
}

#[tokio::test]
async fn a_price_without_a_time_or_from_the_future_is_left_out() {
    for time in ["null", "\"soon\"", "1799999995"] {
        let site = Site::always(200, &PRICES.replace("1699999995", time)).await;
        let coingecko = CoinGecko::new(&site.url, open_client(AMPLE));
        let error = coingecko.fetch(&isos(&["BSV"]), &[], NOW).await.unwrap_err();
        assert_eq!(error.reason, "it names none of the prices asked for", "{time}");
    }
}
