//! What makes a transfer final on a network: steps, by how much a payment request asks for in all.

use std::{fmt, str::FromStr};

use crate::payment_request::Needed;

/// The steps of a network, the least first: `1 below 1000 EUR, 3 below 50000 EUR, 6`. They look at
/// the request's total, never at a transfer, so that a sum sent in small pieces waits as long as
/// one sent at once. What holds for a greater total is never less than what holds for a smaller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Confirmations {
    /// Below how many euros each step but the last holds, in rising order.
    steps: Vec<(u32, Step)>,
    /// What holds for everything above.
    last: Step,
}

/// What makes a transfer final for totals of one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    word: Option<Word>,
    depth: u32,
}

/// The network's own word for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Word {
    Safe,
    Finalized,
}

/// Which of their blocks nodes name by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct NamedBlocks {
    /// The newest that is safe: it would take a third of the validators to take it back.
    pub safe: bool,
    /// The newest that is final.
    pub finalized: bool,
}

/// Why a text says no steps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmationsRefused {
    /// Not of the form of a step.
    #[error(
        "{0:?} is no step: write a number of confirmations, or \"safe or 40\" or \"finalized or \
         75\", and behind each but the last \"below 1000 EUR\""
    )]
    Form(String),
    /// A number of confirmations out of range.
    #[error("{0:?}: confirmations are a number from 1 to {MAX_DEPTH}")]
    Depth(String),
    /// The network's word alone.
    #[error(
        "{0:?} needs a number of confirmations, which holds where a node names no such blocks: \
         write \"{0} or 40\""
    )]
    WordAlone(String),
    /// An amount out of range.
    #[error("{0:?}: an amount from 1 to {MAX_EUROS} whole euros is expected behind \"below\"")]
    Euros(String),
    /// A step without an amount before the last, or the last with one.
    #[error(
        "every step but the last says below how many EUR it holds, and the last holds for \
         everything above: \"1 below 1000 EUR, 3\""
    )]
    Ends,
    /// A step that does not rise above the one before.
    #[error("{0:?} must not ask for less than the step before it, and holds up to more euros")]
    NotRising(String),
    /// Too many steps.
    #[error("there are more than {MAX_STEPS} steps")]
    TooMany,
}

/// The most confirmations a step may ask for.
const MAX_DEPTH: u32 = 100_000;
/// The highest amount a step may be bounded by.
const MAX_EUROS: u32 = 10_000_000;
/// The most steps.
const MAX_STEPS: usize = 8;

impl Confirmations {
    /// So many confirmations for every amount; at least 1.
    #[must_use]
    pub const fn plain(depth: u32) -> Self {
        Self { steps: Vec::new(), last: Step::depth_of(depth) }
    }

    /// Rows of the catalogue, written in rising order.
    pub(crate) fn written(steps: &[(u32, Step)], last: Step) -> Self {
        Self { steps: steps.to_vec(), last }
    }

    /// The step of a total, of which `is_below` says whether it is below so many euros. Where that
    /// cannot be said of any amount, the strictest.
    pub fn step(&self, mut is_below: impl FnMut(u32) -> bool) -> Step {
        let step = self.steps.iter().find(|(euros, _)| is_below(*euros));
        step.map_or(self.last, |(_, step)| *step)
    }

    /// Confirmations of the first step, which holds for ordinary amounts.
    #[must_use]
    pub fn least(&self) -> u32 {
        self.steps.first().map_or(self.last, |(_, step)| *step).depth
    }

    /// Which blocks must be named for these steps to be followed by the word.
    #[must_use]
    pub fn named(&self) -> NamedBlocks {
        let uses = |word| self.all().any(|(_, step)| step.word == Some(word));
        NamedBlocks { safe: uses(Word::Safe), finalized: uses(Word::Finalized) }
    }

    /// How many confirmations stand for the network's word where no node says it; none for a word
    /// that no step asks for, and for a number itself.
    #[must_use]
    pub fn depth(&self, needed: Needed) -> Option<u32> {
        let word = match needed {
            Needed::Confirmations(depth) => return Some(depth),
            Needed::Safe => Word::Safe,
            Needed::Finalized => Word::Finalized,
        };
        let mut all = self.all();
        all.find(|(_, step)| step.word == Some(word)).map(|(_, step)| step.depth)
    }

    fn all(&self) -> impl Iterator<Item = (Option<u32>, Step)> {
        let steps = self.steps.iter().map(|(euros, step)| (Some(*euros), *step));
        steps.chain(std::iter::once((None, self.last)))
    }

