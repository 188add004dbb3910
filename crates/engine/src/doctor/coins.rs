//! Which coins can be taken now, and why the others cannot.

use coffer_domain::{
    catalogue::Asset,
    code::{Iso, NetworkName},
    merchant::Environment,
    ports::{RateSourceError, Tip},
    rate::Side,
};
use coffer_store::{chain_cursor::Cursor, wallet::Wallet};

use super::{CoinDiagnosis, NetworkDiagnosis};
use crate::{engine::Engine, rates::Named};

/// In what prices of coins are asked for: what every market has.
const DOLLAR: Iso = Iso::constant("USD");

impl Engine {
    /// Asks every source for its prices, and takes them in.
    pub(super) async fn ask_sources(&self) -> Vec<(&'static str, Result<Named, String>)> {
        let answers = self.refreshed_rates().await;
        let said = |answer: Result<Named, RateSourceError>| answer.map_err(|error| error.reason);
        answers.into_iter().map(|(name, answer)| (name, said(answer))).collect()
    }

    /// Every coin of these networks.
    pub(super) fn coins(
        &self,
        networks: &[NetworkDiagnosis],
        wallets: &[Wallet],
    ) -> Vec<CoinDiagnosis> {
        let of_network = |network: &NetworkDiagnosis| {
            let asked = asked_in_vain(network);
            self.coins_of(network.name, |environment, asset| {
                let cursors = network.cursor.as_slice();
                asked.clone().or_else(|| self.not_taken(environment, asset, cursors, wallets))
            })
        };
        networks.iter().flat_map(of_network).collect()
    }

    /// Every coin of a network, with what `why_not` says of it: for live payments, or for the
    /// sandbox where the network is a test network that live keys may not use.
    pub(crate) fn coins_of(
        &self,
        network: NetworkName,
        why_not: impl Fn(Environment, &Asset) -> Option<String>,
    ) -> Vec<CoinDiagnosis> {
        let live = self.chain_of(Environment::Live, network).is_some();
        let environment = if live { Environment::Live } else { Environment::Sandbox };
        let assets = self.catalogue().assets().iter();
        let coin = |asset: &Asset| CoinDiagnosis {
            asset: asset.id,
            environment,
            refused: why_not(environment, asset),
        };
        assets.filter(|asset| asset.id.network == network).map(coin).collect()
    }

    /// Why a coin cannot be taken now, as far as this process knows without asking anybody: the
    /// first of what stands in its way. It is what the payment page goes by. `cursors` are as they
    /// stand now.
    pub(crate) fn not_taken(
        &self,
        environment: Environment,
        asset: &Asset,
        cursors: &[Cursor],
        wallets: &[Wallet],
    ) -> Option<String> {
        if let Err(not_taken) = self.check_taken_now(environment, asset, cursors) {
            return Some(not_taken.to_string());
        }
        let family = self.wallet_family(environment, asset.id.network);
        let receives =
            |wallet: &&Wallet| wallet.environment == environment && Some(&*wallet.family) == family;
        if !wallets.iter().any(|wallet| receives(&wallet)) {
            return Some("no wallet receives it".to_owned());
        }
        let price = self.price(environment, asset.id.iso, DOLLAR, Side::Mid, self.now());
        price.err().map(|error| error.to_string())
    }
}

/// What the endpoints of a network say that keeps every coin of it from being taken.
fn asked_in_vain(network: &NetworkDiagnosis) -> Option<String> {
    if let Err(error) = &network.probe {
        return Some(error.to_string());
    }
    let in_step = |tip: &Tip| tip.live;
    let reports = &network.endpoints;
    let read = reports.iter().any(|report| report.tip.as_ref().is_ok_and(in_step));
    let silent = !read && !reports.is_empty();
    silent.then(|| "no endpoint is in step with the network".to_owned())
}
