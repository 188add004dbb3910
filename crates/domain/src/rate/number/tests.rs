use proptest::prelude::*;
use ruint::aliases::U256;

use super::{
    Rate,
    RateRefused::{self, NotDecimal, NotPositive, TooLarge},
    SCALE,
};

fn scaled(text: &str) -> Result<u128, RateRefused> {
    Rate::parse(text).map(Rate::scaled)
}

#[test]
fn a_rate_is_read_exactly_with_or_without_an_exponent() {
    let table = [
        ("1", SCALE),
        ("50000.12345", 50_000_123_450_000_000_000_000),
        ("0.000000000000000001", 1),
        ("1e-5", 10_000_000_000_000),
        ("1E-18", 1),
        ("6.2e+4", 62_000 * SCALE),
        ("0.00062e8", 62_000 * SCALE),
        ("123456789e-9", 123_456_789_000_000_000),
        ("00012.50", 12_500_000_000_000_000_000),
        ("340282366920938463463.374607431768211455", u128::MAX),
        ("1e20", 100 * SCALE * SCALE),
    ];
    for (text, expected) in table {
        assert_eq!(scaled(text), Ok(expected), "{text}");
    }
}

#[test]
fn digits_beyond_the_eighteenth_decimal_are_rounded_half_even() {
    let table = [
        ("0.0000000000000000014", 1),
        ("0.0000000000000000015", 2),
        ("0.0000000000000000025", 2),
        ("0.00000000000000000250000000", 2),
        ("0.00000000000000000250000001", 3),
        ("0.0000000000000000026", 3),
        ("0.0000000000000000005000001", 1),
        ("35e-19", 4),
        ("0.9999999999999999999", SCALE),
    ];
    for (text, expected) in table {
        assert_eq!(scaled(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_rate_is_refused() {
    for text in [
        "", ".", "1.", ".5", "+1", "--1", " 1", "1 ", "1e", "e5", "1e+", "1e5.0", "1e--5", "NaN",
        "inf", "1,000", "0x1", "1.2.3", "1_000", "１",
    ] {
        assert_eq!(scaled(text), Err(NotDecimal), "{text:?}");
    }
    for text in ["0", "0.0", "-1", "-0", "0e99", "0.0000000000000000005", "1e-19", "1e-99999999"] {
        assert_eq!(scaled(text), Err(NotPositive), "{text:?}");
    }
    for text in ["340282366920938463463.374607431768211456", "1e21", "1e400", "1e99999999999"] {
        assert_eq!(scaled(text), Err(TooLarge), "{text:?}");
    }
    assert_eq!(scaled(&"9".repeat(40_000)), Err(NotDecimal));
}

#[test]
fn a_rate_is_written_without_padding() {
    for text in ["1", "0.000000000000000001", "50000.12345", "100"] {
        assert_eq!(Rate::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn a_constant_is_the_same_as_a_parsed_rate() {
    const EURO: Rate = Rate::constant("1.10");
    assert_eq!(EURO, Rate::parse("1.1").unwrap());
    assert_eq!(Rate::constant("50000"), Rate::parse("5e4").unwrap());
}

#[test]
fn an_inverse_or_product_that_is_zero_or_too_large_is_none() {
    let (tiny, huge) = (Rate(1), Rate(u128::MAX));
    assert_eq!(tiny.inverse(), Some(Rate(SCALE * SCALE)));
    assert_eq!(huge.inverse(), None);
    assert_eq!(tiny.times(tiny), None);
    assert_eq!(huge.times(huge), None);
    assert_eq!(huge.times(Rate::ONE), Some(huge));
    assert_eq!(Rate::constant("3").inverse().unwrap().to_string(), "0.333333333333333333");
    assert_eq!(Rate::constant("1.5").inverse().unwrap().to_string(), "0.666666666666666667");
}

#[test]
fn a_product_is_rounded_half_even() {
    let half = Rate::constant("0.5");
    assert_eq!(Rate(3).times(half), Some(Rate(2)));
    assert_eq!(Rate(5).times(half), Some(Rate(2)));
    assert_eq!(Rate(1).times(half), None);
}

#[test]
fn a_mean_is_rounded_half_even() {
    assert_eq!(Rate(1).mean(Rate(2)), Rate(2));
    assert_eq!(Rate(2).mean(Rate(3)), Rate(2));
    assert_eq!(Rate(3).mean(Rate(4)), Rate(4));
    assert_eq!(Rate(u128::MAX).mean(Rate(u128::MAX - 2)), Rate(u128::MAX - 1));
    assert_eq!(Rate(u128::MAX).mean(Rate(u128::MAX)), Rate(u128::MAX));
}

#[test]
fn being_off_is_strictly_more_than_the_share() {
    let (hundred, edge) = (Rate::constant("100"), Rate::constant("101.5"));
    assert!(!edge.off(hundred, 15_000));
    assert!(Rate(edge.0 + 1).off(hundred, 15_000));
    assert!(Rate::constant("98.4").off(hundred, 15_000));
}

proptest! {
    #[test]
    fn writing_and_reading_a_rate_changes_nothing(number in 1_u128..) {
        let rate = Rate(number);
        prop_assert_eq!(Rate::parse(&rate.to_string()), Ok(rate));
    }

    #[test]
    fn a_mean_is_between_and_does_not_depend_on_the_order(a in 1_u128.., b in 1_u128..) {
        let (a, b) = (Rate(a), Rate(b));
        let mean = a.mean(b);
        prop_assert_eq!(mean, b.mean(a));
        prop_assert!(a.min(b) <= mean && mean <= a.max(b));
        let sum = U256::from(a.0) + U256::from(b.0);
        let distance = (U256::from(mean.0) * U256::from(2)).abs_diff(sum);
        prop_assert!(distance <= U256::from(1));
        prop_assert!(distance.is_zero() || mean.0.is_multiple_of(2));
    }

    #[test]
    fn a_product_is_off_by_at_most_half_of_the_last_place(
        a in 1_u128..1 << 80,
        b in 1_u128..1 << 80,
    ) {
        if let Some(product) = Rate(a).times(Rate(b)) {
            let exact = U256::from(a) * U256::from(b);
            let distance = (U256::from(product.0) * U256::from(SCALE)).abs_diff(exact);
            prop_assert!(distance * U256::from(2) <= U256::from(SCALE));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[-+0-9.eE]{0,40}|.{0,20}") {
        let _ = Rate::parse(&text);
    }
}
