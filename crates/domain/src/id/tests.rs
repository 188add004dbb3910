use proptest::prelude::*;

use super::{Id, IdRefused, MerchantId, MerchantKind, PaymentToken, TokenRefused};
use crate::time::Timestamp;

/// The example of RFC 9562, appendix A.6.
const RFC_TEXT: &str = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

#[test]
fn an_id_is_the_uuid_of_the_standards_example() {
    let at = Timestamp::from_millis(0x017f_22e2_79b0);
    let random = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
    let id = MerchantId::new(at, random);
    assert_eq!(id.text(), RFC_TEXT);
    assert_eq!(id.to_string(), RFC_TEXT);
    assert_eq!(format!("{id:?}"), RFC_TEXT);
    assert_eq!(RFC_TEXT.parse::<MerchantId>().unwrap(), id);
    assert_eq!(MerchantId::from_bytes(id.bytes()), id);
}

#[test]
fn what_is_not_a_lower_case_uuid_is_refused() {
    let upper = RFC_TEXT.to_uppercase();
    let moved = RFC_TEXT.replacen("-7", "7-", 1);
    let wide = RFC_TEXT.replacen("01", "é", 1);
    let texts = [
        "",
        "017f22e279b07cc398c4dc0c0c07398f",
        &upper,
        &moved,
        &wide,
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
        "017f22e2-79b0-7cc3-98c4-dc0c0c0739-f",
    ];
    for text in texts {
        assert_eq!(text.parse::<MerchantId>(), Err(IdRefused), "{text:?}");
    }
}

#[test]
fn a_payment_token_is_22_letters_and_digits_with_the_time_first() {
    let at = Timestamp::from_millis(1_700_000_000_000);
    let token = PaymentToken::new(at, [0xff; 16]);
    assert_eq!(token.as_str().len(), 22);
    assert_eq!(token.as_str().parse(), Ok(token));
    assert_eq!(token.to_string(), token.as_str());
    let twin = PaymentToken::new(at, [0; 16]);
    assert_eq!(token.as_str().get(..7), twin.as_str().get(..7));
    assert_ne!(token, twin);
}

#[test]
fn a_payment_token_is_not_shown_in_logs() {
    let token = PaymentToken::new(Timestamp::from_seconds(1), [7; 16]);
    assert_eq!(format!("{token:?}"), "PaymentToken(…)");
}

#[test]
fn what_is_not_22_letters_and_digits_is_no_token() {
    for text in [
        "",
        "lLXLZ6Q8lCwFFRbyW0C1E",
        "lLXLZ6Q8lCwFFRbyW0C1ETT",
        "lLXLZ6Q8lCwFFRbyW0C1E-",
        "lLXLZ6Q8lCwFFRbyW0C1E ",
        "lLXLZ6Q8lCwFFRbyW0C1é",
        "../../../../../../../x",
    ] {
        assert_eq!(text.parse::<PaymentToken>(), Err(TokenRefused), "{text:?}");
    }
    assert!("lLXLZ6Q8lCwFFRbyW0C1ET".parse::<PaymentToken>().is_ok(), "the documented example");
}

proptest! {
    #[test]
    fn an_id_keeps_its_text_and_says_version_7(millis in 0_i64..1 << 48, random: [u8; 10]) {
        let id = MerchantId::new(Timestamp::from_millis(millis), random);
        let text = id.text();
        prop_assert_eq!(text.parse(), Ok(id));
        prop_assert_eq!(text.as_bytes()[14], b'7');
        prop_assert!(b"89ab".contains(&text.as_bytes()[19]));
    }

    #[test]
    fn ids_and_tokens_sort_by_time(
        early in 0_i64..1 << 40,
        later in 1_i64..1 << 30,
        one: [u8; 16],
        two: [u8; 16],
    ) {
        let first = Timestamp::from_millis(early);
        let second = Timestamp::from_millis(early + later);
        let ten = |bytes: [u8; 16]| *bytes.first_chunk::<10>().unwrap();
        let (a, b) = (MerchantId::new(first, ten(one)), MerchantId::new(second, ten(two)));
        prop_assert!(a < b && a.text() < b.text());
        let (a, b) = (PaymentToken::new(first, one), PaymentToken::new(second, two));
        prop_assert!(a < b && a.as_str() < b.as_str());
    }

    #[test]
    fn different_random_bits_make_different_ids(one: [u8; 10], two: [u8; 10]) {
        let used = |bytes: [u8; 10]| [bytes[0] & 0x0f, bytes[1], bytes[2] & 0x3f, bytes[9]];
        let id = |bytes| Id::<MerchantKind>::new(Timestamp::default(), bytes);
        prop_assert!(used(one) == used(two) || id(one) != id(two));
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in ".{0,40}") {
        let _ = text.parse::<MerchantId>();
        let _ = text.parse::<PaymentToken>();
    }
}
