//! Transfers in blocks that were made before their address was shown. They were meant for whoever
//! used the address before, so they pay nothing. A block says so that was read before, or by its
//! time; unless a clock was wrong, which only a person can find out. So each is told.

use std::{collections::HashSet, sync::Arc};

use coffer_domain::{
    id::PaymentRequestId,
    money::Units,
    ports::{Block, Chain},
    time::Timestamp,
    transfer::{BlockRef, ChainTransfer, ChainUnits},
};
use coffer_store::{error::DbError, tx::Tx};

use super::read::is_there;
use crate::{
    alarms::{Alarm, moment},
    engine::Engine,
    error::EngineError,
    watch::Owner,
};

/// A transfer that came before its address was shown.
#[derive(Clone, Debug)]
pub(crate) struct Early {
    transfer: ChainTransfer,
    height: u64,
    block_time: Timestamp,
    shown_at: Timestamp,
    /// The newest block that had been read then, where that one says that it came too early.
    shown_after: Option<BlockRef>,
}

/// The block that says that a block so high was there when an address was shown, if it is still on
/// the chain: the newest one that had been read then. Where it was replaced, so was what
/// is below, as far as anybody knows, and a payment may have moved to a lower block.
fn shown_after(owner: &Owner, height: u64) -> Option<&BlockRef> {
    owner.shown_after.as_ref().filter(|shown| height <= shown.height)
}

/// A transfer that nobody has seen yet, where it is in a block that was made before its address was
/// shown for the request. `stands` tells of a block that had been read then whether it is still on
/// the chain; in doubt it is not.
pub(super) async fn early(
    tx: &mut Tx<'_>,
    owner: &Owner,
    transfer: &ChainTransfer,
    block: &Block,
    stands: impl Fn(&BlockRef) -> bool,
) -> Result<Option<Early>, DbError> {
    let Some(stored) = tx.request(owner.request).await? else { return Ok(None) };
    let request = stored.request;
    let known = request.transfer(&transfer.reference).is_some();
    let shown_after = shown_after(owner, block.at.height).filter(|shown| stands(shown)).cloned();
    let dated = request.is_early(&transfer.to.text, block.time);
    let early = !known && (shown_after.is_some() || dated);
    Ok(early.then(|| Early {
        transfer: transfer.clone(),
        height: block.at.height,
        block_time: block.time,
        shown_at: request.shown_at(&transfer.to.text),
        shown_after,
    }))
}

impl Engine {
    /// Of the blocks that had been read last when an address was shown, and do not lie below the
    /// one that pays it, those that are still on the chain: `paid` are transfers with the heights
    /// of their blocks. What is remembered says so; only of one further below is the chain asked,
    /// before a write, which waits for nobody. One answer more could be another endpoint's, of
    /// another branch.
    pub(super) async fn still_stand(
        &self,
        chain: &Arc<dyn Chain>,
        paid: Vec<(u64, ChainTransfer)>,
    ) -> Result<HashSet<BlockRef>, EngineError> {
        let (engine, name) = (self.clone(), chain.name());
        let read = async move |tx: &mut Tx<'_>| {
            let mut asked = HashSet::new();
            for (height, transfer) in &paid {
                let owner = engine.owner_of(tx, name, transfer).await?;
                asked.extend(owner.as_ref().and_then(|own| shown_after(own, *height)).cloned());
            }
            Ok::<_, DbError>(asked)
        };
        let asked: HashSet<BlockRef> = self.store().read(read).await?;
        let known = self.remembered(chain).await?;
        let lowest = known.last().map_or(0, |(lowest, _)| lowest.height);
        let mut stand = HashSet::new();
        for shown in asked {
            let stands = match shown.height < lowest {
                true => is_there(chain, &shown).await?,
                false => known.iter().any(|(at, _)| *at == shown),
            };
            if stands {
                stand.insert(shown);
            }
        }
        Ok(stand)
    }

    /// Tells the operator of a transfer that is not credited because it came too early. Nothing
    /// moves nothing.
    pub(crate) async fn tell_early(
        &self,
        tx: &mut Tx<'_>,
        request: PaymentRequestId,
        early: &Early,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let Early { transfer, height, block_time, shown_at, shown_after } = early;
        let asset = transfer.asset;
        let amount = match &transfer.units {
            ChainUnits::Units(Units::ZERO) => return Ok(()),
            ChainUnits::Units(units) => format!("{} {asset}", self.decimal(asset, *units)),
            ChainUnits::Beyond(raw) => format!("{raw} base units of {asset}"),
        };
        let (dated, shown) = (moment(*block_time), moment(*shown_at));
        let came = format!("payment request {request}: {amount} came in block {height}");
        let detail = match shown_after {
            Some(BlockRef { height: read, .. }) => format!(
                "{came}, and its address was shown once block {read} had been read, at {shown}, so \
                 it is taken for somebody else's and nothing is credited; other wallets or \
                 programs give out addresses of the same key: let this one begin behind them \
                 (coffer wallet add --first)"
            ),
            None => format!(
                "{came}, dated {dated}, long before its address was shown, at {shown} by the \
                 server's clock, so it is taken for somebody else's and nothing is credited; if \
                 the customer sent it, that clock was ahead or the block is dated back: set the \
                 clock right, and deliver or pay back by hand"
            ),
        };
        self.raise(tx, Alarm::TransferRefused, &transfer.reference, detail, now).await
    }
}
