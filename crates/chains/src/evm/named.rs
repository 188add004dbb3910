//! Which endpoints have a block: one that another says is gone, or one that makes much final.

use coffer_domain::{ports::ChainError, transfer::BlockRef};
use futures_util::{StreamExt, future, stream::FuturesUnordered};
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
                Ok(named) => {
                    self.failover.answered(endpoint);
                    named.then(|| endpoint.label().to_string())
                }
                Err(fault) => {
                    self.failover.note(endpoint, &fault);
                    None
                }
            });
        future::join_all(asked).await.into_iter().flatten().next()
    }

    /// Whether two endpoints have a block on their chains. All are asked at once, and nobody waits
    /// for a third. Each has as long as any call may take: it is asked seldom, a payment waits
    /// for it, and who is behind its network bears it out like any other: it has the block.
    pub(super) async fn two_naming(&self, block: &BlockRef) -> Result<(), ChainError> {
        let (network, height) = (self.network, block.height);
        let asked = self
            .failover
            .endpoints
            .iter()
            .map(async |endpoint| (endpoint, self.hash_at(endpoint, height).await));
        let mut asked = asked.collect::<FuturesUnordered<_>>();
        let (mut named, mut other, mut silent) = (0, Vec::new(), Vec::new());
        while let Some((endpoint, told)) = asked.next().await {
            let (label, ours) = (endpoint.label(), &block.hash);
            if told.is_ok() {
                self.failover.answered(endpoint);
            }
            match told {
                Ok(Some(hash)) if hash == *ours => named += 1,
                Ok(Some(hash)) => other.push(format!("{label} has {hash} there, not {ours}")),
                Ok(None) => silent.push(format!("{label}: has no such block")),
                Err(fault) => {
                    self.failover.note(endpoint, &fault);
                    silent.push(format!("{label}: {}", fault.reason()));
                }
            }
            if named == 2 {
                return Ok(());
            }
        }
        if !other.is_empty() {
            let reason = other.join("; ");
            return Err(ChainError::EndpointsDisagree { network, height, reason });
        }
        let reason = format!(
            "block {height} makes a payment above second_source_above final once a second endpoint \
             has it: {}",
            silent.join("; ")
        );
        Err(ChainError::Unconfirmed { network, reason })
    }

    /// The hash of an endpoint's block at a height; none where its chain is shorter.
    async fn hash_at(&self, endpoint: &Endpoint, height: u64) -> Result<Option<String>, Fault> {
        endpoint.identify(&self.failover.identity).await?;
        let asked = json!([format!("{height:#x}"), false]);
        let told =
            endpoint.call::<Option<NodeBlock<IgnoredAny>>>("eth_getBlockByNumber", asked).await?;
        let told = told.filter(|told| told.number.small() == Some(height));
        Ok(told.map(|told| text(told.hash.0)))
    }

    async fn names(&self, endpoint: &Endpoint, block: &BlockRef) -> Result<bool, Fault> {
        let told = self.hash_at(endpoint, block.height).await?;
        Ok(told.as_ref() == Some(&block.hash) && self.tip_at(endpoint).await?.live)
    }
}
