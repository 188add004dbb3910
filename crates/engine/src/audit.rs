//! The balance audit: on networks where coin may arrive that no block tells of (a contract's call,
//! where no node gives traces), what addresses hold is compared with what was booked for them. What
//! is there beyond that has arrived, and is booked as a transfer of its own.
//!
//! Compared is the rise since the last comparison, so that what an address held before it was
//! issued is never taken for a payment, and what a merchant has taken from it is not missed. While
//! a request is open its addresses are compared with every new block that is deep enough, then
//! daily for 30 days, and monthly ever after, a batch at a time. After a reorganisation below the
//! last comparison it is compared at once, and what was found above the fork waits for that. Where
//! traces take over, it is compared a last time (`follow/inner_transfers.rs`).

mod arrived;
mod begin;
mod compare;
pub(crate) mod doubt;

use std::sync::Arc;

use coffer_domain::{
    id::PaymentRequestId,
    inner_transfers::InnerTransfers,
    money::{AssetId, Units},
    payment_request::{PaymentRequest, Stage},
    ports::{Chain, ChainError, Tip},
    time::{Span, Timestamp},
    transfer::{BlockRef, ChainTransfer, Position, TransferReference},
};
use coffer_store::{
    audit::Audit, chain_cursor::Cursor, error::DbError, inner_transfers::InnerWay, tx::Tx,
};

use self::{
    compare::{Held, Outcome},
    doubt::is_doubt,
};
use crate::{alarms::Alarm, engine::Engine, error::EngineError, follow::REMEMBERED_BLOCKS};

/// Addresses compared in one run, and begun to be.
const BATCH: u32 = 50;
/// How deep the block may lie whose balances are a measure. Nodes keep those of 128 blocks, and it
/// must still be remembered when what they answer is taken in. Where payments wait for more blocks,
/// what is found waits for them like any other.
const MEASURED_WITHIN: u64 = REMEMBERED_BLOCKS / 2;
/// How the transaction of what was found is called, before its address.
const FOUND: &str = "audit-";
/// After its request has ended an address is compared so often,
const DAILY: Span = Span::from_hours(24);
/// for so long, and then every so long.
const MONTHLY: Span = Span::from_hours(30 * 24);
/// An open request's address is compared at most so often.
const OPEN_EVERY: Span = Span::from_seconds(10);

/// A block whose balances are compared, and what stands behind it.
#[derive(Clone)]
struct Measure {
    chain: Arc<dyn Chain>,
    coin: AssetId,
    at: BlockRef,
    time: Timestamp,
    cursor: Cursor,
    tip: Tip,
}

impl Measure {
    /// Whether all that no block told of up to a change of the way lies below.
    fn is_after(&self, way: InnerWay) -> bool {
        way.how == InnerTransfers::Audit || self.at.height >= way.since
    }
}

