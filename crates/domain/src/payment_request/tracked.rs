//! One transfer as a payment request follows it: every look joined, and what was made of it.

use super::{CaseKind, Needed, window::BLIND_MARGIN};
use crate::{
    money::{AssetId, Units},
    time::Timestamp,
    transfer::{BlockRef, Observation, Position, TransferReference},
};

/// A transfer to one of the request's addresses: all looks at it, joined, and what the request has
/// made of it. The join takes the least, the greatest or the latest of each field, so neither the
/// order nor the repetition of looks can be told from the result. Every field is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackedTransfer {
    /// Which movement.
    pub reference: TransferReference,
    /// The asset that moved.
    pub asset: AssetId,
    /// Text of the address it went to.
    pub address: String,
    /// How much; never zero. What a block says counts before what was pending: a token that keeps a
    /// fee delivers less than was sent, and may deliver another amount in another block.
    pub units: Units,
    /// The number of the latest look that found it in a block, whose amount counts; none while it
    /// was only pending.
    pub units_look: Option<u64>,
    /// Its time: the earlier of "first observed" and "block time", over all looks.
    /// [`Timestamp::MAX`] while no look has found it.
    pub first_time: Timestamp,
    /// The time by which it is let into a window: [`Self::first_time`], or since when it may have
    /// been sent, or its block's time less [`BLIND_MARGIN`] where a look was blind, if earlier.
    pub earliest_time: Timestamp,
    /// The number of the latest look.
    pub look: u64,
    /// Where the latest look found it.
    pub position: Position,
    /// The most confirmations any look saw.
    pub max_confirmations: u32,
    /// The block it was final in, by the latest look that saw it final. Final once is final for
    /// ever, unless a later look finds it gone.
    pub confirmed: Option<Confirmed>,
    /// The number of the latest look that found it gone.
    pub gone_look: Option<u64>,
    /// What the merchant was last told of it.
    pub told: Told,
    /// What became of its money, decided once and for ever.
    pub settled: Option<Settled>,
    /// Whether its reversal was told and its case opened, and that it is final again was not.
    pub reversal_told: bool,
}

/// Where a transfer was final.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Confirmed {
    /// The number of the look that says so.
    pub look: u64,
    /// The block's own time.
    pub time: Timestamp,
    /// The block.
    pub at: BlockRef,
}

/// What the merchant was last told of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Told {
    /// Nothing yet.
    Nothing,
    /// That it was seen, while the request was open.
    Seen,
    /// That it has gone again, while the request was open.
    Gone,
    /// That it is a late payment.
    Late,
}

impl Told {
    /// Every value.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Seen, Self::Gone, Self::Late];

    /// The word used in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Seen => "seen",
            Self::Gone => "gone",
            Self::Late => "late",
        }
    }

    /// The value of that word, if there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|told| told.as_str() == text)
    }
}

/// What became of a final transfer's money. Decided once, so that it is never given back twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Settled {
    /// It went towards the price; what is beyond the price is in `Over` cases.
    Payment,
    /// All of it is in a case of this kind.
    Case(CaseKind),
}

impl Settled {
    /// The word used in the database: `payment`, or that of the case's kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Case(kind) => kind.as_str(),
        }
    }

    /// The value of that word, if there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "payment" => Some(Self::Payment),
            kind => CaseKind::parse(kind).map(Self::Case),
        }
    }
}

impl TrackedTransfer {
    /// The transfer as one look tells it; `needed` is what makes it final.
    #[must_use]
    pub fn new(seen: &Observation, needed: Needed) -> Self {
        let mut transfer = Self {
            reference: seen.reference.clone(),
            asset: seen.asset,
            address: seen.address.clone(),
            units: seen.units,
            units_look: None,
            first_time: Timestamp::MAX,
            earliest_time: Timestamp::MAX,
            look: seen.look,
            position: seen.position.clone(),
            max_confirmations: 0,
            confirmed: None,
            gone_look: None,
            told: Told::Nothing,
            settled: None,
            reversal_told: false,
        };
        transfer.join(seen, needed);
        transfer
    }

    /// Whether a look speaks of this same movement. The reference alone is not enough: it must also
    /// say the same asset and address.
    #[must_use]
    pub fn agrees(&self, seen: &Observation) -> bool {
        self.reference == seen.reference && self.asset == seen.asset && self.address == seen.address
    }

    /// Takes in one more look at the same movement.
    pub fn join(&mut self, seen: &Observation, needed: Needed) {
        if (seen.look, &seen.position) > (self.look, &self.position) {
            self.look = seen.look;
            self.position.clone_from(&seen.position);
        }
        if self.units_look.is_none() {
            self.units = self.units.min(seen.units);
        }
        match &seen.position {
            Position::Gone => self.gone_look = self.gone_look.max(Some(seen.look)),
            Position::Pending => {
                self.found_at(seen.observed_at, seen.observed_at.min(seen.unseen_since));
            }
            Position::Block { at, time, confirmations, safe, finalized } => {
                self.value(seen);
                let first = seen.observed_at.min(*time);
                let margin = if seen.blind { time.minus(BLIND_MARGIN) } else { first };
                self.found_at(first, margin.min(first).min(seen.unseen_since));
                self.max_confirmations = self.max_confirmations.max(*confirmations);
                if needed.is_met(*confirmations, *safe, *finalized) {
                    let confirmed = Confirmed { look: seen.look, time: *time, at: at.clone() };
                    self.confirmed = self.confirmed.take().max(Some(confirmed));
                }
            }
        }
    }

    /// Takes the amount of the latest look that found it in a block; of two that say the same look,
    /// the smaller amount.
    fn value(&mut self, seen: &Observation) {
        let this = Some(seen.look);
        if this > self.units_look || (this == self.units_look && seen.units < self.units) {
            self.units = seen.units;
            self.units_look = this;
        }
    }

    fn found_at(&mut self, first: Timestamp, earliest: Timestamp) {
        self.first_time = self.first_time.min(first);
        self.earliest_time = self.earliest_time.min(earliest);
    }

    /// Whether the latest look found it.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.position.is_live()
    }

    /// Whether it is final and has not been taken back since: its money is there to stay.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.confirmed.is_some() && !self.is_reversed()
    }

    /// Whether it was final once and a later look found it gone, without its being final again.
    #[must_use]
    pub fn is_reversed(&self) -> bool {
        match (&self.confirmed, self.gone_look) {
            (Some(confirmed), Some(gone)) => gone > confirmed.look,
            _ => false,
        }
    }

    /// How many confirmations to show: those of the latest look, or the most there ever were once
    /// it is final.
    #[must_use]
    pub fn confirmations(&self) -> u32 {
        match &self.position {
            _ if self.is_final() => self.max_confirmations,
            Position::Block { confirmations, .. } => *confirmations,
            Position::Pending | Position::Gone => 0,
        }
    }

    /// The time of the block its money counts from: the one it is final in, or else the one it is
    /// in now.
    #[must_use]
    pub fn block_time(&self) -> Option<Timestamp> {
        match (&self.confirmed, &self.position) {
            (Some(confirmed), _) if self.is_final() => Some(confirmed.time),
            (_, Position::Block { time, .. }) => Some(*time),
            (_, Position::Pending | Position::Gone) => None,
        }
    }
}
