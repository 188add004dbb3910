//! What an operator says of one network of Bitcoin's kind.

use std::{fmt, path::PathBuf, time::Duration};

use coffer_domain::{
    code::NetworkName,
    money::{AssetId, Units},
    time::Span,
};

use super::rules::NetworkRules;
use crate::http::Bounds;

/// One network and the endpoints that answer for it.
#[derive(Clone)]
pub struct UtxoSettings {
    /// The network's name in the catalogue.
    pub network: NetworkName,
    /// Its formats.
    pub rules: &'static NetworkRules,
    /// Its coin.
    pub asset: AssetId,
    /// HTTP addresses of nodes, in order of preference, each with user and password.
    pub endpoints: Vec<String>,
    /// The file in which a node writes user and password at each start, for endpoints without.
    pub cookie_file: Option<PathBuf>,
    /// HTTP addresses of Esplora servers, which stand behind the nodes.
    pub esplora: Vec<String>,
    /// Where a node publishes that it has news (ZMQ), such as `127.0.0.1:28332`.
    pub zmq: Option<String>,
    /// Base units to us in one block above which a second endpoint must name the same block.
    pub second_source_above: Option<Units>,
    /// How old the newest block may be before a node counts as out of step; none where blocks come
    /// at any time, as on chains of one's own.
    pub stale_after: Option<Span>,
    /// The longest one call may take.
    pub request_timeout: Duration,
    /// The largest answer that is read, in bytes. Must hold the network's largest block, in JSON.
    pub answer_limit: usize,
    /// The most calls a minute one endpoint is asked; none where it is our own node.
    pub calls_per_minute: Option<u32>,
}

impl UtxoSettings {
    /// The longest one call may take, unless set.
    pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
    /// The largest answer, unless set: 64 MiB, for a full block of 4 MB described in JSON.
    pub const ANSWER_LIMIT: usize = 64 << 20;

    /// What an endpoint is asked and believed at most.
    pub(crate) const fn bounds(&self) -> Bounds {
        Bounds { answer_limit: self.answer_limit, calls_per_minute: self.calls_per_minute }
    }

    /// Settings with the usual limits and without endpoints.
    #[must_use]
    pub const fn new(asset: AssetId, rules: &'static NetworkRules) -> Self {
        Self {
            network: asset.network,
            rules,
            asset,
            endpoints: Vec::new(),
            cookie_file: None,
            esplora: Vec::new(),
            zmq: None,
            second_source_above: None,
            stale_after: None,
            request_timeout: Self::REQUEST_TIMEOUT,
            answer_limit: Self::ANSWER_LIMIT,
            calls_per_minute: None,
        }
    }
}

/// Without the endpoints, whose addresses hold passwords.
impl fmt::Debug for UtxoSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UtxoSettings")
            .field("network", &self.network)
            .field("rules", &self.rules)
            .field("endpoints", &self.endpoints.len())
            .field("esplora", &self.esplora.len())
            .finish_non_exhaustive()
    }
}
