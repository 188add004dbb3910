//! The sandbox chain: blocks and transfers of the sandbox environment, kept by a
//! [`SandboxLedger`]. Its addresses belong to no real network.

use std::sync::Arc;

use async_trait::async_trait;
use coffer_domain::{
    code::NetworkName,
    money::{AssetId, Units},
    ports::{
        Block, Chain, ChainError, ChainProbe, KeyRefused, Pending, SandboxLedger, SandboxRefused,
        SandboxTransfer, Tip, Watched,
    },
    transfer::{Address, ChainTransfer, ChainUnits, TransferReference},
};

mod address;

/// The name of the sandbox chain's cursor.
const NAME: &str = "sandbox";

/// The sandbox chain. It carries the transfers of all catalogue networks of the sandbox
/// environment, in one sequence of blocks.
pub struct SandboxChain {
    name: NetworkName,
    ledger: Arc<dyn SandboxLedger>,
}

impl SandboxChain {
    /// The chain whose blocks that ledger keeps.
    #[must_use]
    pub fn new(ledger: Arc<dyn SandboxLedger>) -> Self {
        let name = NetworkName::new(NAME).expect("the name is short printable ASCII");
        Self { name, ledger }
    }

    fn unreachable(&self, refused: &SandboxRefused) -> ChainError {
        ChainError::Unreachable { network: self.name, reason: refused.to_string() }
    }
}

#[async_trait]
impl Chain for SandboxChain {
    fn name(&self) -> NetworkName {
        self.name
    }

    /// Every asset can be taken, and no block is final by name: depth alone counts.
    async fn probe(&self) -> Result<ChainProbe, ChainError> {
        self.ledger.tip().await.map_err(|refused| self.unreachable(&refused))?;
        Ok(ChainProbe::default())
    }

    /// Always live: rows cannot lag behind themselves, however long nothing was mined.
    async fn tip(&self) -> Result<Tip, ChainError> {
        let block = self.ledger.tip().await.map_err(|refused| self.unreachable(&refused))?;
        let (safe_height, final_height) = (None, None);
        Ok(Tip { at: block.at, time: block.time, safe_height, final_height, live: true })
    }

    async fn block(&self, height: u64, watched: &Watched<'_>) -> Result<Option<Block>, ChainError> {
        let found =
            self.ledger.block(height).await.map_err(|refused| self.unreachable(&refused))?;
        let Some((block, transfers)) = found else { return Ok(None) };
        if block.at.height != height {
            return Err(ChainError::Nonsense {
                network: self.name,
                reason: format!("asked for block {height}, got {}", block.at.height),
            });
        }
        let transfers = to_watched(transfers, watched);
        Ok(Some(Block { at: block.at, parent: block.parent, time: block.time, transfers }))
    }

    async fn pending(&self, watched: &Watched<'_>) -> Result<Pending, ChainError> {
        let pending = self.ledger.pending().await.map_err(|refused| self.unreachable(&refused))?;
        Ok(to_watched(pending, watched).into())
    }

    fn tells_at_once(&self) -> bool {
        true
    }

    /// Any text serves as a key. The address is the same on all networks, as it is among EVM
    /// networks.
    fn derive(&self, _network: NetworkName, key: &str, index: u32) -> Result<Address, KeyRefused> {
        if key.trim().is_empty() {
            return Err(KeyRefused("the key is empty".to_owned()));
        }
        Ok(address::derive(key.trim(), index))
    }

    fn parse_address(&self, _network: NetworkName, text: &str) -> Result<Address, KeyRefused> {
        address::parse(text)
    }

    /// No wallet holds sandbox coins.
    fn payment_link(&self, _asset: AssetId, _address: &str, _units: Units) -> Option<String> {
        None
    }
}

/// The ledger takes any receiver and any amount; only what reached a watched address counts.
fn to_watched(transfers: Vec<SandboxTransfer>, watched: &Watched<'_>) -> Vec<ChainTransfer> {
    transfers
        .into_iter()
        .filter(|transfer| transfer.units != Units::ZERO)
        .filter_map(|transfer| {
            let to = address::parse(&transfer.to).ok()?;
            watched.watches(&to.account).then(|| ChainTransfer {
                reference: TransferReference {
                    network: transfer.asset.network,
                    transaction: transfer.transaction,
                    position: transfer.output.to_string(),
                },
                asset: transfer.asset,
                to,
                units: ChainUnits::Units(transfer.units),
            })
        })
        .collect()
}
