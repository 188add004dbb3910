use proptest::prelude::*;
use ruint::aliases::U512;

use super::{
    EvidenceRefused, QuoteEvidence, QuoteRefused, Rate, euro_cap, expected_units, value_of,
};
use crate::{
    catalogue::{Asset, Catalogue},
    code::Code,
    money::{AssetId, Currency, Money, Units, format_decimal},
    rate::{RateBook, RateRules, Side},
    time::Timestamp,
};

const EURO: Currency = Currency::Fiat(Code::constant("EUR"));

fn asset(code: &str) -> Asset {
    Catalogue::builtin().by_code(code).unwrap().clone()
}

fn euros(cents: u128) -> Money {
    Money::new(EURO, Units::new(cents))
}

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

/// What is asked for, as people write it.
fn asked(cents: u128, code: &str, price: &str, spread_ppm: u32) -> String {
    let asset = asset(code);
    let units = expected_units(euros(cents), 2, &asset, rate(price), spread_ppm).unwrap();
    format_decimal(units, asset.decimals)
}

#[test]
fn an_amount_is_rounded_up_to_what_people_can_send() {
    assert_eq!(asked(10_000, "BTC", "50000", 0), "0.002");
    assert_eq!(asked(10_000, "BTC", "30000", 0), "0.00333334");
    assert_eq!(asked(10_000, "ETH", "3000", 0), "0.033334");
    assert_eq!(asked(10_000, "USDTB", "0.9123", 0), "109.62");
    assert_eq!(asked(10_000, "USDTT", "1", 0), "100");
    assert_eq!(asked(1, "ETH", "340000000000000000000", 0), "0.000001", "never nothing");
}

#[test]
fn the_spread_is_added_to_the_amount() {
    assert_eq!(asked(10_000, "USDTT", "1", 10_000), "101");
    assert_eq!(asked(10_000, "BTC", "50000", 1), "0.00200001");
}

#[test]
fn a_price_in_the_same_coin_is_asked_for_as_it_is() {
    let usdt = |network: &'static str, units| {
        let id = AssetId::new(Code::constant("USDT"), Code::constant(network));
        Money::new(Currency::Coin(id), Units::new(units))
    };
    let expected = |price, decimals, code| {
        expected_units(price, decimals, &asset(code), rate("0.5"), 9_999).unwrap().get()
    };
    assert_eq!(expected(usdt("tron", 1_234_567), 6, "USDTT"), 1_234_567);
    assert_eq!(expected(usdt("tron", 1_234_567), 6, "USDTB"), 1_234_567_000_000_000_000);
    let finest = 1_000_000_000_000_000_001;
    assert_eq!(expected(usdt("binance", finest), 18, "USDTT"), 1_000_001, "rounded up");
}

#[test]
fn nothing_and_too_much_are_refused() {
    let btc = asset("BTC");
    let expected = |price, rate| expected_units(price, 2, &btc, rate, 0);
    assert_eq!(expected(euros(0), rate("1")), Err(QuoteRefused::Nothing));
    assert_eq!(expected(euros(u128::MAX), Rate(1)), Err(QuoteRefused::TooLarge));
    assert_eq!(
        expected_units(euros(1), 39, &btc, rate("1"), 0),
        Err(QuoteRefused::TooLarge),
        "no currency has so many decimals"
    );
    assert!(expected(euros(u128::MAX), rate("5000000")).is_ok());
}

#[test]
fn the_cap_in_euros_is_rounded_down() {
    assert_eq!(euro_cap(100, &asset("BTC"), rate("30000")).get(), 3_333);
    assert_eq!(euro_cap(100, &asset("USDTT"), rate("0.9")).get(), 1_111_111);
    assert_eq!(euro_cap(0, &asset("BTC"), rate("1")).get(), 0);
    assert_eq!(euro_cap(u32::MAX, &asset("ETH"), Rate(1)), Units::new(u128::MAX));
}

#[test]
fn a_value_is_rounded_down() {
    assert_eq!(value_of(Units::new(333_333), 8, rate("30000"), 2), Some(Units::new(9_999)));
    assert_eq!(value_of(Units::new(333_334), 8, rate("30000"), 2), Some(Units::new(10_000)));
    assert_eq!(value_of(Units::new(u128::MAX), 0, rate("1000"), 2), None);
}

fn evidence() -> QuoteEvidence {
    let catalogue = Catalogue::builtin();
    let (btc, now) = (asset("BTC"), Timestamp::from_seconds(1_700_000_000));
    let priced = RateBook::fixed(&catalogue)
        .price(btc.id.iso, EURO.iso(), Side::Bid, now, &RateRules::FIXED)
        .unwrap();
    QuoteEvidence::new(euros(12_345), 2, &btc, priced.evidence, 2_500).unwrap()
}

