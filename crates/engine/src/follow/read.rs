//! Reading the blocks of a step: linked to what was read before, matched against every address that
//! can have been paid in them.

use std::sync::Arc;

use coffer_domain::{
    ports::{Block, Chain, Tip, Watches as _},
    time::Timestamp,
    transfer::BlockRef,
};
use coffer_store::{chain_cursor::Cursor, error::DbError, tx::Tx};

use super::{
    BLIND_AFTER, Fork, REMEMBERED_BLOCKS, STEP_BLOCKS_MAX, again::AT_ONCE, disputed::ask_others,
};
use crate::{engine::Engine, error::EngineError};

/// The blocks of a step.
pub(super) enum StepBlocks {
    /// All of them, and the block of ours that they follow on.
    All(Fork, Vec<Block>),
    /// A part of very many, which was kept.
    Part,
    /// The chain changed while it was read.
    Unsettled,
}

/// What became of reading a row of blocks.
pub(super) enum Read {
    /// Each names the one before as its parent.
    Linked(Vec<Block>),
    /// The first does not follow on what was read before.
    Parted,
    /// The chain changed while it was read.
    Changed,
}

impl Engine {
    /// The blocks of the next step. The chain's newest blocks may go on being unsettled, one after
    /// the other: then those that were old when the tip was asked for are a step by themselves.
    /// They are so old that their times move no watermark but that of a cursor that is blind.
    pub(super) async fn read_step(
        &self,
        chain: &Arc<dyn Chain>,
        cursor: &Cursor,
        tip: &Tip,
        asked_at: Timestamp,
    ) -> Result<StepBlocks, EngineError> {
        let here = Fork { at: cursor.at.clone(), time: cursor.block_time };
        if tip.at == here.at {
            return Ok(StepBlocks::All(here, Vec::new()));
        }
        if chain.name() != self.home_chain() && self.is_behind_us(&here, tip, chain).await? {
            return Ok(StepBlocks::All(here, Vec::new()));
        }
        let further = here.at.height.saturating_add(STEP_BLOCKS_MAX);
        // What was kept of blocks that are read once more says that the first does not follow.
        let again = cursor.behind_since.is_some() && self.reads_again(cursor).await?;
        if tip.at.height > here.at.height && !again {
            let old = Some(asked_at.minus(BLIND_AFTER));
            match self.read_blocks(chain, &here, tip.at.height.min(further), old).await? {
                Read::Linked(blocks) => return Ok(StepBlocks::All(here, blocks)),
                Read::Changed => return Ok(StepBlocks::Unsettled),
                Read::Parted => {}
            }
        }
        let fork = self.fork_point(chain, cursor, tip).await?;
        if again && fork.at == cursor.at {
            return self.forget_parts(cursor, 0).await;
        }
        // At least as far as was read before, so that no deadline that had passed is judged by half
        // of the new blocks.
        let last = tip.at.height.min(further);
        if last.saturating_sub(fork.at.height) > AT_ONCE {
            return self.read_part(chain, cursor, fork, last).await;
        }
        match self.read_blocks(chain, &fork, last, None).await? {
            Read::Linked(blocks) => Ok(StepBlocks::All(fork, blocks)),
            Read::Parted | Read::Changed => Ok(StepBlocks::Unsettled),
        }
    }

    /// Whether a node only has not got as far as we have: its tip is a block that we have read, or
    /// lies below all that is remembered, or it is not in step with its network. A real chain never
    /// gets shorter, so nothing is taken back for that.
    async fn is_behind_us(
        &self,
        here: &Fork,
        tip: &Tip,
        chain: &Arc<dyn Chain>,
    ) -> Result<bool, EngineError> {
        if tip.at.height >= here.at.height {
            return Ok(false);
        }
        let known = self.remembered(chain).await?;
        let below_all = known.last().is_some_and(|(lowest, _)| tip.at.height < lowest.height);
        Ok(!tip.live || below_all || known.iter().any(|(at, _)| *at == tip.at))
    }

