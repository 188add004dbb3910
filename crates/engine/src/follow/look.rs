//! What a step says of each transfer: compared with what was known, so that only changes are facts.

use std::collections::{BTreeMap, HashMap, HashSet};

use coffer_domain::{
    id::PaymentRequestId,
    money::Units,
    payment_request::TrackedTransfer,
    ports::Block,
    time::{Span, Timestamp},
    transfer::{ChainTransfer, ChainUnits, Observation, Position, TransferReference},
};
use coffer_store::{chain_cursor::Cursor, error::DbError, tx::Tx};

use super::{
    Step,
    early::{Early, early},
    missed::{PENDING_MISSED_FOR, UNSEEN_MISSED_FOR, Viewed},
};
use crate::{audit::is_found, engine::Engine};

/// What a step found for one request.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Looks at its transfers.
    pub(crate) observations: Vec<Observation>,
    /// Movements of more than 128 bits.
    pub(crate) beyond: Vec<ChainTransfer>,
    /// What came before its address was shown, and pays nothing.
    pub(crate) early: Vec<Early>,
    /// Whether one of its transfers had been final in a block that is not there any more.
    pub(crate) was_final: bool,
}

type Seen = BTreeMap<PaymentRequestId, Found>;
type Key = (PaymentRequestId, TransferReference);
type Known = HashMap<Key, TrackedTransfer>;

impl Engine {
    /// Everything a step says of the transfers of our requests; empty where it says nothing new.
    pub(super) async fn observe(
        &self,
        tx: &mut Tx<'_>,
        step: &Step,
        after: &Cursor,
    ) -> Result<Seen, DbError> {
        let known = known(tx, step).await?;
        let mut seen = Seen::new();
        let mut met: HashSet<Key> = HashSet::new();
        for block in &step.blocks {
            let position = position_in(block, step, after);
            for transfer in &block.transfers {
                let owner = self.owner_of(tx, step.cursor.chain, transfer).await?;
                let Some(owner) = owner else { continue };
                let key = (owner.request, transfer.reference.clone());
                let new = !known.contains_key(&key);
                let early = match new {
                    true => early(tx, &owner, transfer, block, |it| step.has_read(it)).await?,
                    false => None,
                };
                if let Some(early) = early {
                    seen.entry(key.0).or_default().early.push(early);
                    continue;
                }
                find(&mut seen, step, after, transfer, &key, (position.clone(), new));
                met.insert(key);
            }
        }
        for transfer in step.pending.iter().flat_map(|pending| &pending.transfers) {
            let owner = self.owner_of(tx, step.cursor.chain, transfer).await?;
            let key = owner.map(|owner| (owner.request, transfer.reference.clone()));
            let Some(key) = key.filter(|key| !met.contains(key)) else { continue };
            let listed = self.listed(tx, step, &known, &key).await?;
            if listed == Listed::News {
                let new = !known.contains_key(&key);
                find(&mut seen, step, after, transfer, &key, (Position::Pending, new));
            }
            if matches!(listed, Listed::News | Listed::AsBefore) {
                met.insert(key);
            }
        }
        let unaudited = unaudited(tx, step, &known).await?;
        let gone = self.gone(step, &known, &met, &unaudited);
        for ((request, reference), was) in &known {
            if met.contains(&(*request, reference.clone())) {
                continue;
            }
            let position = position_now(was, step, after, gone.contains(reference));
            let Some(position) = position else { continue };
            let observation = look_again(was, step, after, position);
            seen.entry(*request).or_default().observations.push(observation);
        }
        // Of final transfers only those are known here whose block is gone.
        for ((request, _), _) in known.iter().filter(|(_, was)| was.is_final()) {
            if let Some(found) = seen.get_mut(request) {
                found.was_final = true;
            }
        }
        for found in seen.values_mut() {
            found.observations.sort_by(|one, other| one.reference.cmp(&other.reference));
        }
        Ok(seen)
    }

