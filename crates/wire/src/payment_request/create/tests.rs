use coffer_domain::{
    code::{Iso, NetworkName},
    money::{AssetId, Currency, Units},
    payment_request::{Lifetime, PaymentCurrency, Sender},
    time::Span,
};
use proptest::prelude::*;

use super::*;
use crate::json::JsonRefused;

const NOW: Timestamp = Timestamp::from_millis(1_773_768_946_789);

/// The mission's own request.
const SAMPLE: &str = r##"{
"amount": "100",
"currency": {
"iso": "EUR"
},
"life_time_duration": 360000,
"end_user_email": "guest@example.com",
"end_user_reference": "guest_user_17",
"description": "Order #123",
"foreign_id": "order123_customer",
"url_store": "https://example.com/store"
}"##;

fn parse(body: &[u8]) -> Result<NewPaymentRequest, BodyRefused> {
    let catalogue = Catalogue::builtin();
    parse_create(body, &CreateContext { catalogue: &catalogue, now: NOW, allow_loopback: false })
}

fn accepted(body: &str) -> NewPaymentRequest {
    parse(body.as_bytes()).unwrap_or_else(|refused| panic!("{body}: {refused:?}"))
}

/// The answer's body.
fn refused(body: &[u8]) -> String {
    match parse(body) {
        Err(BodyRefused::Fields(errors)) => String::from_utf8(errors.body()).unwrap(),
        Err(BodyRefused::Content(_)) => "not JSON".to_owned(),
        Ok(_) => "accepted".to_owned(),
    }
}

/// A body that is right but for these fields, which replace or follow the right ones.
fn body(fields: &str) -> String {
    let mut all = serde_json::json!({
        "amount": "100",
        "currency": {"iso": "EUR"},
        "life_time_duration": 3600,
    });
    let changed: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&format!("{{{fields}}}")).unwrap();
    for (name, value) in changed {
        all[name.as_str()] = value;
    }
    all.to_string()
}

fn coin(iso: &str, network: &str) -> AssetId {
    AssetId { iso: Iso::new(iso).unwrap(), network: NetworkName::new(network).unwrap() }
}

#[test]
fn the_sample_is_read_whole() {
    let new = accepted(SAMPLE);
    let eur = Currency::Fiat(Iso::new("EUR").unwrap());
    assert_eq!((new.price, new.price_text.as_str()), (Money::new(eur, Units::new(10_000)), "100"));
    assert_eq!(new.lifetime, Lifetime::Duration(Span::from_seconds(360_000)));
    assert_eq!(new.end_user_email.as_deref(), Some("guest@example.com"));
    assert_eq!(new.end_user_reference.as_deref(), Some("guest_user_17"));
    assert_eq!(new.description.as_deref(), Some("Order #123"));
    assert_eq!(new.foreign_id.as_deref(), Some("order123_customer"));
    assert_eq!(new.url_store.unwrap().text, "https://example.com/store");
    assert!(new.url_success.is_none() && new.url_failed.is_none());
    assert!(new.payment_currency.is_none() && new.sender.is_none());
}

