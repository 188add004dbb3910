//! Which endpoint still has a block that another one says is gone.

use coffer_domain::transfer::BlockRef;
use futures_util::future::join_all;

use super::{UtxoChain, fault::Fault};

impl UtxoChain {
    /// The first endpoint in step that has a block on its chain, where there are several. All are
    /// asked at once, also those that gave no answer lately. One that gives none now does not
    /// count, nor does one that is syncing or whose newest block is stale by our clock; how high
    /// the others are does not matter, because a made-up branch can be as high as one likes.
    pub(super) async fn endpoint_naming(&self, block: &BlockRef) -> Option<String> {
        let sources = &self.sources.all;
        if sources.len() < 2 {
            return None;
        }
        let asked = sources.iter().enumerate().map(async |(number, source)| {
            // A fault is noted by whoever puts the question.
            let named = self.names(number, block).await.unwrap_or(false);
            named.then(|| source.label().to_string())
        });
        join_all(asked).await.into_iter().flatten().next()
    }

    async fn names(&self, number: usize, block: &BlockRef) -> Result<bool, Fault> {
        let height = block.height;
        let told = self.sources.put(number, &|source| Box::pin(source.hash_at(height))).await?;
        if told != block.hash {
            return Ok(false);
        }
        let tip = self.sources.put(number, &|source| Box::pin(source.tip())).await?;
        Ok(tip.live && self.is_fresh(&tip))
    }
}
