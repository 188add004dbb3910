//! Lives of requests, made up: quotes, looks, watermarks and decisions, in segments. Looks of one
//! segment lie between two watermarks or decisions, so their order must not matter.

use proptest::{prelude::*, sample::select, strategy::Union};

use super::situation::*;
use crate::{
    id::QuoteId,
    money::Units,
    payment_request::{Actor, Effect, Fact, Needed, PaymentRequest, Policy, Quote, Stage},
    time::Span,
    transfer::{Observation, Position},
};

/// What ends a segment.
#[derive(Clone, Debug)]
pub(super) enum Turn {
    Fact(Fact),
    Proceed(Quote),
    Cancel,
    Restrict,
    EndWindow(i64),
}

/// Looks in no particular order, and what ends them.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) looks: Vec<Observation>,
    pub(super) turn: Turn,
}

#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) policy: Policy,
    pub(super) quotes: Vec<Quote>,
    pub(super) segments: Vec<Segment>,
}

impl Turn {
    /// Does it; a refused decision has no effects.
    pub(super) fn act(&self, request: &mut PaymentRequest) -> Vec<Effect> {
        match self {
            Self::Fact(fact) => request.apply(fact).unwrap(),
            Self::Proceed(quote) => {
                let number = u8::try_from(request.quotes.len()).unwrap() + 1;
                let quote = Quote { id: QuoteId::from_bytes([number; 16]), ..quote.clone() };
                let now = quote.locked_at;
                request.proceed(quote, now).unwrap_or_default()
            }
            Self::Cancel => request.cancel(Actor::Merchant, minute(25)).unwrap_or_default(),
            Self::Restrict => request.restrict("listed".to_owned(), minute(26)).unwrap_or_default(),
            Self::EndWindow(at) => {
                request.end_window(minute(*at)).unwrap_or_default();
                vec![]
            }
        }
    }
}

impl Scenario {
    pub(super) fn start(&self) -> PaymentRequest {
        let mut request = created(self.policy.clone());
        for quote in &self.quotes {
            request.proceed(quote.clone(), quote.locked_at).unwrap();
        }
        request
    }

    /// Every look of every segment.
    pub(super) fn looks(&self) -> Vec<Observation> {
        self.segments.iter().flat_map(|segment| segment.looks.clone()).collect()
    }

    /// The request after everything, and what followed from each turn.
    pub(super) fn play(&self) -> (PaymentRequest, Vec<Vec<Effect>>) {
        let mut request = self.start();
        let effects = self.segments.iter().map(|segment| {
            for seen in &segment.looks {
                note(&mut request, seen);
            }
            segment.turn.act(&mut request)
        });
        let effects = effects.collect();
        (request, effects)
    }
}

/// Notes a look, and says whether it was taken in: one at no address of ours is refused.
pub(super) fn note(request: &mut PaymentRequest, seen: &Observation) -> bool {
    let result = request.apply(&Fact::Transfer(seen.clone()));
    assert!(result.is_err() || result == Ok(vec![]));
    result.is_ok()
}

/// Notes looks, and gives those that were taken in.
pub(super) fn note_all<'a>(
    request: &mut PaymentRequest,
    looks: &'a [Observation],
) -> Vec<&'a Observation> {
    looks.iter().filter(|seen| note(request, seen)).collect()
}

/// Where transfer `number` of a scenario goes: mostly to the first quote.
#[derive(Clone, Copy, Debug)]
enum Target {
    Quote(usize),
    Token,
    Sister,
    Foreign,
}

fn policies() -> impl Strategy<Value = Policy> {
    let no_extension = Policy { extension: Span::ZERO, ..Policy::DEFAULT };
    let both = Policy { extension: Span::from_minutes(60), ..Policy::CRYPTOPROCESSING };
    select(vec![Policy::DEFAULT, Policy::DEFAULT, Policy::CRYPTOPROCESSING, no_extension, both])
}

fn quotes() -> impl Strategy<Value = Vec<Quote>> {
    let first = || quote(1, btc(), "here", 0);
    select(vec![
        vec![],
        vec![],
        vec![first()],
        vec![first()],
        vec![first(), quote(2, usdt(), "there", 20)],
        vec![first(), quote(2, btc(), "there", 20)],
        vec![first(), quote(2, btc(), "there", 20)],
        vec![first(), quote(2, btc(), "there", 20)],
        vec![first(), quote(2, btc(), "here", 30)],
        vec![quote(2, usdt(), "there", 0), first()],
        vec![Quote { needed: Needed::Safe, ..first() }],
        vec![first(), Quote { needed: Needed::Finalized, ..quote(2, btc(), "here", 30) }],
    ])
}

fn targets() -> impl Strategy<Value = Vec<(Target, u128)>> {
    let target = select(vec![
        Target::Quote(0),
        Target::Quote(0),
        Target::Quote(0),
        Target::Quote(0),
        Target::Quote(1),
        Target::Quote(1),
        Target::Quote(1),
        Target::Quote(1),
        Target::Token,
        Target::Sister,
        Target::Foreign,
    ]);
    let units = vec![0, 1, 5, 400, 594, 595, 600, 994, 995, 999, 1_000, 1_000, 1_000, 1_001, 1_500];
    let units = Union::new_weighted(vec![
        (40, select(units).boxed()),
        (2, (0..3_000_u128).boxed()),
        (1, (u128::MAX - 2_000..=u128::MAX).boxed()),
    ]);
    prop::collection::vec((target, units), 4)
}

