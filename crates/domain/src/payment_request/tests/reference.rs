//! The rules once more, written from the design and without the machine's own words: every answer
//! is computed from the bare list of looks, by filters and sums.

use std::collections::{BTreeMap, BTreeSet};

use super::scenario::total;
use crate::{
    money::{AssetId, Units},
    payment_request::{BLIND_MARGIN, CaseKind, Needed, PaidWhen, Policy, Quote, Stage},
    time::Timestamp,
    transfer::{Observation, Position, TransferReference},
};

/// The facts of a request, as they are.
pub(super) struct Facts<'a> {
    pub(super) policy: Policy,
    pub(super) quotes: &'a [Quote],
    pub(super) cut: Option<Timestamp>,
    pub(super) looks: Vec<&'a Observation>,
}

/// A transfer, as the looks tell it.
pub(super) struct Story<'a> {
    pub(super) any: &'a Observation,
    pub(super) live: bool,
    time: Timestamp,
    earliest: Timestamp,
    /// Time and height of the block it is final in.
    pub(super) final_in: Option<(Timestamp, u64)>,
    pub(super) reversed: bool,
    block_time: Option<Timestamp>,
}

/// What the strictest quote of an address waits for: the network's word (1: safe, 2: final), or
/// else so many confirmations.
fn strictest(quotes: &[Quote], address: &str) -> Option<(u8, u32)> {
    let mut needed = None;
    for quote in quotes.iter().filter(|quote| quote.address == address) {
        needed = needed.max(Some(match quote.needed {
            Needed::Confirmations(count) => (0, count),
            Needed::Safe => (1, 0),
            Needed::Finalized => (2, 0),
        }));
    }
    needed
}

