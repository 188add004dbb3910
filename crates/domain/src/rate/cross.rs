//! Ways from one currency to another: pairs that are traded, and crosses over dollars, euros and
//! stablecoins at what those are worth themselves.
//!
//! Each source speaks at most once for a leg, by its best pair (the direct one first), so that a
//! quorum counts sources and not pairs.

use std::collections::BTreeMap;

use super::{
    FIXED, NoRate, Rate, RatePoint, Side,
    book::RateBook,
    evidence::{Leg, Step, Verdict, Witness},
    median::{Terms, judge, settle},
};
use crate::{catalogue::fiat, code::Iso};

const USD: Iso = Iso::constant("USD");
const EUR: Iso = Iso::constant("EUR");

/// One search for a way, with the legs settled so far.
pub(super) struct Crossing<'a> {
    book: &'a RateBook,
    terms: Terms,
    pub(super) legs: Vec<Leg>,
    known: BTreeMap<(Iso, Iso, Side), Result<usize, NoRate>>,
}

impl<'a> Crossing<'a> {
    pub(super) fn new(book: &'a RateBook, terms: Terms) -> Self {
        Self { book, terms, legs: Vec::new(), known: BTreeMap::new() }
    }

    /// The steps from one currency to another.
    pub(super) fn path(&mut self, base: Iso, quote: Iso, side: Side) -> Result<Vec<Step>, NoRate> {
        if base == quote {
            return Ok(Vec::new());
        }
        let other = side.opposite();
        match (is_fiat(base), is_fiat(quote)) {
            (true, true) => self.fiat_path(base, quote, side),
            (false, true) => Ok(vec![ahead(self.coin_leg(base, quote, side)?)]),
            (true, false) => Ok(vec![back(self.coin_leg(quote, base, other)?)]),
            (false, false) => {
                let first = ahead(self.coin_leg(base, USD, side)?);
                Ok(vec![first, back(self.coin_leg(quote, USD, other)?)])
            }
        }
    }

    /// A coin in a fiat currency; a pegged coin only while it keeps its peg.
    fn coin_leg(&mut self, coin: Iso, quote: Iso, side: Side) -> Result<usize, NoRate> {
        if let Some(peg) = self.book.peg(coin).filter(|peg| *peg != quote) {
            self.once(coin, peg, side, Self::coin_witnesses)?;
        }
        self.once(coin, quote, side, Self::coin_witnesses)
    }

    /// Fiat in fiat: their own pair, or else over the euro or the dollar.
    fn fiat_path(&mut self, base: Iso, quote: Iso, side: Side) -> Result<Vec<Step>, NoRate> {
        if base == quote {
            return Ok(Vec::new());
        }
        let direct = match self.once(base, quote, side, Self::fiat_witnesses) {
            Ok(leg) => return Ok(vec![ahead(leg)]),
            Err(reason) => reason,
        };
        for pivot in [EUR, USD] {
            if pivot == base || pivot == quote {
                continue;
            }
            let first = self.once(base, pivot, side, Self::fiat_witnesses);
            let second = self.once(pivot, quote, side, Self::fiat_witnesses);
            if let (Ok(first), Ok(second)) = (first, second) {
                return Ok(vec![ahead(first), ahead(second)]);
            }
        }
        Err(direct)
    }

    /// Settles a leg, or remembers how that ended before.
    fn once(
        &mut self,
        base: Iso,
        quote: Iso,
        side: Side,
        witnesses: fn(&mut Self, &Leg) -> Vec<Witness>,
    ) -> Result<usize, NoRate> {
        if let Some(ended) = self.known.get(&(base, quote, side)) {
            return ended.clone();
        }
        let guarded = self.book.peg(base) == Some(quote);
        let leg = Leg { base, quote, side, guarded, witnesses: Vec::new(), result: Rate::ONE };
        let witnesses = witnesses(self, &leg);
        let ended = settle(leg, witnesses, self.terms.rules).map(|leg| {
            self.legs.push(leg);
            self.legs.len().saturating_sub(1)
        });
        self.known.insert((base, quote, side), ended.clone());
        ended
    }

