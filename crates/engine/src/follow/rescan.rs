//! Reading blocks again that have been read, for every address ever issued: what was missed in them
//! is taken in, what is known is left as it is. The cursor stays where it is.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use coffer_domain::{
    code::NetworkName,
    id::PaymentRequestId,
    money::Units,
    ports::{Block, Chain, Tip},
    time::Timestamp,
    transfer::{BlockRef, ChainTransfer, ChainUnits, Observation, Position},
};
use coffer_store::{chain_cursor::Cursor, error::DbError, nudge::Nudge, tx::Tx};

use super::{
    Found, REMEMBERED_BLOCKS, as_if_new,
    deep::one_suffices_for,
    early::early,
    look::{depth, reaches},
    read::is_there,
};
use crate::{engine::Engine, error::EngineError, workers::WINDOWS_TOPIC};

/// What a rescan came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rescanned {
    /// The first block read again.
    pub from: u64,
    /// The last one: the newest that had been read.
    pub to: u64,
    /// Transfers to our addresses in them.
    pub seen: usize,
    /// Those of them that were not known to be in a block.
    pub missed: usize,
    /// Those that were in a block before their address was shown: they were meant for whoever used
    /// it before, so they pay nothing. An alarm names each.
    pub early: usize,
}

/// Why blocks were not read again; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RescanRefused {
    /// Nothing has been read yet.
    #[error("{0} has not been read yet, so nothing can have been missed")]
    NotRead(NetworkName),
    /// Not so far yet.
    #[error("{name} has been read up to block {height} only")]
    Beyond {
        /// The network.
        name: NetworkName,
        /// The newest block read.
        height: u64,
    },
    /// A person must look first.
    #[error("{0} is stopped; look at it with coffer chain list, and let it go on first")]
    Stopped(NetworkName),
    /// The blocks do not belong together.
    #[error("{0} changed while it was read; run this again")]
    Changed(NetworkName),
    /// The installation, or the network's node. A block that no node keeps is named.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<DbError> for RescanRefused {
    fn from(error: DbError) -> Self {
        Self::Engine(error.into())
    }
}

/// The most accounts whose blocks a node is asked for; of more, each block is read.
const SCAN_ACCOUNTS_MAX: u32 = 5_000;
/// Blocks that a node is asked for at a time.
const SCAN_BLOCKS: u64 = 1_000;

/// The transfers of one block.
struct Again {
    block: Block,
    transfers: Vec<ChainTransfer>,
}

/// All that was read again.
struct Reread {
    /// How far the chain had been read before.
    read: Cursor,
    tip: Tip,
    again: Vec<Again>,
    /// Blocks that had been read last when an address was shown that is paid below them, and that
    /// are still there.
    stand: HashSet<BlockRef>,
}

