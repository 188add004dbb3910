//! EVM networks, read by JSON-RPC: the coin from transactions and their receipts, pinned tokens
//! from their logs and balances.
//!
//! Coin that a contract moves inside a transaction leaves no record in blocks; it is read from
//! traces, where an endpoint gives them (docs/networks.md).

use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use coffer_domain::{
    code::NetworkName,
    confirmations::NamedBlocks,
    inner_transfers::InnerTransfers,
    money::{AssetId, Units},
    ports::{
        Block, Chain, ChainError, ChainProbe, Claim, Clock, EndpointReport, KeyRefused, Pending,
        Tip, Watched,
    },
    time::{Span, Timestamp},
    transfer::{Address, BlockRef},
};
use futures_util::{FutureExt, future};
use reqwest::Url;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use self::{
    answer::{Hash, NodeBlock},
    endpoint::{Endpoint, Identity},
    failover::Failover,
    fault::Fault,
    inner_transfers::Way,
    news::News,
    pinned::Pinned,
};
use crate::http;

mod address;
mod answer;
mod balance;
mod block;
mod endpoint;
mod failover;
mod fault;
mod hits;
mod holdings;
mod inner_transfers;
mod link;
mod logs;
mod named;
mod news;
mod pending;
mod pinned;
mod probe;
mod reader;
mod settings;
mod tip;
mod token;
mod traces;
mod witness;

pub use self::hits::count_hits;
pub use self::settings::{EvmSettings, InternalTransfers, SettingsRefused};
pub use crate::counters::describe;

/// One EVM network behind its endpoints.
pub struct EvmChain {
    network: NetworkName,
    chain_id: u64,
    internal_transfers: InternalTransfers,
    way: Mutex<Way>,
    /// When a balance was asked for although half of an endpoint's calls were used.
    squeezed: Mutex<Option<Timestamp>>,
    second_source_above: BTreeMap<AssetId, Units>,
    named: NamedBlocks,
    stale_after: Option<Span>,
    pinned: Pinned,
    failover: Failover,
    news: Option<News>,
    clock: Arc<dyn Clock>,
}

impl EvmChain {
    /// Reads the settings; asks nobody yet. The process must have installed its provider of
    /// cryptography for TLS before.
    ///
    /// # Errors
    /// When a setting cannot be used; the text names it.
    pub fn new(settings: &EvmSettings, clock: Arc<dyn Clock>) -> Result<Self, SettingsRefused> {
        let network = settings.network;
        let refused = |reason: String| SettingsRefused { network, reason };
        let pinned =
            Pinned::new(network, &settings.assets, &settings.exact_logs).map_err(refused)?;
        let genesis = settings.genesis.as_deref().map(parse_hash).transpose().map_err(refused)?;
        let client = http::client(settings.request_timeout);
        let client = client.map_err(|_| refused("no HTTP client can be made".to_owned()))?;
        let endpoints = settings.endpoints.iter().zip(1..).map(|(url, number)| {
            let url = parse_url(url).ok_or_else(|| {
                refused(format!("endpoint {number} is not an http or https address"))
            })?;
            Ok(Endpoint::new(client.clone(), url, number, settings, Arc::clone(&clock)))
        });
        let endpoints = endpoints.collect::<Result<Vec<_>, _>>()?;
        if endpoints.is_empty() {
            return Err(refused("no endpoints are named".to_owned()));
        }
        if !settings.second_source_above.is_empty() && endpoints.len() < 2 {
            return Err(refused("second_source_above needs a second endpoint".to_owned()));
        }
        let ws = settings.ws.as_deref().map(|text| {
            let url = Url::parse(text.trim()).ok();
            let url = url.filter(|url| matches!(url.scheme(), "ws" | "wss"));
            url.ok_or_else(|| refused("ws is not a ws or wss address".to_owned()))
        });
        let ws = ws.transpose()?;
        let identity = Identity { chain_id: settings.chain_id, genesis };
        Ok(Self {
            network,
            chain_id: settings.chain_id,
            internal_transfers: settings.internal_transfers,
            way: Mutex::default(),
            squeezed: Mutex::default(),
            second_source_above: settings.second_source_above.clone(),
            named: settings.named,
            stale_after: settings.stale_after,
            pinned,
            failover: Failover::new(network, identity, endpoints),
            news: ws.map(|url| News::new(network, url)),
            clock,
        })
    }

    async fn tip_at(&self, endpoint: &Endpoint) -> Result<Tip, Fault> {
        let asked = json!(["latest", false]);
        let block = endpoint.call::<NodeBlock<IgnoredAny>>("eth_getBlockByNumber", asked).await?;
        let syncing = match endpoint.call::<Value>("eth_syncing", json!([])).await {
            Ok(answer) => answer != Value::Bool(false),
            Err(Fault::Unsupported(_)) => false,
            Err(fault) => return Err(fault),
        };
        let named = async |asked: bool, word: &str| match asked {
            true => probe::named_height(endpoint, word).await,
            false => Ok(None),
        };
        let safe_height = named(self.named.safe, probe::SAFE).await?;
        let final_height = named(self.named.finalized, probe::FINALIZED).await?;
        let time = block::timestamp(&block)?;
        let beyond = || Fault::Nonsense("the newest block's number is too large".to_owned());
        let height = block.number.small().ok_or_else(beyond)?;
        let live = !syncing && !self.stale(time);
        let at = BlockRef { height, hash: block::text(block.hash.0) };
        Ok(Tip { at, time, safe_height, final_height, live })
    }

    fn stale(&self, time: Timestamp) -> bool {
        self.stale_after.is_some_and(|limit| self.clock.now().since(time) > limit)
    }
}

