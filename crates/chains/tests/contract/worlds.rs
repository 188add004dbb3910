//! A chain with somebody who pays, mines and reorganises it.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::U256;
use async_trait::async_trait;
use coffer_chains::{
    evm::{EvmChain, EvmSettings},
    sandbox::SandboxChain,
};
use coffer_domain::{
    code::{Iso, NetworkName},
    money::{AssetId, Units},
    ports::{Block, Chain, SandboxLedger, SandboxTransfer, Watched},
    time::Timestamp,
    transfer::Address,
};
use serde_json::json;

use crate::{
    anvil::{Anvil, DEPLOYER, DEVELOPER, OTHER_DEVELOPER},
    ledger::MemoryLedger,
    setup::{ACCOUNT_KEY, OTHER_CHAIN_ID, asset_id, clock, coin, settings, token},
    tokens::{PLAIN, transfer_input},
};

/// A chain and the people on it.
#[async_trait]
pub(crate) trait World: Send {
    /// The adapter.
    fn chain(&self) -> &dyn Chain;
    /// What is paid with.
    fn asset(&self) -> AssetId;
    /// A key that addresses are derived from.
    fn key(&self) -> &str;
    /// Sends a payment, which then waits for a block; the name of its transaction.
    async fn pay(&mut self, to: &Address, units: u128) -> String;
    /// The same by somebody else, ahead of others that wait.
    async fn pay_from_another(&mut self, to: &Address, units: u128);
    /// Makes a block of what waits.
    async fn mine(&mut self);
    /// Takes the newest blocks off the chain; what was in them is in no block any more.
    async fn reorg(&mut self, depth: u32);
    /// Makes sure that a transaction which a reorg removed waits for a block again.
    async fn resend(&mut self, transaction: &str);
}

/// Watches every account.
pub(crate) fn everything(_account: &[u8]) -> bool {
    true
}

/// Watches these addresses.
pub(crate) fn only<const N: usize>(
    addresses: [Address; N],
) -> impl Fn(&[u8]) -> bool + Send + Sync {
    move |account| addresses.iter().any(|address| address.account == account)
}

/// The chain from its first block to its tip.
pub(crate) async fn all_blocks(world: &dyn World, watched: &Watched<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for height in 0..=world.chain().tip().await.unwrap().at.height {
        blocks.push(world.chain().block(height, watched).await.unwrap().unwrap());
    }
    blocks
}

/// The sandbox chain on a ledger in memory.
pub(crate) struct Sandbox {
    ledger: Arc<MemoryLedger>,
    chain: SandboxChain,
    sent: u32,
    time: i64,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let ledger = Arc::new(MemoryLedger::default());
        let chain = SandboxChain::new(Arc::clone(&ledger) as Arc<dyn SandboxLedger>);
        Self { ledger, chain, sent: 0, time: 1_000 }
    }
}

#[async_trait]
impl World for Sandbox {
    fn chain(&self) -> &dyn Chain {
        &self.chain
    }

    fn asset(&self) -> AssetId {
        let network = NetworkName::new("tron").unwrap();
        AssetId { iso: Iso::new("USDT").unwrap(), network }
    }

    fn key(&self) -> &str {
        "the sandbox takes any text"
    }

    async fn pay(&mut self, to: &Address, units: u128) -> String {
        self.sent += 1;
        let transaction = format!("transaction-{}", self.sent);
        let transfer = SandboxTransfer {
            transaction: transaction.clone(),
            output: 0,
            asset: self.asset(),
            to: to.text.clone(),
            units: Units::new(units),
            block: None,
        };
        self.ledger.send(transfer).await.unwrap();
        transaction
    }

    async fn pay_from_another(&mut self, to: &Address, units: u128) {
        self.pay(to, units).await;
    }

    async fn mine(&mut self) {
        self.time += 1_000;
        self.ledger.mine(1, Timestamp::from_millis(self.time)).await.unwrap();
    }

    async fn reorg(&mut self, depth: u32) {
        self.ledger.unwind(depth).await.unwrap();
    }

    /// Already waits again.
    async fn resend(&mut self, _transaction: &str) {}
}

/// A real EVM node; payments are in its coin or in an ordinary token.
pub(crate) struct Evm {
    anvil: Anvil,
    chain: EvmChain,
    asset: AssetId,
    token: Option<String>,
    raw: BTreeMap<String, String>,
}

impl Evm {
    /// Pays in coin; a token is read, too.
    pub(crate) async fn coin() -> Self {
        let mut world = Self::token().await;
        (world.asset, world.token) = (asset_id("ETH"), None);
        world
    }

    /// Pays in a token.
    pub(crate) async fn token() -> Self {
        let anvil = Anvil::start(&["--chain-id", &OTHER_CHAIN_ID.to_string()]).await;
        let contract = anvil.deploy(PLAIN, 6, U256::from(10_u128.pow(30))).await;
        for holder in [DEVELOPER, OTHER_DEVELOPER] {
            let input = transfer_input(holder, U256::from(10_u128.pow(20)));
            anvil.send_as(DEPLOYER, &contract, 0, &input).await;
        }
        anvil.mine().await;
        let assets = vec![coin("ETH"), token("USDT", 6, &contract)];
        let settings = settings(&[&anvil.url], assets);
        let settings = EvmSettings { chain_id: OTHER_CHAIN_ID, ..settings };
        let chain = EvmChain::new(&settings, clock()).unwrap();
        let asset = asset_id("USDT");
        Self { anvil, chain, asset, token: Some(contract), raw: BTreeMap::new() }
    }

    async fn pay_as(&mut self, from: &str, to: &Address, units: u128) -> String {
        let transaction = match &self.token {
            None => self.anvil.send_as(from, &to.text, units, "0x").await,
            Some(token) => {
                let input = transfer_input(&to.text, U256::from(units));
                self.anvil.send_as(from, token, 0, &input).await
            }
        };
        let raw = self.anvil.rpc("eth_getRawTransactionByHash", json!([transaction])).await;
        self.raw.insert(transaction.clone(), raw.as_str().unwrap().to_owned());
        transaction
    }
}

#[async_trait]
impl World for Evm {
    fn chain(&self) -> &dyn Chain {
        &self.chain
    }

    fn asset(&self) -> AssetId {
        self.asset
    }

    fn key(&self) -> &str {
        ACCOUNT_KEY
    }

    async fn pay(&mut self, to: &Address, units: u128) -> String {
        self.pay_as(DEVELOPER, to, units).await
    }

    async fn pay_from_another(&mut self, to: &Address, units: u128) {
        self.pay_as(OTHER_DEVELOPER, to, units).await;
    }

    async fn mine(&mut self) {
        self.anvil.mine().await;
    }

    async fn reorg(&mut self, depth: u32) {
        self.anvil.rpc("anvil_reorg", json!([depth, []])).await;
    }

    async fn resend(&mut self, transaction: &str) {
        let raw = &self.raw[transaction];
        let again = self.anvil.rpc("eth_sendRawTransaction", json!([raw])).await;
        assert_eq!(again, transaction);
    }
}
