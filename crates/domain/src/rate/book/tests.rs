use super::{NoRate, PricedRate, RateBook, RatePoint, RateRules, Side};
use crate::{
    catalogue::{Catalogue, fiats},
    code::Iso,
    rate::{FIXED, Verdict},
    time::{Span, Timestamp},
};

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);
const MARKET: RateRules = RateRules::MARKET;

fn iso(text: &str) -> Iso {
    text.parse().unwrap()
}

/// `kraken BTC/EUR 100 101`, a second old.
fn point(line: &'static str) -> RatePoint {
    let fields: Vec<&str> = line.split(' ').collect();
    let [source, pair, bid, ask] = fields.as_slice() else { panic!("{line}") };
    let (base, quote) = pair.split_once('/').unwrap();
    let at = NOW.minus(Span::from_seconds(1));
    let (bid, ask) = (bid.parse().unwrap(), ask.parse().unwrap());
    RatePoint { source, base: iso(base), quote: iso(quote), bid, ask, at }
}

fn book(lines: &[&'static str]) -> RateBook {
    RateBook::new(&Catalogue::builtin(), lines.iter().map(|line| point(line)).collect())
}

fn price(book: &RateBook, pair: &str, side: Side) -> Result<PricedRate, NoRate> {
    let (base, quote) = pair.split_once('/').unwrap();
    book.price(iso(base), iso(quote), side, NOW, &MARKET)
}

fn rate(lines: &[&'static str], pair: &str) -> String {
    let priced = price(&book(lines), pair, Side::Bid).unwrap();
    assert_eq!(priced.evidence.recompute(), Ok(priced.rate));
    priced.rate.to_string()
}

fn refused(lines: &[&'static str], pair: &str) -> String {
    price(&book(lines), pair, Side::Bid).unwrap_err().to_string()
}

const DOLLARS: [&str; 3] =
    ["kraken BTC/USD 50000 50010", "coinbase BTC/USD 50001 50011", "ecb EUR/USD 1.25 1.25"];

#[test]
fn a_traded_pair_is_the_median_of_its_sources() {
    let lines = [
        "kraken BTC/EUR 40000 40010",
        "coinbase BTC/EUR 40002 40012",
        "bitstamp BTC/EUR 40001 40003",
    ];
    assert_eq!(rate(&lines, "BTC/EUR"), "40001");
}

#[test]
fn without_a_traded_pair_the_price_crosses_over_the_dollar() {
    assert_eq!(rate(&DOLLARS, "BTC/EUR"), "40000.4");
}

#[test]
fn each_source_speaks_once_with_its_direct_pair_first() {
    let mut lines = DOLLARS.to_vec();
    lines.push("kraken BTC/EUR 40000.5 40001");
    let priced = price(&book(&lines), "BTC/EUR", Side::Bid).unwrap();
    let leg = priced.evidence.legs.last().unwrap();
    assert_eq!(leg.witnesses.len(), 2);
    let kraken = leg.witnesses.iter().find(|witness| witness.source == "kraken").unwrap();
    assert_eq!((kraken.quote, kraken.via.is_empty()), (iso("EUR"), true));
    assert!(
        refused(
            &["kraken BTC/EUR 40000 40001", "kraken BTC/USD 50000 50001", "ecb EUR/USD 1.25 1.25"],
            "BTC/EUR"
        )
        .contains("1 of 2 sources"),
        "two pairs of one source are one voice"
    );
}

#[test]
fn a_source_whose_direct_pair_is_stale_speaks_by_another() {
    let catalogue = Catalogue::builtin();
    let mut points: Vec<RatePoint> = DOLLARS.iter().map(|line| point(line)).collect();
    let stale = RatePoint { at: NOW.minus(Span::from_minutes(5)), ..point("kraken BTC/EUR 1 1") };
    points.push(stale);
    let priced = price(&RateBook::new(&catalogue, points), "BTC/EUR", Side::Bid).unwrap();
    assert_eq!(priced.rate.to_string(), "40000.4");
}

#[test]
fn a_stablecoin_is_worth_what_it_is_traded_for() {
    let lines = [
        "binance BTC/USDT 50000 50010",
        "okx BTC/USDT 50000 50010",
        "kraken USDT/USD 0.99 0.991",
        "coinbase USDT/USD 0.99 0.991",
    ];
    assert_eq!(rate(&lines, "BTC/USD"), "49500");
    assert!(refused(&lines[..2], "BTC/USD").contains("its currency has no rate"));
}

#[test]
fn a_stablecoin_is_never_priced_by_another_stablecoin() {
    let lines = [
        "binance USDC/USDT 1 1",
        "okx USDC/USDT 1 1",
        "kraken USDT/USD 1 1",
        "coinbase USDT/USD 1 1",
    ];
    assert!(refused(&lines, "USDC/USD").contains("no source has this pair"));
}

#[test]
fn a_stablecoin_off_its_peg_is_refused() {
    let lines =
        ["kraken USDT/USD 0.9799 0.98", "coinbase USDT/USD 0.9799 0.98", "ecb EUR/USD 1.25 1.25"];
    assert_eq!(refused(&lines, "USDT/USD"), "USDT has lost its peg: it is worth 0.9799 USD");
    assert!(refused(&lines, "USDT/EUR").contains("lost its peg"), "in any currency");
    let lines = ["kraken USDT/USD 0.98 0.98", "coinbase USDT/USD 0.98 0.98"];
    assert_eq!(rate(&lines, "USDT/USD"), "0.98", "2 % is still taken");
    let lines = ["kraken EURC/EUR 1.03 1.03", "coinbase EURC/EUR 1.03 1.03"];
    assert!(refused(&lines, "EURC/EUR").contains("worth 1.03 EUR"), "above the peg, too");
}

#[test]
fn a_price_over_a_stablecoin_off_its_peg_is_dropped() {
    let lines = [
        "binance BTC/USDT 50000 50010",
        "kraken BTC/USD 45000 45010",
        "coinbase BTC/USD 45000 45010",
        "kraken USDT/USD 0.9 0.9",
        "coinbase USDT/USD 0.9 0.9",
    ];
    let priced = price(&book(&lines), "BTC/USD", Side::Bid).unwrap();
    let leg = priced.evidence.legs.last().unwrap();
    let binance = leg.witnesses.iter().find(|witness| witness.source == "binance").unwrap();
    assert_eq!((binance.verdict, priced.rate.to_string()), (Verdict::NoCross, "45000".to_owned()));
}

#[test]
fn a_pair_the_other_way_round_is_divided_and_its_sides_change_place() {
    let lines = [
        "binance EUR/USDT 1.25 1.28",
        "okx EUR/USDT 1.25 1.28",
        "kraken USDT/USD 1 1",
        "coinbase USDT/USD 1 1",
        "ecb EUR/USD 1.25 1.25",
    ];
    assert_eq!(rate(&lines, "USDT/EUR"), "0.790625", "kraken and coinbase 0.8, the others 0.78125");
    let priced = price(&book(&lines), "USDT/EUR", Side::Ask).unwrap();
    assert_eq!(priced.rate.to_string(), "0.8");
}

#[test]
fn fiat_currencies_cross_over_the_euro() {
    let lines = ["ecb EUR/USD 1.25 1.25", "ecb EUR/GBP 0.8 0.8", "ecb EUR/JPY 160 160"];
    assert_eq!(rate(&lines, "GBP/USD"), "1.5625");
    assert_eq!(rate(&lines, "USD/JPY"), "128");
    assert_eq!(rate(&lines, "EUR/JPY"), "160");
    assert!(refused(&lines, "GBP/CHF").contains("no rate for GBP in CHF"));
}

#[test]
fn a_coin_may_be_priced_in_a_coin_and_a_fiat_currency_in_a_coin() {
    let lines = [
        "kraken BTC/USD 50000 50000",
        "coinbase BTC/USD 50000 50000",
        "kraken ETH/USD 2500 2500",
        "coinbase ETH/USD 2500 2500",
        "ecb EUR/USD 1.25 1.25",
    ];
    assert_eq!(rate(&lines, "ETH/BTC"), "0.05");
    assert_eq!(rate(&lines, "BTC/ETH"), "20");
    assert_eq!(rate(&lines, "USD/BTC"), "0.00002");
    assert_eq!(rate(&lines, "EUR/BTC"), "0.000025");
}

#[test]
fn selling_for_a_coin_pays_the_ask_of_that_coin() {
    let lines = [
        "kraken BTC/USD 40000 50000",
        "coinbase BTC/USD 40000 50000",
        "kraken ETH/USD 2000 2500",
        "coinbase ETH/USD 2000 2500",
    ];
    assert_eq!(rate(&lines, "ETH/BTC"), "0.04");
}

#[test]
fn the_same_currency_is_one_for_one_and_nothing_else_is() {
    assert_eq!(rate(&[], "USDT/USDT"), "1");
    for pair in ["USDT/USD", "USDC/USDT", "EURC/EUR", "WBTC/BTC", "DAI/USD"] {
        assert!(refused(&[], pair).starts_with("no rate for"), "{pair}");
    }
}

#[test]
fn of_two_points_of_a_source_the_newer_one_counts() {
    let newer = point("kraken BTC/USD 50000 50000");
    let older = RatePoint { at: NOW.minus(Span::from_seconds(9)), ..point("kraken BTC/USD 1 1") };
    for points in [vec![newer.clone(), older.clone()], vec![older, newer.clone()]] {
        let book = RateBook::new(&Catalogue::builtin(), points);
        assert_eq!(book.points(), std::slice::from_ref(&newer));
    }
}

#[test]
fn fixed_prices_price_every_asset_in_every_fiat_currency() {
    let catalogue = Catalogue::builtin();
    let book = RateBook::fixed(&catalogue);
    for asset in catalogue.assets() {
        for fiat in fiats() {
            let priced = book.price(asset.id.iso, fiat.iso, Side::Bid, NOW, &RateRules::FIXED);
            assert!(priced.is_ok(), "{} in {}: {priced:?}", asset.id, fiat.iso);
        }
    }
}

#[test]
fn fixed_prices_are_the_catalogues() {
    let catalogue = Catalogue::builtin();
    let book = RateBook::fixed(&catalogue);
    let price = |pair: &str| {
        let (base, quote) = pair.split_once('/').unwrap();
        let priced = book.price(iso(base), iso(quote), Side::Mid, NOW, &RateRules::FIXED).unwrap();
        assert_eq!(priced.evidence.recompute(), Ok(priced.rate));
        priced.rate.to_string()
    };
    assert_eq!(price("BTC/USD"), "50000");
    assert_eq!(price("USDT/USD"), "1");
    assert_eq!(price("EURC/EUR"), "1");
    assert_eq!(price("EUR/USD"), "1.1");
    assert_eq!(price("BTC/ETH"), "20");
    assert!(price("BTC/EUR").starts_with("45454.5454"));
}

#[test]
fn made_up_prices_never_price_real_money_and_real_ones_not_the_sandbox() {
    let catalogue = Catalogue::builtin();
    let fixed = RateBook::fixed(&catalogue);
    assert!(price(&fixed, "BTC/USD", Side::Bid).is_err());
    let mut points = fixed.points().to_vec();
    points.push(point("kraken BTC/USD 50000 50000"));
    for point in &mut points {
        point.at = NOW;
    }
    let mixed = RateBook::new(&catalogue, points);
    assert!(price(&mixed, "BTC/USD", Side::Bid).is_err(), "one real source is not two");
    let sandbox = mixed.price(iso("BTC"), iso("USD"), Side::Bid, NOW, &RateRules::FIXED).unwrap();
    let witnesses = &sandbox.evidence.legs.last().unwrap().witnesses;
    assert!(witnesses.iter().all(|witness| witness.source == FIXED));
}

#[test]
fn an_outage_of_all_sources_says_what_is_missing() {
    let stale: Vec<RatePoint> = ["kraken BTC/EUR 1 1", "coinbase BTC/EUR 1 1"]
        .iter()
        .map(|line| RatePoint { at: NOW.minus(Span::from_hours(1)), ..point(line) })
        .collect();
    let book = RateBook::new(&Catalogue::builtin(), stale);
    assert_eq!(
        price(&book, "BTC/EUR", Side::Bid).unwrap_err().to_string(),
        "no rate for BTC in EUR: 0 of 2 sources usable \
         (coinbase BTC/EUR: too old, kraken BTC/EUR: too old)"
    );
}
