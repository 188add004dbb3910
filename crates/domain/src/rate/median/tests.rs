use proptest::prelude::*;

use super::{NoRate, Rate, RateRules, Terms, Verdict, judge, median, settle};
use crate::{
    code::{Code, Iso},
    rate::{ECB, Leg, Side, Witness},
    time::{Span, Timestamp},
};

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);
const BTC: Iso = Code::constant("BTC");
const EUR: Iso = Code::constant("EUR");
const USD: Iso = Code::constant("USD");

fn leg(base: Iso, quote: Iso, side: Side) -> Leg {
    Leg { base, quote, side, guarded: false, witnesses: Vec::new(), result: Rate::ONE }
}

fn witness(source: &str, leg: &Leg, bid: &str, ask: &str, age: Span) -> Witness {
    Witness {
        source: source.to_owned(),
        base: leg.base,
        quote: leg.quote,
        bid: bid.parse().unwrap(),
        ask: ask.parse().unwrap(),
        at: NOW.minus(age),
        via: Vec::new(),
        value: None,
        verdict: Verdict::NoCross,
    }
}

fn settled(leg: Leg, mut witnesses: Vec<Witness>) -> Result<Leg, NoRate> {
    let terms = Terms { now: NOW, rules: RateRules::MARKET };
    for witness in &mut witnesses {
        judge(&leg, witness, &[], terms);
    }
    settle(leg, witnesses, terms.rules)
}

/// A settled leg of one-sided prices that are one second old.
fn of(prices: &[&str]) -> Result<Leg, NoRate> {
    let leg = leg(BTC, EUR, Side::Bid);
    let names = ["a", "b", "c", "d", "e"].iter().zip(prices);
    let witnesses = names
        .map(|(name, price)| witness(name, &leg, price, price, Span::from_seconds(1)))
        .collect();
    settled(leg, witnesses)
}

fn verdicts(leg: &Leg) -> Vec<Verdict> {
    leg.witnesses.iter().map(|witness| witness.verdict).collect()
}

#[test]
fn the_middle_of_three_sources_is_the_rate() {
    assert_eq!(of(&["101", "100", "100.5"]).unwrap().result.to_string(), "100.5");
}

#[test]
fn of_an_even_count_it_is_the_mean_of_the_middle_two() {
    assert_eq!(of(&["100", "101"]).unwrap().result.to_string(), "100.5");
    assert_eq!(of(&["100", "101", "100.2", "100.6"]).unwrap().result.to_string(), "100.4");
    let tie = of(&["1.000000000000000001", "1.000000000000000002"]).unwrap();
    assert_eq!(tie.result.to_string(), "1.000000000000000002", "half-even in the last place");
}

#[test]
fn an_outlier_is_dropped_and_the_median_taken_again() {
    let leg = of(&["100", "100.4", "110"]).unwrap();
    assert_eq!(verdicts(&leg), [Verdict::Used, Verdict::Used, Verdict::Outlier]);
    assert_eq!(leg.result.to_string(), "100.2");
}

#[test]
fn one_and_a_half_percent_off_is_still_used() {
    let leg = of(&["100", "100", "101.5"]).unwrap();
    assert_eq!(verdicts(&leg), [Verdict::Used; 3]);
    let leg = of(&["100", "100", "101.500000000000000001"]).unwrap();
    assert_eq!(leg.witnesses.last().unwrap().verdict, Verdict::Outlier);
}

#[test]
fn two_sources_that_disagree_make_no_rate() {
    let refused = of(&["100", "104"]).unwrap_err();
    let NoRate::TooFew { needed: 2, found: 0, sources, .. } = &refused else {
        panic!("{refused}");
    };
    assert!(sources.contains("a BTC/EUR: too far from the median"), "{sources}");
}

#[test]
fn one_source_is_not_enough() {
    let refused = of(&["100"]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "no rate for BTC in EUR: 1 of 2 sources usable (a BTC/EUR: usable)"
    );
    assert!(of(&[]).unwrap_err().to_string().contains("no source has this pair"));
}

