//! Before an amount that one endpoint is not believed for becomes final, a second one must name the
//! block that makes it so deep: what lies above a payment is as easily made up as the payment.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use coffer_domain::{
    id::PaymentRequestId,
    money::{AssetId, Units},
    payment_request::{Needed, PaymentRequest},
    ports::Chain,
    transfer::{BlockRef, ChainTransfer, ChainUnits, Observation, Position},
};
use coffer_store::{chain_cursor::Cursor, error::DbError, tx::Tx};

use super::{Found, REMEMBERED_BLOCKS, Step};
use crate::engine::Engine;

/// What arrived in one block of an asset.
type Paid<'s> = (&'s BlockRef, AssetId);

impl Engine {
    /// Whether a look that waits for a second endpoint may wait a little longer without the chain
    /// being behind: endpoints hear of a new block one after the other.
    pub(super) fn may_settle(&self, cursor: &Cursor) -> bool {
        cursor.behind_since.is_none() && !self.goes_on_unsettled(cursor)
    }
}

/// The block that a second endpoint must name before a step may be taken; none where all that it
/// makes final is little, or was borne out. Of several the highest stands for all: whoever has it
/// has those below it.
pub(super) async fn unborne(
    tx: &mut Tx<'_>,
    chain: &Arc<dyn Chain>,
    step: &Step,
    seen: &BTreeMap<PaymentRequestId, Found>,
) -> Result<Option<BlockRef>, DbError> {
    let mut deepest = None;
    for (paid, height) in made_final(tx, chain, step, seen).await? {
        let sum = sum_in(tx, step, seen, paid).await?;
        if !chain.one_suffices(paid.1, sum) {
            deepest = deepest.max(Some(height));
        }
    }
    let Some(height) = deepest else { return Ok(None) };
    let block = known_from(tx, step, height).await?;
    // What two have named is never asked for again, whatever height was looked for.
    Ok(step.borne_out.is_none_or(|borne| borne < block.height).then_some(block))
}

/// Whether a look makes a transfer final that was not.
pub(super) fn makes_final(request: &PaymentRequest, look: &Observation) -> bool {
    let Position::Block { confirmations, safe, finalized, .. } = &look.position else {
        return false;
    };
    let met = |needed: Needed| needed.is_met(*confirmations, *safe, *finalized);
    let known = request.transfer(&look.reference);
    !known.is_some_and(|known| known.is_final())
        && request.needed_at(&look.address).is_some_and(met)
}

/// A look at what is in an old block, as if the block were the newest: how deep it is, the next
/// step says, which asks a second endpoint where that makes it final.
pub(crate) fn as_if_new(mut look: Observation) -> Observation {
    if let Position::Block { confirmations, safe, finalized, .. } = &mut look.position {
        (*confirmations, *safe, *finalized) = (1, false, false);
    }
    look
}

/// Whether one endpoint is believed for what a block pays us in all.
pub(super) fn one_suffices_for(chain: &Arc<dyn Chain>, transfers: &[ChainTransfer]) -> bool {
    let mut sums = BTreeMap::<AssetId, Units>::new();
    for transfer in transfers {
        let ChainUnits::Units(units) = transfer.units else { return false };
        add(sums.entry(transfer.asset).or_default(), units);
    }
    sums.into_iter().all(|(asset, sum)| chain.one_suffices(asset, sum))
}

fn add(sum: &mut Units, units: Units) {
    *sum = sum.checked_add(units).unwrap_or(Units::new(u128::MAX));
}

/// The blocks of which a step makes final what they pay of an asset that one endpoint is believed
/// for up to an amount only, each with the height of the block that does.
async fn made_final<'s>(
    tx: &mut Tx<'_>,
    chain: &Arc<dyn Chain>,
    step: &Step,
    seen: &'s BTreeMap<PaymentRequestId, Found>,
) -> Result<BTreeMap<Paid<'s>, u64>, DbError> {
    let mut made = BTreeMap::<Paid<'s>, u64>::new();
    for (request, found) in seen {
        let paid = found.observations.iter().filter_map(|look| Some((look, paid(look)?)));
        let limited = |asset| !chain.one_suffices(asset, Units::new(u128::MAX));
        let mut paid = paid.filter(|(_, (_, asset))| limited(*asset)).peekable();
        if paid.peek().is_none() {
            continue;
        }
        let Some(stored) = tx.request(*request).await? else { continue };
        for (look, paid) in paid.filter(|(look, _)| makes_final(&stored.request, look)) {
            let needed = stored.request.needed_at(&look.address);
            if let Some(height) = needed.and_then(|needed| made_final_at(look, needed, step)) {
                let highest = made.entry(paid).or_default();
                *highest = height.max(*highest);
            }
        }
    }
    Ok(made)
}

/// What a block pays us of an asset in all: as a step tells, and what was final before, of which it
/// tells nothing.
async fn sum_in(
    tx: &mut Tx<'_>,
    step: &Step,
    seen: &BTreeMap<PaymentRequestId, Found>,
    (at, asset): Paid<'_>,
) -> Result<Units, DbError> {
    let (mut sum, mut told) = (Units::ZERO, HashSet::new());
    for look in seen.values().flat_map(|found| &found.observations) {
        told.insert(&look.reference);
        if paid(look) == Some((at, asset)) {
            add(&mut sum, look.units);
        }
    }
    for (reference, units) in tx.paid_in(step.cursor.chain, at, asset).await? {
        if !told.contains(&reference) {
            add(&mut sum, units);
        }
    }
    Ok(sum)
}

fn paid(look: &Observation) -> Option<Paid<'_>> {
    match &look.position {
        Position::Block { at, .. } => Some((at, look.asset)),
        Position::Pending | Position::Gone => None,
    }
}

/// The height of the block that makes a transfer final; none where it is in no block. What the
/// network calls final may lie above all that was read: then it is the highest that was.
fn made_final_at(look: &Observation, needed: Needed, step: &Step) -> Option<u64> {
    let Position::Block { at, confirmations, safe, .. } = &look.position else { return None };
    let tip = &step.tip;
    let height = match needed {
        Needed::Confirmations(depth) if *confirmations >= depth => {
            at.height.saturating_add(u64::from(depth)).saturating_sub(1)
        }
        Needed::Safe if *safe => tip.safe_height.unwrap_or(at.height),
        Needed::Confirmations(_) | Needed::Safe | Needed::Finalized => {
            tip.final_height.unwrap_or(at.height)
        }
    };
    Some(height.min(step.after().at.height))
}

/// The lowest block of a step's history at a height or above it that is known by its hash.
async fn known_from(tx: &mut Tx<'_>, step: &Step, height: u64) -> Result<BlockRef, DbError> {
    let limit = u32::try_from(REMEMBERED_BLOCKS).unwrap_or(u32::MAX);
    let remembered = tx.remembered_blocks(step.cursor.chain, limit).await?;
    let below = remembered.into_iter().map(|(at, _)| at);
    let below = below.filter(|at| at.height <= step.fork.at.height);
    let read = step.blocks.iter().map(|block| block.at.clone());
    let fits = below.chain(read).filter(|at| at.height >= height);
    Ok(fits.min_by_key(|at| at.height).unwrap_or_else(|| step.after().at))
}