#[async_trait]
impl Chain for EvmChain {
    fn name(&self) -> NetworkName {
        self.network
    }

    async fn probe(&self) -> Result<ChainProbe, ChainError> {
        probe::identities(&self.failover).await?;
        match self.internal_transfers {
            InternalTransfers::Traces => {
                let traces = self.failover.ask_tracer(|endpoint| endpoint.tracing().boxed()).await;
                traces.map_err(|failure| failure.into_error(self.network, 0))?;
            }
            // Who gives traces is known from here on; that nobody does is no fault.
            InternalTransfers::Auto => drop(self.fitting_way(None).await),
            InternalTransfers::Audit | InternalTransfers::Off => {}
        }
        let answer = self.failover.ask(|endpoint| probe::read(endpoint, &self.pinned).boxed());
        answer.await.map_err(|failure| failure.into_error(self.network, 0))
    }

    /// Two calls, and one for each word that is waited for; now and then the same to the other
    /// endpoints.
    async fn tip(&self) -> Result<Tip, ChainError> {
        self.read_tip().await.map_err(|failure| failure.into_error(self.network, 0))
    }

    /// Two calls, one for traces where they are read, and a few for each transfer found (see
    /// `evm/block.rs`).
    async fn block(&self, height: u64, watched: &Watched<'_>) -> Result<Option<Block>, ChainError> {
        self.read_block(height, watched, None).await
    }

    /// The logs of the tokens are asked for many blocks at once.
    async fn blocks(
        &self,
        heights: RangeInclusive<u64>,
        watched: &Watched<'_>,
    ) -> Result<Vec<Block>, ChainError> {
        self.read_blocks(heights, watched).await
    }

    async fn news(&self) {
        match &self.news {
            Some(news) => news.next().await,
            None => future::pending().await,
        }
    }

    async fn endpoints(&self) -> Vec<EndpointReport> {
        let endpoints = self.failover.endpoints.iter();
        future::join_all(endpoints.map(|endpoint| self.report(endpoint, true))).await
    }

    async fn endpoint_tips(&self) -> Vec<EndpointReport> {
        let endpoints = self.failover.endpoints.iter();
        future::join_all(endpoints.map(|endpoint| self.report(endpoint, false))).await
    }

    async fn audited(&self) -> Result<Option<AssetId>, ChainError> {
        Ok(self.pinned.coin)
    }

    async fn inner_transfers(
        &self,
        so_far: Option<InnerTransfers>,
    ) -> Result<Option<InnerTransfers>, ChainError> {
        if self.pinned.coin.is_none() {
            return Ok(None);
        }
        let next = self.next_way(so_far).await;
        next.map(Some).map_err(|failure| failure.into_error(self.network, 0))
    }

    fn find_inner_transfers(&self, how: InnerTransfers) {
        self.tell_way(how);
    }

    /// One call an account, to two endpoints where there are so many: what one says of balances is
    /// believed once another says the same, or while no account holds more than the cap.
    async fn balances(
        &self,
        at: &BlockRef,
        accounts: &[Vec<u8>],
    ) -> Result<Vec<Units>, ChainError> {
        self.read_balances(at, accounts).await
    }

    /// One call for each claim.
    async fn holdings(
        &self,
        at: &BlockRef,
        claims: &[Claim],
    ) -> Result<Option<Vec<Units>>, ChainError> {
        self.read_holdings(at, claims).await.map(Some)
    }

    async fn pending(&self, watched: &Watched<'_>) -> Result<Pending, ChainError> {
        let (pinned, regular) = (&self.pinned, self.stale_after.is_some());
        let question = |endpoint| pending::read(endpoint, pinned, regular, watched).boxed();
        let answer = self.failover.ask(question).await;
        let seen = answer.map_err(|failure| failure.into_error(self.network, 0))?;
        let unseen = ChainError::PendingUnseen { network: self.network };
        seen.map(Pending::from).ok_or(unseen)
    }

    /// Three calls or four to each endpoint.
    async fn named_by(&self, block: &BlockRef) -> Option<String> {
        self.endpoint_naming(block).await
    }

    fn one_suffices(&self, asset: AssetId, units: Units) -> bool {
        self.second_source_above.get(&asset).is_none_or(|cap| units <= *cap)
    }

    /// One call to each endpoint.
    async fn named_by_two(&self, block: &BlockRef) -> Result<(), ChainError> {
        self.two_naming(block).await
    }

    fn derive(&self, _network: NetworkName, key: &str, index: u32) -> Result<Address, KeyRefused> {
        address::derive(key, index)
    }

    /// Refuses the contracts of pinned tokens, too: what is sent to them is lost.
    fn parse_address(&self, _network: NetworkName, text: &str) -> Result<Address, KeyRefused> {
        let address = address::parse(text)?;
        if let Some(token) = self.pinned.tokens.get(&address) {
            let iso = token.asset.iso;
            let reason = format!("this is the contract of {iso} itself; money sent there is lost");
            return Err(KeyRefused(reason));
        }
        Ok(address::domain_address(address))
    }

    fn payment_link(&self, asset: AssetId, address: &str, units: Units) -> Option<String> {
        let contract = self.pinned.contract(asset)?;
        let to = address::parse(address).ok()?;
        Some(link::payment_link(self.chain_id, contract, to, units))
    }
}

fn parse_url(text: &str) -> Option<Url> {
    Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

fn parse_hash(text: &str) -> Result<Hash, String> {
    let hash = serde_json::from_value(Value::String(text.trim().to_owned()));
    hash.map_err(|_| "genesis is not a block hash".to_owned())
}
