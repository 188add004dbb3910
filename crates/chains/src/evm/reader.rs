//! One block as the endpoints of a network tell it together: what one keeps, another may not.

use std::ops::RangeInclusive;

use coffer_domain::{
    ports::{Block, ChainError, Watched},
    time::{Span, Timestamp},
};
use futures_util::FutureExt;

use super::{
    EvmChain,
    answer::Hash,
    block::{Draft, Inner, Reading},
    fault::Failure,
    logs::{self, Fetched},
    tip::AHEAD,
    witness::Confirmed,
};

/// For so long the endpoints of a network may differ about its newest blocks.
const SETTLING: Span = Span::from_seconds(60);

impl EvmChain {
    /// The block at that height; none when every endpoint says that there is no such block, or when
    /// it is replaced just now.
    pub(super) async fn read_block(
        &self,
        height: u64,
        watched: &Watched<'_>,
        fetched: Option<&Fetched>,
    ) -> Result<Option<Block>, ChainError> {
        let mut draft = self.draft(height, watched, fetched, None).await;
        if let Some((logless, time)) = draft.as_ref().err().and_then(Failure::logless) {
            // Endpoints of one provider may share an index of logs, which lags for a moment.
            if self.settles_at(time) {
                return Ok(None);
            }
            draft = self.draft(height, watched, fetched, Some(logless)).await;
        }
        let mut draft = match draft {
            Ok(draft) => draft,
            Err(failure) if failure.all_absent() => return Ok(None),
            Err(failure) => return Err(failure.into_error(self.network, height)),
        };
        let inner = match self.internal_transfers(&draft, watched).await {
            Ok(inner) => inner,
            Err(failure) if failure.block_moved() && self.settles(&draft) => return Ok(None),
            Err(failure) => return Err(failure.into_error(self.network, height)),
        };
        if let Confirmed::NotYet = self.confirm(&draft, &inner, watched).await? {
            return Ok(None);
        }
        draft.placed.extend(inner.placed);
        Ok(Some(draft.finish()))
    }

    /// The block as the first endpoint tells it that can. `logless` is one of which two endpoints
    /// have told no logs.
    async fn draft(
        &self,
        height: u64,
        watched: &Watched<'_>,
        fetched: Option<&Fetched>,
        logless: Option<Hash>,
    ) -> Result<Draft, Failure> {
        let answer = self.failover.ask(|endpoint| {
            let reading = Reading { endpoint, pinned: &self.pinned, watched, fetched, logless };
            async move { reading.block(height).await }.boxed()
        });
        answer.await
    }

    /// The blocks at these heights, as far as there are any.
    pub(super) async fn read_blocks(
        &self,
        heights: RangeInclusive<u64>,
        watched: &Watched<'_>,
    ) -> Result<Vec<Block>, ChainError> {
        let (first, last) = heights.into_inner();
        let (mut fetched, mut blocks) = (Fetched::default(), Vec::new());
        for height in first..=last {
            if !fetched.covers(height) {
                let endpoint = self.failover.preferred();
                fetched = logs::fetch(endpoint, &self.pinned, height..=last).await;
            }
            let Some(block) = self.read_block(height, watched, Some(&fetched)).await? else {
                break;
            };
            blocks.push(block);
        }
        Ok(blocks)
    }

    /// Coin moved inside the transactions of a block; nothing where that is not read. The endpoint
    /// that tells of it need not be the one that told the block, but must have the same block.
    async fn internal_transfers(
        &self,
        draft: &Draft,
        watched: &Watched<'_>,
    ) -> Result<Inner, Failure> {
        if !self.reads_traces().await? {
            return Ok(Inner::default());
        }
        let answer = self.failover.ask_tracer(|endpoint| {
            let reading = Reading::of(endpoint, &self.pinned, watched);
            async move {
                let placed = reading.internal_transfers(&draft.block).await?;
                Ok(Inner { told_by: endpoint.number(), placed })
            }
            .boxed()
        });
        answer.await
    }

    /// Whether a block is so new that endpoints may differ about it.
    pub(super) fn settles(&self, draft: &Draft) -> bool {
        self.settles_at(draft.time)
    }

    /// The same of a block of that time. One dated far ahead is not new, or it stayed so for ever.
    fn settles_at(&self, time: Timestamp) -> bool {
        let now = self.clock.now();
        now.since(time) < SETTLING && time.since(now) <= AHEAD
    }
}
