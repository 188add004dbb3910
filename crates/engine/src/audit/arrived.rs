//! What has arrived at an address that no block tells of, by what it holds and what is booked.
//!
//! What an address holds less what was booked for it is what it held at first, less what was taken
//! out. From one block to a later one that only falls; what makes it rise has arrived untold. So
//! nothing is found twice, what a block tells of is not found, and neither is what an address held
//! at first. What is taken out hides as much of what comes untold before the same comparison.
//!
//! A fork below the last comparison takes its block away, and with it both what was booked up to it
//! and what was taken out. The rise is then measured from the fork, whose block still stands. What
//! this audit had booked above it waits, and is there again as far as the old comparison, which
//! knew of it, says so too.

use coffer_domain::money::Units;

/// The last comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Its block stands; what the address held after it.
    Stands(Units),
    /// A fork lies below it.
    Forked {
        /// What the address held after the block that is gone.
        held: Units,
        /// What had been booked up to that block.
        booked: Units,
        /// What it held after the block at the fork; none where no node knows any more.
        at_fork: Option<Units>,
    },
}

/// What an address holds now, and what is booked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Now<'a> {
    /// What it holds after the block of now.
    pub(super) held: Units,
    /// What is booked up to that block.
    pub(super) booked: Units,
    /// What of that is booked above the block of the last comparison, or above the fork.
    pub(super) booked_since: Units,
    /// What the audit had booked in blocks that are gone.
    pub(super) waiting: &'a [Units],
}

/// What a comparison comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrived {
    /// Which of what was waiting is there again.
    pub(super) again: Vec<bool>,
    /// What has arrived beyond that.
    pub(super) new: Units,
    /// What may have arrived beyond that, or was taken out in blocks that are gone: nobody can say.
    pub(super) doubtful: Units,
}

/// Compares what an address holds now with what it held before.
pub(super) fn arrived(before: Before, now: Now<'_>) -> Arrived {
    // Bookings in the blocks below are no part of a rise, however late they were made.
    let rise = |from: Units| now.held.saturating_sub(add(from, now.booked_since));
    let (certain, most) = match before {
        Before::Stands(held) => (rise(held), rise(held)),
        Before::Forked { held, booked, at_fork } => {
            let certain = at_fork.map_or(Units::ZERO, rise);
            let expected = add(held, now.booked).saturating_sub(booked);
            (certain, certain.max(now.held.saturating_sub(expected)))
        }
    };
    let waiting = now.waiting.iter().copied().fold(Units::ZERO, add);
    let back = most.saturating_sub(certain).min(waiting);
    let mut left = add(certain, back);
    let again = now.waiting.iter().map(|units| {
        let covered = *units <= left;
        left = if covered { left.saturating_sub(*units) } else { left };
        covered
    });
    let again = again.collect();
    let known = !matches!(before, Before::Forked { at_fork: None, .. });
    let doubtful = if known { Units::ZERO } else { most.saturating_sub(back) };
    Arrived { again, new: left.min(certain), doubtful }
}