impl Engine {
    /// Compares the addresses of a chain that are due; whether there may be more.
    ///
    /// # Errors
    /// When the chain or the database gives no answer. What was not compared stays due.
    pub async fn audit_once(&self, chain: &Arc<dyn Chain>) -> Result<bool, EngineError> {
        let name = chain.name();
        if self.probes.waiting(name).is_some() {
            return Ok(false);
        }
        let Some(coin) = chain.audited().await? else { return Ok(false) };
        let read = async move |tx: &mut Tx<'_>| {
            Ok::<_, DbError>((tx.cursor(name).await?, tx.inner_way(name).await?))
        };
        let (cursor, way) = self.store().read(read).await?;
        let cursor = cursor.filter(|cursor| cursor.behind_since.is_none());
        let (Some(cursor), Some(way)) = (cursor, way) else { return Ok(false) };
        let audits = way.how == InnerTransfers::Audit;
        let begun = audits && self.begin_audits(chain, coin, &cursor).await?;
        let is_due = !self.due_audits(chain, cursor.at.height, 1).await?.is_empty();
        if !is_due {
            return Ok(begun);
        }
        let tip = chain.tip().await?;
        let measure = self.measure(chain, coin, cursor, tip).await?;
        let measure = measure.filter(|measure| measure.is_after(way));
        let Some(measure) = measure else { return Ok(begun) };
        let due = self.due_audits(chain, measure.at.height, BATCH).await?;
        if due.is_empty() {
            return Ok(begun);
        }
        let held = self.held_now(chain, &measure, due).await?;
        // Where there was no room for all of them, the rest waits for the next run.
        let mut more = held.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX);
        for (audit, balance) in held {
            let at_fork = match self.held_at_fork(chain, &audit).await {
                Err(EngineError::Chain(error)) if is_doubt(&error) => {
                    self.put_off(coin, &audit, &error).await?;
                    continue;
                }
                answer => answer?,
            };
            let held = Held { now: balance, at_fork };
            // Asking at once for what stays due would use up the calls for nothing.
            match self.compare(&measure, audit, held).await? {
                Outcome::Noted => {}
                Outcome::Later => more = false,
                Outcome::Dropped => {
                    tracing::warn!(
                        chain = %name, height = measure.at.height,
                        "the block that the balance audit compares with is not there any more"
                    );
                    return Ok(begun);
                }
            }
        }
        Ok(begun || more)
    }

    /// What an address held after the block at the fork below its last comparison; none where there
    /// is none, or where nobody knows any more.
    async fn held_at_fork(
        &self,
        chain: &Arc<dyn Chain>,
        audit: &Audit,
    ) -> Result<Option<Units>, EngineError> {
        if !audit.is_forked() {
            return Ok(None);
        }
        let name = chain.name();
        let read = async move |tx: &mut Tx<'_>| tx.remembered_blocks(name, all_remembered()).await;
        let blocks = self.store().read(read).await.map_err(|error: DbError| error)?;
        let Some((at, _)) = blocks.iter().find(|(at, _)| at.height == audit.height) else {
            return Ok(None);
        };
        match chain.balances(at, std::slice::from_ref(&audit.address.account)).await {
            Ok(balances) => Ok(balances.first().copied()),
            Err(ChainError::StatePruned { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn due_audits(
        &self,
        chain: &Arc<dyn Chain>,
        below: u64,
        limit: u32,
    ) -> Result<Vec<Audit>, EngineError> {
        let (name, now) = (chain.name(), self.now());
        let put_off = self.put_off.now(name, now);
        let with_them = limit.saturating_add(u32::try_from(put_off.len()).unwrap_or(u32::MAX));
        let read = async move |tx: &mut Tx<'_>| tx.due_audits(name, now, below, with_them).await;
        let due = self.store().read(read).await.map_err(|error: DbError| error)?;
        let due = due.into_iter().filter(|it| !put_off.contains(&(it.wallet, it.number)));
        Ok(due.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }

    /// Whether the audit has booked coin of a block already, as a part of what its address held, so
    /// that it must not be credited once more. The operator is told.
    pub(crate) async fn audit_has(
        &self,
        tx: &mut Tx<'_>,
        request: PaymentRequestId,
        transfer: &ChainTransfer,
        height: u64,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let Some(stored) = tx.request(request).await? else { return Ok(false) };
        let (asset, address) = (transfer.asset, &transfer.to.text);
        let found = stored.request.transfers.iter().find(|known| {
            let later =
                matches!(&known.position, Position::Block { at, .. } if at.height >= height);
            let audited = is_found(&known.reference);
            later && audited && known.asset == asset && known.address == *address
        });
        let Some(found) = found else { return Ok(false) };
        let detail = format_args!(
            "payment request {request}: it is in block {height} and not credited: the balance \
             audit has booked {} for the same address since, which holds it most likely; compare \
             the address with what is booked",
            found.reference
        );
        self.raise(tx, Alarm::TransferRefused, &transfer.reference, detail, now).await?;
        Ok(true)
    }

    /// The block whose balances are compared: as deep as ordinary amounts must be, but no deeper
    /// than nodes know; or one that is called final; and one that was read.
    async fn measure(
        &self,
        chain: &Arc<dyn Chain>,
        coin: AssetId,
        cursor: Cursor,
        tip: Tip,
    ) -> Result<Option<Measure>, EngineError> {
        let name = cursor.chain;
        let depth = self.catalogue().network(name).map_or(1, |it| it.confirmations.least());
        let depth = u64::from(depth).min(MEASURED_WITHIN);
        let deep = (cursor.at.height + 1).saturating_sub(depth);
        let height = deep.max(tip.final_height.unwrap_or(0)).min(cursor.at.height);
        let blocks = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.remembered_blocks(name, all_remembered()).await)
            .await
            .map_err(|error: DbError| error)?;
        // A chain that was just begun has none so deep, and the deepest must do.
        let found = blocks.iter().find(|(at, _)| at.height == height).or(blocks.last());
        let found = found.cloned();
        Ok(found.map(|(at, time)| Measure {
            chain: Arc::clone(chain),
            coin,
            at,
            time,
            cursor,
            tip,
        }))
    }
}

/// Whether a transfer is one that the audit has booked.
pub(crate) fn is_found(reference: &TransferReference) -> bool {
    reference.transaction.starts_with(FOUND)
}

/// As many blocks as are remembered.
fn all_remembered() -> u32 {
    u32::try_from(REMEMBERED_BLOCKS + 1).unwrap_or(u32::MAX)
}

/// Until an address is compared again; `waits` says whether something that had been found there is
/// in no block now. On a network that the request was not quoted on it is nothing but a sister's,
/// to which money goes by mistake.
fn pause(request: &PaymentRequest, coin: AssetId, waits: bool, now: Timestamp) -> Span {
    let quoted = request.quotes.iter().any(|quote| quote.asset.network == coin.network);
    match request.stage {
        _ if waits => OPEN_EVERY,
        Stage::Created | Stage::Processing if quoted => OPEN_EVERY,
        _ if now.since(request.created_at) < MONTHLY => DAILY,
        _ => MONTHLY,
    }
}
