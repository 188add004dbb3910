use proptest::prelude::*;

use super::*;
use crate::catalogue::Catalogue;

const NONE: NamedBlocks = NamedBlocks { safe: false, finalized: false };
const BOTH: NamedBlocks = NamedBlocks { safe: true, finalized: true };

fn steps(text: &str) -> Confirmations {
    text.parse().unwrap()
}

/// What a request for so many euros waits for.
fn needed(text: &str, euros: u32) -> Needed {
    steps(text).step(|below| euros < below).needed(BOTH)
}

fn refused(text: &str) -> String {
    text.parse::<Confirmations>().unwrap_err().to_string()
}

#[test]
fn a_greater_total_waits_for_more() {
    let bitcoin = "1 below 1000 EUR, 3 below 50000 EUR, 6";
    for (euros, count) in [(0, 1), (999, 1), (1_000, 3), (49_999, 3), (50_000, 6), (u32::MAX, 6)] {
        assert_eq!(needed(bitcoin, euros), Needed::Confirmations(count), "{euros} EUR");
    }
}

#[test]
fn a_plain_number_holds_for_every_total() {
    assert_eq!(steps("12"), Confirmations::plain(12));
    assert_eq!(needed("12", u32::MAX), Needed::Confirmations(12));
    assert_eq!(Confirmations::plain(0), Confirmations::plain(1), "nothing is final at once");
}

#[test]
fn where_the_total_is_unknown_the_strictest_step_holds() {
    let step = steps("1 below 1000 EUR, 6").step(|_| false);
    assert_eq!(step.needed(BOTH), Needed::Confirmations(6));
}

#[test]
fn a_word_that_no_node_says_is_replaced_by_its_number() {
    let ethereum = steps("12 below 1000 EUR, safe or 40 below 50000 EUR, finalized or 75");
    let at = |euros: u32, named| ethereum.step(|below| euros < below).needed(named);
    assert_eq!(at(1_000, BOTH), Needed::Safe);
    assert_eq!(at(50_000, BOTH), Needed::Finalized);
    assert_eq!(at(1_000, NONE), Needed::Confirmations(40));
    assert_eq!(at(50_000, NamedBlocks { safe: true, ..NONE }), Needed::Confirmations(75));
    assert_eq!(ethereum.named(), BOTH);
    assert_eq!(ethereum.depth(Needed::Finalized), Some(75));
    assert_eq!(steps("12").depth(Needed::Finalized), None);
    assert_eq!((ethereum.least(), steps("finalized or 25").least()), (12, 25));
}

#[test]
fn steps_have_a_long_and_a_short_spelling() {
    let long = "12 below 1000 EUR, safe or 40 below 50000 EUR, finalized or 75";
    let short = "12<1000,safe/40<50000,finalized/75";
    assert_eq!(steps(long), steps(short));
    assert_eq!(steps(short).to_string(), long);
    assert_eq!(steps(long).compact(), short);
    assert_eq!(steps(" 1 <1000 ,3"), steps("1 below 1000 EUR, 3"));
}

#[test]
fn what_is_wrong_about_steps_is_named() {
    for (text, part) in [
        ("", "\"\" is no step"),
        ("soon", "\"soon\" is no step"),
        ("-1", "\"-1\" is no step"),
        ("1 below 5 USD, 2", "\"1 below 5 USD\" is no step"),
        ("0", "\"0\": confirmations are a number from 1 to 100000"),
        ("100001", "\"100001\": confirmations are a number"),
        ("1.5", "\"1.5\": confirmations are a number"),
        ("safe", "write \"safe or 40\""),
        ("1 below 0 EUR, 2", "\"0\": an amount from 1 to 10000000 whole euros"),
        ("1 below 0.5 EUR, 2", "\"0.5\": an amount"),
        ("1, 2", "every step but the last"),
        ("1 below 1000 EUR", "every step but the last"),
        ("3 below 1000 EUR, 2", "\"2\" must not ask for less"),
        ("1 below 1000 EUR, 3 below 1000 EUR, 6", "\"3 below 1000 EUR\" must not"),
        ("finalized or 3 below 1000 EUR, 6", "\"6\" must not ask for less"),
        ("1<1,1<2,1<3,1<4,1<5,1<6,1<7,1<8,1", "more than 8 steps"),
    ] {
        assert!(refused(text).contains(part), "{text}: {}", refused(text));
    }
}

#[test]
fn the_catalogue_says_steps_that_a_person_could_write() {
    for network in Catalogue::builtin().networks() {
        let text = network.confirmations.to_string();
        assert_eq!(text.parse(), Ok(network.confirmations.clone()), "{}", network.name);
    }
}

fn rising() -> impl Strategy<Value = Confirmations> {
    let step = (0..3_u8, 1..50_u32, 1..5_000_u32);
    prop::collection::vec(step, 1..=MAX_STEPS).prop_map(|mut all| {
        all.sort_unstable_by_key(|(word, ..)| *word);
        let (mut depth, mut euros) = (0, 0);
        let mut steps = all.into_iter().map(|(word, more, higher)| {
            (depth, euros) = (depth + more, euros + higher);
            let step = match word {
                0 => Step::depth_of(depth),
                1 => Step::safe_or(depth),
                _ => Step::finalized_or(depth),
            };
            (euros, step)
        });
        let (_, first) = steps.next().unwrap();
        let mut last = first;
        let mut kept = Vec::new();
        for (euros, step) in steps {
            kept.push((euros, last));
            last = step;
        }
        Confirmations { steps: kept, last }
    })
}

proptest! {
    #[test]
    fn any_steps_are_read_as_they_were_written(all in rising()) {
        prop_assert_eq!(all.to_string().parse(), Ok(all.clone()));
        prop_assert_eq!(all.compact().parse(), Ok(all.clone()));
    }

    #[test]
    fn no_greater_total_waits_for_less(
        all in rising(),
        less in 0..40_000_u32,
        more in 0..40_000_u32,
        safe: bool,
        finalized: bool,
    ) {
        let named = NamedBlocks { safe, finalized };
        let at = |euros: u32| all.step(|below| euros < below);
        let (small, great) = (at(less.min(more)), at(less.max(more)));
        prop_assert!(great.asks_no_less_than(small));
        let unknown = all.step(|_| false);
        prop_assert!(unknown.asks_no_less_than(great));
        prop_assert!(matches!(
            (small.needed(named), great.needed(named)),
            (Needed::Confirmations(one), Needed::Confirmations(other)) if one <= other
        ) || named != NamedBlocks::default());
    }
}
