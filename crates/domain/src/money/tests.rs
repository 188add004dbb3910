use proptest::prelude::*;

use super::{
    AmountRefused::{self, NotDecimal, TooLarge, TooManyDecimals},
    AssetId, Currency, Units, format_decimal, format_padded, parse_decimal,
};
use crate::code::Code;

fn parsed(text: &str, decimals: u8) -> Result<u128, AmountRefused> {
    parse_decimal(text, decimals).map(Units::get)
}

#[test]
fn an_amount_is_read_exactly() {
    let table: &[(&str, u8, u128)] = &[
        ("0", 2, 0),
        ("0.00", 2, 0),
        ("100", 2, 10_000),
        ("100.5", 2, 10_050),
        ("100.50", 2, 10_050),
        ("0.01", 2, 1),
        ("1", 0, 1),
        ("1.000000000000000001", 18, 1_000_000_000_000_000_001),
        ("340282366920938463463374607431768211455", 0, u128::MAX),
        ("3.40282366920938463463374607431768211455", 38, u128::MAX),
        ("0", 255, 0),
    ];
    for (text, decimals, units) in table {
        assert_eq!(parsed(text, *decimals), Ok(*units), "{text}");
    }
}

#[test]
fn what_is_not_a_plain_decimal_is_refused() {
    let texts = [
        "", ".", "1.", ".5", "-1", "+1", "1e3", "1E3", "1.5e1", " 1", "1 ", "1 000", "1,5",
        "1_000", "1.2.3", "1..2", "0x10", "NaN", "inf", "١", "１", "1\0", "1\n", "00", "01",
        "007.5", "-0",
    ];
    for text in texts {
        assert_eq!(parsed(text, 2), Err(NotDecimal), "{text:?}");
    }
}

#[test]
fn more_digits_than_the_currency_has_are_refused_even_if_zero() {
    assert_eq!(parsed("1.001", 2), Err(TooManyDecimals { max: 2 }));
    assert_eq!(parsed("1.000", 2), Err(TooManyDecimals { max: 2 }));
    assert_eq!(parsed("1.0", 0), Err(TooManyDecimals { max: 0 }));
}

#[test]
fn what_does_not_fit_is_refused() {
    assert_eq!(parsed("340282366920938463463374607431768211456", 0), Err(TooLarge));
    assert_eq!(parsed("340282366920938463463374607431768211455", 1), Err(TooLarge));
    assert_eq!(parsed("1", 39), Err(TooLarge));
    assert_eq!(parsed("1", 255), Err(TooLarge));
}

#[test]
fn forty_thousand_digits_are_refused() {
    let nines = "9".repeat(40_000);
    assert_eq!(parsed(&nines, 18), Err(TooLarge));
    assert_eq!(parsed(&format!("0.{nines}"), 18), Err(TooManyDecimals { max: 18 }));
    assert_eq!(parsed(&"0".repeat(40_000), 2), Err(NotDecimal));
    assert_eq!(parsed(&format!("{nines}x"), 2), Err(NotDecimal));
    assert_eq!(nines.parse::<Units>(), Err(TooLarge));
}

#[test]
fn a_refusal_reads_as_a_sentence_after_the_value() {
    assert_eq!(TooManyDecimals { max: 2 }.to_string(), "has more than 2 decimals");
}

#[test]
fn amounts_are_written_without_padding_or_with_all_decimals() {
    let table: &[(u128, u8, &str, &str)] = &[
        (0, 0, "0", "0"),
        (0, 2, "0", "0.00"),
        (1, 2, "0.01", "0.01"),
        (10_000, 2, "100", "100.00"),
        (150, 2, "1.5", "1.50"),
        (100, 0, "100", "100"),
        (20_000, 8, "0.0002", "0.00020000"),
        (
            u128::MAX,
            38,
            "3.40282366920938463463374607431768211455",
            "3.40282366920938463463374607431768211455",
        ),
    ];
    for (units, decimals, plain, padded) in table {
        assert_eq!(format_decimal(Units::new(*units), *decimals), *plain);
        assert_eq!(format_padded(Units::new(*units), *decimals), *padded);
    }
}

#[test]
fn stored_units_are_digits_only() {
    for text in ["", "+1", "-1", "01", "00", "1.0", "1.", " 1", "1e2", "0x1", "1_0"] {
        assert!(text.parse::<Units>().is_err(), "{text:?}");
    }
    assert_eq!("0".parse(), Ok(Units::ZERO));
    let max = u128::MAX.to_string();
    assert_eq!(max.parse::<Units>().unwrap().to_string(), max);
}

#[test]
fn arithmetic_never_wraps() {
    let (one, max) = (Units::new(1), Units::new(u128::MAX));
    assert_eq!(max.checked_add(one), None);
    assert_eq!(Units::ZERO.checked_sub(one), None);
    assert_eq!(max.checked_mul(2), None);
    assert_eq!(Units::ZERO.saturating_sub(one), Units::ZERO);
    assert_eq!(one.checked_mul(7), Some(Units::new(7)));
    assert!(Units::ZERO.is_zero() && !one.is_zero());
}

#[test]
fn a_currency_names_its_code_and_network() {
    let (iso, network) = (Code::constant("USDT"), Code::constant("tron"));
    let coin = Currency::Coin(AssetId::new(iso, network));
    assert_eq!((coin.iso(), coin.network()), (iso, Some(network)));
    let euro = Code::constant("EUR");
    assert_eq!((Currency::Fiat(euro).iso(), Currency::Fiat(euro).network()), (euro, None));
    assert_eq!(AssetId::new(iso, network).to_string(), "USDT/tron");
}

proptest! {
    #[test]
    fn writing_and_reading_an_amount_changes_nothing(units: u128, decimals in 0_u8..=38) {
        let units = Units::new(units);
        prop_assert_eq!(parse_decimal(&format_decimal(units, decimals), decimals), Ok(units));
        prop_assert_eq!(parse_decimal(&format_padded(units, decimals), decimals), Ok(units));
        prop_assert_eq!(units.to_string().parse(), Ok(units));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,60}", decimals: u8) {
        let _ = parse_decimal(&text, decimals);
        let _ = text.parse::<Units>();
    }

    #[test]
    fn what_is_read_is_written_back_up_to_zeros(
        text in "(0|[1-9][0-9]{0,18})(\\.[0-9]{1,18})?",
    ) {
        let units = parse_decimal(&text, 18).unwrap();
        let plain = match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.'),
            false => &text,
        };
        prop_assert_eq!(format_decimal(units, 18), plain);
    }
}
