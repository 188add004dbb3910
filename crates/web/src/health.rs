//! `GET /health`: whether the server can do its work, and if not, what is wrong.

mod detail;

use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use bytes::Bytes;
use coffer_domain::{money::AssetId, time::Timestamp};
use coffer_engine::{
    engine::Engine,
    health::{ChainHealth, Health},
};
use coffer_wire::access_token::AccessToken;
use serde::Serialize;
use utoipa::ToSchema;

use self::detail::{CoinView, EndpointView, KeyView};
use crate::problem::{JSON, Said};

/// How the installation is. Without the token of the settings `status` is all that is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthView {
    /// `ok`, or `unwell` where payments cannot be taken or are not seen.
    #[schema(example = "ok")]
    status: &'static str,
    /// `ok` or `unavailable`.
    #[schema(example = "ok")]
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<&'static str>,
    /// Every chain that is followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    chains: Option<Vec<ChainView>>,
    /// How many addresses are watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses_watched: Option<usize>,
    /// How many have been issued; more than are watched while they are still being loaded after a
    /// start.
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses_issued: Option<usize>,
    /// Each coin of the networks that are set up, and whether it can be taken now.
    #[serde(skip_serializing_if = "Option::is_none")]
    coins: Option<Vec<CoinView>>,
    /// The extended public keys with the longest gaps, a hundred at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Vec<KeyView>>,
    /// How many keys are not among them: they are too many, or were not measured yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys_left_out: Option<usize>,
}

/// How one chain is read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChainHealth)]
pub(crate) struct ChainView {
    /// Its name.
    #[schema(example = "sandbox")]
    name: String,
    /// The newest block read; `null` before the first look.
    #[schema(required = true)]
    height: Option<u64>,
    /// How far it was read by its own clock, in Unix seconds; `null` before the first look.
    #[schema(required = true)]
    read_through: Option<i64>,
    /// Seconds between how far it was read and now; `null` before the first look.
    #[schema(required = true)]
    lag_seconds: Option<i64>,
    /// Blocks that the best of its endpoints had beyond the newest block read, when they were
    /// asked; `null` where they were not.
    #[schema(required = true)]
    lag_blocks: Option<u64>,
    /// Why it is not read to its tip; `null` while it is.
    #[schema(required = true)]
    behind: Option<String>,
    /// How many addresses are watched that can be paid on it.
    addresses_watched: u64,
    /// Seconds since the balance of the address was compared that is due longest, or next; left out
    /// where nothing is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    unaudited_seconds: Option<i64>,
    /// When it could last not be read for more than a minute; left out where that never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    blind: Option<BlindView>,
    /// The assets that cannot be taken on it, each with the reason; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused_assets: Vec<RefusedAssetView>,
    /// What each endpoint said when it was asked last, once a minute; empty where another server
    /// asks them.
    endpoints: Vec<EndpointView>,
}

/// A time in which a chain could not be read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlindSpan)]
pub(crate) struct BlindView {
    /// The end of what had been read by then; Unix seconds.
    since: i64,
    /// When everything was read again, in Unix seconds; `null` while it lasts.
    #[schema(required = true)]
    until: Option<i64>,
    /// Why.
    reason: String,
    /// How many payments were found afterwards.
    payments: u32,
}

/// An asset whose contract is not what the settings say.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefusedAsset)]
pub(crate) struct RefusedAssetView {
    /// Its code and network.
    #[schema(example = "USDT/ethereum")]
    asset: String,
    /// What its node says of it.
    reason: String,
}

impl HealthView {
    /// What a load balancer needs.
    fn short(health: &Health) -> Self {
        Self {
            status: if health.is_well() { "ok" } else { "unwell" },
            store: None,
            chains: None,
            addresses_watched: None,
            addresses_issued: None,
            coins: None,
            keys: None,
            keys_left_out: None,
        }
    }

    /// All there is.
    fn whole(health: &Health) -> Self {
        let chains = health.chains.iter().map(|chain| ChainView::new(chain, health.at));
        let keys = health.keys.iter().map(|(key, at)| KeyView::new(key, *at));
        Self {
            store: Some(if health.store { "ok" } else { "unavailable" }),
            chains: Some(chains.collect()),
            addresses_watched: Some(health.addresses_watched),
            addresses_issued: Some(health.addresses_issued),
            coins: Some(health.coins.iter().map(CoinView::from).collect()),
            keys: Some(keys.collect()),
            keys_left_out: Some(health.keys_left_out),
            ..Self::short(health)
        }
    }
}

impl ChainView {
    fn new(chain: &ChainHealth, now: Timestamp) -> Self {
        let age = |at: Timestamp| now.since(at).seconds().max(0);
        Self {
            name: chain.name.to_string(),
            height: chain.height,
            read_through: chain.read_through.map(|at| at.seconds()),
            lag_seconds: chain.read_through.map(age),
            lag_blocks: chain.lag_blocks(),
            behind: chain.behind.clone(),
            addresses_watched: chain.addresses,
            unaudited_seconds: chain.audit.map(|audit| age(audit.audited_at)),
            blind: chain.blind.as_ref().map(|span| BlindView {
                since: span.since.seconds(),
                until: span.until.map(|at| at.seconds()),
                reason: span.reason.clone(),
                payments: span.payments,
            }),
            refused_assets: chain.refused_assets.iter().map(RefusedAssetView::from).collect(),
            endpoints: detail::endpoints(chain.asked.as_ref()),
        }
    }
}

impl From<&(AssetId, String)> for RefusedAssetView {
    fn from((asset, reason): &(AssetId, String)) -> Self {
        Self { asset: asset.to_string(), reason: reason.clone() }
    }
}

/// What the engine says of itself; 503 where it cannot do its work.
pub(crate) async fn said(engine: &Engine, all: bool) -> Said {
    let health = engine.health().await;
    let status = match health.is_well() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let view = if all { HealthView::whole(&health) } else { HealthView::short(&health) };
    let body = serde_json::to_vec(&view).unwrap_or_default();
    Said { status, media_type: JSON, body: Bytes::from(body) }
}

/// Whether who asks may be told everything: whoever sends the token of the settings. Where he asks
/// from tells nothing, since behind a proxy everybody looks as if he was on this machine.
pub(crate) fn may_know(token: Option<&AccessToken>, headers: &HeaderMap) -> bool {
    let sent = headers.get(AUTHORIZATION);
    token.zip(sent).is_some_and(|(token, sent)| token.is_sent_by(sent.as_bytes()))
}
