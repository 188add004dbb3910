//! Settings and assets for tests.

use std::{
    sync::{
        Arc, Once,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use coffer_chains::evm::EvmSettings;
use coffer_domain::{
    catalogue::{Asset, Catalogue},
    code::{Iso, NetworkName},
    money::AssetId,
    ports::Clock,
    time::Timestamp,
};

/// The account m/44'/60'/0' of the mnemonic "abandon … about"; only tests pay its addresses.
pub(crate) const ACCOUNT_KEY: &str = "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrg\
                                      jtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt";
/// The chain id of Ethereum, which the nodes are started with.
pub(crate) const CHAIN_ID: u64 = 1;
/// The chain id of BNB Smart Chain, on which the rules for every adapter are run.
pub(crate) const OTHER_CHAIN_ID: u64 = 56;

/// A clock that stands still.
pub(crate) struct StandingClock(pub(crate) Timestamp);

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A clock that a test moves.
pub(crate) struct HandClock(pub(crate) AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::Relaxed))
    }
}

/// A clock for those who do not care.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(StandingClock(Timestamp::from_seconds(1_800_000_000)))
}

/// The network of a development chain.
pub(crate) fn network() -> NetworkName {
    NetworkName::new("development").unwrap()
}

pub(crate) fn asset_id(iso: &str) -> AssetId {
    AssetId { iso: Iso::new(iso).unwrap(), network: network() }
}

/// The network's own coin.
pub(crate) fn coin(iso: &str) -> Asset {
    let ether = Catalogue::builtin().assets().iter().find(|asset| asset.decimals == 18).cloned();
    Asset { id: asset_id(iso), contract: None, ..ether.unwrap() }
}

/// A pinned token.
pub(crate) fn token(iso: &str, decimals: u8, contract: &str) -> Asset {
    Asset { id: asset_id(iso), decimals, contract: Some(contract.to_owned()), ..coin(iso) }
}

/// Settings of a development chain at these endpoints.
pub(crate) fn settings(endpoints: &[&str], assets: Vec<Asset>) -> EvmSettings {
    provide_cryptography();
    let endpoints = endpoints.iter().map(|&endpoint| endpoint.to_owned()).collect();
    EvmSettings {
        request_timeout: Duration::from_secs(30),
        ..EvmSettings::new(network(), CHAIN_ID, endpoints, assets)
    }
}

/// Does what the program's main does.
pub(crate) fn provide_cryptography() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    });
}