#[test]
fn a_price_older_than_a_minute_is_dropped() {
    let leg = leg(BTC, EUR, Side::Bid);
    let at = |source, seconds| witness(source, &leg, "100", "100", Span::from_seconds(seconds));
    let three = vec![at("a", 0), at("b", 60), at("c", 61)];
    let settled_leg = settled(leg.clone(), three).unwrap();
    assert_eq!(verdicts(&settled_leg), [Verdict::Used, Verdict::Used, Verdict::Stale]);
    assert!(settled(leg.clone(), vec![at("a", 0), at("b", 61)]).is_err());
}

#[test]
fn a_price_from_the_future_is_dropped() {
    let leg = leg(BTC, EUR, Side::Bid);
    let at = |source, ahead: i64| witness(source, &leg, "100", "100", Span::from_seconds(-ahead));
    let settled_leg = settled(leg.clone(), vec![at("a", 0), at("b", 60), at("c", 61)]).unwrap();
    assert_eq!(verdicts(&settled_leg), [Verdict::Used, Verdict::Used, Verdict::Ahead]);
}

#[test]
fn a_bid_above_the_ask_is_dropped() {
    let leg = leg(BTC, EUR, Side::Mid);
    let one = |source, bid, ask| witness(source, &leg, bid, ask, Span::ZERO);
    let three = vec![one("a", "100", "101"), one("b", "100", "101"), one("c", "101", "100")];
    let settled_leg = settled(leg.clone(), three).unwrap();
    assert_eq!(settled_leg.witnesses.last().unwrap().verdict, Verdict::Crossed);
}

#[test]
fn the_side_decides_which_price_counts() {
    for (side, expected) in [(Side::Bid, "100"), (Side::Mid, "100.5"), (Side::Ask, "101")] {
        let leg = leg(BTC, EUR, side);
        let one = |source| witness(source, &leg, "100", "101", Span::ZERO);
        let settled_leg = settled(leg.clone(), vec![one("a"), one("b")]).unwrap();
        assert_eq!(settled_leg.result.to_string(), expected);
    }
}

#[test]
fn the_central_bank_may_stand_alone_for_130_hours_and_only_between_fiat_currencies() {
    let fiat = leg(EUR, USD, Side::Mid);
    let old = |leg: &Leg, source, hours| {
        settled(leg.clone(), vec![witness(source, leg, "1.1", "1.1", Span::from_hours(hours))])
    };
    assert_eq!(old(&fiat, ECB, 130).unwrap().result.to_string(), "1.1");
    assert!(old(&fiat, ECB, 131).is_err());
    assert!(old(&fiat, "kraken", 0).is_err());
    assert!(old(&leg(BTC, EUR, Side::Mid), ECB, 0).is_err());
}

proptest! {
    #[test]
    fn the_order_of_the_sources_never_matters(
        mut prices in prop::collection::vec(950_000_u32..1_050_000, 0..5),
    ) {
        let texts = |prices: &[u32]| prices.iter().map(u32::to_string).collect::<Vec<_>>();
        let rate = |prices: &[u32]| {
            let texts = texts(prices);
            of(&texts.iter().map(String::as_str).collect::<Vec<_>>()).map(|leg| leg.result).ok()
        };
        let first = rate(&prices);
        prices.reverse();
        prop_assert_eq!(rate(&prices), first);
        prices.sort_unstable();
        prop_assert_eq!(rate(&prices), first);
    }

    #[test]
    fn the_median_is_among_its_values(numbers in prop::collection::vec(1_u128.., 1..9)) {
        let rates: Vec<Rate> = numbers.iter().map(|number| Rate(*number)).collect();
        let middle = median(&rates).unwrap();
        let below = rates.iter().filter(|rate| **rate < middle).count();
        let above = rates.iter().filter(|rate| **rate > middle).count();
        prop_assert!(below * 2 <= rates.len() && above * 2 <= rates.len());
    }

    /// One source alone, whatever it says, cannot move the rate beyond what honest ones say.
    #[test]
    fn a_lying_source_cannot_move_the_rate_beyond_the_honest_ones(lie in 1_u128..1 << 100) {
        let lie = Rate(lie).to_string();
        let leg = of(&["100", "100.5", &lie]).unwrap();
        prop_assert!(leg.result >= Rate::constant("100"));
        prop_assert!(leg.result <= Rate::constant("100.5"));
    }
}