    /// The blocks of a chain that were read last, the newest first.
    pub(super) async fn remembered(
        &self,
        chain: &Arc<dyn Chain>,
    ) -> Result<Vec<(BlockRef, Timestamp)>, EngineError> {
        let name = chain.name();
        let limit = u32::try_from(REMEMBERED_BLOCKS).unwrap_or(u32::MAX);
        let read = async move |tx: &mut Tx<'_>| tx.remembered_blocks(name, limit).await;
        Ok(self.store().read(read).await.map_err(|error: DbError| error)?)
    }

    /// The newest block we have read that is still in the best chain.
    async fn fork_point(
        &self,
        chain: &Arc<dyn Chain>,
        cursor: &Cursor,
        tip: &Tip,
    ) -> Result<Fork, EngineError> {
        let name = chain.name();
        let known = self.remembered(chain).await?;
        for (at, time) in known.iter().cloned() {
            if at.height <= tip.at.height && is_there(chain, &at).await? {
                tracing::warn!(
                    chain = %name, from = cursor.at.height, to = at.height,
                    "the chain was reorganised"
                );
                return Ok(Fork { at, time });
            }
        }
        if !tip.live && name != self.home_chain() {
            // Whoever is not in step cannot say that the network changed.
            return Err(EngineError::Inconsistent(format!(
                "the node of {name} is not in step, and has none of the blocks that are remembered"
            )));
        }
        // Who has the lowest of them may have those above it.
        let lowest = known.last().map_or(&cursor.at, |(at, _)| at);
        ask_others(chain, [lowest]).await?;
        let told = format!(
            "{name} was reorganised below every block that is remembered ({REMEMBERED_BLOCKS})"
        );
        self.stop_too_deep(cursor, &told).await?;
        Err(EngineError::Inconsistent(told))
    }

    /// The blocks behind `fork` up to `last`, or fewer where the last of these is from `old` or
    /// before. Addresses issued by another process since the last
    /// look are learned after the blocks were fetched and before they are believed: whoever paid
    /// one of them in these blocks was shown it before they were mined.
    pub(super) async fn read_blocks(
        &self,
        chain: &Arc<dyn Chain>,
        fork: &Fork,
        last: u64,
        old: Option<Timestamp>,
    ) -> Result<Read, EngineError> {
        let known = self.watch.mark();
        let before = self.watch.at(&known);
        let mut blocks: Vec<Block> = Vec::new();
        let mut parent = fork.at.hash.clone();
        let wanted = last.saturating_sub(fork.at.height);
        let read = chain.blocks(fork.at.height + 1..=last, &before).await?;
        let complete = u64::try_from(read.len()) == Ok(wanted);
        for block in read {
            if block.parent != parent {
                return Ok(if blocks.is_empty() { Read::Parted } else { Read::Changed });
            }
            parent.clone_from(&block.at.hash);
            blocks.push(block);
        }
        let stands = |block: &Block| old.is_some_and(|old| block.time <= old);
        if !complete && !blocks.last().is_some_and(stands) {
            return Ok(Read::Changed);
        }
        self.refresh_watch().await?;
        if self.watch.mark() == known {
            return Ok(Read::Linked(blocks));
        }
        let since = |account: &[u8]| !before.watches(account) && self.watch.contains(account);
        for block in &mut blocks {
            match chain.block(block.at.height, &since).await? {
                Some(again) if again.at == block.at => block.transfers.extend(again.transfers),
                _ => return Ok(Read::Changed),
            }
        }
        Ok(Read::Linked(blocks))
    }
}

pub(super) async fn is_there(chain: &Arc<dyn Chain>, at: &BlockRef) -> Result<bool, EngineError> {
    let block = chain.block(at.height, &|_: &[u8]| false).await?;
    Ok(block.is_some_and(|block| block.at == *at))
}
