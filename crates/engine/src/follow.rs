//! Following a chain: from its cursor to the tip in steps, each step one transaction that moves the
//! cursor and takes in what was found. A reorganisation is a step like any other.

mod look;
mod step;

use std::sync::Arc;

use coffer_domain::{
    ports::{Block, Chain, Tip},
    time::{Span, Timestamp},
    transfer::BlockRef,
};
use coffer_store::{chain_cursor::Cursor, error::DbError, tx::Tx};

use crate::{engine::Engine, error::EngineError};

pub(crate) use look::Found;
pub(crate) use step::Step;

/// Blocks read in one step at most.
const STEP_BLOCKS_MAX: u64 = 50;
/// Blocks remembered below the cursor; a reorganisation deeper than that needs a person.
const REMEMBERED_BLOCKS: u64 = 200;
/// A cursor whose last look at the tip is older than this was blind to what is pending.
const BLIND_AFTER: Span = Span::from_seconds(60);
/// A watermark that nobody waits for is written down this often.
const IDLE_WRITE_EVERY: Span = Span::from_seconds(10);

/// What one look at a chain came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Read to the tip.
    AtTip,
    /// There is more to read at once.
    More,
}

impl Engine {
    /// Reads one step of a chain and commits it.
    ///
    /// # Errors
    /// When the chain or the database gives no answer; the cursor stays where it was, and is marked
    /// as behind, with the reason.
    pub async fn follow_once(&self, chain: &Arc<dyn Chain>) -> Result<Progress, EngineError> {
        let name = chain.name();
        let cursor = self.store().read(async move |tx: &mut Tx<'_>| tx.cursor(name).await).await?;
        match self.look(chain, cursor.clone()).await {
            Ok(progress) => Ok(progress),
            Err(error) => {
                if let Some(cursor) = cursor {
                    self.mark_behind(cursor, &error).await?;
                }
                Err(error)
            }
        }
    }

    async fn look(
        &self,
        chain: &Arc<dyn Chain>,
        cursor: Option<Cursor>,
    ) -> Result<Progress, EngineError> {
        let asked_at = self.now();
        let tip = chain.tip().await?;
        let cursor = match cursor {
            Some(cursor) => cursor,
            None => self.begin(chain, &tip, asked_at).await?,
        };
        let Some(fork) = self.fork_point(chain, &cursor, &tip).await? else {
            return Ok(Progress::More);
        };
        self.refresh_watch().await?;
        let watch = Arc::clone(&self.watch);
        let watched = move |account: &[u8]| watch.owner(account).is_some();
        let Some(blocks) = read_blocks(chain, &fork, &tip, &watched).await? else {
            return Ok(Progress::More);
        };
        let reached = blocks.last().map_or(fork.at.height, |block| block.at.height);
        let at_tip = reached >= tip.at.height;
        let pending = if at_tip { Some(chain.pending(&watched).await?) } else { None };
        let step = Step { cursor, fork, blocks, pending, tip, asked_at };
        self.take(step).await?;
        Ok(if at_tip { Progress::AtTip } else { Progress::More })
    }

    /// Begins at the tip: no address of ours can have been paid before.
    async fn begin(
        &self,
        chain: &Arc<dyn Chain>,
        tip: &Tip,
        now: Timestamp,
    ) -> Result<Cursor, EngineError> {
        let cursor = Cursor {
            chain: chain.name(),
            at: tip.at.clone(),
            block_time: tip.time,
            look: 0,
            watermark: if tip.live { now } else { tip.time },
            behind_since: None,
            behind_reason: None,
        };
        let (row, time) = (cursor.clone(), tip.time);
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                tx.insert_cursor(&row).await?;
                tx.remember_block(row.chain, &row.at, time, REMEMBERED_BLOCKS).await
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(cursor)
    }

    /// The newest block we have read that is still in the best chain; none when the node changed
    /// its mind while we asked.
    async fn fork_point(
        &self,
        chain: &Arc<dyn Chain>,
        cursor: &Cursor,
        tip: &Tip,
    ) -> Result<Option<Fork>, EngineError> {
        let here = Fork { at: cursor.at.clone(), time: cursor.block_time };
        if tip.at == cursor.at || same_block(chain, &here.at).await? {
            return Ok(Some(here));
        }
        let name = chain.name();
        let limit = u32::try_from(REMEMBERED_BLOCKS).unwrap_or(u32::MAX);
        let known = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.remembered_blocks(name, limit).await)
            .await?;
        for (at, time) in known {
            if at.height <= tip.at.height && same_block(chain, &at).await? {
                tracing::warn!(
                    chain = %name, from = cursor.at.height, to = at.height,
                    "the chain was reorganised"
                );
                return Ok(Some(Fork { at, time }));
            }
        }
        Err(EngineError::Inconsistent(format!(
            "{name} was reorganised below every block that is remembered ({REMEMBERED_BLOCKS})"
        )))
    }

    async fn mark_behind(&self, cursor: Cursor, error: &EngineError) -> Result<(), EngineError> {
        let reason = error.to_string();
        if cursor.behind_since.is_some() && cursor.behind_reason.as_deref() == Some(&reason) {
            return Ok(());
        }
        let from = cursor.look;
        let behind = Cursor {
            behind_since: cursor.behind_since.or(Some(self.now())),
            behind_reason: Some(reason),
            look: from + 1,
            ..cursor
        };
        tracing::warn!(chain = %behind.chain, reason = behind.behind_reason, "behind");
        self.store()
            .write(async move |tx: &mut Tx<'_>| tx.step_cursor(from, &behind).await)
            .await
            .map_err(|error: DbError| error)?;
        Ok(())
    }
}

/// Where our reading and the best chain part.
#[derive(Clone, Debug)]
pub(crate) struct Fork {
    pub(crate) at: BlockRef,
    pub(crate) time: Timestamp,
}

async fn same_block(chain: &Arc<dyn Chain>, at: &BlockRef) -> Result<bool, EngineError> {
    let block = chain.block(at.height, &|_: &[u8]| false).await?;
    Ok(block.is_some_and(|block| block.at == *at))
}

/// The blocks of one step, linked; none when the chain changed while it was read.
async fn read_blocks(
    chain: &Arc<dyn Chain>,
    fork: &Fork,
    tip: &Tip,
    watched: &(dyn Fn(&[u8]) -> bool + Send + Sync),
) -> Result<Option<Vec<Block>>, EngineError> {
    let last = tip.at.height.min(fork.at.height.saturating_add(STEP_BLOCKS_MAX));
    let mut blocks: Vec<Block> = Vec::new();
    let mut parent = fork.at.hash.clone();
    for height in fork.at.height + 1..=last {
        let Some(block) = chain.block(height, watched).await? else { return Ok(None) };
        if block.parent != parent {
            return Ok(None);
        }
        parent.clone_from(&block.at.hash);
        blocks.push(block);
    }
    Ok(Some(blocks))
}