/// The sum of two amounts, stopping at the greatest that fits: nothing is found beyond it.
pub(super) fn add(one: Units, other: Units) -> Units {
    one.checked_add(other).unwrap_or(Units::new(u128::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u128 = u128::MAX;

    #[test]
    fn only_what_no_block_tells_of_is_found() {
        // What happened; held before, held now, booked in between; found.
        let table = [
            ("nothing", (5, 5, 0), 0),
            ("a payment that a block tells of", (5, 15, 10), 0),
            ("a payment that none tells of", (5, 15, 0), 10),
            ("one of each", (5, 18, 10), 3),
            ("all was taken out", (15, 0, 0), 0),
            ("one came after all was taken out", (0, 6, 0), 6),
            ("as much was taken out as came untold", (10, 10, 0), 0),
            ("less was taken out than came untold", (10, 12, 0), 2),
            ("what a block tells of was taken out", (5, 5, 10), 0),
            ("more than fits was booked", (MOST, MOST, 1), 0),
            ("as much as fits came", (0, MOST, 0), MOST),
            ("it is unknown what it held", (MOST, 15, 0), 0),
            ("unknown, and a block tells of a payment", (MOST, 15, 10), 0),
        ];
        for (what, (before, held, booked), found) in table {
            let [before, held, booked] = [before, held, booked].map(Units::new);
            // A booking far below that was made only lately changes nothing.
            for late in [0, 7] {
                let all = add(booked, Units::new(late));
                let now = Now { held, booked: all, booked_since: booked, waiting: &[] };
                let is = arrived(Before::Stands(before), now);
                let new = Units::new(found);
                assert_eq!(is, Arrived { again: vec![], new, doubtful: Units::ZERO }, "{what}");
            }
        }
    }

    #[test]
    fn what_waits_is_covered_before_anything_is_new() {
        let waiting = [Units::new(10), Units::new(4)];
        // The rise; what is there again, what is new.
        let table = [
            (0, [false, false], 0),
            (3, [false, false], 3),
            (4, [false, true], 0),
            (10, [true, false], 0),
            (14, [true, true], 0),
            (15, [true, true], 1),
        ];
        for (rise, again, new) in table {
            let [held, new, none] = [rise, new, 0].map(Units::new);
            let now = Now { held, booked: none, booked_since: none, waiting: &waiting };
            let is = arrived(Before::Stands(none), now);
            assert_eq!(is, Arrived { again: again.to_vec(), new, doubtful: none }, "{rise}");
        }
    }

    #[test]
    fn a_fork_below_the_last_comparison_credits_nothing_twice_and_loses_nothing() {
        // What happened; held and booked before, held at the fork; held now, booked in all and
        // since the fork; what waits; what is there again, new, and doubtful.
        let table = [
            ("it came below the fork", (10, 10, Some(10)), (10, 0, 0), 10, (true, 0, 0)),
            ("it came again above it", (10, 10, Some(0)), (10, 0, 0), 10, (true, 0, 0)),
            ("it is gone", (10, 10, Some(0)), (0, 0, 0), 10, (false, 0, 0)),
            ("another came, too", (10, 10, Some(10)), (16, 0, 0), 10, (true, 6, 0)),
            ("less came again", (10, 10, Some(0)), (6, 0, 0), 10, (false, 6, 0)),
            ("a block tells of it again", (10, 10, Some(0)), (10, 10, 10), 0, (false, 0, 0)),
            ("it is back in the address", (0, 10, Some(10)), (10, 10, 0), 0, (false, 0, 0)),
            ("all came again after that", (3, 10, Some(3)), (13, 0, 0), 0, (false, 10, 0)),
            ("it was taken out since", (10, 10, Some(10)), (0, 0, 0), 10, (false, 0, 0)),
            ("the fork is forgotten", (10, 10, None), (10, 0, 0), 10, (true, 0, 0)),
            ("forgotten, and more is there", (10, 10, None), (16, 0, 0), 10, (true, 0, 6)),
            ("forgotten, and back again", (0, 10, None), (10, 10, 0), 0, (false, 0, 10)),
            ("it was unknown", (MOST, 10, Some(10)), (10, 10, 0), 0, (false, 0, 0)),
            ("unknown, and one came above", (MOST, 10, Some(10)), (16, 10, 0), 0, (false, 6, 0)),
            ("unknown and forgotten", (MOST, 10, None), (16, 10, 0), 0, (false, 0, 0)),
        ];
        for (what, was, is, waits, told) in table {
            let (held, booked, at_fork) = was;
            let at_fork = at_fork.map(Units::new);
            let before =
                Before::Forked { held: Units::new(held), booked: Units::new(booked), at_fork };
            let [held, booked, booked_since] = [is.0, is.1, is.2].map(Units::new);
            let waiting: Vec<_> =
                [waits].into_iter().filter(|it| *it > 0).map(Units::new).collect();
            let now = Now { held, booked, booked_since, waiting: &waiting };
            let (again, new, doubtful) = told;
            let again = waiting.iter().map(|_| again).collect();
            let expected = Arrived { again, new: Units::new(new), doubtful: Units::new(doubtful) };
            assert_eq!(arrived(before, now), expected, "{what}");
        }
    }
}
