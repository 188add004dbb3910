//! Transfers in blocks that were made before their address was shown. They were meant for whoever
//! used the address before, so they pay nothing; unless a clock was wrong, which only a person can
//! find out. So each is told.

use coffer_domain::{
    id::PaymentRequestId,
    money::Units,
    ports::Block,
    time::Timestamp,
    transfer::{ChainTransfer, ChainUnits},
};
use coffer_store::{error::DbError, tx::Tx};

use crate::{
    alarms::{Alarm, moment},
    engine::Engine,
};

/// A transfer that came before its address was shown.
#[derive(Clone, Debug)]
pub(crate) struct Early {
    transfer: ChainTransfer,
    height: u64,
    block_time: Timestamp,
    shown_at: Timestamp,
}

/// A transfer that nobody has seen yet, where it is in a block that was made before its address was
/// shown for the request.
pub(super) async fn early(
    tx: &mut Tx<'_>,
    request: PaymentRequestId,
    transfer: &ChainTransfer,
    block: &Block,
) -> Result<Option<Early>, DbError> {
    let Some(stored) = tx.request(request).await? else { return Ok(None) };
    let request = stored.request;
    let known = request.transfer(&transfer.reference).is_some();
    let early = !known && request.is_early(&transfer.to.text, block.time);
    Ok(early.then(|| Early {
        transfer: transfer.clone(),
        height: block.at.height,
        block_time: block.time,
        shown_at: request.shown_at(&transfer.to.text),
    }))
}

impl Engine {
    /// Tells the operator of a transfer that is not credited because it came too early. Nothing
    /// moves nothing.
    pub(crate) async fn tell_early(
        &self,
        tx: &mut Tx<'_>,
        request: PaymentRequestId,
        early: &Early,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let Early { transfer, height, block_time, shown_at } = early;
        let asset = transfer.asset;
        let amount = match &transfer.units {
            ChainUnits::Units(Units::ZERO) => return Ok(()),
            ChainUnits::Units(units) => format!("{} {asset}", self.decimal(asset, *units)),
            ChainUnits::Beyond(raw) => format!("{raw} base units of {asset}"),
        };
        let detail = format_args!(
            "payment request {request}: {amount} came in block {height}, dated {}, long before its \
             address was shown, at {} by the server's clock, so it is taken for somebody else's and \
             nothing is credited; if the customer sent it, that clock was ahead or the block is \
             dated back: set the clock right, and deliver or pay back by hand",
            moment(*block_time),
            moment(*shown_at),
        );
        self.raise(tx, Alarm::TransferRefused, &transfer.reference, detail, now).await
    }
}
