//! Every kind of callback against its golden file, and docs/callbacks.md against all of them.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path};

use coffer_domain::{
    callback::CallbackKind,
    code::{Iso, NetworkName},
    money::AssetId,
};
use coffer_wire::{
    callback::{
        CallbackView, ERROR_LATE, ERROR_NOT_PAID, ERROR_PAID_LESS, ERROR_RESTRICTED,
        ERROR_REVERSED, callback_type, render_callback,
    },
    json::{Value, read_object},
    payment_request::{
        AddressView, CurrencySentView, CurrencyView, QuoteView, Status, TransactionView,
    },
};

const ETH: CurrencyView<'_> = CurrencyView { iso: "ETH", network_name: Some("ethereum") };
const ADDRESS: &str = "tb1qj0d4rsczat6dx3yy065g98rrz5hewkrdcrz7je";
const TXID: &str = "3950ad8149421a850d01dff88f024810e363ac18c9e8dd9bc0b9116e7937ad93";

/// Name of the golden file, and the body.
type Case = (&'static str, Vec<u8>);

fn btc() -> AssetId {
    AssetId { iso: Iso::new("BTC").unwrap(), network: NetworkName::new("bitcoin").unwrap() }
}

/// A quote as in the documented sample, with so much received and missing.
fn quote(received: &'static str, remaining: &'static str) -> QuoteView<'static> {
    let btc = CurrencyView { iso: "BTC", network_name: Some("bitcoin") };
    QuoteView {
        payment_request_address: AddressView {
            id: "019c0ebf-84a1-7bdc-a09c-8b62294cc75d",
            currency: btc,
            convert_to: ETH,
            address: ADDRESS,
            tag: None,
        },
        currency_sent: CurrencySentView {
            currency: btc,
            expected_amount: "0.0094",
            received_amount: received,
            remaining_amount: remaining,
        },
        fixed_at: 1_769_773_958,
        expires_at: 1_769_774_157,
        valid_until: 1_769_774_157,
    }
}

fn view(kind: CallbackKind, status: Status) -> CallbackView<'static> {
    CallbackView {
        id: "019c0ebf-9b10-7e4f-8a3d-2f6c1b7d5e90",
        kind,
        payment_request_id: "019c0ebf-81e5-751d-aa57-fb9e2cba23c2",
        foreign_id: Some("order_12345"),
        status,
        end_user_email: Some("test@test.com"),
        currency: ETH,
        amount: "0.3",
        quote: Some(quote("0", "0.0094")),
        valid_until: 1_769_774_157,
        transactions: &[],
        error: "",
        full_amount_seen: false,
    }
}

