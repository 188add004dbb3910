//! A real node of Bitcoin's kind with somebody who pays, mines and reorganises it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use coffer_chains::utxo::{ChainKind, Like, NetworkRules, UtxoChain, UtxoSettings};
use coffer_domain::{
    code::{Iso, NetworkName},
    money::AssetId,
    ports::Chain,
    transfer::Address,
};
use serde_json::json;

use crate::{
    bitcoin::{Daemon, Program, coins},
    setup::clock,
    worlds::World,
};

/// The account of BIP 84's test vectors, spelled for test networks; only tests pay its addresses.
pub(crate) const TEST_KEY: &str = "vpub5YvMuJNjRSYon44z9QmCfdf8SqJRVNvz6m55Qy5iVjZQxDfUgtiQjnc7CC1f\
                                   AbED2tAGCZRERUfvtn2DstZGU6HMns6dXXH2wujSc2wfi2x";

pub(crate) fn network() -> NetworkName {
    NetworkName::new("own_chain").unwrap()
}

pub(crate) fn asset() -> AssetId {
    AssetId { iso: Iso::new("BTC").unwrap(), network: network() }
}

pub(crate) fn rules(program: Program) -> &'static NetworkRules {
    let like = if program == Program::Bitcoin { Like::Bitcoin } else { Like::Litecoin };
    NetworkRules::of(like, ChainKind::Regtest).unwrap()
}

/// Settings of a chain of one's own at these nodes.
pub(crate) fn settings(program: Program, endpoints: &[&str]) -> UtxoSettings {
    let mut settings = UtxoSettings::new(asset(), rules(program));
    settings.endpoints = endpoints.iter().map(|&endpoint| endpoint.to_owned()).collect();
    settings
}

/// The adapter of a node.
pub(crate) fn chain(program: Program, daemon: &Daemon) -> UtxoChain {
    UtxoChain::new(&settings(program, &[&daemon.url]), clock()).unwrap()
}

/// The address number `index` of the tests' account.
pub(crate) fn receiver(program: Program, index: u32) -> Address {
    crate::setup::provide_cryptography();
    let chain = UtxoChain::new(&settings(program, &["http://127.0.0.1"]), clock()).unwrap();
    chain.derive(network(), TEST_KEY, index).unwrap()
}

/// A real node; payments are in its coin.
pub(crate) struct Utxo {
    pub(crate) daemon: Daemon,
    chain: UtxoChain,
    /// What the rules' payments spend: each another output, so that one does not wait for another.
    raw: BTreeMap<String, String>,
    first: Vec<String>,
    others: Vec<String>,
}

impl Utxo {
    pub(crate) async fn new(program: Program) -> Self {
        let daemon = Daemon::start(program, &[]).await;
        let chain = chain(program, &daemon);
        Self { daemon, chain, raw: BTreeMap::new(), first: Vec::new(), others: Vec::new() }
    }

    async fn pay_as(&mut self, to: &Address, units: u128) -> String {
        let sats = u64::try_from(units).unwrap();
        let raw = json!([[], [{ to.text.as_str(): coins(sats) }]]);
        let raw = self.daemon.rpc("createrawtransaction", raw).await;
        let funded = self.daemon.rpc("fundrawtransaction", json!([raw, { "lockUnspents": true }]));
        let funded = funded.await["hex"].clone();
        let signed = self.daemon.rpc("signrawtransactionwithwallet", json!([funded])).await;
        let raw = signed["hex"].as_str().unwrap().to_owned();
        let decoded = self.daemon.rpc("decoderawtransaction", json!([raw])).await;
        let id = decoded["txid"].as_str().unwrap().to_owned();
        self.daemon.rpc("sendrawtransaction", json!([raw])).await;
        self.raw.insert(id.clone(), raw);
        id
    }
}

#[async_trait]
impl World for Utxo {
    fn chain(&self) -> &dyn Chain {
        &self.chain
    }

    fn asset(&self) -> AssetId {
        asset()
    }

    fn key(&self) -> &str {
        TEST_KEY
    }

    async fn pay(&mut self, to: &Address, units: u128) -> String {
        let id = self.pay_as(to, units).await;
        self.first.push(id.clone());
        id
    }

    async fn pay_from_another(&mut self, to: &Address, units: u128) {
        let id = self.pay_as(to, units).await;
        self.others.push(id);
    }

    async fn mine(&mut self) {
        let names = self.others.drain(..).chain(self.first.drain(..)).collect::<Vec<_>>();
        let raw = names.iter().map(|id| self.raw[id].clone()).collect::<Vec<_>>();
        self.daemon.mine_only(&raw).await;
    }

    async fn reorg(&mut self, depth: u32) {
        self.daemon.unwind(depth).await;
        self.daemon.mine_only(&[]).await;
    }

    async fn resend(&mut self, transaction: &str) {
        self.first.push(transaction.to_owned());
    }
}
