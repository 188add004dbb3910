//! What every source must survive in the same way.

use std::time::Duration;

use coffer_domain::ports::{RateSource, RateSourceError};
use coffer_outside::{
    client::GuardedClient,
    guard::{AddressGuard, Lookup},
    rate_source::{Binance, Bitfinex, Bitstamp, CoinGecko, Coinbase, Ecb, Kraken},
};

use super::*;
use crate::loopback::{AMPLE, SHORT, Site, client, closed_port, open_client, promptly, raw};

const SOURCES: [&str; 7] =
    ["kraken", "coinbase", "binance", "bitstamp", "bitfinex", "coingecko", "ecb"];

#[tokio::test]
async fn an_outage_is_an_error() {
    for name in SOURCES {
        for status in [204, 302, 403, 500, 502, 503] {
            let site = Site::always(status, "").await;
            let error = fetch(name, &site.url, open_client(AMPLE)).await.unwrap_err();
            assert_eq!(error.source_name, name);
            assert_eq!(error.reason, format!("it answers HTTP {status}"), "{name}");
        }
    }
}

#[tokio::test]
async fn a_refused_connection_is_an_error_that_names_no_url() {
    for name in SOURCES {
        let url = format!("{}/?api_key=secret", closed_port().await);
        let error = fetch(name, &url, open_client(AMPLE)).await.unwrap_err();
        assert!(error.reason.starts_with("no connection: "), "{error}");
        let text = error.to_string();
        assert!(!text.contains("secret") && !text.contains("127.0.0.1"), "{text}");
    }
}

#[tokio::test]
async fn garbage_is_an_error() {
    for name in ["kraken", "binance", "bitfinex", "coingecko", "ecb"] {
        // To CoinGecko any object is an answer about other coins.
        let object = if name == "coingecko" { "7" } else { r#"{"error":7}"# };
        for body in ["", "garbage", "null", "[1", "\u{0}", object, "<"] {
            let site = Site::always(200, body).await;
            let error = fetch(name, &site.url, open_client(AMPLE)).await.unwrap_err();
            assert_eq!(error.reason, "its answer cannot be read", "{name}: {body}");
        }
    }
    // One product's garbage is no reason to give up on the others; all of them are silence.
    for name in ["coinbase", "bitstamp"] {
        let site = Site::always(200, "garbage").await;
        let error = fetch(name, &site.url, open_client(AMPLE)).await.unwrap_err();
        assert_eq!(error.reason, "it names none of the prices asked for", "{name}");
    }
}

#[tokio::test]
async fn an_answer_without_the_pairs_is_an_error() {
    let empty = [
        ("kraken", r#"{"error":[],"result":{}}"#),
        ("coinbase", "{}"),
        ("binance", "[]"),
        ("bitstamp", "{}"),
        ("bitfinex", "[]"),
        ("coingecko", "{}"),
        ("ecb", "<Cube><Cube time='2023-11-14'/></Cube>"),
    ];
    for (name, body) in empty {
        let site = Site::always(200, body).await;
        let error = fetch(name, &site.url, open_client(AMPLE)).await.unwrap_err();
        assert_eq!(error.reason, "it names none of the prices asked for", "{name}");
    }
}

#[tokio::test]
async fn a_source_that_knows_nothing_at_all_is_asked_again() {
    let nothing = [
        ("kraken", 200, r#"{"error":["EQuery:Unknown asset pair"]}"#),
        ("coinbase", 404, r#"{"message":"NotFound"}"#),
        ("binance", 400, r#"{"code":-1121,"msg":"Invalid symbol."}"#),
        ("bitstamp", 404, ""),
        ("bitfinex", 200, "[]"),
        ("coingecko", 200, "{}"),
    ];
    for (name, status, body) in nothing {
        let site = Site::always(status, body).await;
        let source = source(name, &site.url, open_client(AMPLE));
        let coins = isos(&["BTC", "BSV"]);
        source.fetch(&coins, &[], NOW).await.unwrap_err();
        let asked = site.asked().len();
        source.fetch(&coins, &[], NOW).await.unwrap_err();
        assert_eq!(site.asked().len(), 2 * asked, "{name}");
    }
}

#[tokio::test]
async fn a_source_with_nothing_to_say_is_not_asked() {
    for name in ["kraken", "coinbase", "binance", "bitstamp", "bitfinex", "coingecko"] {
        let site = Site::always(500, "").await;
        let source = source(name, &site.url, open_client(AMPLE));
        assert_eq!(source.fetch(&isos(&["CSC"]), &[], NOW).await, Ok(Vec::new()), "{name}");
        assert!(site.asked().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn an_answer_of_more_than_a_mebibyte_is_an_error() {
    for name in SOURCES {
        let site = Site::always(200, &" ".repeat(1024 * 1024 + 1)).await;
        let error = fetch(name, &site.url, open_client(AMPLE)).await.unwrap_err();
        assert_eq!(error.reason, "its answer is too long", "{name}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error() {
    for name in SOURCES {
        let server = raw(async |mut stream, _| {
            use tokio::io::AsyncWriteExt;
            let said =
                b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"error\":[],\"result\":{}}";
            stream.write_all(said).await.unwrap();
        })
        .await;
        let error = fetch(name, &server.url, open_client(AMPLE)).await.unwrap_err();
        assert_eq!(error.reason, "its answer broke off", "{name}");
    }
}

#[tokio::test]
async fn a_hanging_source_ends_at_the_limit() {
    for name in SOURCES {
        let server = raw(|stream, _| crate::loopback::say_and_hang(stream, "")).await;
        let error = promptly(fetch(name, &server.url, open_client(SHORT))).await.unwrap_err();
        assert_eq!(error.reason, "no answer within 500ms", "{name}");
    }
}

#[tokio::test]
async fn a_source_that_is_asked_too_often_is_left_alone() {
    for name in SOURCES {
        let site = Site::always(429, "").await;
        let error = fetch(name, &site.url, open_client(AMPLE)).await.unwrap_err();
        assert_eq!(error.reason, "asked too often (HTTP 429)", "{name}");
        assert_eq!(site.asked().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn without_leave_for_private_networks_no_source_is_asked_on_loopback() {
    for name in SOURCES {
        let site = Site::always(200, "").await;
        let public = client(AddressGuard::PUBLIC_ONLY, Lookup::System, AMPLE);
        let error = fetch(name, &site.url, public).await.unwrap_err();
        assert_eq!(error.reason, "the URL must begin with https://", "{name}");
        assert!(site.asked().is_empty(), "{name}");
    }
}

fn source(name: &str, url: &str, client: GuardedClient) -> Box<dyn RateSource> {
    let source: Box<dyn RateSource> = match name {
        "kraken" => Box::new(Kraken::new(url, client)),
        "coinbase" => Box::new(Coinbase::new(url, client).paced(Duration::ZERO)),
        "binance" => Box::new(Binance::new(url, client)),
        "bitstamp" => Box::new(Bitstamp::new(url, client).paced(Duration::ZERO)),
        "bitfinex" => Box::new(Bitfinex::new(url, client)),
        "coingecko" => Box::new(CoinGecko::new(url, client)),
        "ecb" => Box::new(Ecb::new(url, client)),
        other => panic!("{other} is no source"),
    };
    assert_eq!(source.name(), name);
    source
}

async fn fetch(
    name: &str,
    url: &str,
    client: GuardedClient,
) -> Result<Vec<RatePoint>, RateSourceError> {
    let fiats = isos(&["USD", "GBP"]);
    source(name, url, client).fetch(&isos(&["BTC", "ETH", "BSV"]), &fiats, NOW).await
}