    /// What it means that a transfer is listed as pending. A list that lags behind the blocks does
    /// not take a transfer out of the block it is in.
    async fn listed(
        &self,
        tx: &mut Tx<'_>,
        step: &Step,
        known: &Known,
        key: &Key,
    ) -> Result<Listed, DbError> {
        let of = |position: &Position| match position {
            Position::Block { at, .. } if at.height <= step.fork.at.height => Listed::InBlock,
            Position::Pending => Listed::AsBefore,
            Position::Block { .. } | Position::Gone => Listed::News,
        };
        if let Some(was) = known.get(key) {
            return Ok(if has_left(was, step) { Listed::Left } else { of(&was.position) });
        }
        // Final transfers are not followed, so that they are not among the known.
        let stored = tx.request(key.0).await?;
        let was = stored.as_ref().and_then(|stored| stored.request.transfer(&key.1));
        Ok(was.map_or(Listed::News, |was| of(&was.position)))
    }

    /// The transfers without a block that are to be believed gone. The sandbox forgets nothing, so
    /// there one look is enough.
    fn gone(
        &self,
        step: &Step,
        known: &Known,
        met: &HashSet<Key>,
        unaudited: &HashSet<Key>,
    ) -> HashSet<TransferReference> {
        if step.pending.is_none() && !step.by_blocks {
            return HashSet::new();
        }
        let chain = step.cursor.chain;
        let nowhere = |(key, was): &(&Key, &TrackedTransfer)| {
            let above = |height: u64| height > step.fork.at.height;
            !met.contains(*key)
                && !unaudited.contains(*key)
                && match &was.position {
                    Position::Block { at, .. } => above(at.height),
                    Position::Pending => true,
                    Position::Gone => false,
                }
        };
        let patience = match () {
            () if step.by_blocks => UNSEEN_MISSED_FOR,
            () if chain == self.home_chain() => Span::ZERO,
            () => PENDING_MISSED_FOR,
        };
        let nowhere: Vec<_> = known.iter().filter(nowhere).collect();
        let missing: HashSet<_> =
            nowhere.iter().map(|((_, reference), _)| reference.clone()).collect();
        let viewed = match step.cursor.behind_since {
            _ if step.by_blocks => Viewed::Not,
            Some(_) => Viewed::Again,
            None => Viewed::On,
        };
        let mut gone = self.missed.gone(chain, &missing, (patience, viewed), step.asked_at);
        gone.extend(missing.intersection(&step.lost).cloned());
        // What had been final and is in no block any more is for a person to look at, at once: the
        // reorganisation was deeper than what had made it final.
        let left = nowhere.iter().filter(|(_, was)| has_left(was, step));
        gone.extend(left.map(|((_, reference), _)| reference.clone()));
        gone
    }
}

/// Whether a transfer had been final in a block that is gone, of a chain that is as high again as
/// that block was: what took its place is there. The sandbox gets shorter first; no real chain
/// does.
fn has_left(was: &TrackedTransfer, step: &Step) -> bool {
    let stands = matches!(
        &was.position, Position::Block { at, .. } if at.height <= step.fork.at.height
    );
    let as_high = |height: u64| height <= step.tip.at.height;
    !stands
        && was.is_final()
        && was.confirmed.as_ref().is_some_and(|confirmed| as_high(confirmed.at.height))
}

/// What it means that a node lists a transfer as pending.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// It was not, before.
    News,
    /// It was, before.
    AsBefore,
    /// It is in a block that stands; the list is old.
    InBlock,
    /// It had been final and has left its block: only another block brings it back.
    Left,
}

/// Notes a look at a transfer, which may be the first trace of it. Nothing moves nothing, and what
/// is not in a block moves no more than can be booked.
fn find(
    seen: &mut Seen,
    step: &Step,
    after: &Cursor,
    transfer: &ChainTransfer,
    (request, _): &Key,
    (position, new): (Position, bool),
) {
    match &transfer.units {
        ChainUnits::Units(Units::ZERO) => {}
        ChainUnits::Units(units) => {
            seen.entry(*request).or_default().observations.push(Observation {
                reference: transfer.reference.clone(),
                asset: transfer.asset,
                address: transfer.to.text.clone(),
                units: *units,
                observed_at: step.asked_at,
                look: after.look,
                blind: new && position != Position::Pending && step.blind(),
                unseen_since: match new {
                    true => step.unseen_since(&position),
                    false => Timestamp::MAX,
                },
                position,
            });
        }
        ChainUnits::Beyond(_) if position == Position::Pending => {}
        ChainUnits::Beyond(_) => {
            seen.entry(*request).or_default().beyond.push(transfer.clone());
        }
    }
}

