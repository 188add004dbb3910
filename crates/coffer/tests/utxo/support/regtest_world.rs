//! A Coffer that reads one network by one node or two, of which the first stands behind a gate.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use coffer::{
    nodes::{
        networks::{self, UTXO_ACCOUNT},
        utxo::Kind,
    },
    settings::{Environment, Settings, Sources},
};
use coffer_chains::registry::ChainSettings;
use coffer_domain::{code::NetworkName, payment_request::Policy};
use serde_json::json;

use super::{
    Request, Setup,
    clock::HandClock,
    gate::Gate,
    house::{House, Plan},
    node::Node,
};

/// Blocks that make a payment final, its own included.
const CONFIRMATIONS: u32 = 2;

/// A running Coffer with its node.
pub struct World {
    house: House,
    pub node: Node,
    /// A second node of the same network, if there is one.
    pub second: Option<Node>,
    pub gate: Gate,
    kind: Kind,
}

impl Deref for World {
    type Target = House;

    fn deref(&self) -> &House {
        &self.house
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut House {
        &mut self.house
    }
}

impl World {
    pub(super) async fn start(setup: Setup) -> Self {
        let clock = Arc::new(HandClock::new());
        let mut nodes = Vec::new();
        for arguments in &setup.nodes {
            let arguments = arguments.iter().map(String::as_str).collect::<Vec<_>>();
            nodes.push(Node::start(setup.kind, Arc::clone(&clock), &arguments).await);
        }
        let gate = Gate::before(nodes[0].address().to_owned()).await;
        let mut addresses = vec![gate.address.as_str()];
        let others = nodes.iter().skip(1).filter(|_| setup.both_asked);
        addresses.extend(others.map(Node::address));
        let read = read(&networks::utxo(setup.kind, &addresses, None, CONFIRMATIONS)).networks;
        let utxo = read.utxo;
        let chains = move || ChainSettings { utxo: utxo.clone(), ..ChainSettings::default() };
        let network = NetworkName::new(&format!("{}_regtest", setup.kind.name())).unwrap();
        let plan = Plan {
            database: setup.database,
            policy: Policy::DEFAULT,
            catalogue: read.catalogue,
            chains: Box::new(chains),
            network,
        };
        let house = House::start(plan, clock).await;
        let second = (nodes.len() > 1).then(|| nodes.remove(1));
        let world = Self { house, node: nodes.remove(0), second, gate, kind: setup.kind };
        world.add_wallet_as_the_node_knows_it().await;
        world.settle().await;
        world
    }

    /// The addresses that Coffer derives are those that the node derives by itself.
    async fn add_wallet_as_the_node_knows_it(&self) {
        let first = self.house.add_wallet(UTXO_ACCOUNT).await;
        let known = self.node.rpc("getdescriptorinfo", json!([UTXO_ACCOUNT])).await;
        let told = self.node.rpc("deriveaddresses", json!([known["descriptor"], [0, 2]])).await;
        for (derived, told) in first.iter().zip(told.as_array().unwrap()) {
            assert_eq!(told, derived.text.as_str());
        }
    }

    /// A request for 60 EUR, which are 0.0011 coins.
    pub async fn request(&self) -> Request<'_> {
        Request::priced(self, self.iso(), ("60", "EUR")).await
    }

    /// The coin.
    pub const fn iso(&self) -> &'static str {
        match self.kind {
            Kind::Bitcoin => "BTC",
            Kind::Litecoin => "LTC",
        }
    }

    /// Makes so many blocks and lets every worker run.
    pub async fn mine(&self, blocks: u32) {
        self.node.mine(blocks).await;
        self.settle().await;
    }

    pub async fn remove(self) {
        self.house.remove().await;
    }
}

/// The settings as the program reads them.
fn read(networks: &str) -> Settings {
    let home = tempfile::tempdir().unwrap();
    let text = format!("[server]\npublic_url = \"https://pay.example.com\"\n{networks}");
    let read = Settings::load(&Sources {
        file: None,
        working_directory: home.path().to_owned(),
        environment: Environment::of(&[("HOME", &home.path().to_string_lossy())]),
        instead_of_file: Some(&text),
    });
    read.unwrap()
}
