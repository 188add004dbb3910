//! What `GET /health` tells of endpoints, coins and keys.

use std::collections::BTreeMap;

use coffer_domain::{
    ports::{ChainError, EndpointReport},
    time::Timestamp,
};
use coffer_engine::{
    doctor::{CoinDiagnosis, KeyDiagnosis},
    health::Asked,
};
use serde::Serialize;
use utoipa::ToSchema;

/// What one endpoint of a chain said when it was asked last.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndpointHealth)]
pub(crate) struct EndpointView {
    /// Its place in the settings, from 1.
    number: usize,
    /// Its host and port; never its path or password.
    #[schema(example = "127.0.0.1:8545")]
    label: String,
    /// When it was asked; Unix seconds.
    asked_at: i64,
    /// Whether it answered.
    reachable: bool,
    /// Whether it serves the chain of the settings; `null` where it did not say.
    #[schema(required = true)]
    right_chain: Option<bool>,
    /// Why it gave no newest block; `null` where it gave one.
    #[schema(required = true)]
    error: Option<String>,
    /// Its newest block; `null` where it gave none.
    #[schema(required = true)]
    height: Option<u64>,
    /// How old that block was.
    #[schema(required = true)]
    tip_age_seconds: Option<i64>,
    /// Whether it is in step with its network.
    #[schema(required = true)]
    in_step: Option<bool>,
    /// How many blocks another endpoint of the chain had beyond its own.
    #[schema(required = true)]
    lag_blocks: Option<u64>,
    /// The lowest block it keeps; left out where it keeps all.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_from: Option<u64>,
    /// What it can do beyond the least, each with whether it does; asked once an hour.
    #[schema(example = json!({"traces": true, "old states": false}))]
    capabilities: BTreeMap<&'static str, bool>,
    /// Calls made to it in the minute before.
    calls_last_minute: u32,
}

/// Whether a coin can be taken now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CoinHealth)]
pub(crate) struct CoinView {
    /// Its code.
    #[schema(example = "BTC")]
    iso: String,
    /// Its network.
    #[schema(example = "bitcoin")]
    network: String,
    /// `live`, or `sandbox` where its network is a test network.
    #[schema(example = "live")]
    environment: &'static str,
    /// Whether it can be taken now.
    taken: bool,
    /// Why not; `null` where it can be taken.
    #[schema(required = true)]
    reason: Option<String>,
}

/// How many addresses of an extended public key in a row were given out and not paid. A wallet that
/// is restored looks at so many in vain, and would not see what lies behind them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyHealth)]
pub(crate) struct KeyView {
    /// The wallet's id.
    wallet: String,
    /// Its family.
    #[schema(example = "evm")]
    family: String,
    /// `live` or `sandbox`.
    #[schema(example = "live")]
    environment: &'static str,
    /// When it was measured; Unix seconds.
    measured_at: i64,
    /// Addresses given out.
    addresses: u32,
    /// Those since the last paid one.
    unpaid: u32,
    /// The longest row of unpaid ones.
    longest_gap: u32,
    /// The gap limit that a restored wallet needs; `null` where the usual one of 20 is enough.
    #[schema(required = true)]
    gap_limit_needed: Option<u32>,
}

/// What the endpoints of a chain said; nothing where they were not asked.
pub(super) fn endpoints(asked: Option<&Asked>) -> Vec<EndpointView> {
    let Some(asked) = asked else { return Vec::new() };
    let height = |report: &EndpointReport| Some(report.tip.as_ref().ok()?.at.height);
    let highest = asked.reports.iter().filter_map(height).max();
    let view = |report: &EndpointReport| {
        let (tip, error) = (report.tip.as_ref().ok(), report.tip.as_ref().err());
        EndpointView {
            number: report.number,
            label: report.label.clone(),
            asked_at: asked.at.seconds(),
            reachable: !matches!(
                error,
                Some(ChainError::Unreachable { .. } | ChainError::NoAccess { .. })
            ),
            right_chain: match error {
                None => Some(true),
                Some(ChainError::OtherChain { .. }) => Some(false),
                Some(_) => None,
            },
            error: error.map(ToString::to_string),
            height: height(report),
            tip_age_seconds: tip.map(|tip| asked.at.since(tip.time).seconds().max(0)),
            in_step: tip.map(|tip| tip.live),
            lag_blocks: tip.and_then(|tip| Some(highest?.saturating_sub(tip.at.height))),
            kept_from: report.kept_from,
            capabilities: report.capabilities.iter().copied().collect(),
            calls_last_minute: report.calls_last_minute,
        }
    };
    asked.reports.iter().map(view).collect()
}

impl From<&CoinDiagnosis> for CoinView {
    fn from(coin: &CoinDiagnosis) -> Self {
        Self {
            iso: coin.asset.iso.to_string(),
            network: coin.asset.network.to_string(),
            environment: coin.environment.as_str(),
            taken: coin.refused.is_none(),
            reason: coin.refused.clone(),
        }
    }
}

impl KeyView {
    pub(super) fn new(key: &KeyDiagnosis, measured_at: Timestamp) -> Self {
        Self {
            wallet: key.wallet.text(),
            family: key.family.clone(),
            environment: key.environment.as_str(),
            measured_at: measured_at.seconds(),
            addresses: key.gap.issued,
            unpaid: key.gap.unpaid,
            longest_gap: key.gap.longest,
            gap_limit_needed: key.gap.limit_needed(),
        }
    }
}
