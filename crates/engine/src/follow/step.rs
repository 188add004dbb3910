//! One step of a cursor: what was read, and its commit.

use std::{collections::HashSet, sync::Arc};

use coffer_domain::{
    payment_request::BLIND_MARGIN,
    ports::{Block, Chain, Pending, Tip},
    time::Timestamp,
    transfer::{BlockRef, Position, TransferReference},
};
use coffer_store::{chain_cursor::Cursor, error::DbError, nudge::Nudge, tx::Tx};

use super::{
    BLIND_AFTER, Fork, IDLE_WRITE_EVERY, REMEMBERED_BLOCKS,
    deep::unborne,
    disputed::{ask_others, lost_blocks},
};
use crate::{engine::Engine, error::EngineError, workers::WINDOWS_TOPIC};

/// What one look at a chain has read.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Where we stood.
    pub(crate) cursor: Cursor,
    /// The newest block of ours that is still there.
    pub(crate) fork: Fork,
    /// The blocks after it.
    pub(crate) blocks: Vec<Block>,
    /// What is pending; none when the tip was not reached, or the node cannot know.
    pub(crate) pending: Option<Pending>,
    /// Whether the tip was reached on a chain whose endpoints show nothing that is pending.
    pub(crate) by_blocks: bool,
    /// Whether nothing of this chain can be sent without being told at once.
    pub(crate) tells_at_once: bool,
    /// What was pending and can never come, as the chain says.
    pub(crate) lost: HashSet<TransferReference>,
    /// Whether the tip was reached.
    pub(crate) at_tip: bool,
    /// The tip as the node named it.
    pub(crate) tip: Tip,
    /// When we asked for it.
    pub(crate) asked_at: Timestamp,
    /// Whether no endpoint has the blocks any more that it takes final payments out of.
    pub(crate) undisputed: bool,
    /// Up to which height two endpoints have its blocks, as far as that was asked.
    pub(crate) borne_out: Option<u64>,
}

impl Step {
    /// The cursor after this step.
    pub(crate) fn after(&self) -> Cursor {
        let last = self.blocks.last();
        let block_time = last.map_or(self.fork.time, |block| block.time);
        Cursor {
            chain: self.cursor.chain,
            at: last.map_or_else(|| self.fork.at.clone(), |block| block.at.clone()),
            block_time,
            look: self.cursor.look + 1,
            watermark: self.cursor.watermark.max(self.reported_through(block_time)),
            behind_since: self
                .is_behind()
                .then(|| self.cursor.behind_since.unwrap_or(self.asked_at)),
            behind_reason: self.is_behind().then(|| self.why_behind().to_owned()),
        }
    }

    /// Up to when, by the chain's clock, everything has been read. A live tip moves it to the
    /// moment we asked, or to when all that was pending was told last; without one only blocks do,
    /// less the margin for what was sent unseen. A block dated ahead of us does not: what is sent
    /// before that time may still come.
    fn reported_through(&self, block_time: Timestamp) -> Timestamp {
        if let Some(pending) = &self.pending {
            return pending.through.map_or(self.asked_at, |through| through.min(self.asked_at));
        }
        let through = block_time.min(self.asked_at);
        // What waits was not looked at.
        if self.blind() || !self.tells_at_once { through.minus(BLIND_MARGIN) } else { through }
    }

    /// Since when that may have been sent of which this step is the first to tell; the end of time
    /// where its own time is as good. It is said by what was committed: up to the watermark all
    /// was told and judged, and a look that was let go tells nothing. What is still pending after
    /// we were blind may have been sent as long before as what is first seen in a block.
    pub(crate) fn unseen_since(&self, position: &Position) -> Timestamp {
        let watermark = self.cursor.watermark;
        match position {
            _ if self.tells_at_once => Timestamp::MAX,
            Position::Pending => watermark.max(self.asked_at.minus(BLIND_MARGIN)),
            _ if self.asked_at.since(watermark) <= BLIND_AFTER => watermark,
            _ => Timestamp::MAX,
        }
    }

    /// Whether what was sent lately may have escaped us while it was pending.
    pub(crate) fn blind(&self) -> bool {
        self.by_blocks
            || self.cursor.behind_since.is_some()
            || self.asked_at.since(self.cursor.watermark) > BLIND_AFTER
    }

    /// Whether not all was read that there is.
    pub(crate) fn is_behind(&self) -> bool {
        self.pending.is_none() && !self.by_blocks
    }

    const fn why_behind(&self) -> &'static str {
        if self.at_tip {
            "the node is not in step with its network"
        } else {
            "catching up with the chain"
        }
    }

    /// Whether a block is one of its own, which follow one on another.
    pub(crate) fn has_read(&self, block: &BlockRef) -> bool {
        let place = self.blocks.binary_search_by_key(&block.height, |read| read.at.height);
        place.is_ok_and(|place| self.blocks[place].at == *block)
    }

    /// Whether the chain was reorganised since the last step.
    pub(crate) fn reorganised(&self) -> bool {
        self.fork.at != self.cursor.at
    }
}

