//! A second EVM network, on which every address of the first exists, too.

use std::sync::Arc;

use coffer_chains::evm::EvmSettings;
use coffer_domain::{
    catalogue::{Asset, Catalogue, Family, Network},
    code::{Iso, NetworkName},
    confirmations::Confirmations,
    money::{AssetId, Units},
    rate::Rate,
};

use super::{
    clock::HandClock,
    contracts::PLAIN,
    node::Node,
    setup::{CONFIRMATIONS, TOKEN_CHAIN_ID},
};

/// What the catalogue says, where the real network has its own already.
const CATALOGUE_CHAIN_ID: u64 = 31_339;

/// The sister's node, with one token on it.
pub struct Sister {
    pub node: Node,
    pub contract: String,
}

impl Sister {
    pub async fn start(clock: Arc<HandClock>) -> Self {
        let node = Node::start(clock, TOKEN_CHAIN_ID, &[]).await;
        let contract = node.deploy(PLAIN, 6).await;
        Self { node, contract }
    }

    /// The catalogue with the sister, its coin and its token.
    pub(super) fn catalogue(&self, catalogue: Catalogue) -> Catalogue {
        let sister = Network {
            name: network(),
            title: "Sister".to_owned(),
            family: Family::Evm,
            chain_id: Some(CATALOGUE_CHAIN_ID),
            block_seconds: 12,
            confirmations: Confirmations::plain(CONFIRMATIONS),
            final_seconds: None,
            test: true,
        };
        let catalogue = catalogue.with_network(sister).unwrap();
        let catalogue = catalogue.with_asset(asset("BNBX", 90_100, 18, None)).unwrap();
        let contract = Some(self.contract.clone());
        catalogue.with_asset(asset("USDS", 90_101, 6, contract)).unwrap()
    }

    pub(super) fn evm(&self, catalogue: &Catalogue) -> EvmSettings {
        let own = catalogue.assets().iter().filter(|asset| asset.id.network == network());
        let endpoints = vec![format!("http://{}", self.node.address)];
        EvmSettings::new(network(), TOKEN_CHAIN_ID, endpoints, own.cloned().collect())
    }
}

fn network() -> NetworkName {
    NetworkName::new("sister").unwrap()
}

fn asset(iso: &str, number: u32, decimals: u8, contract: Option<String>) -> Asset {
    Asset {
        id: AssetId { iso: Iso::new(iso).unwrap(), network: network() },
        title: iso.to_owned(),
        number,
        code: Iso::new(iso).unwrap(),
        aliases: Vec::new(),
        decimals,
        display_decimals: 2,
        contract,
        minimum: Units::new(1),
        pegged_to: None,
        fixed_usd: Rate::constant("1"),
    }
}
