use super::{Evidence, EvidenceRefused, Verdict};
use crate::{
    catalogue::Catalogue,
    code::Iso,
    rate::{RateBook, RatePoint, RateRules, Side},
    time::{Span, Timestamp},
};

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn evidence() -> Evidence {
    let iso = |text: &str| text.parse::<Iso>().unwrap();
    let point = |source, base, quote, bid: &str, ask: &str| RatePoint {
        source,
        base: iso(base),
        quote: iso(quote),
        bid: bid.parse().unwrap(),
        ask: ask.parse().unwrap(),
        at: NOW.minus(Span::from_seconds(2)),
    };
    let mut points = vec![
        point("kraken", "BTC", "EUR", "46000.1", "46000.3"),
        point("coinbase", "BTC", "USD", "50003.25", "50003.26"),
        point("binance", "BTC", "USDT", "50011.11", "50011.12"),
        point("bitstamp", "BTC", "EUR", "52000", "52001"),
        point("kraken", "USDT", "USD", "0.9997", "0.9998"),
        point("coinbase", "USDT", "USD", "0.9996", "0.9999"),
        point("binance", "EUR", "USDT", "1.0871", "1.0872"),
        point("ecb", "EUR", "USD", "1.0869", "1.0869"),
    ];
    points[7].at = NOW.minus(Span::from_hours(60));
    points.push(RatePoint {
        at: NOW.minus(Span::from_hours(1)),
        ..point("cg", "BTC", "EUR", "1", "1")
    });
    let book = RateBook::new(&Catalogue::builtin(), points);
    book.price(iso("BTC"), iso("EUR"), Side::Bid, NOW, &RateRules::MARKET).unwrap().evidence
}

#[test]
fn evidence_survives_its_text_form_and_comes_to_the_same_rate() {
    let evidence = evidence();
    assert_eq!(evidence.legs.len(), 4, "{}", evidence.to_text());
    let read = Evidence::parse(&evidence.to_text()).unwrap();
    assert_eq!(read, evidence);
    assert_eq!(read.recompute(), Ok(evidence.result));
}

#[test]
fn every_source_is_kept_with_what_became_of_it() {
    let evidence = evidence();
    let leg = evidence.legs.last().unwrap();
    let verdicts: Vec<_> =
        leg.witnesses.iter().map(|witness| (witness.source.as_str(), witness.verdict)).collect();
    assert_eq!(
        verdicts,
        [
            ("binance", Verdict::Used),
            ("bitstamp", Verdict::Outlier),
            ("cg", Verdict::Stale),
            ("coinbase", Verdict::Used),
            ("kraken", Verdict::Used),
        ]
    );
}

#[test]
fn evidence_that_was_changed_is_found_out() {
    let text = evidence().to_text();
    let changes = [
        ("50003.25", "50103.25"),
        ("outlier bitstamp", "used bitstamp"),
        ("stale cg", "used cg"),
        (" bid guarded", " ask guarded"),
        ("15000 2 20000", "1 2 20000"),
        ("path 3", "path 1"),
        ("path 3", "path 9"),
    ];
    for (from, to) in changes {
        assert!(text.contains(from), "{from} in {text}");
        let changed = Evidence::parse(&text.replacen(from, to, 1)).unwrap();
        assert!(changed.recompute().is_err(), "{from} → {to}");
    }
    let result = format!("result {}", evidence().result);
    let changed = Evidence::parse(&text.replace(&result, "result 1")).unwrap();
    assert!(matches!(changed.recompute(), Err(EvidenceRefused::OtherResult { .. })));
}

#[test]
fn a_text_that_makes_no_sense_names_the_line() {
    let text = evidence().to_text();
    let cases = [
        (String::new(), 0),
        ("nonsense".to_owned(), 1),
        (text.replacen("rate 1", "rate 2", 1), 1),
        (text.replacen("rules 60000", "rules x", 1), 2),
        (text.replacen("guarded", "careful", 1), 5),
        (text.replacen("leg ", "by ", 1), 3),
    ];
    for (broken, line) in cases {
        assert_eq!(
            Evidence::parse(&broken),
            Err(EvidenceRefused::NotEvidence { line }),
            "{broken}"
        );
    }
    for (index, _) in text.char_indices() {
        let _ = Evidence::parse(&text[..index]);
    }
}
