//! `GET /health`: whether the server can do its work, and if not, what is wrong.

use axum::http::StatusCode;
use bytes::Bytes;
use coffer_domain::money::AssetId;
use coffer_engine::{engine::Engine, health::Health};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{JSON, Said};

/// How the installation is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthView {
    /// `ok`, or `unwell` where payments cannot be taken or are not seen.
    #[schema(example = "ok")]
    status: &'static str,
    /// `ok` or `unavailable`.
    #[schema(example = "ok")]
    store: &'static str,
    /// Every chain that is followed.
    chains: Vec<ChainView>,
    /// How many addresses are watched.
    addresses_watched: usize,
    /// How many have been issued; more than are watched while they are still being loaded after a
    /// start.
    addresses_issued: usize,
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
    /// Why it is not read to its tip; `null` while it is.
    #[schema(required = true)]
    behind: Option<String>,
    /// When it could last not be read for more than a minute; left out where that never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    blind: Option<BlindView>,
    /// The assets that cannot be taken on it, each with the reason; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused_assets: Vec<RefusedAssetView>,
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

impl From<&Health> for HealthView {
    fn from(health: &Health) -> Self {
        let chains = health.chains.iter().map(|chain| ChainView {
            name: chain.name.to_string(),
            height: chain.height,
            read_through: chain.read_through.map(|at| at.seconds()),
            behind: chain.behind.clone(),
            blind: chain.blind.as_ref().map(|span| BlindView {
                since: span.since.seconds(),
                until: span.until.map(|at| at.seconds()),
                reason: span.reason.clone(),
                payments: span.payments,
            }),
            refused_assets: chain.refused_assets.iter().map(RefusedAssetView::from).collect(),
        });
        Self {
            status: if health.is_well() { "ok" } else { "unwell" },
            store: if health.store { "ok" } else { "unavailable" },
            chains: chains.collect(),
            addresses_watched: health.addresses_watched,
            addresses_issued: health.addresses_issued,
        }
    }
}

impl From<&(AssetId, String)> for RefusedAssetView {
    fn from((asset, reason): &(AssetId, String)) -> Self {
        Self { asset: asset.to_string(), reason: reason.clone() }
    }
}

/// What the engine says of itself; 503 where it cannot do its work.
pub(crate) async fn said(engine: &Engine) -> Said {
    let health = engine.health().await;
    let status = match health.is_well() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = serde_json::to_vec(&HealthView::from(&health)).unwrap_or_default();
    Said { status, media_type: JSON, body: Bytes::from(body) }
}
