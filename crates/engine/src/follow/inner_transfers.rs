//! Which way holds of finding coin that contracts move: it stands in the database, so that every
//! process reads a chain in the same, and changes between two steps.
//!
//! From traces to the audit: what every address holds is noted first, after the newest block that
//! was read, so that the audit finds what comes behind it. From the audit to traces: the audit's
//! last look lies below that block, so that it looks at every address once more, at a later one;
//! what traces have told meanwhile is booked then, and not found again.

use std::sync::Arc;

use coffer_domain::{inner_transfers::InnerTransfers, ports::Chain, transfer::BlockRef};
use coffer_store::{
    chain_cursor::Cursor, error::DbError, inner_transfers::InnerWay, nudge::Nudge, tx::Tx,
};

use super::read::is_there;
use crate::{engine::Engine, error::EngineError, workers::FOLLOW_TOPIC};

/// Why a chain is behind that is going to be audited.
const BEGINNING: &str = "what every address holds is noted before the balance audit begins";

impl Engine {
    /// Has a chain read in the way that holds, or in another from here on; the cursor to go on
    /// from. None where somebody else moves it, or not all is noted yet: until then the chain is
    /// behind, and its coin is not offered.
    pub(super) async fn agree_on_way(
        &self,
        chain: &Arc<dyn Chain>,
        cursor: Cursor,
        so_far: Option<InnerWay>,
    ) -> Result<Option<Cursor>, EngineError> {
        let so_far = so_far.map(|way| way.how);
        let Some(how) = chain.inner_transfers(so_far).await? else { return Ok(Some(cursor)) };
        chain.find_inner_transfers(how);
        if so_far == Some(how) {
            return Ok(Some(cursor));
        }
        if let Some(coin) = chain.audited().await? {
            if so_far == Some(InnerTransfers::Audit) {
                while self.begin_audits(chain, coin, &cursor).await? {}
            }
            if how == InnerTransfers::Audit {
                let at = self.newest_standing(chain, &cursor).await?;
                if self.begin_more_audits(chain, coin, &at).await? {
                    self.mark_behind(cursor, BEGINNING).await?;
                    return Ok(None);
                }
            }
        }
        self.change_way(cursor, so_far, how).await
    }

    /// The newest block that was read and is still there.
    async fn newest_standing(
        &self,
        chain: &Arc<dyn Chain>,
        cursor: &Cursor,
    ) -> Result<BlockRef, EngineError> {
        for (at, _) in self.remembered(chain).await? {
            if is_there(chain, &at).await? {
                return Ok(at);
            }
        }
        // Whoever reads on finds out.
        Ok(cursor.at.clone())
    }

    /// Writes the change down, as a step of the cursor: what was read before in the old way is not
    /// taken in any more.
    async fn change_way(
        &self,
        cursor: Cursor,
        so_far: Option<InnerTransfers>,
        how: InnerTransfers,
    ) -> Result<Option<Cursor>, EngineError> {
        let (engine, now, from) = (self.clone(), self.now(), cursor.look);
        // Before the first look there is nothing to be fenced off.
        let on = Cursor { look: if from > 0 { from + 1 } else { from }, ..cursor };
        let (chain, row) = (on.chain, on.clone());
        let changed = self
            .store()
            .write(async move |tx: &mut Tx<'_>| {
                if !engine.may_move(tx, chain).await? {
                    return Ok(false);
                }
                if from > 0 && !tx.step_cursor(from, &row).await? {
                    return Ok(false);
                }
                // Read in the old way.
                tx.forget_again_above(chain, 0).await?;
                tx.set_inner_way(chain, InnerWay { how, since: row.at.height }).await?;
                if so_far == Some(InnerTransfers::Audit) || how == InnerTransfers::Audit {
                    tx.hasten_audits(chain, now).await?;
                }
                tx.after_commit(Nudge::new(FOLLOW_TOPIC));
                Ok::<_, DbError>(true)
            })
            .await?;
        if !changed {
            return Ok(None);
        }
        let (how, height) = (how.as_str(), on.at.height);
        let was = so_far.map_or("nothing yet", InnerTransfers::as_str);
        tracing::info!(%chain, was, how, height, "how coin that contracts move is found");
        Ok(Some(on))
    }
}