fn cases() -> Vec<Case> {
    use CallbackKind as Kind;
    let btc = btc();
    let paid = |amount, confirmations| {
        let id = "019c0ec1-02d4-7a61-b8f3-6e5a9c0d1f27";
        [TransactionView::deposit(id, &btc, ADDRESS, amount, TXID, confirmations)]
    };
    let (unconfirmed, whole, half) = (paid("0.0094", 0), paid("0.0094", 2), paid("0.005", 1));
    let late = paid("0.0094", 0);
    let covered = CallbackView {
        quote: Some(quote("0.0094", "0")),
        full_amount_seen: true,
        ..view(Kind::Paid, Status::Paid)
    };
    let paid_whole = CallbackView { transactions: &whole, ..covered };
    let short = CallbackView {
        quote: Some(quote("0.005", "0.0044")),
        transactions: &half,
        error: ERROR_PAID_LESS,
        ..view(Kind::Failed, Status::Failed)
    };
    let expired =
        CallbackView { error: ERROR_NOT_PAID, ..view(Kind::ExpiredWithRate, Status::Expired) };
    let cancelled = CallbackView { quote: None, ..view(Kind::Cancelled, Status::Cancelled) };
    let reversal = CallbackView { error: ERROR_REVERSED, ..view(Kind::Reversal, Status::Paid) };
    let cases = [
        ("rate_fixed", view(Kind::RateFixed, Status::Processing)),
        (
            "transaction",
            CallbackView {
                kind: Kind::Transaction,
                status: Status::Processing,
                transactions: &unconfirmed,
                ..covered
            },
        ),
        ("paid", paid_whole),
        ("failed", short),
        (
            "expired_without_rate",
            CallbackView { kind: Kind::ExpiredWithoutRate, quote: None, ..expired },
        ),
        ("expired_with_rate", expired),
        (
            "late_payment",
            CallbackView {
                kind: Kind::LatePayment,
                transactions: &late,
                error: ERROR_LATE,
                ..expired
            },
        ),
        (
            "late_payment_after_paid",
            CallbackView { kind: Kind::LatePayment, error: ERROR_LATE, ..paid_whole },
        ),
        (
            "restricted",
            CallbackView {
                kind: Kind::Restricted,
                status: Status::Restricted,
                error: ERROR_RESTRICTED,
                ..paid_whole
            },
        ),
        ("cancelled", cancelled),
        ("reversal", reversal),
    ];
    cases.into_iter().map(|(name, view)| (name, render_callback(&view))).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The golden file of that name. With `COFFER_WRITE_GOLDEN` set it is written first, for a change
/// that is meant; the difference is then looked at in review.
#[expect(clippy::disallowed_methods, reason = "a switch of this test, not a setting")]
fn golden(name: &str, body: &[u8]) -> Vec<u8> {
    let path = root().join("tests/golden").join(format!("{name}.json"));
    if std::env::var_os("COFFER_WRITE_GOLDEN").is_some() {
        fs::write(&path, body).unwrap();
    }
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_kind_has_the_bytes_of_its_golden_file() {
    for (name, body) in cases() {
        let golden = String::from_utf8(golden(name, &body)).unwrap();
        assert_eq!(String::from_utf8(body).unwrap(), golden, "{name}");
    }
    let files = fs::read_dir(root().join("tests/golden")).unwrap().count();
    assert_eq!(files, cases().len(), "golden files without a case");
}

#[test]
fn the_documentation_shows_every_body() {
    let path = root().join("../../docs/callbacks.md");
    let page = fs::read_to_string(&path).unwrap();
    for (name, body) in cases() {
        let body = String::from_utf8(body).unwrap();
        let block = format!("```json\n{body}\n```\n");
        assert!(page.contains(&block), "docs/callbacks.md has no block with the body of {name}");
        assert!(page.contains(&format!("`{name}`")), "docs/callbacks.md does not name {name}");
    }
}

#[test]
fn the_documented_sample_is_kept_field_for_field() {
    let sample = "{\"payment_request_id\":\"019c0ebf-81e5-751d-aa57-fb9e2cba23c2\",\
        \"foreign_id\":\"order_12345\",\"type\":\"payment_request\",\"status\":\"processing\",\
        \"end_user_email\":\"test@test.com\",\
        \"payment_request_address\":{\"id\":\"019c0ebf-84a1-7bdc-a09c-8b62294cc75d\",\
        \"currency\":{\"iso\":\"BTC\",\"network_name\":\"bitcoin\"},\
        \"convert_to\":{\"iso\":\"ETH\",\"network_name\":\"ethereum\"},\
        \"address\":\"tb1qj0d4rsczat6dx3yy065g98rrz5hewkrdcrz7je\",\"tag\":null},\
        \"payment_request_amount\":{\"currency\":{\"iso\":\"ETH\",\
        \"network_name\":\"ethereum\"},\"amount\":\"0.3\"},\
        \"currency_sent\":{\"currency\":{\"iso\":\"BTC\",\"network_name\":\"bitcoin\"},\
        \"expected_amount\":\"0.0094\",\"received_amount\":\"0\",\
        \"remaining_amount\":\"0.0094\"},\"fixed_at\":1769773958,\"expires_at\":1769774157,\
        \"valid_until\":1769774157";
    let body =
        String::from_utf8(render_callback(&view(CallbackKind::RateFixed, Status::Processing)));
    assert_eq!(body.unwrap(), format!(r#"{sample},"id":"019c0ebf-9b10-7e4f-8a3d-2f6c1b7d5e90"}}"#));
}

#[test]
fn bodies_are_compact_ascii_and_carry_the_id_for_deduplication() {
    for (name, body) in cases() {
        assert!(body.is_ascii() && !body.contains(&b'/') && !body.contains(&b'\n'), "{name}");
        let object = read_object(&body).unwrap();
        let id = Value::Text("019c0ebf-9b10-7e4f-8a3d-2f6c1b7d5e90".into());
        assert_eq!(object.get("id"), Some(&id), "{name}");
    }
}

#[test]
fn letters_beyond_ascii_are_escaped_and_slashes_are_left() {
    let body = render_callback(&CallbackView {
        foreign_id: Some("Bestellung/Nº 7"),
        end_user_email: Some("müller@example.com"),
        ..view(CallbackKind::RateFixed, Status::Processing)
    });
    let body = String::from_utf8(body).unwrap();
    assert!(body.contains(r#""foreign_id":"Bestellung/N\u00ba 7""#), "{body}");
    assert!(body.contains(r#""end_user_email":"m\u00fcller@example.com""#), "{body}");
}

#[test]
fn what_is_not_known_is_left_out() {
    let body = render_callback(&CallbackView {
        foreign_id: None,
        end_user_email: None,
        ..view(CallbackKind::ExpiredWithoutRate, Status::Expired)
    });
    let object = read_object(&body).unwrap();
    for absent in [
        "foreign_id",
        "end_user_email",
        "payment_request_address",
        "currency_sent",
        "fixed_at",
        "expires_at",
    ] {
        assert_eq!(object.iter().find(|(name, _)| *name == absent), None, "{absent}");
    }
}

#[test]
fn payment_request_and_paid_stand_together_in_one_kind_only() {
    use CallbackKind as Kind;
    assert_eq!(callback_type(Kind::Reversal, Status::Paid), "payment_request_reversal");
    assert_eq!(callback_type(Kind::LatePayment, Status::Paid), "payment_request_late_payment");
    assert_eq!(callback_type(Kind::LatePayment, Status::Expired), "payment_request");
    assert_eq!(callback_type(Kind::Paid, Status::Paid), "payment_request");
    assert_eq!(callback_type(Kind::Cancelled, Status::Cancelled), "payment_request");
}
