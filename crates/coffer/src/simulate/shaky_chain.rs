//! A chain in front of the sandbox's that fails as real ones do, and the bugs that a chain's
//! adapter can bring along.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use coffer_domain::{
    code::NetworkName,
    money::{AssetId, Units},
    ports::{Block, Chain, ChainError, ChainProbe, KeyRefused, Pending, Tip, Watched},
    transfer::{Address, ChainTransfer},
};

/// How a chain's endpoint is. Shared by every engine that reads the chain.
#[derive(Default)]
pub struct Weather(Mutex<State>);

#[derive(Default)]
struct State {
    down: bool,
    lag: u64,
    bug: Option<ChainBug>,
    tip: Option<Tip>,
    cached: HashMap<u64, Vec<ChainTransfer>>,
}

/// A bug of an adapter, planted to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainBug {
    /// A transfer has another reference in its block than it had while it was pending.
    CountedTwice,
    /// What was in a block is answered from a cache, also after a reorganisation.
    ReorgIgnored,
    /// A tip that cannot be asked for is answered from memory, as live.
    OurClock,
}

impl Weather {
    /// Whether no question is answered.
    pub fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// So many of the newest blocks, and all that is pending, are not known to the endpoint.
    pub fn set_lag(&self, lag: u64) {
        self.state().lag = lag;
    }

    /// Plants a bug.
    pub fn plant(&self, bug: ChainBug) {
        self.state().bug = Some(bug);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A chain whose endpoint is as the weather is.
pub struct ShakyChain {
    inner: Arc<dyn Chain>,
    weather: Arc<Weather>,
}

impl ShakyChain {
    /// That chain, in that weather.
    #[must_use]
    pub const fn new(inner: Arc<dyn Chain>, weather: Arc<Weather>) -> Self {
        Self { inner, weather }
    }

    fn reachable(&self) -> Result<u64, ChainError> {
        let state = self.weather.state();
        if state.down {
            return Err(ChainError::Unreachable {
                network: self.inner.name(),
                reason: "the simulation has cut the line".to_owned(),
            });
        }
        Ok(state.lag)
    }

    async fn true_tip(&self) -> Result<Tip, ChainError> {
        let lag = self.reachable()?;
        let tip = self.inner.tip().await?;
        if lag == 0 {
            return Ok(tip);
        }
        let height = tip.at.height.saturating_sub(lag);
        let block = self.inner.block(height, &|_: &[u8]| false).await?;
        let gone = || ChainError::Nonsense {
            network: self.inner.name(),
            reason: format!("no block {height}"),
        };
        let block = block.ok_or_else(gone)?;
        let (safe_height, final_height) = (None, None);
        Ok(Tip { at: block.at, time: block.time, safe_height, final_height, live: false })
    }

    /// What a bug makes of the transfers of a block.
    fn spoilt(&self, height: u64, transfers: Vec<ChainTransfer>) -> Vec<ChainTransfer> {
        let mut state = self.weather.state();
        match state.bug {
            Some(ChainBug::CountedTwice) => transfers.into_iter().map(renamed).collect(),
            Some(ChainBug::ReorgIgnored) => {
                let cached = state.cached.entry(height).or_default();
                let fresh: Vec<_> =
                    transfers.into_iter().filter(|transfer| !cached.contains(transfer)).collect();
                cached.extend(fresh);
                cached.clone()
            }
            Some(ChainBug::OurClock) | None => transfers,
        }
    }
}

fn renamed(mut transfer: ChainTransfer) -> ChainTransfer {
    transfer.reference.position.push_str("-again");
    transfer
}

#[async_trait]
impl Chain for ShakyChain {
    fn name(&self) -> NetworkName {
        self.inner.name()
    }

    async fn probe(&self) -> Result<ChainProbe, ChainError> {
        self.reachable()?;
        self.inner.probe().await
    }

    async fn tip(&self) -> Result<Tip, ChainError> {
        let answer = self.true_tip().await;
        let mut state = self.weather.state();
        if state.bug != Some(ChainBug::OurClock) {
            return answer;
        }
        match (answer, &state.tip) {
            (Ok(tip), _) => {
                state.tip = Some(tip.clone());
                Ok(Tip { live: true, ..tip })
            }
            (Err(_), Some(tip)) => Ok(tip.clone()),
            (Err(error), None) => Err(error),
        }
    }

    async fn block(&self, height: u64, watched: &Watched<'_>) -> Result<Option<Block>, ChainError> {
        let lag = self.reachable()?;
        if lag > 0 && height > self.inner.tip().await?.at.height.saturating_sub(lag) {
            return Ok(None);
        }
        let block = self.inner.block(height, watched).await?;
        Ok(block.map(|block| {
            let transfers = self.spoilt(height, block.transfers);
            Block { transfers, ..block }
        }))
    }

    async fn pending(&self, watched: &Watched<'_>) -> Result<Pending, ChainError> {
        match self.reachable() {
            Ok(0) => self.inner.pending(watched).await,
            Ok(_) => Ok(Pending::default()),
            Err(_) if self.weather.state().bug == Some(ChainBug::OurClock) => {
                Ok(Pending::default())
            }
            Err(error) => Err(error),
        }
    }

    fn tells_at_once(&self) -> bool {
        self.inner.tells_at_once()
    }

    fn derive(&self, network: NetworkName, key: &str, index: u32) -> Result<Address, KeyRefused> {
        self.inner.derive(network, key, index)
    }

    fn parse_address(&self, network: NetworkName, text: &str) -> Result<Address, KeyRefused> {
        self.inner.parse_address(network, text)
    }

    fn payment_link(&self, asset: AssetId, address: &str, units: Units) -> Option<String> {
        self.inner.payment_link(asset, address, units)
    }
}
