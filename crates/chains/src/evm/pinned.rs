//! The assets that are read on one network: its coin and its pinned tokens, by contract. Symbols
//! and names on chain are never looked at, because anybody can use any.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, U256};
use coffer_domain::{
    catalogue::Asset,
    code::NetworkName,
    money::{AssetId, Units},
    transfer::{ChainTransfer, ChainUnits, TransferReference},
};

use super::address;

/// A pinned token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) asset: AssetId,
    pub(super) decimals: u8,
    /// Whether its logs are known to say what arrived.
    pub(super) exact_logs: bool,
}

/// The assets of one network.
#[derive(Clone, Debug)]
pub(super) struct Pinned {
    pub(super) network: NetworkName,
    pub(super) coin: Option<AssetId>,
    pub(super) tokens: BTreeMap<Address, Token>,
}

impl Pinned {
    /// Reads the catalogue's assets of a network.
    ///
    /// # Errors
    /// When an asset is of another network, a contract is no address, or an asset is named twice.
    pub(super) fn new(
        network: NetworkName,
        assets: &[Asset],
        exact_logs: &BTreeSet<AssetId>,
    ) -> Result<Self, String> {
        let mut pinned = Self { network, coin: None, tokens: BTreeMap::new() };
        for asset in assets {
            let iso = asset.id.iso;
            if asset.id.network != network {
                return Err(format!("asset {iso} is of network {}", asset.id.network));
            }
            let Some(contract) = &asset.contract else {
                if let Some(coin) = pinned.coin.replace(asset.id) {
                    return Err(format!("both {} and {iso} are its coin", coin.iso));
                }
                continue;
            };
            let contract = address::parse(contract);
            let contract = contract.map_err(|why| format!("contract of {iso}: {why}"))?;
            let exact_logs = exact_logs.contains(&asset.id);
            let token = Token { asset: asset.id, decimals: asset.decimals, exact_logs };
            if let Some(other) = pinned.tokens.insert(contract, token) {
                return Err(format!("{} and {iso} have the same contract", other.asset.iso));
            }
        }
        Ok(pinned)
    }

    /// Whether a token's logs are known to say what arrived.
    pub(super) fn has_exact_logs(&self, contract: Address) -> bool {
        self.tokens.get(&contract).is_some_and(|token| token.exact_logs)
    }

    /// The contract of a token, or none for the coin; outer none for an asset that is not read.
    pub(super) fn contract(&self, asset: AssetId) -> Option<Option<Address>> {
        if self.coin == Some(asset) {
            return Some(None);
        }
        self.tokens.iter().find(|(_, token)| token.asset == asset).map(|(at, _)| Some(*at))
    }

    /// A transfer as the domain keeps it.
    pub(super) fn transfer(
        &self,
        asset: AssetId,
        transaction: String,
        position: String,
        to: Address,
        units: U256,
    ) -> ChainTransfer {
        let reference = TransferReference { network: self.network, transaction, position };
        let small = u128::try_from(units).map(Units::new);
        let units = small.map_or_else(|_| ChainUnits::Beyond(units.to_string()), ChainUnits::Units);
        ChainTransfer { reference, asset, to: address::domain_address(to), units }
    }
}
