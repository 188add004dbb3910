//! Which endpoint still has a block that another one says is gone.

use coffer_domain::transfer::BlockRef;
use futures_util::future;
use serde::de::IgnoredAny;
use serde_json::json;

use super::{EvmChain, answer::NodeBlock, block::text, endpoint::Endpoint, fault::Fault};

impl EvmChain {
    /// The first endpoint in step that has a block on its chain, where there are several. All are
    /// asked at once, also those that gave no answer lately. One that gives none now does not
    /// count, nor does one that is syncing or whose newest block is stale by our clock; how high
    /// the others are does not matter, because a made-up branch can be as high as one likes.
    pub(super) async fn endpoint_naming(&self, block: &BlockRef) -> Option<String> {
        let endpoints = &self.failover.endpoints;
        if endpoints.len() < 2 {
            return None;
        }
        let asked =
            endpoints.iter().map(async |endpoint| match self.names(endpoint, block).await {
                Ok(named) => named.then(|| endpoint.label().to_string()),
                Err(fault) => {
                    self.failover.note(endpoint, &fault);
                    None
                }
            });
        future::join_all(asked).await.into_iter().flatten().next()
    }

    async fn names(&self, endpoint: &Endpoint, block: &BlockRef) -> Result<bool, Fault> {
        endpoint.identify(&self.failover.identity).await?;
        let asked = json!([format!("{:#x}", block.height), false]);
        let told =
            endpoint.call::<Option<NodeBlock<IgnoredAny>>>("eth_getBlockByNumber", asked).await?;
        let same = |told: NodeBlock<IgnoredAny>| {
            told.number.small() == Some(block.height) && text(told.hash.0) == block.hash
        };
        Ok(told.is_some_and(same) && self.tip_at(endpoint).await?.live)
    }
}