    /// The shortest spelling, without spaces: `1<1000,3<50000,6`.
    #[must_use]
    pub fn compact(&self) -> String {
        let text = self.to_string();
        text.replace(" below ", "<").replace(" or ", "/").replace(" EUR", "").replace(' ', "")
    }
}

impl Step {
    /// So many confirmations; at least 1.
    pub(crate) const fn depth_of(depth: u32) -> Self {
        Self { word: None, depth: if depth == 0 { 1 } else { depth } }
    }

    /// When the network calls the block safe, or else after so many confirmations.
    pub(crate) const fn safe_or(depth: u32) -> Self {
        Self { word: Some(Word::Safe), depth }
    }

    /// When the network calls the block final, or else after so many confirmations.
    pub(crate) const fn finalized_or(depth: u32) -> Self {
        Self { word: Some(Word::Finalized), depth }
    }

    /// What a transfer waits for, where nodes name these blocks.
    #[must_use]
    pub const fn needed(self, named: NamedBlocks) -> Needed {
        match self.word {
            Some(Word::Safe) if named.safe => Needed::Safe,
            Some(Word::Finalized) if named.finalized => Needed::Finalized,
            _ => Needed::Confirmations(self.depth),
        }
    }

    fn asks_no_less_than(self, other: Self) -> bool {
        self.word >= other.word && self.depth >= other.depth
    }
}

impl NamedBlocks {
    /// Those named here and there.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { safe: self.safe && other.safe, finalized: self.finalized && other.finalized }
    }
}

impl From<u32> for Confirmations {
    fn from(depth: u32) -> Self {
        Self::plain(depth)
    }
}

impl fmt::Display for Confirmations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (euros, step) in &self.steps {
            write!(f, "{step} below {euros} EUR, ")?;
        }
        self.last.fmt(f)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word {
            None => write!(f, "{}", self.depth),
            Some(Word::Safe) => write!(f, "safe or {}", self.depth),
            Some(Word::Finalized) => write!(f, "finalized or {}", self.depth),
        }
    }
}

/// Reads what [`Display`](fmt::Display) and [`Confirmations::compact`] write; `<` is `below`, `/`
/// is `or`, and `EUR` may be left out.
impl FromStr for Confirmations {
    type Err = ConfirmationsRefused;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.replace('<', " below ").replace('/', " or ");
        let mut steps: Vec<(u32, Step)> = Vec::new();
        let mut last = None;
        for part in text.split(',').map(str::trim) {
            let (below, step) = parse_step(part)?;
            let before = steps.last().copied();
            if last.is_some() {
                return Err(ConfirmationsRefused::Ends);
            }
            let rises = before.is_none_or(|(euros, before)| {
                step.asks_no_less_than(before) && below.is_none_or(|below| below > euros)
            });
            if !rises {
                return Err(ConfirmationsRefused::NotRising(part.to_owned()));
            }
            match below {
                Some(euros) if steps.len() + 1 < MAX_STEPS => steps.push((euros, step)),
                Some(_) => return Err(ConfirmationsRefused::TooMany),
                None => last = Some(step),
            }
        }
        Ok(Self { steps, last: last.ok_or(ConfirmationsRefused::Ends)? })
    }
}

fn parse_step(part: &str) -> Result<(Option<u32>, Step), ConfirmationsRefused> {
    let words: Vec<&str> = part.split_whitespace().collect();
    let place = words.iter().position(|word| *word == "below").unwrap_or(words.len());
    let (needed, bound) = words.split_at(place);
    let step = match needed {
        [depth] if depth.starts_with(|first: char| first.is_ascii_digit()) => {
            Step::depth_of(parse_depth(depth)?)
        }
        ["safe", "or", depth] => Step::safe_or(parse_depth(depth)?),
        ["finalized", "or", depth] => Step::finalized_or(parse_depth(depth)?),
        [word @ ("safe" | "finalized")] => {
            return Err(ConfirmationsRefused::WordAlone((*word).to_owned()));
        }
        _ => return Err(ConfirmationsRefused::Form(part.to_owned())),
    };
    let below = match bound {
        [] => None,
        ["below", euros] | ["below", euros, "EUR"] => Some(
            number(euros, MAX_EUROS)
                .ok_or_else(|| ConfirmationsRefused::Euros((*euros).to_owned()))?,
        ),
        _ => return Err(ConfirmationsRefused::Form(part.to_owned())),
    };
    Ok((below, step))
}

fn parse_depth(text: &str) -> Result<u32, ConfirmationsRefused> {
    number(text, MAX_DEPTH).ok_or_else(|| ConfirmationsRefused::Depth(text.to_owned()))
}

fn number(text: &str, most: u32) -> Option<u32> {
    text.parse().ok().filter(|number| (1..=most).contains(number))
}

#[cfg(test)]
mod tests;
