//! A Coffer that reads one EVM node, which stands behind a gate.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex},
};

use coffer_chains::{
    evm::{EvmSettings, InternalTransfers},
    registry::ChainSettings,
};

use super::{
    Request, Setup,
    clock::HandClock,
    gate::Gate,
    house::{House, Plan, provide_cryptography},
    node::Node,
    setup::{OTHER_CHAIN_ID, asset_id, network},
    sister::Sister,
};

/// The account m/44'/60'/0' of the mnemonic of development nodes ("test … junk"), whose addresses
/// the node itself tells.
pub const ACCOUNT_KEY: &str = "xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9s\
                               D7V2FNFLPnf8heNP3FGkeV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP";

/// A running Coffer with its node.
pub struct World {
    house: House,
    pub node: Node,
    pub gate: Gate,
    /// The contracts of the setup's tokens, in order.
    pub contracts: Vec<String>,
    /// The second network, where there is one.
    pub sister: Option<Sister>,
    /// The second node of the network, and its gate, where there is one.
    second: Option<(Node, Gate)>,
    /// What the next start reads.
    settings: Arc<Mutex<Vec<EvmSettings>>>,
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
        provide_cryptography();
        let clock = Arc::new(HandClock::new());
        let chain_id = if setup.other_chain { OTHER_CHAIN_ID } else { setup.chain_id() };
        let node = Node::start(Arc::clone(&clock), chain_id, &setup.node).await;
        let mut contracts = Vec::new();
        for token in &setup.tokens {
            contracts.push(node.deploy(token.code, token.decimals).await);
        }
        let gate = Gate::before(node.address.clone()).await;
        let (database, policy, unread) = (setup.database, setup.policy.clone(), setup.unread);
        let mut catalogue = setup.catalogue(&contracts);
        let mut evm = vec![setup.evm(&catalogue, &gate.address)];
        let mut sister = None;
        if setup.sister {
            let started = Sister::start(Arc::clone(&clock)).await;
            catalogue = started.catalogue(catalogue);
            evm.push(started.evm(&catalogue));
            sister = Some(started);
        }
        let mut second = None;
        if setup.second {
            let node = Node::start(Arc::clone(&clock), chain_id, &setup.node).await;
            let gate = Gate::before(node.address.clone()).await;
            gate.shut();
            evm[0].endpoints.push(format!("http://{}", gate.address));
            evm[0].second_source_above.extend(setup.above.map(|above| (asset_id("ETH"), above)));
            second = Some((node, gate));
        }
        let settings = Arc::new(Mutex::new(evm));
        let read = Arc::clone(&settings);
        let chains = Box::new(move || {
            let evm = read.lock().unwrap().clone();
            ChainSettings { evm, ..ChainSettings::default() }
        });
        let plan = Plan { database, policy, catalogue, chains, network: network() };
        let house = House::start(plan, clock).await;
        // The addresses that Coffer derives are those that the node derives by itself.
        for (derived, told) in house.add_wallet(ACCOUNT_KEY).await.iter().zip(&node.accounts) {
            assert!(derived.text.eq_ignore_ascii_case(told), "{} is {told}", derived.text);
        }
        if !unread {
            house.settle().await;
        }
        Self { house, node, gate, contracts, sister, second, settings }
    }

    /// Ends and starts again with other settings: coin that contracts move is found in that way.
    pub async fn restart_finding(&mut self, by: InternalTransfers) {
        for network in self.settings.lock().unwrap().iter_mut() {
            network.internal_transfers = by;
        }
        self.house.restart().await;
    }

    /// Makes so many blocks and lets every worker run.
    pub async fn mine(&self, blocks: u32) {
        self.node.mine(blocks).await;
        self.settle().await;
    }

    /// The second node takes the chain of the first, and answers from now on.
    pub async fn second_follows(&self) -> &Node {
        let (second, gate) = self.second.as_ref().unwrap();
        second.become_as(&self.node).await;
        gate.open();
        second
    }

    /// The second node answers no more.
    pub fn second_is_gone(&self) {
        self.second.as_ref().unwrap().1.shut();
    }

    pub async fn remove(self) {
        self.house.remove().await;
    }
}

impl<'a> Request<'a> {
    /// For 25 USD, priced in a coin.
    pub async fn of(world: &'a House, iso: &str) -> Self {
        Self::priced(world, iso, ("25", "USD")).await
    }
}