impl Engine {
    /// Reads the blocks from `from` on up to the newest that was read again, and takes in what was
    /// missed, in one transaction at the end. `told` hears each block that was read. Safe beside
    /// followers and other rescans in any process, and to repeat: it holds no lease, but moves the
    /// cursor's number, so that of two that take in something at once one decides again.
    ///
    /// # Errors
    /// [`RescanRefused`]; nothing was changed.
    pub async fn rescan(
        &self,
        chain: &Arc<dyn Chain>,
        from: u64,
        told: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Rescanned, RescanRefused> {
        let name = chain.name();
        let read = async move |tx: &mut Tx<'_>| {
            Ok::<_, DbError>((tx.cursor(name).await?, tx.chain_stop(name).await?))
        };
        let (cursor, stop) = self.store().read(read).await?;
        let cursor = cursor.ok_or(RescanRefused::NotRead(name))?;
        if stop.is_some() {
            return Err(RescanRefused::Stopped(name));
        }
        if from > cursor.at.height {
            return Err(RescanRefused::Beyond { name, height: cursor.at.height });
        }
        self.probe(chain).await?;
        self.refresh_watch().await?;
        let tip = chain.tip().await.map_err(EngineError::from)?;
        let again = self.read_again(chain, &cursor, from, told).await?;
        let seen = again.iter().map(|one| one.transfers.len()).sum();
        let paid = |one: &Again| {
            let height = one.block.at.height;
            one.transfers.clone().into_iter().map(move |transfer| (height, transfer))
        };
        let stand = self.still_stand(chain, again.iter().flat_map(paid).collect()).await?;
        let (engine, of, to) = (self.clone(), Arc::clone(chain), cursor.at.height);
        let (again, now) = (Arc::new(Reread { read: cursor, tip, again, stand }), self.now());
        let (missed, early) = self
            .store()
            .write(async move |tx: &mut Tx<'_>| engine.take_missed(tx, &of, &again, now).await)
            .await?;
        Ok(Rescanned { from, to, seen, missed, early })
    }

    /// The blocks that hold transfers to us: those that the node finds, or else each is read, and
    /// must follow on the one before. The cursor's block must be there at the end.
    async fn read_again(
        &self,
        chain: &Arc<dyn Chain>,
        cursor: &Cursor,
        from: u64,
        told: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Vec<Again>, RescanRefused> {
        let changed = || RescanRefused::Changed(cursor.chain);
        let accounts = self.few_accounts(cursor.chain).await?;
        let watched = |account: &[u8]| self.watch.contains(account);
        let mut again = Vec::new();
        let mut first = from;
        let mut before: Option<BlockRef> = None;
        while first <= cursor.at.height {
            let last = first.saturating_add(SCAN_BLOCKS - 1).min(cursor.at.height);
            let found = match &accounts {
                Some(accounts) => chain.blocks_with(first, last, accounts).await,
                None => Ok(None),
            };
            let heights = found.map_err(EngineError::from)?;
            for height in heights.unwrap_or_else(|| (first..=last).collect()) {
                let block = chain.block(height, &watched).await.map_err(EngineError::from)?;
                let mut block = block.ok_or_else(changed)?;
                let below = before.filter(|below| below.height + 1 == height);
                if below.is_some_and(|below| below.hash != block.parent) {
                    return Err(changed());
                }
                before = Some(block.at.clone());
                told(height);
                let transfers = std::mem::take(&mut block.transfers);
                if !transfers.is_empty() {
                    again.push(Again { block, transfers });
                }
            }
            told(last);
            first = last + 1;
        }
        let follows = before.is_none_or(|top| top.height < cursor.at.height || top == cursor.at);
        if follows && is_there(chain, &cursor.at).await? { Ok(again) } else { Err(changed()) }
    }

    /// Every account issued under a chain's keys; none where there is none, or where they are too
    /// many to ask a node for.
    async fn few_accounts(&self, chain: NetworkName) -> Result<Option<Vec<Vec<u8>>>, DbError> {
        let Some(network) = self.catalogue().network(chain) else { return Ok(None) };
        let group = network.key_group().to_owned();
        self.store()
            .read(async move |tx: &mut Tx<'_>| {
                let wallets = tx.wallets().await?;
                let mut accounts = Vec::new();
                for wallet in wallets.iter().filter(|wallet| wallet.family == group) {
                    let limit = SCAN_ACCOUNTS_MAX + 1;
                    let own = tx.accounts_from(wallet.id, 0, limit).await?;
                    accounts.extend(own.into_iter().map(|(_, account)| account));
                }
                let few = accounts.len() <= usize::try_from(SCAN_ACCOUNTS_MAX).unwrap_or(0);
                Ok((few && !accounts.is_empty()).then_some(accounts))
            })
            .await
    }

    /// Takes in what was missed, and counts it; and what was too early to pay its request.
    async fn take_missed(
        &self,
        tx: &mut Tx<'_>,
        chain: &Arc<dyn Chain>,
        Reread { read, tip, again, stand }: &Reread,
        now: Timestamp,
    ) -> Result<(usize, usize), RescanRefused> {
        let name = read.chain;
        let cursor = tx.cursor(name).await?.ok_or(RescanRefused::NotRead(name))?;
        if tx.chain_stop(name).await?.is_some() {
            return Err(RescanRefused::Stopped(name));
        }
        if !stands(tx, name, &read.at).await? {
            return Err(RescanRefused::Changed(name));
        }
        let after = Cursor { look: cursor.look + 1, ..cursor.clone() };
        let mut missed: BTreeMap<PaymentRequestId, Found> = BTreeMap::new();
        let mut count_early = 0;
        for Again { block, transfers } in again {
            let position = Position::Block {
                at: block.at.clone(),
                time: block.time,
                confirmations: depth(after.at.height, block.at.height),
                safe: reaches(tip.safe_height, block.at.height),
                finalized: reaches(tip.final_height, block.at.height),
            };
            let deep = one_suffices_for(chain, transfers);
            let stands = |shown: &BlockRef| stand.contains(shown);
            for transfer in transfers {
                let Some(owner) = self.owner_of(tx, name, transfer).await? else { continue };
                let request = owner.request;
                if in_a_block(tx, request, transfer).await? {
                    continue;
                }
                // First: what is early pays nothing, whatever else is booked.
                if let Some(came) = early(tx, &owner, transfer, block, stands).await? {
                    self.tell_early(tx, request, &came, now).await?;
                    count_early += 1;
                    continue;
                }
                if self.audit_has(tx, request, transfer, block.at.height, now).await? {
                    continue;
                }
                let found = missed.entry(request).or_default();
                note(found, transfer, (&position, deep), after.look, now);
            }
        }
        let count =
            missed.values().map(|found| found.observations.len() + found.beyond.len()).sum();
        if count == 0 {
            return Ok((0, count_early));
        }
        if !tx.step_cursor(cursor.look, &after).await? {
            return Err(tx.lost_race().into());
        }
        for (request, found) in &missed {
            self.tell_request(tx, *request, found, &after, now).await?;
        }
        tx.after_commit(Nudge::new(WINDOWS_TOPIC));
        Ok((count, count_early))
    }
}

/// Whether a block that was read has not been replaced since. Below all that is remembered none is:
/// the follower may have read that many blocks meanwhile.
async fn stands(tx: &mut Tx<'_>, chain: NetworkName, block: &BlockRef) -> Result<bool, DbError> {
    let limit = u32::try_from(REMEMBERED_BLOCKS + 1).unwrap_or(u32::MAX);
    let known = tx.remembered_blocks(chain, limit).await?;
    let below = known.last().is_some_and(|(lowest, _)| block.height < lowest.height);
    Ok(below || known.iter().any(|(at, _)| at == block))
}

/// Whether a transfer is known to be in a block already.
async fn in_a_block(
    tx: &mut Tx<'_>,
    request: PaymentRequestId,
    transfer: &ChainTransfer,
) -> Result<bool, DbError> {
    if let ChainUnits::Beyond(_) = transfer.units {
        let reference = transfer.reference.to_string();
        let cases = tx.cases_of(request).await?;
        return Ok(cases.iter().any(|case| case.transfer.as_deref() == Some(&reference)));
    }
    let stored = tx.request(request).await?;
    let known = stored.as_ref().and_then(|stored| stored.request.transfer(&transfer.reference));
    Ok(known.is_some_and(|known| matches!(known.position, Position::Block { .. })))
}

/// Whoever missed it was blind: the block is the first trace of it.
fn note(
    found: &mut Found,
    transfer: &ChainTransfer,
    (position, deep): (&Position, bool),
    look: u64,
    observed_at: Timestamp,
) {
    match &transfer.units {
        ChainUnits::Units(Units::ZERO) => {}
        ChainUnits::Units(units) => {
            let seen = Observation {
                reference: transfer.reference.clone(),
                asset: transfer.asset,
                address: transfer.to.text.clone(),
                units: *units,
                observed_at,
                look,
                blind: true,
                unseen_since: Timestamp::MAX,
                position: position.clone(),
            };
            found.observations.push(if deep { seen } else { as_if_new(seen) });
        }
        ChainUnits::Beyond(_) => found.beyond.push(transfer.clone()),
    }
}
