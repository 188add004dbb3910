//! What a step says of each transfer: compared with what was known, so that only changes are facts.

use std::collections::{BTreeMap, HashMap, HashSet};

use coffer_domain::{
    id::PaymentRequestId,
    payment_request::TrackedTransfer,
    ports::Block,
    transfer::{ChainTransfer, ChainUnits, Observation, Position, TransferReference},
};
use coffer_store::{chain_cursor::Cursor, error::DbError, tx::Tx};

use super::Step;
use crate::engine::Engine;

/// What a step found for one request.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Looks at its transfers.
    pub(crate) observations: Vec<Observation>,
    /// Movements of more than 128 bits.
    pub(crate) beyond: Vec<ChainTransfer>,
}

type Seen = BTreeMap<PaymentRequestId, Found>;
type Known = HashMap<(PaymentRequestId, TransferReference), TrackedTransfer>;

impl Engine {
    /// Everything a step says of the transfers of our requests.
    pub(super) async fn observe(
        &self,
        tx: &mut Tx<'_>,
        step: &Step,
        after: &Cursor,
    ) -> Result<Seen, DbError> {
        let known = known(tx, step).await?;
        let mut seen = Seen::new();
        let mut met: HashSet<(PaymentRequestId, TransferReference)> = HashSet::new();
        for block in &step.blocks {
            let position = position_in(block, step, after);
            for transfer in &block.transfers {
                met.extend(self.find(&mut seen, step, after, transfer, position.clone()));
            }
        }
        for transfer in step.pending.iter().flatten() {
            let Some(request) = self.watch.owner(&transfer.to.account) else { continue };
            let key = (request, transfer.reference.clone());
            let was_pending =
                known.get(&key).is_some_and(|was| was.position == Position::Pending);
            if !met.contains(&key) && !was_pending {
                self.find(&mut seen, step, after, transfer, Position::Pending);
            }
            met.insert(key);
        }
        for ((request, reference), was) in known {
            if met.contains(&(request, reference)) {
                continue;
            }
            let Some(position) = position_now(&was, step, after) else { continue };
            let observation = look_again(&was, step, after, position);
            seen.entry(request).or_default().observations.push(observation);
        }
        Ok(seen)
    }

    fn find(
        &self,
        seen: &mut Seen,
        step: &Step,
        after: &Cursor,
        transfer: &ChainTransfer,
        position: Position,
    ) -> Option<(PaymentRequestId, TransferReference)> {
        let request = self.watch.owner(&transfer.to.account)?;
        let found = seen.entry(request).or_default();
        match &transfer.units {
            ChainUnits::Units(units) => found.observations.push(Observation {
                reference: transfer.reference.clone(),
                asset: transfer.asset,
                address: transfer.to.text.clone(),
                units: *units,
                observed_at: step.asked_at,
                look: after.look,
                blind: step.blind(),
                position,
            }),
            ChainUnits::Beyond(_) => found.beyond.push(transfer.clone()),
        }
        Some((request, transfer.reference.clone()))
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

fn position_in(block: &Block, step: &Step, after: &Cursor) -> Position {
    Position::Block {
        at: block.at.clone(),
        time: block.time,
        confirmations: depth(after.at.height, block.at.height),
        finalized: step.tip.final_height.is_some_and(|height| height >= block.at.height),
    }
}

/// Where a transfer that this step did not meet stands now; none where that is as it was.
fn position_now(was: &TrackedTransfer, step: &Step, after: &Cursor) -> Option<Position> {
    match &was.position {
        Position::Block { at, time, confirmations, finalized }
            if at.height <= step.fork.at.height =>
        {
            let now = Position::Block {
                at: at.clone(),
                time: *time,
                confirmations: depth(after.at.height, at.height),
                finalized: *finalized
                    || step.tip.final_height.is_some_and(|height| height >= at.height),
            };
            let same = matches!(&now, Position::Block { confirmations: c, finalized: f, .. }
                if c == confirmations && f == finalized);
            (!same).then_some(now)
        }
        Position::Block { .. } => Some(Position::Gone),
        Position::Pending => step.pending.is_some().then_some(Position::Gone),
        Position::Gone => None,
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
        position,
    }
}

/// Blocks on top of one at `height`, itself included.
fn depth(tip: u64, height: u64) -> u32 {
    u32::try_from(tip.saturating_sub(height).saturating_add(1)).unwrap_or(u32::MAX)
}
