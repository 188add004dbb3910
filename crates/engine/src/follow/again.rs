//! Reading blocks once more after a stop, from a block that a person named. There may be very many,
//! so that they are read in parts; each is kept in the database, and a process that ends goes on
//! from there. Nothing is judged by a part: the cursor stays on the old history until all are there
//! and are taken in as one step.
//!
//! What is paid to an address that was shown after a part was read is not looked for in it: it was
//! there before.

use std::sync::Arc;

use coffer_domain::{
    ports::{Block, Chain},
    transfer::BlockRef,
};
use coffer_store::{block_again::ReadAgain, chain_cursor::Cursor, error::DbError, tx::Tx};

use super::{
    Fork, REMEMBERED_BLOCKS, STEP_BLOCKS_MAX,
    read::{Read, StepBlocks, is_there},
};
use crate::{engine::Engine, error::EngineError};

/// Blocks that a step reads at once; an ordinary reorganisation never has more.
pub(super) const AT_ONCE: u64 = REMEMBERED_BLOCKS + STEP_BLOCKS_MAX;

impl Engine {
    /// Reads the next part of the blocks behind `fork` up to `last`; all of them once they are
    /// there.
    pub(super) async fn read_part(
        &self,
        chain: &Arc<dyn Chain>,
        cursor: &Cursor,
        fork: Fork,
        last: u64,
    ) -> Result<StepBlocks, EngineError> {
        let name = chain.name();
        let read = async move |tx: &mut Tx<'_>| tx.read_again(name).await;
        let so_far: Option<ReadAgain> =
            self.store().read(read).await.map_err(|error: DbError| error)?;
        let behind = so_far.as_ref().is_none_or(|so_far| so_far.behind == fork.at.hash);
        if !behind {
            return self.forget_parts(cursor, 0).await;
        }
        let top = so_far.map_or_else(|| fork.clone(), |it| Fork { at: it.top, time: it.top_time });
        let part = last.min(top.at.height.saturating_add(STEP_BLOCKS_MAX));
        let more = match part > top.at.height {
            true => self.read_blocks(chain, &top, part, None).await?,
            false if is_there(chain, &top.at).await? => Read::Linked(Vec::new()),
            false => Read::Parted,
        };
        match more {
            Read::Changed => Ok(StepBlocks::Unsettled),
            Read::Parted if top.at == fork.at => Ok(StepBlocks::Unsettled),
            // The chain has changed below: as often as it needs.
            Read::Parted => {
                let above = top.at.height.saturating_sub(STEP_BLOCKS_MAX);
                self.forget_parts(cursor, above).await
            }
            Read::Linked(blocks) if part < last => self.keep_part(cursor, blocks, last).await,
            Read::Linked(blocks) => {
                let read = async move |tx: &mut Tx<'_>| tx.blocks_again(name).await;
                let mut all = self.store().read(read).await.map_err(|error: DbError| error)?;
                all.extend(blocks);
                Ok(StepBlocks::All(fork, all))
            }
        }
    }

    /// Keeps a part. The network is behind meanwhile, so that its coins are not offered.
    async fn keep_part(
        &self,
        cursor: &Cursor,
        blocks: Vec<Block>,
        last: u64,
    ) -> Result<StepBlocks, EngineError> {
        let Some(BlockRef { height, .. }) = blocks.last().map(|block| block.at.clone()) else {
            return Ok(StepBlocks::Unsettled);
        };
        tracing::info!(chain = %cursor.chain, height, last, "reading blocks once more");
        let on = Cursor {
            look: cursor.look + 1,
            behind_since: cursor.behind_since.or(Some(self.now())),
            behind_reason: Some(format!("reading blocks once more, up to {height} of {last}")),
            ..cursor.clone()
        };
        let (engine, from) = (self.clone(), cursor.look);
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                if engine.may_move(tx, on.chain).await? && tx.step_cursor(from, &on).await? {
                    for block in &blocks {
                        tx.keep_again(on.chain, block).await?;
                    }
                }
                Ok::<_, DbError>(())
            })
            .await?;
        Ok(StepBlocks::Part)
    }

    /// Whether a part was kept of blocks that are read once more.
    pub(super) async fn reads_again(&self, cursor: &Cursor) -> Result<bool, EngineError> {
        let name = cursor.chain;
        let read = async move |tx: &mut Tx<'_>| tx.read_again(name).await;
        let so_far: Option<ReadAgain> =
            self.store().read(read).await.map_err(|error: DbError| error)?;
        Ok(so_far.is_some())
    }

    /// Lets go of what was kept above a height, which is not on the chain any more.
    /// It is read further after a pause: endpoints of different chains that lead in turn would have
    /// it go on without one.
    pub(super) async fn forget_parts(
        &self,
        cursor: &Cursor,
        above: u64,
    ) -> Result<StepBlocks, EngineError> {
        let on = Cursor { look: cursor.look + 1, ..cursor.clone() };
        let (engine, from) = (self.clone(), cursor.look);
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                if engine.may_move(tx, on.chain).await? && tx.step_cursor(from, &on).await? {
                    tx.forget_again_above(on.chain, above).await?;
                }
                Ok::<_, DbError>(())
            })
            .await?;
        Ok(StepBlocks::Unsettled)
    }
}
