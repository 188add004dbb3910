//! What a rate was made from, kept with the quote so that anybody can compute it again.
//!
//! The text form has one line for each thing, fields separated by one space:
//!
//! ```text
//! rate 1 BTC EUR bid 1700000000000
//! rules 60000 468000000 15000 2 20000 market
//! leg USDT USD bid guarded 0.9995
//! by USDT USD 0.9995 0.9996 1700000000000 - 0.9995 used kraken
//! …
//! path 1
//! result 46296.296296296296296296
//! ```

use std::fmt;

use super::{
    NoRate, Rate, RateRules, Side,
    median::{Terms, along, judge, settle},
};
use crate::{code::Iso, time::Timestamp};

mod text;

/// What became of one source's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It counted.
    Used,
    /// Too old.
    Stale,
    /// From a future further away than clocks differ.
    Ahead,
    /// Its bid is above its ask.
    Crossed,
    /// Too far from the median.
    Outlier,
    /// Its currency has no rate itself.
    NoCross,
}

/// One step of a conversion: a leg of the same evidence, or its inverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// Position of the leg.
    pub leg: usize,
    /// Whether it is divided by instead of multiplied with.
    pub inverted: bool,
}

/// One source's price as it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Which source.
    pub source: String,
    /// What the source priced.
    pub base: Iso,
    /// What the source priced it in.
    pub quote: Iso,
    /// Its bid.
    pub bid: Rate,
    /// Its ask.
    pub ask: Rate,
    /// The time of the price.
    pub at: Timestamp,
    /// How it was converted into the leg's own quote currency; empty where it needed none.
    pub via: Vec<Step>,
    /// What it comes to as a price of the leg; none where that cannot be said.
    pub value: Option<Rate>,
    /// What became of it.
    pub verdict: Verdict,
}

/// One pair, settled by the median of its sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// What is priced.
    pub base: Iso,
    /// What it is priced in.
    pub quote: Iso,
    /// Which side.
    pub side: Side,
    /// Whether `base` is pegged to `quote`, so that the depeg guard applies.
    pub guarded: bool,
    /// Every source that was asked, at most one price of each.
    pub witnesses: Vec<Witness>,
    /// The median of those used.
    pub result: Rate,
}

/// Everything a rate was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What is priced.
    pub base: Iso,
    /// What it is priced in.
    pub quote: Iso,
    /// Which side.
    pub side: Side,
    /// When it was made.
    pub now: Timestamp,
    /// By which rules.
    pub rules: RateRules,
    /// The legs, each after those it is converted by.
    pub legs: Vec<Leg>,
    /// The legs whose product the rate is; none where both currencies are the same.
    pub path: Vec<Step>,
    /// The rate.
    pub result: Rate,
}

/// Why evidence cannot be read or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceRefused {
    /// The text is not evidence.
    #[error("line {line} of the evidence makes no sense")]
    NotEvidence {
        /// Which line, from 1.
        line: usize,
    },
    /// The prices do not make a rate by the rules that stand beside them.
    #[error(transparent)]
    NoRate(#[from] NoRate),
    /// They make another number.
    #[error("the evidence comes to {found}, not to the recorded {recorded}")]
    OtherResult {
        /// What was recorded.
        recorded: String,
        /// What the evidence comes to.
        found: String,
    },
}

impl Verdict {
    const ALL: [Self; 6] =
        [Self::Used, Self::Stale, Self::Ahead, Self::Crossed, Self::Outlier, Self::NoCross];

    /// The word used in evidence.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Stale => "stale",
            Self::Ahead => "ahead",
            Self::Crossed => "crossed",
            Self::Outlier => "outlier",
            Self::NoCross => "no_cross",
        }
    }

    /// The verdict of that word, if there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text)
    }
}

/// The reason in words, for people.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Used => "usable",
            Self::Stale => "too old",
            Self::Ahead => "dated in the future",
            Self::Crossed => "bid above ask",
            Self::Outlier => "too far from the median",
            Self::NoCross => "its currency has no rate",
        })
    }
}

impl Evidence {
    /// Computes the rate again from the recorded prices alone: every price is judged anew, every
    /// median taken anew.
    ///
    /// # Errors
    /// When the prices make no rate, or not the recorded one.
    pub fn recompute(&self) -> Result<Rate, EvidenceRefused> {
        let terms = Terms { now: self.now, rules: self.rules };
        let mut legs: Vec<Leg> = Vec::new();
        for recorded in &self.legs {
            let mut witnesses = recorded.witnesses.clone();
            for witness in &mut witnesses {
                judge(recorded, witness, &legs, terms);
            }
            let leg = settle(recorded.clone(), witnesses, self.rules)?;
            if leg != *recorded {
                return Err(other_result(recorded.result, leg.result));
            }
            legs.push(leg);
        }
        let found = along(&self.path, &legs)
            .ok_or(NoRate::OutOfRange { base: self.base, quote: self.quote })?;
        if found == self.result { Ok(found) } else { Err(other_result(self.result, found)) }
    }

    /// The text form, for storage.
    #[must_use]
    pub fn to_text(&self) -> String {
        text::write(self)
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// When a line makes no sense.
    pub fn parse(source: &str) -> Result<Self, EvidenceRefused> {
        text::read(source)
    }
}

pub(super) fn other_result(
    recorded: impl fmt::Display,
    found: impl fmt::Display,
) -> EvidenceRefused {
    EvidenceRefused::OtherResult { recorded: recorded.to_string(), found: found.to_string() }
}

#[cfg(test)]
mod tests;
