//! Which coins can be taken now, and why the others cannot.

use coffer_domain::{
    catalogue::Asset,
    code::Iso,
    merchant::Environment,
    ports::{RateSourceError, Tip},
    rate::Side,
};
use coffer_store::wallet::Wallet;

use super::{CoinDiagnosis, NetworkDiagnosis};
use crate::engine::Engine;

/// In what prices of coins are asked for: what every market has.
const DOLLAR: Iso = Iso::constant("USD");

impl Engine {
    /// Asks every source for its prices, and takes them in.
    pub(super) async fn ask_sources(&self) -> Vec<(&'static str, Result<usize, String>)> {
        let answers = self.refreshed_rates().await;
        let said = |answer: Result<usize, RateSourceError>| answer.map_err(|error| error.reason);
        answers.into_iter().map(|(name, answer)| (name, said(answer))).collect()
    }

    /// Every coin of these networks.
    pub(super) fn coins(
        &self,
        networks: &[NetworkDiagnosis],
        wallets: &[Wallet],
    ) -> Vec<CoinDiagnosis> {
        let of_network = |network: &NetworkDiagnosis| {
            let live = self.chain_of(Environment::Live, network.name).is_some();
            let environment = if live { Environment::Live } else { Environment::Sandbox };
            let assets = self.catalogue().assets().iter();
            let assets = assets.filter(|asset| asset.id.network == network.name);
            let coin = |asset: &Asset| CoinDiagnosis {
                asset: asset.id,
                environment,
                refused: self.why_not(network, wallets, environment, asset),
            };
            assets.map(coin).collect::<Vec<_>>()
        };
        networks.iter().flat_map(of_network).collect()
    }

    /// Why a coin cannot be taken now: the first of what stands in its way.
    fn why_not(
        &self,
        network: &NetworkDiagnosis,
        wallets: &[Wallet],
        environment: Environment,
        asset: &Asset,
    ) -> Option<String> {
        if let Err(error) = &network.probe {
            return Some(error.to_string());
        }
        if let Err(not_taken) = self.check_taken(environment, asset) {
            return Some(not_taken.to_string());
        }
        let in_step = |tip: &Tip| tip.live;
        let reports = &network.endpoints;
        let read = reports.iter().any(|report| report.tip.as_ref().is_ok_and(in_step));
        if !read && !reports.is_empty() {
            return Some("no endpoint is in step with the network".to_owned());
        }
        let cursors = network.cursor.as_slice();
        if let Err(not_taken) = self.check_taken_now(environment, asset, cursors) {
            return Some(not_taken.to_string());
        }
        let family = self.wallet_family(environment, network.name);
        let receives =
            |wallet: &&Wallet| wallet.environment == environment && Some(&*wallet.family) == family;
        if !wallets.iter().any(|wallet| receives(&wallet)) {
            return Some("no wallet receives it".to_owned());
        }
        let price = self.price(environment, asset.id.iso, DOLLAR, Side::Mid, self.now());
        price.err().map(|error| error.to_string())
    }
}