impl<'a> Facts<'a> {
    /// The transfers to our addresses, by reference.
    pub(super) fn stories(&self) -> Vec<Story<'a>> {
        let ours = |seen: &&&Observation| strictest(self.quotes, &seen.address).is_some();
        let moved = |seen: &&&Observation| seen.units > Units::ZERO;
        let looks: Vec<_> = self.looks.iter().filter(ours).filter(moved).copied().collect();
        let references: BTreeSet<_> = looks.iter().map(|seen| &seen.reference).collect();
        let stories = references.into_iter().map(|reference| {
            let own = looks.iter().filter(|seen| seen.reference == *reference);
            self.story(&own.copied().collect::<Vec<_>>())
        });
        stories.collect()
    }

    fn story(&self, looks: &[&'a Observation]) -> Story<'a> {
        let any = looks[0];
        let last = looks.iter().max_by_key(|seen| (seen.look, &seen.position)).unwrap();
        let (word, count) = strictest(self.quotes, &any.address).unwrap();
        let mut times = vec![];
        let mut earliest = vec![];
        let mut final_looks = vec![];
        for seen in looks {
            match &seen.position {
                Position::Gone => {}
                Position::Pending => times.push(seen.observed_at),
                Position::Block { at, time, confirmations, safe, finalized } => {
                    times.extend([seen.observed_at, *time]);
                    if seen.blind {
                        earliest.push(time.minus(BLIND_MARGIN));
                    }
                    let is_met = match word {
                        0 => *confirmations >= count,
                        1 => *safe,
                        _ => false,
                    };
                    if *finalized || is_met {
                        final_looks.push((seen.look, *time, at));
                    }
                }
            }
        }
        let time = times.iter().min().copied().unwrap_or(Timestamp::MAX);
        let final_look = final_looks.into_iter().max();
        let gone_after = |number: u64| {
            looks.iter().any(|seen| seen.position == Position::Gone && seen.look > number)
        };
        let reversed = final_look.is_some_and(|(number, ..)| gone_after(number));
        let final_in = final_look.filter(|_| !reversed).map(|(_, time, at)| (time, at.height));
        let now_in = match &last.position {
            Position::Block { time, .. } => Some(*time),
            Position::Pending | Position::Gone => None,
        };
        Story {
            any,
            live: last.position != Position::Gone,
            time,
            earliest: earliest.into_iter().fold(time, Timestamp::min),
            final_in,
            reversed,
            block_time: final_in.map(|(time, _)| time).or(now_in),
        }
    }

    /// Which quote a transfer counts for.
    pub(super) fn quote_of(&self, story: &Story<'_>) -> Option<usize> {
        let mut found = None;
        for (place, quote) in self.quotes.iter().enumerate() {
            let fits = quote.asset == story.any.asset && quote.address == story.any.address;
            if fits && (found.is_none() || quote.locked_at <= story.time) {
                found = Some(place);
            }
        }
        found
    }

    pub(super) fn enough(&self, place: usize) -> u128 {
        let quote = &self.quotes[place];
        quote.expected.get() - quote.tolerance.get()
    }

    pub(super) fn window_end(&self, place: usize) -> Timestamp {
        let quote = &self.quotes[place];
        let stories = self.stories();
        let arrived = total(
            stories
                .iter()
                .filter(|story| story.live && self.quote_of(story) == Some(place))
                .filter(|story| story.earliest <= quote.locked_until)
                .map(|story| story.any.units),
        );
        let mut end = quote.locked_until;
        let enough = self.enough(place);
        if (enough.div_ceil(10)..enough).contains(&arrived) {
            end = end.plus(self.policy.extension);
        }
        self.cut.map_or(end, |cut| cut.min(end))
    }

    pub(super) fn confirm_by(&self, place: usize) -> Timestamp {
        match self.policy.paid_when {
            PaidWhen::SeenInWindow => self.window_end(place).plus(self.policy.grace),
            PaidWhen::ConfirmedInWindow => self.window_end(place),
        }
    }

    fn in_window(&self, story: &Story<'_>, place: usize) -> bool {
        self.quote_of(story) == Some(place)
            && story.live
            && story.earliest <= self.window_end(place)
    }

    /// Whether a transfer pays some quote.
    fn pays(&self, story: &Story<'_>, place: usize) -> bool {
        let in_time = |(time, _)| time <= self.confirm_by(place);
        self.in_window(story, place) && story.final_in.is_some_and(in_time)
    }

    pub(super) fn seen(&self, place: usize) -> u128 {
        let stories = self.stories();
        total(stories.iter().filter(|one| self.in_window(one, place)).map(|one| one.any.units))
    }

    pub(super) fn confirmed(&self, place: usize) -> u128 {
        let stories = self.stories();
        total(stories.iter().filter(|one| self.pays(one, place)).map(|one| one.any.units))
    }

    fn in_blocks(&self, place: usize) -> u128 {
        let in_time = |one: &&Story<'_>| {
            self.in_window(one, place)
                && one.block_time.is_some_and(|time| time <= self.confirm_by(place))
        };
        let stories = self.stories();
        total(stories.iter().filter(in_time).map(|one| one.any.units))
    }

    /// When a quote was covered, and by which transfers.
    fn covered(&self, place: usize) -> Option<(Timestamp, Vec<TransferReference>)> {
        let stories = self.stories();
        let mut paying: Vec<_> = stories.iter().filter(|one| self.pays(one, place)).collect();
        paying.sort_by_key(|one| (one.final_in, &one.any.reference));
        (1..=paying.len()).find_map(|count| {
            let part = &paying[..count];
            let enough = total(part.iter().map(|one| one.any.units)) >= self.enough(place);
            let by = part.iter().map(|one| one.any.reference.clone()).collect();
            enough.then(|| (part[count - 1].final_in.unwrap().0, by))
        })
    }

    /// The stage of a processing request once all its networks have been reported to `through`, and
    /// the place of the quote that was paid.
    pub(super) fn stage(&self, through: Timestamp) -> (Stage, Option<usize>) {
        let places = 0..self.quotes.len();
        let covered = places.clone().filter_map(|place| {
            let (at, by) = self.covered(place)?;
            Some((at, place, by))
        });
        if let Some((at, place, by)) = covered.min() {
            return (Stage::Paid { at, by }, Some(place));
        }
        let full = |place: usize| self.seen(place) >= self.enough(place);
        let end = |place: usize| {
            if full(place) { self.confirm_by(place) } else { self.window_end(place) }
        };
        let waits = |place: usize| {
            through < end(place) || (full(place) && self.in_blocks(place) >= self.enough(place))
        };
        if places.clone().any(waits) {
            return (Stage::Processing, None);
        }
        let at = places.clone().map(end).max().unwrap();
        if places.clone().all(|place| self.seen(place) == 0) {
            return (Stage::Expired { at, with_rate: true }, None);
        }
        (Stage::Failed { at }, None)
    }

    /// What is offered back at that stage, and what is reported reversed.
    pub(super) fn cases(
        &self,
        stage: &Stage,
        paid: Option<usize>,
    ) -> BTreeMap<(CaseKind, AssetId), u128> {
        let mut cases = BTreeMap::new();
        let mut add = |kind, asset, units: u128| {
            let sum: &mut u128 = cases.entry((kind, asset)).or_default();
            *sum = sum.saturating_add(units);
        };
        let mut received = 0_u128;
        for story in self.stories() {
            let (asset, units) = (story.any.asset, story.any.units.get());
            if story.reversed {
                add(CaseKind::Reversed, asset, units);
            }
            if story.final_in.is_none() {
                continue;
            }
            let Some(place) = self.quote_of(&story) else {
                add(CaseKind::WrongToken, asset, units);
                continue;
            };
            let same = |paid: usize| {
                let (one, other) = (&self.quotes[paid], &self.quotes[place]);
                one.asset == other.asset && one.address == other.address
            };
            match stage {
                Stage::Processing | Stage::Created => {}
                Stage::Paid { .. } if self.pays(&story, place) && same(paid.unwrap()) => {
                    received = received.saturating_add(units);
                }
                Stage::Paid { .. } if self.pays(&story, place) => {
                    add(CaseKind::SecondAddress, asset, units);
                }
                Stage::Failed { .. } if self.pays(&story, place) => {
                    add(CaseKind::Under, asset, units);
                }
                _ => add(CaseKind::Late, asset, units),
            }
        }
        if let Some(quote) = paid.map(|place| &self.quotes[place]) {
            let surplus = received.saturating_sub(quote.expected.get());
            add(CaseKind::Over, quote.asset, surplus);
        }
        cases.retain(|_, units| *units > 0);
        cases
    }
}
