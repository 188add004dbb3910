//! Properties of every life of a request, over one fixed sequence of generated lives.
//!
//! The equality that is held for order and repetition is the strongest there is: after every
//! watermark or decision the whole request is equal (`==`), memory included, and so is the list of
//! its effects. Nothing is exempt, callbacks about transfers on their way included, because looks
//! have no effects of their own: the watermark after them has.

use std::collections::BTreeMap;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::{
    reference::Facts,
    scenario::{Scenario, Turn, is_final, jumbled, note, note_all, scenarios},
    situation::*,
};
use crate::{
    callback::CallbackKind,
    money::AssetId,
    payment_request::{CaseKind, Effect, Fact, PaymentRequest, Settled, Stage},
    transfer::{Observation, Position},
};

/// Lives tried for each property; the same ones every time.
pub(super) const LIVES: u32 = 20_000;
/// How often each stage, fact, position, callback and case must occur among them.
const AT_LEAST: u32 = 1_000;

pub(super) fn in_every_life(rule: impl Fn(Scenario) -> Result<(), TestCaseError>) {
    let config = Config { cases: LIVES, failure_persistence: None, ..Config::default() };
    let same = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, same).run(&scenarios(), rule).unwrap();
}

/// Fails a property unless it holds.
pub(super) fn holds(condition: bool, what: &str) -> Result<(), TestCaseError> {
    if condition { Ok(()) } else { Err(TestCaseError::fail(what.to_owned())) }
}

pub(super) fn same<T: PartialEq + std::fmt::Debug>(
    one: &T,
    other: &T,
) -> Result<(), TestCaseError> {
    if one == other {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("{one:#?}\nis not\n{other:#?}")))
}

/// Sums of the cases among effects.
fn cases(effects: &[Effect]) -> BTreeMap<(CaseKind, AssetId), u128> {
    let mut sums = BTreeMap::new();
    for effect in effects {
        if let Effect::OpenCase(case) = effect {
            let sum: &mut u128 = sums.entry((case.kind, case.asset)).or_default();
            *sum = sum.saturating_add(case.units.get());
        }
    }
    sums
}

#[test]
fn order_and_repetition_never_matter() {
    in_every_life(|life| {
        let mut straight = life.start();
        let mut crooked = life.start();
        let mut older: Vec<Observation> = vec![];
        let mut seed = u64::try_from(life.looks().len()).unwrap();
        for segment in &life.segments {
            let taken = note_all(&mut straight, &segment.looks);
            let order = jumbled(&segment.looks, &older, &mut seed);
            note_all(&mut crooked, &order);
            same(&segment.turn.act(&mut straight), &segment.turn.act(&mut crooked))?;
            same(&straight, &crooked)?;
            older.extend(taken.into_iter().cloned());
        }
        Ok(())
    });
}

#[test]
fn a_fact_applied_twice_is_applied_once() {
    in_every_life(|life| {
        let mut request = life.start();
        for segment in &life.segments {
            for seen in &segment.looks {
                note(&mut request, seen);
                let once = request.clone();
                note(&mut request, seen);
                same(&once, &request)?;
            }
            segment.turn.act(&mut request);
            if let Turn::Fact(fact) = &segment.turn {
                let once = request.clone();
                holds(request.apply(fact) == Ok(vec![]), "effects of a repeated fact")?;
                same(&once, &request)?;
            }
        }
        Ok(())
    });
}

#[test]
fn sums_recompute_exactly_from_the_facts() {
    in_every_life(|life| {
        let mut request = life.start();
        let mut looks: Vec<&Observation> = vec![];
        for segment in &life.segments {
            looks.extend(note_all(&mut request, &segment.looks));
            let (quotes, cut) = (&request.quotes, request.window_cut);
            let facts = Facts { policy: life.policy.clone(), quotes, cut, looks: looks.clone() };
            for (place, quote) in quotes.iter().enumerate() {
                same(&request.seen(quote).get(), &facts.seen(place))?;
                same(&request.confirmed(quote).get(), &facts.confirmed(place))?;
                same(&request.window_end_of(quote), &facts.window_end(place))?;
            }
            let places = 0..quotes.len();
            let full = places.clone().any(|place| facts.seen(place) >= facts.enough(place));
            same(&request.full_amount_seen(), &full)?;
            if let Some(end) = places.clone().map(|place| facts.confirm_by(place)).max() {
                same(&request.grace_end(), &end)?;
            }
            if let (Some(quote), None) = (request.paying_quote(), request.paid_quote) {
                let seen = places.clone().find(|place| facts.seen(*place) > 0);
                let place = seen.unwrap_or(quotes.len() - 1);
                same(&quote.id, &quotes[place].id)?;
                let missing = quote.expected.get().saturating_sub(facts.seen(place));
                same(&request.remaining().get(), &missing)?;
            }
            segment.turn.act(&mut request);
        }
        Ok(())
    });
}

