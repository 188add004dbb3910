//! Bugs planted on purpose. Each is found by the simulation, or the simulation is worth nothing.
//!
//! None of them is in the product: a bug of a chain's adapter is put in front of the adapter, and
//! one of the order of commits is played by leaving the database, after a crash, as it would be
//! left.

use super::shaky_chain::ChainBug;

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// The cursor is committed before the facts that its step found.
    CursorApart,
    /// The outbox rows of a change are written after its commit.
    OutboxAfter,
    /// A transfer that is reported twice counts twice.
    CountedTwice,
    /// A window is closed by our clock, whatever has been read.
    OurClock,
    /// A transfer that was reorganised away is kept.
    ReorgIgnored,
}

impl Plant {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::CursorApart,
        Self::OutboxAfter,
        Self::CountedTwice,
        Self::OurClock,
        Self::ReorgIgnored,
    ];

    /// The word on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CursorApart => "cursor-apart",
            Self::OutboxAfter => "outbox-after",
            Self::CountedTwice => "counted-twice",
            Self::OurClock => "our-clock",
            Self::ReorgIgnored => "reorg-ignored",
        }
    }

    /// The bug of that word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plant| plant.as_str() == text)
    }

    /// The bug of the adapter that it is, if it is one.
    #[must_use]
    pub const fn of_chain(self) -> Option<ChainBug> {
        match self {
            Self::CursorApart | Self::OutboxAfter => None,
            Self::CountedTwice => Some(ChainBug::CountedTwice),
            Self::OurClock => Some(ChainBug::OurClock),
            Self::ReorgIgnored => Some(ChainBug::ReorgIgnored),
        }
    }
}
