use coffer_domain::{ports::RateSource, time::Span};
use coffer_outside::rate_source::Ecb;

use super::*;
use crate::loopback::{AMPLE, Site, open_client};

const RATES: &str = include_str!("../fixtures/ecb.xml");

#[tokio::test]
async fn rates_are_per_euro_and_dated_at_four_in_frankfurt() {
    let site = Site::always(200, RATES).await;
    let ecb = Ecb::new(&site.url, open_client(AMPLE));
    let points = ecb.fetch(&[], &isos(&["GBP", "IDR", "EUR", "XXX"]), NOW).await.unwrap();
    // 16:00 CET is 15:00 UTC.
    let at = NOW.minus(Span::from_seconds(7 * 3_600 + 13 * 60 + 20));
    let expected = [
        expected("ecb EUR/USD", "1.0724", "1.0724", at),
        expected("ecb EUR/GBP", "0.87223", "0.87223", at),
        expected("ecb EUR/IDR", "16826", "16826", at),
    ];
    assert_eq!(said(&points), expected);
    assert_eq!(site.asked(), ["/stats/eurofxref/eurofxref-daily.xml"]);
}

#[tokio::test]
async fn in_summer_four_in_frankfurt_is_two_in_utc() {
    for (day, hours) in [("2023-03-24", 15), ("2023-03-27", 14), ("2023-10-27", 14)] {
        let site = Site::always(200, &RATES.replace("2023-11-14", day)).await;
        let ecb = Ecb::new(&site.url, open_client(AMPLE));
        let points = ecb.fetch(&[], &[], NOW).await.unwrap();
        let into_day = points.first().unwrap().at.seconds().rem_euclid(86_400);
        assert_eq!(into_day, hours * 3_600, "{day}");
    }
}

#[tokio::test]
async fn of_several_days_the_newest_counts() {
    let older = "<Cube time='2023-11-13'><Cube currency='USD' rate='1.06'/></Cube>";
    let newer = "<Cube time='2023-11-14'><Cube currency='USD' rate='1.07'/></Cube>";
    for days in [format!("{older}{newer}"), format!("{newer}{older}")] {
        let site = Site::always(200, &format!("<Cube>{days}</Cube>")).await;
        let ecb = Ecb::new(&site.url, open_client(AMPLE));
        let points = ecb.fetch(&[], &[], NOW).await.unwrap();
        assert_eq!(points.first().unwrap().bid, Rate::parse("1.07").unwrap());
    }
}

#[tokio::test]
async fn a_document_that_is_no_day_s_rates_is_nonsense() {
    let entities = r#"<!DOCTYPE a [<!ENTITY b "c">]><Cube time='2023-11-14'>&b;</Cube>"#;
    for body in [
        "",
        "<html><body>maintenance</body></html>",
        "<Cube><Cube time='2033-01-01'/></Cube>",
        "<Cube><Cube time='14.11.2023'/></Cube>",
        entities,
        r#"{"rates":{}}"#,
    ] {
        let site = Site::always(200, body).await;
        let ecb = Ecb::new(&site.url, open_client(AMPLE));
        let error = ecb.fetch(&[], &[], NOW).await.unwrap_err();
        assert_eq!(error.to_string(), "ecb gives no rates: its answer cannot be read", "{body}");
    }
}

#[tokio::test]
async fn a_currency_without_a_readable_rate_is_left_out() {
    let rates = RATES.replace("'0.87223'", "'N/A'").replace("'16826.00'", "'0'");
    let site = Site::always(200, &rates).await;
    let ecb = Ecb::new(&site.url, open_client(AMPLE));
    let points = ecb.fetch(&[], &isos(&["GBP", "IDR", "CHF"]), NOW).await.unwrap();
    let pairs: Vec<String> = said(&points).into_iter().map(|point| point.0).collect();
    assert_eq!(pairs, ["ecb EUR/USD", "ecb EUR/CHF"]);
}