#[test]
fn stage_surplus_and_cases_recompute_exactly_from_the_facts() {
    in_every_life(|life| {
        let looks = life.looks();
        let mut request = life.start();
        if request.quotes.is_empty() {
            return Ok(());
        }
        note_all(&mut request, &looks);
        let mut effects = vec![];
        // At the second time around all networks have been reported to the same minute.
        for name in ["bitcoin", "tron", "lightning"] {
            effects.extend(request.apply(&mark(name, 1_550)).unwrap());
        }
        let quotes = &request.quotes;
        let facts =
            Facts { policy: life.policy.clone(), quotes, cut: None, looks: looks.iter().collect() };
        let (stage, paid) = facts.stage(minute(1_550));
        same(&request.stage, &stage)?;
        same(&request.paid_quote, &paid.map(|place| quotes[place].id))?;
        let expected = facts.cases(&stage, paid);
        same(&cases(&effects), &expected)?;
        let surplus: u128 = expected
            .iter()
            .filter(|((kind, _), _)| *kind == CaseKind::Over)
            .map(|(_, units)| *units)
            .sum();
        same(&request.surplus().get(), &surplus)
    });
}

#[test]
fn a_final_stage_never_changes() {
    in_every_life(|life| {
        let mut request = life.start();
        for segment in &life.segments {
            let before = request.stage.clone();
            note_all(&mut request, &segment.looks);
            same(&request.stage, &before)?;
            segment.turn.act(&mut request);
            holds(!is_final(&before) || request.stage == before, "a final stage changed")?;
        }
        Ok(())
    });
}

#[test]
fn a_request_is_never_paid_by_less_than_is_owed_in_final_transfers() {
    in_every_life(|life| {
        let mut request = life.start();
        let mut looks: Vec<&Observation> = vec![];
        for segment in &life.segments {
            looks.extend(note_all(&mut request, &segment.looks));
            let was_open = request.is_open();
            segment.turn.act(&mut request);
            let Stage::Paid { by, .. } = &request.stage else { continue };
            if !was_open {
                continue;
            }
            let (quotes, cut) = (&request.quotes, request.window_cut);
            let facts = Facts { policy: life.policy.clone(), quotes, cut, looks: looks.clone() };
            let stories = facts.stories();
            let paying = stories
                .iter()
                .filter(|story| by.contains(&story.any.reference))
                .inspect(|story| assert!(story.final_in.is_some() && story.live));
            let received = super::scenario::total(paying.map(|story| story.any.units));
            let paid = quotes.iter().position(|quote| Some(quote.id) == request.paid_quote);
            holds(received >= facts.enough(paid.unwrap()), "paid by too little")?;
        }
        Ok(())
    });
}

#[test]
fn only_a_watermark_behind_every_window_closes() {
    in_every_life(|life| {
        let mut request = life.start();
        for segment in &life.segments {
            note_all(&mut request, &segment.looks);
            let was_open = request.is_open();
            segment.turn.act(&mut request);
            let closed = matches!(
                request.stage,
                Stage::Failed { .. } | Stage::Expired { with_rate: true, .. }
            );
            if !(was_open && closed) {
                continue;
            }
            let watermark = matches!(segment.turn, Turn::Fact(Fact::Watermark { .. }));
            holds(watermark, "closed by something else than a watermark")?;
            for quote in &request.quotes {
                let marks = &request.watermarks;
                let mark = marks.iter().find(|mark| mark.0 == quote.asset.network);
                let end = request.window_end_of(quote);
                holds(mark.is_some_and(|mark| mark.1 >= end), "closed before its time")?;
            }
        }
        Ok(())
    });
}

#[test]
fn no_money_is_in_two_cases_and_none_that_stays_is_forgotten() {
    in_every_life(|life| {
        let (request, effects) = life.play();
        let effects: Vec<_> = effects.into_iter().flatten().collect();
        let mut opened = cases(&effects);
        opened.retain(|(kind, _), _| !matches!(kind, CaseKind::Over | CaseKind::Reversed));
        let mut settled = BTreeMap::new();
        for transfer in &request.transfers {
            if let Some(Settled::Case(kind)) = transfer.settled {
                let sum: &mut u128 = settled.entry((kind, transfer.asset)).or_default();
                *sum = sum.saturating_add(transfer.units.get());
            }
        }
        same(&opened, &settled)?;
        let sum_over: u128 = cases(&effects)
            .iter()
            .filter(|((kind, _), _)| *kind == CaseKind::Over)
            .map(|(_, units)| *units)
            .sum();
        same(&request.over_opened.get(), &sum_over)?;
        // After another watermark of every network only what screening holds is unsettled.
        let mut request = request;
        for name in ["bitcoin", "tron", "lightning"] {
            request.apply(&mark(name, 0)).unwrap();
        }
        let held = matches!(request.stage, Stage::Restricted { .. });
        let open = request.is_open() || held;
        let settled = request.transfers.iter().all(|one| one.settled.is_some() || !one.is_final());
        holds(open || settled, "final money is neither payment nor case")
    });
}

