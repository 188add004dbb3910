//! A chain that misbehaves while it is asked what addresses hold.

use std::sync::Arc;

use async_trait::async_trait;
use coffer_domain::{
    code::NetworkName,
    inner_transfers::InnerTransfers,
    money::{AssetId, Units},
    ports::{Block, Chain, ChainError, ChainProbe, KeyRefused, Pending, Tip, Watched},
    transfer::{Address, BlockRef},
};
use coffer_engine::engine::Engine;

/// Whether the endpoints tell otherwise of an account after a block.
pub type Doubted = Box<dyn Fn(&BlockRef, &[u8]) -> bool + Send + Sync>;

/// A chain of which the follower reads further while it is asked what addresses hold, or whose
/// endpoints tell otherwise of some of them.
pub struct Growing {
    pub chain: Arc<dyn Chain>,
    pub engine: Option<Engine>,
    pub doubted: Doubted,
}

#[async_trait]
impl Chain for Growing {
    fn name(&self) -> NetworkName {
        self.chain.name()
    }

    async fn probe(&self) -> Result<ChainProbe, ChainError> {
        self.chain.probe().await
    }

    async fn tip(&self) -> Result<Tip, ChainError> {
        self.chain.tip().await
    }

    async fn block(&self, height: u64, watched: &Watched<'_>) -> Result<Option<Block>, ChainError> {
        self.chain.block(height, watched).await
    }

    async fn audited(&self) -> Result<Option<AssetId>, ChainError> {
        self.chain.audited().await
    }

    async fn inner_transfers(
        &self,
        so_far: Option<InnerTransfers>,
    ) -> Result<Option<InnerTransfers>, ChainError> {
        self.chain.inner_transfers(so_far).await
    }

    fn find_inner_transfers(&self, how: InnerTransfers) {
        self.chain.find_inner_transfers(how);
    }

    async fn balances(
        &self,
        at: &BlockRef,
        accounts: &[Vec<u8>],
    ) -> Result<Vec<Units>, ChainError> {
        if let Some(engine) = &self.engine {
            engine.follow_once(&self.chain).await.unwrap();
        }
        let mut told = self.chain.balances(at, accounts).await?;
        match accounts.iter().position(|account| (self.doubted)(at, account)) {
            Some(0) => {
                let (network, reason) = (self.name(), "another balance".to_owned());
                Err(ChainError::EndpointsDisagree { network, height: at.height, reason })
            }
            Some(place) => {
                told.truncate(place);
                Ok(told)
            }
            None => Ok(told),
        }
    }

    async fn pending(&self, watched: &Watched<'_>) -> Result<Pending, ChainError> {
        self.chain.pending(watched).await
    }

    fn derive(&self, network: NetworkName, key: &str, number: u32) -> Result<Address, KeyRefused> {
        self.chain.derive(network, key, number)
    }

    fn parse_address(&self, network: NetworkName, text: &str) -> Result<Address, KeyRefused> {
        self.chain.parse_address(network, text)
    }

    fn payment_link(&self, asset: AssetId, address: &str, units: Units) -> Option<String> {
        self.chain.payment_link(asset, address, units)
    }
}