#[test]
fn a_stored_quote_comes_to_the_same_integer() {
    let evidence = evidence();
    let read = QuoteEvidence::parse(&evidence.to_text()).unwrap();
    assert_eq!(read, evidence);
    assert_eq!(read.recompute(), Ok(evidence.expected()));
    // 123.45 € × 1.0025 ÷ (50,000 $ ÷ 1.1) = 0.002722689…
    assert_eq!(evidence.expected(), Units::new(272_269));
    assert_eq!(evidence.spread_ppm(), 2_500);
}

#[test]
fn a_quote_in_the_same_coin_keeps_evidence_too() {
    let usdt = asset("USDTT");
    let price = Money::new(Currency::Coin(usdt.id), Units::new(1_234_567));
    let now = Timestamp::from_seconds(1);
    let (iso, side) = (usdt.id.iso, Side::Bid);
    let one = RateBook::default().price(iso, iso, side, now, &RateRules::MARKET).unwrap();
    let evidence = QuoteEvidence::new(price, 6, &usdt, one.evidence, 0).unwrap();
    assert_eq!(evidence.recompute(), Ok(Units::new(1_234_567)));
    assert_eq!(QuoteEvidence::parse(&evidence.to_text()), Ok(evidence));
}

#[test]
fn a_changed_quote_is_found_out() {
    let text = evidence().to_text();
    let changed = QuoteEvidence::parse(&text.replacen("12345", "12346", 1)).unwrap();
    assert!(matches!(changed.recompute(), Err(EvidenceRefused::OtherResult { .. })));
    let line = |text: &str| QuoteEvidence::parse(text).unwrap_err();
    assert_eq!(line(""), EvidenceRefused::NotEvidence { line: 1 });
    let broken = text.replacen("rules", "rulez", 1);
    assert_eq!(line(&broken), EvidenceRefused::NotEvidence { line: 3 });
}

#[test]
fn evidence_of_another_pair_is_refused() {
    let rate = evidence().rate().clone();
    let refused = QuoteEvidence::new(euros(1), 2, &asset("ETH"), rate, 0);
    assert_eq!(refused, Err(QuoteRefused::OtherPair));
}

/// Whether so many units are worth the price (with spread), in exact fractions.
fn covers(units: u128, asset: &Asset, cents: u128, rate: Rate, spread_ppm: u32) -> bool {
    let big = |number: u128| U512::from(number);
    let given = big(units) * big(rate.scaled()) * big(100) * big(1_000_000);
    let ten = big(10_u128.pow(u32::from(asset.decimals))) * big(1_000_000_000_000_000_000);
    given >= big(cents) * big(1_000_000 + u128::from(spread_ppm)) * ten
}

proptest! {
    #[test]
    fn what_is_asked_for_covers_the_price_and_one_display_unit_less_does_not(
        cents in 1_u128..1 << 60,
        scaled in 1_u128 << 30..1 << 90,
        spread_ppm in 0_u32..100_000,
        code in prop::sample::select(vec!["BTC", "ETH", "USDTT", "USDTB", "SOL", "EURS", "DOGE"]),
    ) {
        let (asset, rate) = (asset(code), Rate(scaled));
        let Ok(units) = expected_units(euros(cents), 2, &asset, rate, spread_ppm) else {
            return Ok(());
        };
        let step = 10_u128.pow(u32::from(asset.decimals - asset.display_decimals));
        prop_assert!(units.get().is_multiple_of(step));
        prop_assert!(covers(units.get(), &asset, cents, rate, spread_ppm));
        prop_assert!(!covers(units.get() - step, &asset, cents, rate, spread_ppm));
    }

    #[test]
    fn a_higher_price_never_asks_for_less(
        cents in 1_u128..1 << 60,
        more in 0_u128..1 << 60,
        scaled in 1_u128 << 40..1 << 90,
    ) {
        let (eth, rate) = (asset("ETH"), Rate(scaled));
        let expected = |cents| expected_units(euros(cents), 2, &eth, rate, 0);
        if let (Ok(low), Ok(high)) = (expected(cents), expected(cents + more)) {
            prop_assert!(low <= high);
        }
    }

    #[test]
    fn what_is_asked_for_is_worth_the_price(
        cents in 1_u128..1 << 50,
        scaled in 1_u128 << 50..1 << 80,
    ) {
        let (btc, rate) = (asset("BTC"), Rate(scaled));
        if let Ok(units) = expected_units(euros(cents), 2, &btc, rate, 0) {
            let worth = value_of(units, btc.decimals, rate, 2);
            prop_assert!(worth.is_none_or(|worth| worth.get() >= cents));
        }
    }
}