#[test]
fn nothing_is_told_twice() {
    in_every_life(|life| {
        let (request, effects) = life.play();
        let effects: Vec<_> = effects.into_iter().flatten().collect();
        let count =
            |kind| effects.iter().filter(|effect| **effect == Effect::Callback(kind)).count();
        let ends = [
            CallbackKind::Paid,
            CallbackKind::Failed,
            CallbackKind::ExpiredWithRate,
            CallbackKind::ExpiredWithoutRate,
            CallbackKind::Cancelled,
            CallbackKind::Restricted,
        ];
        let told: usize = ends.into_iter().map(count).sum();
        same(&told, &usize::from(!request.is_open()))?;
        // What is final again after a reversal is told like a late payment.
        let is_reversal = |effect: &&Effect| match effect {
            Effect::OpenCase(case) => case.kind == CaseKind::Reversed,
            Effect::Callback(_) => false,
        };
        let may_be_late = request.transfers.len() + effects.iter().filter(is_reversal).count();
        holds(count(CallbackKind::LatePayment) <= may_be_late, "late twice")?;
        let single: Vec<_> = effects
            .iter()
            .filter_map(|effect| match effect {
                // Final again and gone again, it is reversed again.
                Effect::OpenCase(case) if case.kind == CaseKind::Reversed => None,
                Effect::OpenCase(case) => case.transfer.as_ref().map(|one| (case.kind, one)),
                Effect::Callback(_) => None,
            })
            .collect();
        let different: std::collections::BTreeSet<_> = single.iter().collect();
        same(&single.len(), &different.len())
    });
}

/// How often each thing occurred.
#[derive(Default)]
struct Census(BTreeMap<String, u32>);

impl Census {
    fn add(&mut self, what: &str, which: &str) {
        *self.0.entry(format!("{what} {which}")).or_default() += 1;
    }

    fn look(&mut self, seen: &Observation) {
        self.add("fact", "transfer");
        let position = match &seen.position {
            Position::Gone => "gone",
            Position::Pending => "pending",
            Position::Block { finalized: true, .. } => "block called final",
            Position::Block { confirmations, .. } if *confirmations >= NEEDED => "deep block",
            Position::Block { .. } => "shallow block",
        };
        self.add("position", position);
        if seen.blind {
            self.add("position", "blind");
        }
    }

    fn turn(&mut self, turn: &Turn, before: &PaymentRequest, effects: &[Effect]) {
        let name = match turn {
            Turn::Fact(Fact::Watermark { .. }) => "watermark",
            Turn::Fact(Fact::Clock(_)) => "clock",
            Turn::Fact(Fact::Transfer(_)) => "transfer",
            Turn::Proceed(_) | Turn::Cancel | Turn::Restrict | Turn::EndWindow(_) => "decision",
        };
        self.add("fact", name);
        self.add("stage before a turn", before.status());
        for effect in effects {
            match effect {
                Effect::Callback(kind) => self.add("callback", &format!("{kind:?}")),
                Effect::OpenCase(case) => self.add("case", case.kind.as_str()),
            }
        }
    }
}

#[test]
fn the_generator_reaches_everything_often_enough() {
    let census = std::cell::RefCell::new(Census::default());
    in_every_life(|life| {
        let mut census = census.borrow_mut();
        let mut request = life.start();
        for quote in &life.quotes {
            census.add("callback", "RateFixed");
            census.add("quote on", quote.asset.network.as_str());
        }
        for segment in &life.segments {
            for seen in &segment.looks {
                census.look(seen);
                note(&mut request, seen);
            }
            let before = request.clone();
            let effects = segment.turn.act(&mut request);
            census.turn(&segment.turn, &before, &effects);
        }
        census.add("stage at the end", request.status());
        if let Stage::Expired { with_rate, .. } = request.stage {
            census.add("expired with a rate", &with_rate.to_string());
        }
        Ok(())
    });
    let census = census.into_inner().0;
    let stages = ["created", "processing", "paid", "failed", "expired", "cancelled", "restricted"];
    let facts = ["transfer", "watermark", "clock", "decision"];
    let positions =
        ["gone", "pending", "shallow block", "deep block", "block called final", "blind"];
    let callbacks = [
        "RateFixed",
        "Transaction",
        "Paid",
        "Failed",
        "ExpiredWithoutRate",
        "ExpiredWithRate",
        "LatePayment",
        "Restricted",
        "Cancelled",
        "Reversal",
    ];
    let kinds = CaseKind::ALL.into_iter().filter(|kind| *kind != CaseKind::Beyond);
    let all = [
        ("stage before a turn", stages.to_vec()),
        ("fact", facts.to_vec()),
        ("position", positions.to_vec()),
        ("callback", callbacks.to_vec()),
        ("case", kinds.map(CaseKind::as_str).collect()),
        ("expired with a rate", vec!["true", "false"]),
    ];
    for (what, which) in all {
        for which in which {
            let count = census.get(&format!("{what} {which}")).copied().unwrap_or_default();
            assert!(count >= AT_LEAST, "{what} {which}: {count} times\n{census:#?}");
        }
    }
}
