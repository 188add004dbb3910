//! Following a chain: from its cursor to the tip in steps, each step one transaction that moves the
//! cursor and takes in what was found. A reorganisation is a step like any other.

mod again;
mod blind;
mod clear;
mod deep;
mod disputed;
mod early;
mod inner_transfers;
mod look;
mod missed;
mod read;
mod rescan;
mod step;
mod stop;

use std::{collections::HashSet, sync::Arc};

use coffer_domain::{
    ports::{Chain, ChainError, Tip},
    time::{Span, Timestamp},
    transfer::BlockRef,
};
use coffer_store::{chain_cursor::Cursor, error::DbError, inner_transfers::InnerWay, tx::Tx};

use crate::{engine::Engine, error::EngineError};

pub use clear::ClearRefused;
pub(crate) use deep::as_if_new;
pub(crate) use look::Found;
pub(crate) use missed::Missed;
use read::StepBlocks;
pub use rescan::{RescanRefused, Rescanned};
pub(crate) use step::Step;
use step::Taken;
pub use stop::ChainState;

/// Blocks read in one step at most, but for those that a reorganisation makes read again.
const STEP_BLOCKS_MAX: u64 = 50;
/// Blocks remembered below the cursor; a reorganisation deeper than that needs a person.
pub(crate) const REMEMBERED_BLOCKS: u64 = 200;
/// A chain is begun so many blocks below its tip, so that there is something to walk back to.
const BEGIN_BELOW_TIP: u64 = STEP_BLOCKS_MAX;
/// A cursor whose last look at the tip is older than this was blind to what is pending.
const BLIND_AFTER: Span = Span::from_seconds(60);
/// A watermark that nobody waits for is written down this often.
const IDLE_WRITE_EVERY: Span = Span::from_seconds(10);
/// Why a chain is behind whose every look for a while was unsettled.
const UNSETTLED: &str = "its newest blocks are not settled";

/// What one look at a chain came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Read to the tip.
    AtTip,
    /// There is more to read at once.
    More,
    /// The chain changed while it was read; nothing was taken in. Worth another look a little
    /// later.
    Unsettled,
    /// The chain is not read until a person has looked at it.
    Stopped,
}

/// Where our reading and the best chain part.
#[derive(Clone, Debug)]
pub(crate) struct Fork {
    pub(crate) at: BlockRef,
    pub(crate) time: Timestamp,
}