/// What became of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was committed, or there was nothing to write.
    Yes,
    /// Somebody else moved the cursor, so that nothing was taken in.
    Moved,
    /// A second endpoint does not name yet what makes a large amount final; it may in a moment.
    NotYet,
}

/// Why a step was not committed.
#[derive(Debug)]
enum StepError {
    /// Somebody else moved the cursor.
    Moved,
    /// It takes final payments out of these blocks, and nobody was asked for them yet.
    Unasked(Vec<BlockRef>),
    /// It makes final what one endpoint is not believed for, by this block.
    Unborne(BlockRef),
    /// The database refused.
    Engine(EngineError),
}

impl From<DbError> for StepError {
    fn from(error: DbError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<EngineError> for StepError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl Engine {
    /// Commits a step: cursor, facts, cases and callbacks together.
    pub(super) async fn take(
        &self,
        chain: &Arc<dyn Chain>,
        step: Step,
    ) -> Result<Taken, EngineError> {
        let mut step = Arc::new(step);
        if self.nothing_to_write(&step).await? {
            return Ok(Taken::Yes);
        }
        loop {
            let (engine, of, taken) = (self.clone(), Arc::clone(chain), Arc::clone(&step));
            let outcome = self
                .store()
                .write(async move |tx: &mut Tx<'_>| engine.commit_step(tx, &of, &taken).await)
                .await;
            let mut asked = step.as_ref().clone();
            match outcome {
                Ok(()) => return Ok(Taken::Yes),
                Err(StepError::Moved) => return Ok(Taken::Moved),
                Err(StepError::Unasked(blocks)) => {
                    ask_others(chain, &blocks).await?;
                    asked.undisputed = true;
                }
                Err(StepError::Unborne(block)) => match chain.named_by_two(&block).await {
                    Ok(()) => asked.borne_out = Some(block.height),
                    Err(_) if self.may_settle(&step.cursor) => return Ok(Taken::NotYet),
                    Err(error) => return Err(error.into()),
                },
                Err(StepError::Engine(error)) => return Err(error),
            }
            step = Arc::new(asked);
        }
    }

    async fn commit_step(
        &self,
        tx: &mut Tx<'_>,
        chain: &Arc<dyn Chain>,
        step: &Step,
    ) -> Result<(), StepError> {
        let after = step.after();
        if !self.may_move(tx, after.chain).await? {
            return Err(StepError::Moved);
        }
        if !tx.step_cursor(step.cursor.look, &after).await? {
            return Err(StepError::Moved);
        }
        let seen = self.observe(tx, step, &after).await?;
        let left = self.left(tx, step, &seen).await?;
        if !left.is_empty() {
            if !step.undisputed {
                return Err(StepError::Unasked(lost_blocks(tx, step, &seen).await?));
            }
            return Ok(self.stop_step(tx, step, seen, &left).await?);
        }
        if let Some(block) = unborne(tx, chain, step, &seen).await? {
            return Err(StepError::Unborne(block));
        }
        if step.reorganised() {
            tx.forget_blocks_above(after.chain, step.fork.at.height).await?;
            tx.forget_again_above(after.chain, 0).await?;
            tx.fork_audits(after.chain, step.fork.at.height).await?;
        }
        let lowest = after.at.height.saturating_sub(REMEMBERED_BLOCKS);
        for block in step.blocks.iter().filter(|block| block.at.height >= lowest) {
            tx.remember_block(after.chain, &block.at, block.time, REMEMBERED_BLOCKS).await?;
        }
        for (request, found) in seen {
            self.tell_request(tx, request, &found, &after, step.asked_at).await?;
        }
        self.note_blindness(tx, step, &after).await?;
        tx.after_commit(Nudge::new(WINDOWS_TOPIC));
        Ok(())
    }

    /// Whether a look at an unchanged tip found nothing new and would only move a watermark that
    /// nobody waits for.
    async fn nothing_to_write(&self, step: &Arc<Step>) -> Result<bool, EngineError> {
        let after = step.after();
        let unchanged = after.at == step.cursor.at
            && after.behind_since == step.cursor.behind_since
            && after.behind_reason == step.cursor.behind_reason;
        if !unchanged || after.watermark.since(step.cursor.watermark) >= IDLE_WRITE_EVERY {
            return Ok(false);
        }
        let (engine, step) = (self.clone(), Arc::clone(step));
        let news = self
            .store()
            .read(async move |tx: &mut Tx<'_>| {
                let due = tx.due_requests(Some(after.chain), after.watermark, 1).await?;
                let seen = engine.observe(tx, &step, &after).await?;
                Ok::<_, DbError>(!due.is_empty() || !seen.is_empty())
            })
            .await?;
        Ok(!news)
    }
}
