//! The three chains, asked in one way.

use std::{collections::BTreeMap, path::Path};

use crate::{
    failure::Failure,
    nodes::{
        anvil::{Anvil, Sent},
        networks::{self, EVM_ACCOUNT, EVM_NAME, OTHER_UTXO_ACCOUNT, UTXO_ACCOUNT},
        utxo::{Kind, Payment, UtxoNode},
    },
};

/// Blocks that make a payment final; more than any reorganisation here takes off.
const CONFIRMATIONS: u32 = 6;
/// The most blocks that one takes off.
pub(super) const DEPTH_MAX: u64 = 3;
/// The chain id of Ethereum's development chains.
const CHAIN_ID: u64 = 31_337;

/// One of the chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    Bitcoin,
    Litecoin,
    Anvil,
}

impl Which {
    pub(super) const ALL: [Self; 3] = [Self::Bitcoin, Self::Litecoin, Self::Anvil];

    pub(super) const fn iso(self) -> &'static str {
        match self {
            Self::Bitcoin => "BTC",
            Self::Litecoin => "LTC",
            Self::Anvil => "ETH",
        }
    }

    pub(super) const fn network(self) -> &'static str {
        match self {
            Self::Bitcoin => "bitcoin_regtest",
            Self::Litecoin => "litecoin_regtest",
            Self::Anvil => EVM_NAME,
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Bitcoin => UTXO_ACCOUNT,
            Self::Litecoin => OTHER_UTXO_ACCOUNT,
            Self::Anvil => EVM_ACCOUNT,
        }
    }

    /// Digits behind the point of one coin.
    pub(super) const fn decimals(self) -> usize {
        match self {
            Self::Bitcoin | Self::Litecoin => 8,
            Self::Anvil => 18,
        }
    }

    /// 60 EUR in base units.
    pub(super) const fn price(self) -> u128 {
        match self {
            Self::Bitcoin | Self::Litecoin => 110_000,
            Self::Anvil => 26_400_000_000_000_000,
        }
    }
}

/// A transaction that waits for a block.
pub(super) enum Waiting {
    Utxo(Payment),
    Evm(Sent),
}

/// A node of each kind.
pub(super) struct Chains {
    bitcoin: UtxoNode,
    litecoin: UtxoNode,
    anvil: Anvil,
}

impl Chains {
    pub(super) async fn start(templates: &Path) -> Result<Self, Failure> {
        let bitcoin = UtxoNode::start(Kind::Bitcoin, templates, &[]).await?;
        let litecoin = UtxoNode::start(Kind::Litecoin, templates, &[]).await?;
        let anvil = Anvil::start(CHAIN_ID, &[]).await?;
        let chains = Self { bitcoin, litecoin, anvil };
        for which in Which::ALL {
            // A node whose newest block is old takes itself for one that is still syncing.
            chains.mine(which, 1).await?;
        }
        Ok(chains)
    }

    pub(super) fn settings(&self) -> String {
        let utxo = |node: &UtxoNode| {
            networks::utxo(node.kind, &[node.address()], node.zmq().as_deref(), CONFIRMATIONS)
        };
        utxo(&self.bitcoin)
            + &utxo(&self.litecoin)
            + &networks::evm(self.anvil.address(), CHAIN_ID, CONFIRMATIONS)
    }

    pub(super) fn wallets() -> [(&'static str, &'static str); 3] {
        Which::ALL.map(|which| (which.network(), which.key()))
    }

    pub(super) async fn pay(
        &self,
        which: Which,
        to: &str,
        units: u128,
    ) -> Result<Waiting, Failure> {
        match self.utxo(which) {
            Some(node) => Ok(Waiting::Utxo(node.pay(&[(to, small(units)?)]).await?)),
            None => Ok(Waiting::Evm(self.anvil.pay(to, units).await?)),
        }
    }

    /// Sends another transaction instead of one that waits; to nobody of interest without `to`.
    pub(super) async fn replace(
        &self,
        which: Which,
        waiting: &Waiting,
        to: Option<&str>,
        units: u128,
    ) -> Result<(), Failure> {
        match (self.utxo(which), waiting) {
            (Some(node), Waiting::Utxo(payment)) => {
                let to = to.unwrap_or_else(|| node.elsewhere());
                node.replace(payment, &[(to, small(units)?)]).await.map(drop)
            }
            (None, Waiting::Evm(sent)) => {
                let to = to.unwrap_or_else(|| self.anvil.payer());
                self.anvil.replace(sent, to, units).await.map(drop)
            }
            _ => Err(Failure::new("a transaction waits on another chain")),
        }
    }

    pub(super) async fn mine(&self, which: Which, blocks: u32) -> Result<(), Failure> {
        match self.utxo(which) {
            Some(node) => node.mine(blocks).await,
            None => self.anvil.mine(blocks).await,
        }
    }

    /// Replaces the newest blocks. On an EVM chain what was in them is sent again, or lost for
    /// ever; elsewhere it waits again.
    pub(super) async fn reorg(
        &self,
        which: Which,
        depth: u32,
        send_again: bool,
    ) -> Result<(), Failure> {
        match self.utxo(which) {
            Some(node) => node.reorg(depth).await,
            None => self.anvil.reorg(depth, send_again).await,
        }
    }

    /// Stops a node and starts it again; anvil keeps nothing, so it runs on.
    pub(super) async fn restart(&mut self, which: Which) -> Result<(), Failure> {
        let node = match which {
            Which::Bitcoin => &mut self.bitcoin,
            Which::Litecoin | Which::Anvil => &mut self.litecoin,
        };
        node.stop().await?;
        node.run(None).await
    }

    pub(super) async fn height(&self, which: Which) -> Result<u64, Failure> {
        match self.utxo(which) {
            Some(node) => node.height().await,
            None => self.anvil.height().await,
        }
    }

    /// What each address holds, as the node says.
    pub(super) async fn totals(
        &self,
        which: Which,
        addresses: &[String],
    ) -> Result<BTreeMap<String, u128>, Failure> {
        if let Some(node) = self.utxo(which) {
            let totals = node.totals(addresses).await?;
            return Ok(totals.into_iter().map(|(at, units)| (at, u128::from(units))).collect());
        }
        let mut totals = BTreeMap::new();
        for address in addresses {
            totals.insert(address.clone(), self.anvil.balance(address).await?);
        }
        Ok(totals)
    }

    const fn utxo(&self, which: Which) -> Option<&UtxoNode> {
        match which {
            Which::Bitcoin => Some(&self.bitcoin),
            Which::Litecoin => Some(&self.litecoin),
            Which::Anvil => None,
        }
    }
}

fn small(units: u128) -> Result<u64, Failure> {
    u64::try_from(units).map_err(|_| Failure::new("more than there are coins"))
}
