//! The rule by which several sources make one rate: drop what is stale, drop what is far from the
//! median, and quote only if enough sources remain.

use super::{
    ECB, NoRate, Rate, RateRules, Side,
    evidence::{Leg, Step, Verdict, Witness},
    number::on_side,
};
use crate::{catalogue::fiat, time::Timestamp};

/// The median; of an even count the mean of the middle two, half-even at scale 18. None of nothing.
#[must_use]
pub fn median(rates: &[Rate]) -> Option<Rate> {
    let mut sorted = rates.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    sorted.get(middle.checked_sub(1)?).map(|lower| lower.mean(upper))
}

/// When and by which rules prices are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) now: Timestamp,
    pub(super) rules: RateRules,
}

/// Judges one source's price by itself: its age, its spread, and what it comes to in the leg's own
/// currency. `legs` are those settled before.
pub(super) fn judge(leg: &Leg, witness: &mut Witness, legs: &[Leg], terms: Terms) {
    witness.value = value(leg, witness, legs);
    witness.verdict = if witness.ask < witness.bid {
        Verdict::Crossed
    } else if witness.value.is_none() {
        Verdict::NoCross
    } else {
        aged(leg, witness, terms)
    };
}

/// Judges the sources of a leg against each other and takes the median of those that remain.
pub(super) fn settle(
    mut leg: Leg,
    witnesses: Vec<Witness>,
    rules: RateRules,
) -> Result<Leg, NoRate> {
    leg.witnesses = witnesses;
    let fresh: Vec<Rate> = used(&leg).filter_map(|witness| witness.value).collect();
    if let Some(middle) = median(&fresh) {
        for witness in &mut leg.witnesses {
            let far = witness.value.is_some_and(|value| value.off(middle, rules.deviation_ppm));
            if witness.verdict == Verdict::Used && far {
                witness.verdict = Verdict::Outlier;
            }
        }
    }
    let values: Vec<Rate> = used(&leg).filter_map(|witness| witness.value).collect();
    let found = u32::try_from(values.len()).unwrap_or(u32::MAX);
    let needed = if is_fiat(&leg) && used(&leg).any(|witness| witness.source == ECB) {
        1
    } else {
        rules.quorum
    };
    match median(&values) {
        Some(result) if found >= needed => leg.result = result,
        _ => {
            let sources = sources(&leg);
            return Err(NoRate::TooFew {
                base: leg.base,
                quote: leg.quote,
                needed,
                found,
                sources,
            });
        }
    }
    if leg.guarded && leg.result.off(Rate::ONE, rules.depeg_ppm) {
        return Err(NoRate::Depegged { coin: leg.base, peg: leg.quote, price: leg.result });
    }
    Ok(leg)
}

/// The rate along a path of settled legs.
pub(super) fn along(path: &[Step], legs: &[Leg]) -> Option<Rate> {
    path.iter().try_fold(Rate::ONE, |rate, step| {
        let leg = legs.get(step.leg)?.result;
        rate.times(if step.inverted { leg.inverse()? } else { leg })
    })
}

/// Whether both currencies of the leg are fiat.
fn is_fiat(leg: &Leg) -> bool {
    [leg.base, leg.quote].iter().all(|iso| fiat(iso.as_str()).is_some())
}

fn value(leg: &Leg, witness: &Witness, legs: &[Leg]) -> Option<Rate> {
    let price = if witness.base == leg.base {
        on_side(witness.bid, witness.ask, leg.side)
    } else {
        on_side(witness.bid, witness.ask, Side::opposite(leg.side)).inverse()?
    };
    let counter = if witness.base == leg.base { witness.quote } else { witness.base };
    if counter != leg.quote && witness.via.is_empty() {
        return None;
    }
    price.times(along(&witness.via, legs)?)
}

fn aged(leg: &Leg, witness: &Witness, terms: Terms) -> Verdict {
    let rules = terms.rules;
    let limit = if is_fiat(leg) { rules.fiat_max_age } else { rules.max_age };
    let age = terms.now.since(witness.at);
    if rules.fixed {
        Verdict::Used
    } else if age > limit {
        Verdict::Stale
    } else if age.millis() < rules.max_age.millis().saturating_neg() {
        Verdict::Ahead
    } else {
        Verdict::Used
    }
}

fn used(leg: &Leg) -> impl Iterator<Item = &Witness> {
    leg.witnesses.iter().filter(|witness| witness.verdict == Verdict::Used)
}

fn sources(leg: &Leg) -> String {
    if leg.witnesses.is_empty() {
        return "no source has this pair".to_owned();
    }
    let each = leg.witnesses.iter().map(|witness| {
        format!("{} {}/{}: {}", witness.source, witness.base, witness.quote, witness.verdict)
    });
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
