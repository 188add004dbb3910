//! Pending transfers that a node no longer lists. Real nodes forget, rebuild and restart their view
//! of what is pending, so that one look without a transfer says little.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use coffer_domain::{
    code::NetworkName,
    ports::Chain,
    time::{Span, Timestamp},
    transfer::{Position, TransferReference},
};
use coffer_store::{error::DbError, tx::Tx};

use super::Step;
use crate::{engine::Engine, error::EngineError};

/// A transfer that was pending is taken for gone when no look has found it for so long.
pub(crate) const PENDING_MISSED_FOR: Span = Span::from_minutes(10);

/// Where nothing that is pending is shown, a transfer whose block was reorganised away is taken for
/// gone when no block has held it for so long.
pub(crate) const UNSEEN_MISSED_FOR: Span = Span::from_hours(24);

/// For how long each pending transfer is missed. Forgotten with the process: a transfer is then
/// taken for gone a little later.
#[derive(Default)]
pub(crate) struct Missed(Mutex<HashMap<(NetworkName, TransferReference), Absence>>);

/// Whether a look was shown what is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Viewed {
    /// It was not.
    Not,
    /// It was, and the network was read up to it.
    On,
    /// It was, for the first time after the network could not be read.
    Again,
}

/// How one is missed.
struct Absence {
    /// Since when no block and no view has held it.
    since: Timestamp,
    /// For how long views that were shown did not have it.
    unlisted: Span,
    /// The last look, where it was shown what is pending.
    viewed_at: Option<Timestamp>,
}

impl Absence {
    /// Takes in a look, and says for how long it is missed in what that look goes by. Between two
    /// looks of which one was not shown what is pending, or while the network could not be read,
    /// nobody knows whether it was.
    fn lasts(&mut self, viewed: Viewed, now: Timestamp) -> Span {
        let shown = viewed != Viewed::Not;
        let before = std::mem::replace(&mut self.viewed_at, shown.then_some(now));
        if !shown {
            return now.since(self.since);
        }
        let before = before.filter(|_| viewed == Viewed::On);
        let more = before.map_or(0, |before| now.since(before).millis().max(0));
        self.unlisted = Span::from_millis(self.unlisted.millis().saturating_add(more));
        self.unlisted
    }
}

impl Missed {
    /// Notes what a look at a chain missed that was shown what is pending, or was not, and tells
    /// what was missed for `patience` or longer. What the look does not miss any more is forgotten.
    pub(crate) fn gone(
        &self,
        chain: NetworkName,
        missing: &HashSet<TransferReference>,
        (patience, viewed): (Span, Viewed),
        now: Timestamp,
    ) -> HashSet<TransferReference> {
        let mut absences = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        absences.retain(|(of, reference), _| *of != chain || missing.contains(reference));
        let long = |reference: &&TransferReference| {
            let new = Absence { since: now, unlisted: Span::ZERO, viewed_at: None };
            let absence = absences.entry((chain, (*reference).clone())).or_insert(new);
            absence.lasts(viewed, now) >= patience
        };
        missing.iter().filter(long).cloned().collect()
    }
}

impl Engine {
    /// What was pending, is nowhere in this step, and can never come, as the chain says: another
    /// transaction took its place. Asked for before the step is committed, since a write waits for
    /// nobody.
    pub(super) async fn lost(
        &self,
        chain: &Arc<dyn Chain>,
        step: &Step,
    ) -> Result<HashSet<TransferReference>, EngineError> {
        let Some(pending) = &step.pending else { return Ok(HashSet::new()) };
        let name = chain.name();
        let followed =
            self.store().read(async move |tx: &mut Tx<'_>| tx.followed_transfers(name).await).await;
        let followed = followed.map_err(|error: DbError| error)?;
        let in_blocks = step.blocks.iter().flat_map(|block| &block.transfers);
        let met: HashSet<_> =
            pending.transfers.iter().chain(in_blocks).map(|it| &it.reference).collect();
        let missing: Vec<_> = followed
            .into_iter()
            .filter(|followed| match &followed.transfer.position {
                Position::Pending => true,
                Position::Block { at, .. } => at.height > step.fork.at.height,
                Position::Gone => false,
            })
            .map(|followed| followed.transfer.reference)
            .filter(|reference| !met.contains(reference))
            .collect();
        if missing.is_empty() {
            return Ok(HashSet::new());
        }
        // Without an answer they are missed until one comes, or for long enough.
        let lost = chain.lost(&missing, &step.tip.at).await.unwrap_or_default();
        Ok(lost.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    const VIEWED: (Span, Viewed) = (PENDING_MISSED_FOR, Viewed::On);
    const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn transfer(name: &str) -> TransferReference {
        TransferReference {
            network: "ethereum".parse().unwrap(),
            transaction: name.to_owned(),
            position: "coin".to_owned(),
        }
    }

    fn missing(names: &[&str]) -> HashSet<TransferReference> {
        names.iter().map(|name| transfer(name)).collect()
    }

    #[test]
    fn a_pending_transfer_is_gone_once_it_was_missed_for_long_without_a_break() {
        let (missed, chain) = (Missed::default(), "ethereum".parse().unwrap());
        let look = |minutes, names: &[&str]| {
            let now = START.plus(Span::from_minutes(minutes));
            missed.gone(chain, &missing(names), VIEWED, now)
        };
        assert_eq!(look(0, &["a", "b"]), missing(&[]));
        assert_eq!(look(9, &["a"]), missing(&[]));
        assert_eq!(look(10, &["a", "b"]), missing(&["a"]), "b was there in between");
        assert_eq!(look(20, &["b"]), missing(&["b"]));
    }

    #[test]
    fn the_time_without_a_view_is_no_time_in_which_it_was_not_listed() {
        let (missed, chain) = (Missed::default(), "ethereum".parse().unwrap());
        let look = |minutes, viewed| {
            let now = START.plus(Span::from_minutes(minutes));
            let shown = viewed != Viewed::Not;
            let patience = if shown { PENDING_MISSED_FOR } else { UNSEEN_MISSED_FOR };
            !missed.gone(chain, &missing(&["a"]), (patience, viewed), now).is_empty()
        };
        for (minutes, viewed, gone) in [
            (0, Viewed::Not, false),
            (60, Viewed::Not, false),
            (60, Viewed::On, false),
            (69, Viewed::On, false),
            (70, Viewed::Not, false),
            (90, Viewed::On, false),
            (180, Viewed::Again, false),
            (181, Viewed::On, true),
            (24 * 60, Viewed::Not, true),
        ] {
            assert_eq!(look(minutes, viewed), gone, "after {minutes} minutes");
        }
    }

    #[test]
    fn one_chain_does_not_vouch_for_another() {
        let missed = Missed::default();
        let (one, other) = ("ethereum".parse().unwrap(), "base".parse().unwrap());
        let later = START.plus(PENDING_MISSED_FOR);
        assert!(missed.gone(one, &missing(&["a"]), VIEWED, START).is_empty());
        assert!(missed.gone(other, &missing(&[]), VIEWED, START).is_empty());
        assert_eq!(missed.gone(one, &missing(&["a"]), VIEWED, later), missing(&["a"]));
    }

    #[test]
    fn without_patience_it_is_gone_at_once() {
        let (missed, chain) = (Missed::default(), "sandbox".parse().unwrap());
        assert_eq!(
            missed.gone(chain, &missing(&["a"]), (Span::ZERO, Viewed::On), START),
            missing(&["a"])
        );
    }
}