/// A minute, near the edges on which something is decided.
fn minutes() -> impl Strategy<Value = i64> {
    let edges = vec![60, 61, 65, 70, 71, 80, 90, 91, 100, 119, 120, 121, 150, 200];
    let grace = vec![1_499, 1_500, 1_501, 1_530, 1_560, 1_561, 1_620, 1_621, 3_000];
    Union::new_weighted(vec![
        (12, select(vec![-2, 0, 3, 10, 19, 20, 29, 30, 35, 45, 58, 59]).boxed()),
        (4, select(edges).boxed()),
        (1, select(grace).boxed()),
    ])
}

/// Which of the transfers, and one look at it.
type Glance = (usize, u64, i64, i64, u8, u32, bool, (bool, bool));

fn glances() -> impl Strategy<Value = Vec<Glance>> {
    let glance = (
        0..4_usize,
        1..9_u64,
        minutes(),
        prop_oneof![4 => Just(0_i64), 1 => -5..20_i64],
        0..10_u8,
        prop_oneof![1 => 1..NEEDED, 3 => NEEDED..6],
        prop::bool::weighted(0.2),
        (prop::bool::weighted(0.2), prop::bool::weighted(0.1)),
    );
    prop::collection::vec(glance, 0..8)
}

fn turns() -> impl Strategy<Value = Turn> {
    let until = select(vec![5, 20, 30, 59, 60, 80, 90, 120, 130, 140, 150, 200, 1_500, 1_600]);
    let chain = select(vec!["bitcoin", "bitcoin", "tron"]);
    let watermark = (chain, until).prop_map(|(name, at)| Turn::Fact(mark(name, at)));
    let clock = select(vec![LIFESPAN - 1, LIFESPAN, LIFESPAN, 4_000]);
    Union::new_weighted(vec![
        (16, watermark.boxed()),
        (6, clock.prop_map(|at| Turn::Fact(Fact::Clock(minute(at)))).boxed()),
        (3, Just(Turn::Cancel).boxed()),
        (2, Just(Turn::Restrict).boxed()),
        (1, select(vec![10, 40, 62, 100]).prop_map(Turn::EndWindow).boxed()),
        (1, Just(Turn::Proceed(quote(3, btc(), "here", 40))).boxed()),
    ])
}

fn seen(quotes: &[Quote], targets: &[(Target, u128)], glance: Glance) -> Observation {
    let (place, number, at, lag, kind, confirmations, blind, named) = glance;
    let (target, units) = targets[place];
    let position = match kind {
        0..3 => Position::Pending,
        3..9 => called(in_block(at, confirmations, named.1), named.0),
        _ => Position::Gone,
    };
    let plain = look(&format!("t{place}"), units, number, position);
    let plain = Observation { observed_at: minute(at + lag), blind, ..plain };
    let quote = |place: usize| quotes.get(place).or(quotes.first());
    let (coin, address) = match target {
        Target::Quote(place) => quote(place).map_or((btc(), "here"), of),
        Target::Token => (asset("ORDI", "bitcoin"), "here"),
        Target::Sister => (asset("BTC", "lightning"), "here"),
        Target::Foreign => (btc(), "elsewhere"),
    };
    to(coin, address, plain)
}

/// The same block, called safe too where that is said.
fn called(mut position: Position, is_safe: bool) -> Position {
    if let Position::Block { safe, .. } = &mut position {
        *safe |= is_safe;
    }
    position
}

fn of(quote: &Quote) -> (crate::money::AssetId, &str) {
    (quote.asset, &quote.address)
}

/// Any life of a request. Four in five are reported to the very end.
pub(super) fn scenarios() -> impl Strategy<Value = Scenario> {
    let segments = prop::collection::vec((glances(), turns()), 1..5);
    let to_the_end = prop::bool::weighted(0.8);
    (policies(), quotes(), targets(), segments, to_the_end).prop_map(
        |(policy, quotes, targets, segments, to_the_end)| {
            let segment = |(glances, turn): (Vec<Glance>, Turn)| {
                let looks = glances.into_iter().map(|glance| seen(&quotes, &targets, glance));
                Segment { looks: looks.collect(), turn }
            };
            let mut segments: Vec<_> = segments.into_iter().map(segment).collect();
            for name in ["bitcoin", "tron"].into_iter().filter(|_| to_the_end) {
                segments.push(Segment { looks: vec![], turn: Turn::Fact(mark(name, 9_000)) });
            }
            Scenario { policy, quotes, segments }
        },
    )
}

/// The looks in another order, each at least once, some again, with repeats of older ones.
pub(super) fn jumbled(
    looks: &[Observation],
    older: &[Observation],
    seed: &mut u64,
) -> Vec<Observation> {
    let mut order = looks.to_vec();
    for seen in looks.iter().chain(older) {
        if next(seed).is_multiple_of(3) {
            order.push(seen.clone());
        }
    }
    for place in (1..order.len()).rev() {
        let bound = u64::try_from(place).unwrap() + 1;
        order.swap(place, usize::try_from(next(seed) % bound).unwrap());
    }
    order
}

/// The next number of splitmix64.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Whether the stage is final.
pub(super) fn is_final(stage: &Stage) -> bool {
    !matches!(stage, Stage::Created | Stage::Processing)
}

/// The sum as the machine makes it: it stops at the greatest number.
pub(super) fn total(units: impl Iterator<Item = Units>) -> u128 {
    units.fold(0, |total, units| total.saturating_add(units.get()))
}