    fn fiat_witnesses(&mut self, leg: &Leg) -> Vec<Witness> {
        let ours = |point: &RatePoint| counter(point, leg.base) == leg.quote;
        self.speakers(leg, ours, |_, _| Some(Vec::new()))
    }

    fn coin_witnesses(&mut self, leg: &Leg) -> Vec<Witness> {
        let pegged = self.book.peg(leg.base).is_some();
        let book = self.book;
        // A stablecoin is priced in fiat only: over another stablecoin it would prove itself.
        let ours = |point: &RatePoint| {
            let counter = counter(point, leg.base);
            is_fiat(counter) || (!pegged && book.peg(counter).is_some())
        };
        self.speakers(leg, ours, |crossing, counter| {
            let peg = crossing.book.peg(counter);
            let Some(peg) = peg else {
                return crossing.fiat_path(counter, leg.quote, leg.side).ok();
            };
            let first = crossing.coin_leg(counter, peg, leg.side).ok()?;
            let rest = crossing.fiat_path(peg, leg.quote, leg.side).ok()?;
            Some(std::iter::once(ahead(first)).chain(rest).collect())
        })
    }

    /// One witness for each source: the best of its pairs that is usable, or the best of all.
    fn speakers(
        &mut self,
        leg: &Leg,
        ours: impl Fn(&RatePoint) -> bool,
        convert: impl Fn(&mut Self, Iso) -> Option<Vec<Step>>,
    ) -> Vec<Witness> {
        let fixed = self.terms.rules.fixed;
        let mut points: Vec<&RatePoint> = self
            .book
            .mentioning(leg.base)
            .filter(|point| (point.source == FIXED) == fixed && ours(point))
            .collect();
        points.sort_by_key(|point| (point.source, rank(point, leg), point.base, point.quote));
        let mut speakers: Vec<Witness> = Vec::new();
        for point in points {
            let spoken = speakers.last().filter(|last| last.source == point.source);
            if spoken.is_some_and(|last| last.verdict == Verdict::Used) {
                continue;
            }
            let spoken = spoken.is_some();
            let counter = counter(point, leg.base);
            let via = if counter == leg.quote { Some(Vec::new()) } else { convert(self, counter) };
            let mut witness = witness(point, via.unwrap_or_default());
            judge(leg, &mut witness, &self.legs, self.terms);
            if !spoken {
                speakers.push(witness);
            } else if witness.verdict == Verdict::Used
                && let Some(last) = speakers.last_mut()
            {
                *last = witness;
            }
        }
        speakers
    }
}

fn is_fiat(iso: Iso) -> bool {
    fiat(iso.as_str()).is_some()
}

const fn ahead(leg: usize) -> Step {
    Step { leg, inverted: false }
}

const fn back(leg: usize) -> Step {
    Step { leg, inverted: true }
}

/// The other currency of the pair.
fn counter(point: &RatePoint, iso: Iso) -> Iso {
    if point.base == iso { point.quote } else { point.base }
}

/// The fewer conversions, and the more traded what is converted by, the better.
fn rank(point: &RatePoint, leg: &Leg) -> (u8, bool) {
    let counter = counter(point, leg.base);
    let order = match counter {
        own if own == leg.quote => 0,
        dollar if dollar == USD => 1,
        euro if euro == EUR => 2,
        fiat if is_fiat(fiat) => 3,
        _ => 4,
    };
    (order, point.base != leg.base)
}

fn witness(point: &RatePoint, via: Vec<Step>) -> Witness {
    Witness {
        source: point.source.to_owned(),
        base: point.base,
        quote: point.quote,
        bid: point.bid,
        ask: point.ask,
        at: point.at,
        via,
        value: None,
        verdict: Verdict::NoCross,
    }
}
