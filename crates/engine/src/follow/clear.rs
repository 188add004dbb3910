//! Letting a stopped network go on, once a person has looked at it.

use std::sync::Arc;

use coffer_domain::{
    code::NetworkName,
    ports::Chain,
    time::Timestamp,
    transfer::{BlockRef, TransferReference},
};
use coffer_store::{
    chain_cursor::Cursor,
    chain_stop::{ChainStop, StopKind},
    error::DbError,
    nudge::Nudge,
    payment_request::PaidBlock,
    tx::Tx,
};

use super::{REMEMBERED_BLOCKS, read::is_there};
use crate::{alarms::Alarm, engine::Engine, error::EngineError, workers::FOLLOW_TOPIC};

/// Blocks with payments that are read from the database at a time.
const PAID_BLOCKS: u32 = 100;

/// Why a network was not let go on; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ClearRefused {
    /// It is not stopped.
    #[error("{0} is not stopped")]
    NotStopped(NetworkName),
    /// The block to go on from cannot be.
    #[error("{name} has no block {height} to go on from")]
    NoBlock {
        /// The network.
        name: NetworkName,
        /// The block.
        height: u64,
    },
    /// Nothing would be read again.
    #[error("{name} has been read up to block {height}; name a block up to that one")]
    Beyond {
        /// The network.
        name: NetworkName,
        /// The newest block read.
        height: u64,
    },
    /// What changed below would be missed.
    #[error("block {height} of {name} is another than the one that was read; name a lower one")]
    Parted {
        /// The network.
        name: NetworkName,
        /// The block to go on from.
        height: u64,
    },
    /// What is gone would go on being believed.
    #[error(
        "{count} payments are in blocks of {name} that are gone, the first {first}; go on from \
         block {height} or a lower one (--from)"
    )]
    Gone {
        /// The network.
        name: NetworkName,
        /// How many.
        count: u64,
        /// The lowest of them.
        first: TransferReference,
        /// The height of its block.
        height: u64,
    },
    /// The installation, or the network's node.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<DbError> for ClearRefused {
    fn from(error: DbError) -> Self {
        Self::Engine(error.into())
    }
}

impl Engine {
    /// Lets a stopped network go on: what is new is read from where both histories part. Where that
    /// is below all that is remembered, from block `from` on, or from just below the lowest that is
    /// remembered; only then its node is asked.
    ///
    /// # Errors
    /// [`ClearRefused`]; nothing was changed.
    pub async fn clear_chain(
        &self,
        chain: &Arc<dyn Chain>,
        from: Option<u64>,
    ) -> Result<ChainStop, ClearRefused> {
        let name = chain.name();
        let stop = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.chain_stop(name).await)
            .await
            .map_err(|error: DbError| error)?
            .ok_or(ClearRefused::NotStopped(name))?;
        let anchor = match (stop.kind, from) {
            (StopKind::Reversed, None) => None,
            (_, from) => Some(self.anchor(chain, from, stop.height).await?),
        };
        let (engine, cleared) = (self.clone(), stop.clone());
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                let Some(cursor) = tx.cursor(name).await? else { return Ok(()) };
                if !tx.clear_chain(name).await? {
                    return Ok(());
                }
                let (alarm, now) = (Alarm::NetworkStopped, engine.now());
                engine.over_in(tx, alarm, name.as_str(), "a person let it go on", now).await?;
                if let Some((at, time)) = &anchor {
                    tx.forget_blocks_above(name, 0).await?;
                    tx.forget_again_above(name, 0).await?;
                    tx.remember_block(name, at, *time, 0).await?;
                }
                let look = cursor.look;
                let behind_since = cleared.was_behind_since;
                let behind_reason = behind_since.map(|_| "going on after a stop".to_owned());
                let on = Cursor { look: look + 1, behind_since, behind_reason, ..cursor };
                if !tx.step_cursor(look, &on).await? {
                    return Err(tx.lost_race());
                }
                tx.after_commit(Nudge::new(FOLLOW_TOPIC));
                Ok::<_, DbError>(())
            })
            .await?;
        tracing::warn!(chain = %name, reason = stop.reason, "the network goes on");
        Ok(stop)
    }

    /// The block to go on from, as the chain has it now: below the newest that was read, not one
    /// that was replaced, and with every payment up to it where it was.
    async fn anchor(
        &self,
        chain: &Arc<dyn Chain>,
        from: Option<u64>,
        read: u64,
    ) -> Result<(BlockRef, Timestamp), ClearRefused> {
        let name = chain.name();
        let limit = u32::try_from(REMEMBERED_BLOCKS + 1).unwrap_or(u32::MAX);
        let known = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.remembered_blocks(name, limit).await)
            .await
            .map_err(|error: DbError| error)?;
        let lowest = known.last().map_or(0, |(at, _)| at.height);
        let height = from.unwrap_or(lowest).saturating_sub(1);
        let block = chain.block(height, &|_: &[u8]| false).await.map_err(EngineError::from)?;
        let block = block.ok_or(ClearRefused::NoBlock { name, height })?;
        if height >= read {
            return Err(ClearRefused::Beyond { name, height: read });
        }
        if known.iter().any(|(at, _)| at.height == height && *at != block.at) {
            return Err(ClearRefused::Parted { name, height });
        }
        self.check_none_gone(chain, height).await?;
        Ok((block.at, block.time))
    }

    /// Refuses where a payment up to that height is in a block that is gone. Below a block that
    /// stands every other one stands, so that the first one met ends it.
    async fn check_none_gone(
        &self,
        chain: &Arc<dyn Chain>,
        height: u64,
    ) -> Result<(), ClearRefused> {
        let name = chain.name();
        let (mut count, mut lowest) = (0, None);
        let mut below = BlockRef { height: height.saturating_add(1), hash: String::new() };
        'pages: loop {
            let page = self.paid_blocks(name, below.clone()).await?;
            let Some(last) = page.last() else { break };
            below.clone_from(&last.at);
            for PaidBlock { at, payments } in page {
                if is_there(chain, &at).await? {
                    break 'pages;
                }
                count += payments;
                lowest = Some(at);
            }
        }
        let Some(at) = lowest else { return Ok(()) };
        let height = at.height;
        let read = async move |tx: &mut Tx<'_>| tx.first_payment_in(name, &at).await;
        let first = self.store().read(read).await?;
        // Without one it has been found somewhere else meanwhile.
        first.map_or(Ok(()), |first| Err(ClearRefused::Gone { name, count, first, height }))
    }

    /// The next blocks with payments below one, the highest first.
    async fn paid_blocks(
        &self,
        chain: NetworkName,
        below: BlockRef,
    ) -> Result<Vec<PaidBlock>, DbError> {
        let read = async move |tx: &mut Tx<'_>| tx.paid_blocks(chain, &below, PAID_BLOCKS).await;
        self.store().read(read).await
    }
}
