//! Networks of Bitcoin's kind: whole blocks from a node, which need not keep old ones, or from an
//! Esplora server; what waits for a block from the node's mempool.
//!
//! What a block pays to its own miner is not read: it cannot be spent for a hundred blocks, and no
//! customer pays so. The adapter remembers nothing but a cache of the mempool (`utxo/pool.rs`).

use std::{collections::HashMap, str::FromStr, sync::Arc};

use async_trait::async_trait;
use bitcoin::Txid;
use coffer_domain::{
    code::NetworkName,
    money::{AssetId, Units},
    ports::{
        Block, Chain, ChainError, ChainProbe, Claim, Clock, EndpointReport, KeyRefused, Pending,
        Tip, Watched,
    },
    time::Span,
    transfer::{Address, BlockRef, ChainUnits, TransferReference},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use reqwest::Url;

use self::{
    esplora::Esplora,
    fault::{Failure, Fault},
    node::Node,
    pool::Pool,
    sources::{Confirmed, Kind, Source, Sources},
    zmq::{Heard, News},
};
use crate::{http, settings_refused::SettingsRefused};

mod address;
mod block;
mod esplora;
mod fault;
mod holdings;
mod key;
mod link;
mod named;
mod node;
mod pace;
mod pool;
mod rpc;
mod rules;
mod scan;
mod settings;
mod sources;
mod verbose;
mod zmq;

pub use self::{
    block::{Reading, read_raw_block},
    rules::{ChainKind, Like, NetworkRules},
    settings::UtxoSettings,
};

/// The highest block number that nodes take.
const HEIGHT_MAX: u64 = i32::MAX as u64;

/// One network of Bitcoin's kind behind its endpoints.
pub struct UtxoChain {
    network: NetworkName,
    reading: Reading,
    stale_after: Option<Span>,
    second_source_above: Option<Units>,
    sources: Sources,
    pool: Pool,
    news: Option<News>,
    clock: Arc<dyn Clock>,
}

impl UtxoChain {
    /// Reads the settings; asks nobody yet. The process must have installed its provider of
    /// cryptography for TLS before.
    ///
    /// # Errors
    /// When a setting cannot be used; the text names it.
    pub fn new(settings: &UtxoSettings, clock: Arc<dyn Clock>) -> Result<Self, SettingsRefused> {
        let network = settings.network;
        let refused = |reason: String| SettingsRefused { network, reason };
        let client = http::client(settings.request_timeout);
        let client = client.map_err(|_| refused("no HTTP client can be made".to_owned()))?;
        let mut all = Vec::new();
        for (text, number) in settings.endpoints.iter().zip(1..) {
            let url = url(text, "endpoint", number).map_err(refused)?;
            let node = Node::new(client.clone(), url, number, settings, Arc::clone(&clock));
            all.push(Source::new(Kind::Node(node)));
        }
        for (text, number) in settings.esplora.iter().zip(1..) {
            if !settings.rules.raw_blocks() {
                let reason = "esplora serves blocks whose bytes are not Bitcoin's; use a node";
                return Err(refused(reason.to_owned()));
            }
            let url = url(text, "esplora", number).map_err(refused)?;
            let place = all.len() + 1;
            let server = Esplora::new(client.clone(), &url, place, settings, Arc::clone(&clock));
            all.push(Source::new(Kind::Esplora(server)));
        }
        if all.is_empty() {
            return Err(refused("neither endpoints nor esplora are named".to_owned()));
        }
        let news = settings.zmq.clone().map(News::new);
        Ok(Self {
            network,
            reading: Reading { asset: settings.asset, rules: settings.rules },
            stale_after: settings.stale_after,
            second_source_above: settings.second_source_above,
            sources: Sources::new(network, settings.rules.genesis, all, Arc::clone(&clock)),
            pool: Pool::new(Arc::clone(&clock)),
            news,
            clock,
        })
    }

    fn is_fresh(&self, tip: &Tip) -> bool {
        self.stale_after.is_none_or(|limit| self.clock.now().since(tip.time) <= limit)
    }

    /// Whether a block pays us more than one endpoint is believed for.
    fn needs_second(&self, block: &Block) -> bool {
        let Some(limit) = self.second_source_above else { return false };
        let sum = block.transfers.iter().fold(0_u128, |sum, transfer| match transfer.units {
            ChainUnits::Units(units) => sum.saturating_add(units.get()),
            ChainUnits::Beyond(_) => u128::MAX,
        });
        sum > limit.get()
    }

    /// What an endpoint says of itself; without `all` its tip alone.
    async fn report(&self, source: &Source, number: usize, all: bool) -> EndpointReport {
        let tip = match source.identify(self.sources.genesis).await {
            Ok(()) => source.tip().await,
            Err(fault) => Err(fault),
        };
        let label = source.label().to_string();
        let failure = |fault| Failure(vec![(label.clone(), fault)]).into_error(self.network, 0);
        let tip = tip.map(|tip| Tip { live: tip.live && self.is_fresh(&tip), ..tip });
        let (mut kept_from, mut pruned) = (None, false);
        if let Some(node) = source.node().filter(|_| all)
            && let Ok(info) = node.chain_info().await
        {
            (kept_from, pruned) = (info.pruneheight.filter(|_| info.pruned), info.pruned);
        }
        EndpointReport {
            number,
            label: source.label().place().to_owned(),
            tip: tip.map_err(failure),
            capabilities: match all {
                true => vec![
                    ("pending", source.node().is_some()),
                    ("all blocks", !pruned),
                    ("news", source.node().is_some() && self.news.is_some()),
                ],
                false => Vec::new(),
            },
            kept_from,
            calls_last_minute: source.http().calls_last_minute(),
        }
    }
}

#[async_trait]
impl Chain for UtxoChain {
    fn name(&self) -> NetworkName {
        self.network
    }

    /// Refuses the network when any endpoint that answers serves another chain, even if others
    /// serve the right one: the settings are wrong then, and it would take over some day.
    async fn probe(&self) -> Result<ChainProbe, ChainError> {
        let mut faults = Vec::new();
        for source in &self.sources.all {
            source.doubt();
            match source.identify(self.sources.genesis).await {
                Ok(()) => {
                    if let Some(node) = source.node() {
                        let (network, endpoint) = (self.network, source.label());
                        let software = node.software().await.unwrap_or_default();
                        tracing::info!(%network, %endpoint, software, "endpoint found");
                    }
                }
                Err(Fault::OtherChain { expected, found }) => {
                    let found = format!("{found} at {}", source.label());
                    return Err(ChainError::OtherChain { network: self.network, expected, found });
                }
                Err(fault) => faults.push((source.label().to_string(), fault)),
            }
        }
        match faults.len() == self.sources.all.len() {
            true => Err(Failure(faults).into_error(self.network, 0)),
            false => Ok(ChainProbe::default()),
        }
    }

    /// Two calls to each node; three to an Esplora server where no node is in step.
    async fn tip(&self) -> Result<Tip, ChainError> {
        let tip = self.sources.tip(|tip| self.is_fresh(tip)).await;
        tip.map_err(|failure| failure.into_error(self.network, 0))
    }

    /// Two calls, and one to a second endpoint where the block pays us. None only when every
    /// endpoint says that there is no such block, or one that is in step does not have it yet.
    async fn block(&self, height: u64, watched: &Watched<'_>) -> Result<Option<Block>, ChainError> {
        if height > HEIGHT_MAX {
            return Ok(None);
        }
        let reading = self.reading;
        let answer = self.sources.ask(|source| source.block(height, reading, watched).boxed());
        let told = match answer.await {
            Ok((teller, block)) if block.transfers.is_empty() => Ok((teller, block)),
            Ok((teller, block)) => {
                let needed = self.needs_second(&block);
                let live = |tip: &Tip| self.is_fresh(tip);
                match self.sources.confirm(teller, &block, needed, live).await {
                    Ok(Confirmed::Yes) => Ok((teller, block)),
                    Ok(Confirmed::NotYet) => return Ok(None),
                    Err(failure) => Err(failure),
                }
            }
            Err(failure) if failure.all_absent() => return Ok(None),
            Err(failure) => Err(failure),
        };
        match told {
            Ok((_, block)) => Ok(Some(block)),
            Err(failure) => Err(failure.into_error(self.network, height)),
        }
    }

    /// What a node that is in step with its network shows: one call beyond those for the tip where
    /// the whole list is asked for (see `utxo/pace.rs`), and one for every hundred transactions not
    /// seen before. An Esplora server does not tell what waits, and the mempool of a node that lags
    /// says little.
    async fn pending(&self, watched: &Watched<'_>) -> Result<Pending, ChainError> {
        let unseen = ChainError::PendingUnseen { network: self.network };
        if self.sources.all.iter().all(|source| source.node().is_none()) {
            return Err(unseen);
        }
        let heard = self.news.as_ref().map_or_else(Heard::default, News::heard);
        self.pool.hear(heard).await;
        let (pool, reading) = (&self.pool, self.reading);
        let mut error = unseen.clone();
        // A node that fails is passed over when the tip is asked for again.
        for _ in &self.sources.all {
            let tip = self.tip().await?;
            let (number, leader) = self.sources.leader();
            if !tip.live || leader.node().is_none() {
                return Err(unseen);
            }
            let place = (number, &tip.at);
            let question = |source| read_pool(pool, source, place, reading, watched);
            match self.sources.put(number, &question).await {
                Ok(pending) => return Ok(pending),
                Err(fault) => {
                    self.sources.pass_over(number);
                    let failure = Failure(vec![(leader.label().to_string(), fault)]);
                    error = failure.into_error(self.network, 0);
                }
            }
        }
        Err(error)
    }

    async fn blocks_with(
        &self,
        from: u64,
        to: u64,
        accounts: &[Vec<u8>],
    ) -> Result<Option<Vec<u64>>, ChainError> {
        self.scan(from, to, accounts).await
    }

    /// One call for a hundred outputs.
    async fn holdings(
        &self,
        at: &BlockRef,
        claims: &[Claim],
    ) -> Result<Option<Vec<Units>>, ChainError> {
        self.unspent(at.height, claims).await
    }

    /// One call for each input of what is missing, and two more.
    async fn lost(
        &self,
        missing: &[TransferReference],
        tip: &BlockRef,
    ) -> Result<Vec<TransferReference>, ChainError> {
        let mut by_id = HashMap::<Txid, Vec<&TransferReference>>::new();
        for reference in missing {
            if let Ok(id) = Txid::from_str(&reference.transaction) {
                by_id.entry(id).or_default().push(reference);
            }
        }
        let ids = by_id.keys().copied().collect::<Vec<_>>();
        let (pool, ids) = (&self.pool, &ids);
        let answer = self.sources.ask(|source| {
            async move {
                match source.node() {
                    Some(node) => pool.lost(node, ids, tip).await,
                    None => Ok(Vec::new()),
                }
            }
            .boxed()
        });
        let answer = answer.await.map_err(|failure| failure.into_error(self.network, 0));
        let (_, lost) = answer?;
        let references = lost.iter().filter_map(|id| by_id.get(id)).flatten();
        Ok(references.map(|reference| (*reference).clone()).collect())
    }

    /// Three calls or four to each endpoint.
    async fn named_by(&self, block: &BlockRef) -> Option<String> {
        self.endpoint_naming(block).await
    }

    fn one_suffices(&self, asset: AssetId, units: Units) -> bool {
        asset != self.reading.asset || self.second_source_above.is_none_or(|limit| units <= limit)
    }

    /// One call to each endpoint.
    async fn named_by_two(&self, block: &BlockRef) -> Result<(), ChainError> {
        self.two_naming(block).await
    }

    async fn news(&self) {
        match &self.news {
            Some(news) => news.next().await,
            None => std::future::pending().await,
        }
    }

    async fn endpoints(&self) -> Vec<EndpointReport> {
        let sources = self.sources.all.iter().zip(1..);
        join_all(sources.map(|(source, number)| self.report(source, number, true))).await
    }

    async fn endpoint_tips(&self) -> Vec<EndpointReport> {
        let sources = self.sources.all.iter().zip(1..);
        join_all(sources.map(|(source, number)| self.report(source, number, false))).await
    }

    fn derive(&self, _network: NetworkName, key: &str, index: u32) -> Result<Address, KeyRefused> {
        key::derive(key, index, self.reading.rules)
    }

    fn parse_address(&self, _network: NetworkName, text: &str) -> Result<Address, KeyRefused> {
        address::parse(text, self.reading.rules)
    }

    fn payment_link(&self, asset: AssetId, address: &str, units: Units) -> Option<String> {
        let ours = asset == self.reading.asset;
        ours.then(|| link::payment_link(self.reading.rules.scheme(), address, units))
    }
}

/// What waits at a node of that number and tip.
fn read_pool<'s>(
    pool: &'s Pool,
    source: &'s Source,
    place: (usize, &'s BlockRef),
    reading: Reading,
    watched: &'s Watched<'_>,
) -> BoxFuture<'s, Result<Pending, Fault>> {
    async move {
        let node = source.node().ok_or(Fault::Unseen)?;
        pool.read(node, place, reading, watched).await
    }
    .boxed()
}

fn url(text: &str, kind: &str, number: usize) -> Result<Url, String> {
    let url = Url::parse(text.trim()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| format!("{kind} {number} is not an http or https address"))
}