/// The transfers this step may have news of: those not final, and all above a fork.
async fn known(tx: &mut Tx<'_>, step: &Step) -> Result<Known, DbError> {
    let chain = step.cursor.chain;
    let mut followed = tx.followed_transfers(chain).await?;
    if step.reorganised() {
        followed.extend(tx.transfers_above(chain, step.fork.at.height).await?);
    }
    let keyed = followed
        .into_iter()
        .map(|one| ((one.request, one.transfer.reference.clone()), one.transfer));
    Ok(keyed.collect())
}

/// What the balance audit had booked in blocks that are gone, and has not looked for since. No
/// block tells of it, so that only the audit can say whether it is gone.
async fn unaudited(tx: &mut Tx<'_>, step: &Step, known: &Known) -> Result<HashSet<Key>, DbError> {
    let found = known.iter().filter(|((_, reference), _)| is_found(reference));
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        return Ok(HashSet::new());
    }
    // By this step, too, where it has a fork.
    let fork = if step.reorganised() { step.fork.at.height } else { u64::MAX };
    let forked = tx.forked_audits(step.cursor.chain, fork).await?;
    let waits = found.into_iter().filter(|((request, _), was)| match &was.position {
        // Forked by this step.
        Position::Block { .. } => true,
        Position::Pending => {
            forked.iter().any(|(of, address)| of == request && *address == was.address)
        }
        Position::Gone => false,
    });
    Ok(waits.map(|(key, _)| key.clone()).collect())
}

fn position_in(block: &Block, step: &Step, after: &Cursor) -> Position {
    Position::Block {
        at: block.at.clone(),
        time: block.time,
        confirmations: depth(after.at.height, block.at.height),
        safe: reaches(step.tip.safe_height, block.at.height),
        finalized: reaches(step.tip.final_height, block.at.height),
    }
}

/// Where a transfer that this step did not meet stands now; none where that is as it was. One whose
/// block was reorganised away is pending until it is found or given up.
fn position_now(
    was: &TrackedTransfer,
    step: &Step,
    after: &Cursor,
    gone: bool,
) -> Option<Position> {
    match &was.position {
        Position::Block { at, time, safe, finalized, .. } if at.height <= step.fork.at.height => {
            let now = Position::Block {
                at: at.clone(),
                time: *time,
                confirmations: depth(after.at.height, at.height),
                safe: *safe || reaches(step.tip.safe_height, at.height),
                finalized: *finalized || reaches(step.tip.final_height, at.height),
            };
            (now != was.position).then_some(now)
        }
        Position::Block { .. } | Position::Pending if gone => Some(Position::Gone),
        Position::Block { .. } => Some(Position::Pending),
        Position::Pending | Position::Gone => None,
    }
}

fn look_again(
    was: &TrackedTransfer,
    step: &Step,
    after: &Cursor,
    position: Position,
) -> Observation {
    Observation {
        reference: was.reference.clone(),
        asset: was.asset,
        address: was.address.clone(),
        units: was.units,
        observed_at: step.asked_at,
        look: after.look,
        blind: false,
        unseen_since: Timestamp::MAX,
        position,
    }
}

/// Whether what the node names lies at that height or above.
pub(super) fn reaches(named: Option<u64>, height: u64) -> bool {
    named.is_some_and(|named| named >= height)
}

/// Blocks on top of one at `height`, itself included.
pub(super) fn depth(tip: u64, height: u64) -> u32 {
    u32::try_from(tip.saturating_sub(height).saturating_add(1)).unwrap_or(u32::MAX)
}