impl Engine {
    /// Reads one step of a chain and commits it.
    ///
    /// # Errors
    /// When the chain or the database gives no answer. The cursor stays where it was; where it is
    /// the chain that gave none, the cursor is marked as behind, with the reason. So it is where
    /// the chain goes on changing while it is read.
    pub async fn follow_once(&self, chain: &Arc<dyn Chain>) -> Result<Progress, EngineError> {
        let name = chain.name();
        let read = async move |tx: &mut Tx<'_>| {
            let (cursor, stop) = (tx.cursor(name).await?, tx.chain_stop(name).await?);
            Ok::<_, DbError>((cursor, stop, tx.inner_way(name).await?))
        };
        let (cursor, stop, way) = self.store().read(read).await?;
        if stop.is_some() {
            return Ok(Progress::Stopped);
        }
        let answer = self.look(chain, cursor.clone(), way).await;
        self.conditions.looked(name, &answer, self.now());
        // A database that is busy or away says nothing of the chain. One that refuses what a step
        // writes will refuse it again: nothing is credited, and nothing may be offered.
        let passing =
            |error: &&EngineError| matches!(error, EngineError::Store(it) if !it.is_lasting());
        let silent = answer.as_ref().err().filter(|error| !passing(error));
        if let Some(reason) = silent {
            self.probes.refuse(name, reason);
        }
        let Some(cursor) = cursor else { return answer };
        let unsettled = || self.goes_on_unsettled(&cursor).then(|| UNSETTLED.to_owned());
        let reason = silent.map(ToString::to_string).or_else(unsettled);
        if let Some(reason) = reason
            && let Err(error) = self.mark_behind(cursor, &reason).await
        {
            tracing::warn!(chain = %name, %error, "could not note that the chain is behind");
        }
        answer
    }

    async fn look(
        &self,
        chain: &Arc<dyn Chain>,
        cursor: Option<Cursor>,
        way: Option<InnerWay>,
    ) -> Result<Progress, EngineError> {
        let probe = self.probe(chain).await?;
        let asked_at = self.now();
        self.refresh_watch().await?;
        let watch = Arc::clone(&self.watch);
        let watched = move |account: &[u8]| watch.contains(account);
        // Before the tip: what leaves the pool in between is in a block that the tip counts.
        let pending = match chain.pending(&watched).await {
            Err(ChainError::PendingUnseen { .. }) => None,
            answer => Some(answer?),
        };
        let tip = chain.tip().await?;
        let cursor = match cursor {
            Some(cursor) => cursor,
            None => match self.begin(chain, &tip).await? {
                Some(cursor) => cursor,
                None => return Ok(Progress::More),
            },
        };
        let agreed = self.agree_on_way(chain, cursor, way).await?;
        let Some(cursor) = agreed else { return Ok(Progress::More) };
        self.probes.admit(chain.name(), probe);
        let (fork, blocks) = match self.read_step(chain, &cursor, &tip, asked_at).await? {
            StepBlocks::All(fork, blocks) => (fork, blocks),
            StepBlocks::Part => return Ok(Progress::More),
            StepBlocks::Unsettled => return Ok(Progress::Unsettled),
        };
        let reached = blocks.last().map_or(fork.at.height, |block| block.at.height);
        let at_tip = reached >= tip.at.height;
        // A node that is not in step with its network knows little of what is pending.
        let in_step = tip.live && reached == tip.at.height;
        let by_blocks = at_tip && in_step && pending.is_none();
        let pending = pending.filter(|_| at_tip && in_step);
        let mut step = Step {
            cursor,
            fork,
            blocks,
            pending,
            by_blocks,
            tells_at_once: chain.tells_at_once(),
            lost: HashSet::new(),
            at_tip,
            tip,
            asked_at,
            undisputed: false,
            borne_out: None,
        };
        step.lost = self.lost(chain, &step).await?;
        let in_step = !step.is_behind();
        Ok(match self.take(chain, step).await? {
            Taken::Yes if at_tip => {
                if in_step {
                    self.conditions.read_to_tip(chain.name(), asked_at);
                }
                Progress::AtTip
            }
            Taken::Yes | Taken::Moved => Progress::More,
            Taken::NotYet => Progress::Unsettled,
        })
    }

    /// Begins a little below the tip; none when somebody else has begun. Addresses are issued only
    /// once a cursor stands, so none of ours can have been paid before. The sandbox is begun at its
    /// first block and needs no such care.
    async fn begin(
        &self,
        chain: &Arc<dyn Chain>,
        tip: &Tip,
    ) -> Result<Option<Cursor>, EngineError> {
        let sandbox = chain.name() == self.home_chain();
        let height = if sandbox { 0 } else { tip.at.height.saturating_sub(BEGIN_BELOW_TIP) };
        let Some(first) = chain.block(height, &|_: &[u8]| false).await? else { return Ok(None) };
        let cursor = Cursor {
            chain: chain.name(),
            at: first.at,
            block_time: first.time,
            look: 0,
            watermark: first.time,
            behind_since: None,
            behind_reason: None,
        };
        let (row, engine) = (cursor.clone(), self.clone());
        let begun = self
            .store()
            .write(async move |tx: &mut Tx<'_>| {
                let moves = engine.may_move(tx, row.chain).await?;
                let begun = moves && tx.insert_cursor(&row).await?;
                if begun {
                    tx.remember_block(row.chain, &row.at, row.block_time, REMEMBERED_BLOCKS)
                        .await?;
                }
                Ok::<_, DbError>(begun)
            })
            .await?;
        Ok(begun.then_some(cursor))
    }

    /// Whether no look at a chain has settled for so long that what is sent may escape us. The
    /// watermark alone does not say so: where a chain is read by its blocks alone it is as old as
    /// the last of them.
    fn goes_on_unsettled(&self, cursor: &Cursor) -> bool {
        let now = self.now();
        let since = self.conditions.unsettled_since(cursor.chain);
        since.is_some_and(|since| now.since(since.max(cursor.watermark)) > BLIND_AFTER)
    }

    /// Notes that a chain is behind, and why.
    async fn mark_behind(&self, cursor: Cursor, reason: &str) -> Result<(), EngineError> {
        if cursor.behind_since.is_some() && cursor.behind_reason.as_deref() == Some(reason) {
            return Ok(());
        }
        let from = cursor.look;
        let behind = Cursor {
            behind_since: cursor.behind_since.or(Some(self.now())),
            behind_reason: Some(reason.to_owned()),
            look: from + 1,
            ..cursor
        };
        tracing::warn!(chain = %behind.chain, reason = behind.behind_reason, "behind");
        let engine = self.clone();
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                let moves = engine.may_move(tx, behind.chain).await?;
                let moved = moves && tx.step_cursor(from, &behind).await?;
                // Before the first look no address was given out, so there was nothing to miss.
                if moved && from > 0 {
                    let reason = behind.behind_reason.as_deref().unwrap_or_default();
                    engine.begin_blindness(tx, &behind, reason).await?;
                }
                Ok(moved)
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(())
    }
}
