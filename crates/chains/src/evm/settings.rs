//! What an operator says of one EVM network.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use coffer_domain::{
    catalogue::Asset,
    code::NetworkName,
    confirmations::NamedBlocks,
    money::{AssetId, Units},
    time::Span,
};

use crate::http::Bounds;
pub use crate::settings_refused::SettingsRefused;

/// How coin is found that contracts move inside transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum InternalTransfers {
    /// By traces where an endpoint gives them when the process starts, else by balances.
    #[default]
    Auto,
    /// By traces; without an endpoint that gives them the network is not read.
    Traces,
    /// By comparing what addresses hold with what was booked.
    Audit,
    /// Not at all.
    Off,
}

/// One EVM network and the endpoints that answer for it.
#[derive(Clone)]
pub struct EvmSettings {
    /// The network's name in the catalogue.
    pub network: NetworkName,
    /// Its chain id (EIP-155); an endpoint with another one is never used.
    pub chain_id: u64,
    /// Hash of block 0, where two chains could share a chain id.
    pub genesis: Option<String>,
    /// HTTP addresses of JSON-RPC endpoints. The first one that answers is used until it fails.
    pub endpoints: Vec<String>,
    /// The network's coin and its pinned tokens.
    pub assets: Vec<Asset>,
    /// Tokens whose logs are known to say what arrived: those of the catalogue's issuers.
    pub exact_logs: BTreeSet<AssetId>,
    /// How coin is found that contracts move inside transactions.
    pub internal_transfers: InternalTransfers,
    /// Amounts in one block above which a second endpoint must tell the same, by asset.
    pub second_source_above: BTreeMap<AssetId, Units>,
    /// WebSocket address of an endpoint that tells of new blocks; only a wake-up.
    pub ws: Option<String>,
    /// Which of the network's words are asked for with each tip, a call each: those that steps of
    /// confirmations wait for.
    pub named: NamedBlocks,
    /// How old the newest block may be before the node counts as out of step; none where blocks
    /// come at any time, as on development chains.
    pub stale_after: Option<Span>,
    /// The longest one call may take.
    pub request_timeout: Duration,
    /// The largest answer that is read, in bytes. Must hold the network's largest block.
    pub answer_limit: usize,
    /// The most calls a minute one endpoint is asked; none where it is our own node.
    pub calls_per_minute: Option<u32>,
}

impl EvmSettings {
    /// The longest one call may take, unless set.
    pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
    /// The largest answer, unless set: 64 MiB, three times a full block of 10 MiB in hex.
    pub const ANSWER_LIMIT: usize = 64 << 20;

    /// What an endpoint is asked and believed at most.
    pub(crate) const fn bounds(&self) -> Bounds {
        Bounds { answer_limit: self.answer_limit, calls_per_minute: self.calls_per_minute }
    }

    /// Settings with the usual limits: confirmations, ten seconds a call, any number of calls.
    #[must_use]
    pub fn new(
        network: NetworkName,
        chain_id: u64,
        endpoints: Vec<String>,
        assets: Vec<Asset>,
    ) -> Self {
        let exact_logs = assets.iter().filter(|asset| asset.has_exact_logs());
        Self {
            network,
            chain_id,
            genesis: None,
            endpoints,
            exact_logs: exact_logs.map(|asset| asset.id).collect(),
            assets,
            internal_transfers: InternalTransfers::Auto,
            second_source_above: BTreeMap::new(),
            ws: None,
            named: NamedBlocks { safe: false, finalized: false },
            stale_after: None,
            request_timeout: Self::REQUEST_TIMEOUT,
            answer_limit: Self::ANSWER_LIMIT,
            calls_per_minute: None,
        }
    }
}

/// Without the endpoints, whose addresses hold access keys.
impl fmt::Debug for EvmSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvmSettings")
            .field("network", &self.network)
            .field("chain_id", &self.chain_id)
            .field("endpoints", &self.endpoints.len())
            .finish_non_exhaustive()
    }
}