#[test]
fn amounts_are_exact_strings_or_numbers() {
    for (amount, iso, units) in [
        (r#""100""#, "EUR", 10_000),
        (r#""100.50""#, "EUR", 10_050),
        (r#""0.01""#, "EUR", 1),
        ("100", "EUR", 10_000),
        ("0.1", "EUR", 10),
        ("7", "JPY", 7),
        (r#""1.001""#, "KWD", 1_001),
        (r#""999999999999999.99""#, "EUR", 99_999_999_999_999_999),
    ] {
        let text = body(&format!(r#""currency":{{"iso":"{iso}"}}"#))
            .replace(r#""amount":"100""#, &format!(r#""amount":{amount}"#));
        let new = accepted(&text);
        assert_eq!(new.price.units, Units::new(units), "{amount} {iso}");
        assert_eq!(new.price_text, amount.trim_matches('"'));
    }
    let eth =
        r#""currency":{"iso":"ETH","network_name":"ethereum"},"amount":"0.000000000000000001""#;
    let new = accepted(&body(eth));
    assert_eq!(new.price.units, Units::new(1));
    assert_eq!(new.price.currency, Currency::Coin(coin("ETH", "ethereum")));
}

#[test]
fn lifetimes_are_durations_or_instants() {
    let body = |lifetime: &str| {
        accepted(&format!(r#"{{"amount":"1","currency":{{"iso":"EUR"}},{lifetime}}}"#)).lifetime
    };
    let duration = |seconds| Lifetime::Duration(Span::from_seconds(seconds));
    let until = |seconds| Lifetime::Until(Timestamp::from_seconds(seconds));
    assert_eq!(body(r#""life_time_duration":300"#), duration(300));
    assert_eq!(body(r#""life_time_duration":5184000"#), duration(5_184_000));
    assert_eq!(body(r#""life_time_duration":"3600""#), duration(3_600));
    assert_eq!(body(r#""life_time_datetime":1773769246"#), until(1_773_769_246));
    assert_eq!(body(r#""life_time_date_time":1778952946"#), until(1_778_952_946));
    assert_eq!(
        body(r#""life_time_datetime":"1773772546","life_time_duration":null"#),
        until(1_773_772_546)
    );
}

#[test]
fn a_payment_currency_may_leave_the_network_open() {
    let new = accepted(&body(r#""payment_currency":{"iso":"USDT"}"#));
    let usdt = PaymentCurrency { iso: Iso::new("USDT").unwrap(), network: None };
    assert_eq!(new.payment_currency, Some(usdt));
    let new = accepted(&body(r#""payment_currency":{"iso":"USDT","network_name":"tron"}"#));
    let tron = NetworkName::new("tron").unwrap();
    assert_eq!(new.payment_currency, Some(PaymentCurrency { network: Some(tron), ..usdt }));
}

#[test]
fn senders_are_people_or_companies() {
    let person = r#""sender_type":"natural","sender_data":{"first_name":"Friedrich",
        "last_name":"Müller","date_of_birth":"1995-08-17","legal_name":null,"email":"x"}"#;
    let Some(Sender::Natural { first_name, last_name, date_of_birth }) =
        accepted(&body(person)).sender
    else {
        panic!("not a person");
    };
    assert_eq!((first_name.as_str(), last_name.as_str()), ("Friedrich", "Müller"));
    assert_eq!(date_of_birth.as_deref(), Some("1995-08-17"));
    let company = r#""sender_type":"legal","sender_data":{"legal_name":"Example GmbH",
        "country_of_registration":"DEU"}"#;
    let Some(Sender::Legal { legal_name, country_of_registration }) =
        accepted(&body(company)).sender
    else {
        panic!("not a company");
    };
    assert_eq!((legal_name.as_str(), country_of_registration.as_str()), ("Example GmbH", "DEU"));
}

#[test]
fn null_is_absent_and_unknown_fields_are_ignored() {
    let all_null = r#""payment_currency":null,"end_user_email":null,"end_user_reference":null,
        "sender_type":null,"sender_data":null,"description":null,"foreign_id":null,
        "url_store":null,"url_success":null,"url_failed":null,"callback_url":[{"x":"far"}]"#;
    let huge = body(all_null).replace("\"far\"", "1e400");
    assert!(huge.contains("1e400") && accepted(&huge) == accepted(&body("")));
    assert!(accepted(&body(r#""description":"""#)).description.is_none());
}

#[test]
fn limits_count_characters_not_bytes() {
    let ids = format!(r#""foreign_id":"{0}","end_user_reference":"{0}""#, "ü".repeat(255));
    assert_eq!(accepted(&body(&ids)).foreign_id.unwrap().chars().count(), 255);
    let description = format!(r#""description":"{}\n\tß""#, "😀".repeat(997));
    assert_eq!(accepted(&body(&description)).description.unwrap().chars().count(), 1_000);
}

/// The rules and the ways to break them; its head says how it is written.
const MISTAKES: &str = include_str!("mistakes.txt");

/// The answer of spec 2.5 for lines of `field: sentence`.
fn answer<'l>(lines: impl IntoIterator<Item = &'l str>) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let error = |line: &str| {
        let (field, sentence) = line.trim().split_once(": ").unwrap();
        format!("{}:{}", quoted(field), quoted(sentence))
    };
    let errors: Vec<_> = lines.into_iter().map(error).collect();
    format!(r#"{{"errors":{{{}}}}}"#, errors.join(","))
}

#[test]
fn every_broken_rule_has_its_sentence() {
    let blocks = MISTAKES.split("\n\n").map(str::trim_end).filter(|block| !block.starts_with('#'));
    let mut count = 0;
    for block in blocks {
        let (fields, errors) = block.split_once('\n').unwrap();
        assert_eq!(refused(body(fields).as_bytes()), answer(errors.lines()), "{fields}");
        count += 1;
    }
    assert_eq!(count, 73, "blocks were lost");
}

#[test]
fn texts_that_are_too_long_are_refused() {
    for (field, max) in [("foreign_id", 255), ("end_user_reference", 255), ("description", 1_000)] {
        let body = body(&format!(r#""{field}":"{}""#, "x".repeat(max + 1)));
        let name = field.replace('_', " ");
        let errors =
            format!(r#"{{"{field}":"The {name} must not be greater than {max} characters."}}"#);
        assert_eq!(refused(body.as_bytes()), format!(r#"{{"errors":{errors}}}"#));
    }
}

#[test]
fn urls_that_break_the_rules_are_refused_under_their_field() {
    for field in ["url_store", "url_success", "url_failed"] {
        for url in ["http://example.com", "https://127.0.0.1/", "https://localhost/", "x", ""] {
            let body = body(&format!(r#""{field}":"{url}""#));
            let answer = refused(body.as_bytes());
            let start = format!(r#"{{"errors":{{"{field}":"The {} "#, field.replace('_', " "));
            assert!(answer.starts_with(&start) && answer.ends_with(r#"."}}"#), "{url}: {answer}");
        }
    }
}

#[test]
fn loopback_is_taken_where_it_is_allowed() {
    let catalogue = Catalogue::builtin();
    let body = body(r#""url_store":"http://127.0.0.1:8080/shop""#);
    let context = CreateContext { catalogue: &catalogue, now: NOW, allow_loopback: true };
    assert!(parse_create(body.as_bytes(), &context).is_ok());
    let context = CreateContext { allow_loopback: false, ..context };
    assert!(parse_create(body.as_bytes(), &context).is_err());
}

#[test]
fn all_mistakes_are_told_at_once() {
    let missing = answer([
        "amount: The amount field is required.",
        "currency: The currency field is required.",
        "life_time_duration: The life time duration field is required when life time datetime is \
         not present.",
    ]);
    for body in ["{}", "[]", "null"] {
        assert_eq!(refused(body.as_bytes()), missing, "{body}");
    }
    let many = r#"{"amount":"1.001","currency":{"iso":"USDT"},"life_time_duration":1,
        "payment_currency":{"iso":"EUR"},"end_user_email":"x","end_user_reference":"",
        "sender_type":"x","description":1,"foreign_id":1,"url_store":1,"url_success":1,
        "url_failed":1}"#;
    let Err(BodyRefused::Fields(errors)) = parse(many.as_bytes()) else { panic!("accepted") };
    let fields: Vec<_> = errors.iter().map(|(field, _)| field).collect();
    assert_eq!(
        fields,
        [
            "currency.network_name",
            "life_time_duration",
            "payment_currency.iso",
            "end_user_email",
            "end_user_reference",
            "sender_type",
            "sender_data",
            "description",
            "foreign_id",
            "url_store",
            "url_success",
            "url_failed",
        ]
    );
}

#[test]
fn personal_data_is_not_repeated_in_sentences() {
    let body = body(
        r#""end_user_email":"canary@","sender_type":"natural","sender_data":{
            "first_name":"canary\u0000","last_name":["canary"],"date_of_birth":"canary",
            "legal_name":"canary"}"#,
    );
    let answer = refused(body.as_bytes());
    assert!(answer.contains("sender_data.date_of_birth") && !answer.contains("canary"), "{answer}");
}

#[test]
fn nasty_bodies_are_refused() {
    let raw = |field: &str, value: &str| {
        body("").replace(&format!(r#""{field}":"#), &format!(r#""{field}":{value},"was":"#))
    };
    for (body, line) in [
        (
            raw("amount", "1e400"),
            r#"amount: 1e400 is not a plain decimal number, such as "100.50"."#,
        ),
        (
            raw("life_time_duration", "1e3"),
            "life_time_duration: 1e3 is not a whole number of seconds, such as 3600.",
        ),
        (
            raw("amount", &"9".repeat(40_000)),
            "amount: 9999999999999999999999999999999999999999… is too large; at most 15 \
             digits may stand before the point.",
        ),
        (
            raw("amount", &format!("0.{}", "0".repeat(40_000) + "1")),
            "amount: 0.00000000000000000000000000000000000000… has more than the 2 decimals \
             of EUR.",
        ),
        (
            raw("life_time_duration", &"9".repeat(40_000)),
            "life_time_duration: 9999999999999999999999999999999999999999… is more than \
             5184000 seconds (60 days).",
        ),
        (raw("amount", r#""1","amount":"100""#), "amount: The field is given more than once."),
        (raw("amount", r#""100","x":{"y":1,"y":1}"#), "x.y: The field is given more than once."),
        (
            raw("currency", r#"{"iso":"EUR","iso":"USD"}"#),
            "currency.iso: The field is given more than once.",
        ),
        (format!("\u{feff}{SAMPLE}"), "not JSON"),
        (format!("{SAMPLE}{SAMPLE}"), "not JSON"),
        (format!("{SAMPLE},"), "not JSON"),
        (raw("amount", &("[".repeat(10_000) + &"]".repeat(10_000))), "not JSON"),
        (String::new(), "not JSON"),
        ("\"100\"".to_owned(), "not JSON"),
        (format!("[{SAMPLE}]"), "not JSON"),
    ] {
        let start: String = body.chars().take(80).collect();
        let expected = if line == "not JSON" { line.to_owned() } else { answer([line]) };
        assert_eq!(refused(body.as_bytes()), expected, "{start}");
    }
    let mut bytes = SAMPLE.as_bytes().to_vec();
    bytes[3] = 0xff;
    assert_eq!(parse(&bytes).err(), Some(BodyRefused::Content(JsonRefused::Syntax)));
}

fn text(max: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>().prop_filter("no control", |c| !c.is_control()), 0..max)
        .prop_map(|chars| format!("x{}", chars.into_iter().collect::<String>()))
}

fn lifetime() -> impl Strategy<Value = (String, serde_json::Value, Lifetime)> {
    let duration = (300_i64..=5_184_000).prop_map(|seconds| {
        let lifetime = Lifetime::Duration(Span::from_seconds(seconds));
        ("life_time_duration".to_owned(), seconds.into(), lifetime)
    });
    let names = prop::sample::select(vec!["life_time_datetime", "life_time_date_time"]);
    let until = (names, 300_i64..=5_184_000).prop_map(|(name, seconds)| {
        let at = NOW.seconds() + seconds;
        (name.to_owned(), at.to_string().into(), Lifetime::Until(Timestamp::from_seconds(at)))
    });
    prop_oneof![duration, until]
}

proptest! {
    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn a_changed_sample_never_panics(index in 0..SAMPLE.len(), byte in any::<u8>()) {
        let mut bytes = SAMPLE.as_bytes().to_vec();
        bytes[index] = byte;
        let _ = parse(&bytes);
    }

    #[test]
    fn any_value_in_any_field_never_panics(
        name in prop::sample::select(vec![
            "amount", "currency", "life_time_duration", "life_time_datetime", "payment_currency",
            "end_user_email", "sender_type", "sender_data", "description", "url_store",
        ]),
        value in prop::sample::select(vec![
            "null", "true", "-1", "1e999", "\"\"", "\"\\u0000\"", "[]", "{}", "[[1]]",
            "{\"iso\":null}", "{\"iso\":\"BTC\",\"network_name\":\"\"}", "{\"first_name\":{}}",
        ]),
    ) {
        let _ = parse(format!(r#"{{"{name}":{value}}}"#).as_bytes());
    }

    #[test]
    fn a_valid_request_is_read_as_it_was_meant(
        cents in 1_u128..=99_999_999_999_999_999,
        (lifetime_name, lifetime_value, lifetime) in lifetime(),
        foreign_id in prop::option::of(text(254)),
        description in prop::option::of(text(999)),
        email in prop::option::of("[a-z0-9]{1,20}@[a-z]{1,20}\\.[a-z]{2,5}"),
        pretty in any::<bool>(),
    ) {
        let mut meant = serde_json::json!({
            "amount": format!("{}.{:02}", cents / 100, cents % 100),
            "currency": {"iso": "EUR"},
            "foreign_id": foreign_id,
            "description": description,
            "end_user_email": email,
        });
        meant[lifetime_name.as_str()] = lifetime_value;
        let body = if pretty { format!("{meant:#}") } else { meant.to_string() };
        let new = accepted(&body);
        prop_assert_eq!(new.price.units, Units::new(cents));
        prop_assert_eq!(new.lifetime, lifetime);
        prop_assert_eq!(new.foreign_id, foreign_id);
        prop_assert_eq!(new.description, description);
        prop_assert_eq!(new.end_user_email, email);
    }
}
