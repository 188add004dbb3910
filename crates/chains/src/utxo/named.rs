//! Which endpoints have a block: one that another says is gone, or one that makes much final.

use coffer_domain::{ports::ChainError, transfer::BlockRef};
use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};

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

    /// Whether two endpoints have a block on their chains. All are asked at once, and nobody waits
    /// for a third. Each has as long as any call may take: it is asked seldom, a payment waits
    /// for it, and who is behind its network bears it out like any other: it has the block.
    pub(super) async fn two_naming(&self, block: &BlockRef) -> Result<(), ChainError> {
        let (network, height) = (self.network, block.height);
        let asked = self.sources.all.iter().enumerate().map(async |(number, source)| {
            let told = self.sources.put(number, &|source| Box::pin(source.hash_at(height))).await;
            (source.label(), told)
        });
        let mut asked = asked.collect::<FuturesUnordered<_>>();
        let (mut named, mut other, mut silent) = (0, Vec::new(), Vec::new());
        while let Some((label, told)) = asked.next().await {
            let ours = &block.hash;
            match told {
                Ok(hash) if hash == *ours => named += 1,
                Ok(hash) => other.push(format!("{label} names {hash} there, not {ours}")),
                Err(fault) => silent.push(format!("{label}: {}", fault.reason())),
            }
            if named == 2 {
                return Ok(());
            }
        }
        if !other.is_empty() {
            let reason = other.join("; ");
            return Err(ChainError::EndpointsDisagree { network, height, reason });
        }
        if silent.is_empty() {
            silent.push("there is no second endpoint".to_owned());
        }
        let reason = format!(
            "block {height} makes a payment above second_source_above final once a second endpoint \
             has it: {}",
            silent.join("; ")
        );
        Err(ChainError::Unconfirmed { network, reason })
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
