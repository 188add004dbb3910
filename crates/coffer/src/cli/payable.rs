//! Whether payments of real money can be made here at all.

use coffer_domain::{code::NetworkName, id::MerchantId, merchant::Environment};
use coffer_engine::{engine::Engine, error::EngineError};
use coffer_store::{error::DbError, tx::Tx, wallet::Wallet};

/// What stands in the way of live payments.
pub(super) enum Payable {
    /// No network is set up.
    NoNetwork,
    /// There is no wallet for any network; one of them.
    NoWallet(NetworkName),
    /// Networks that are set up and have a wallet, by their titles.
    On(Vec<String>),
}

/// Looks at networks and wallets; at those that serve this merchant, where one is named. No node is
/// asked.
pub(super) async fn payable(
    engine: &Engine,
    merchant: Option<MerchantId>,
) -> Result<Payable, EngineError> {
    let wallets = engine.store().read(async |tx: &mut Tx<'_>| tx.wallets().await).await;
    let mut wallets: Vec<Wallet> = wallets.map_err(|error: DbError| error)?;
    wallets.retain(|wallet| {
        let serves = wallet.merchant.is_none() || merchant.is_none() || wallet.merchant == merchant;
        wallet.environment == Environment::Live && serves
    });
    let mut networks = engine.networks(Environment::Live).peekable();
    let Some(first) = networks.peek().map(|network| network.name) else {
        return Ok(Payable::NoNetwork);
    };
    let on: Vec<String> = networks
        .filter(|network| wallets.iter().any(|wallet| wallet.family == network.key_group()))
        .map(|network| network.title.clone())
        .collect();
    Ok(if on.is_empty() { Payable::NoWallet(first) } else { Payable::On(on) })
}

impl Payable {
    /// What is missing, and how to get it; none if nothing is.
    pub(super) fn lacks(&self) -> Option<String> {
        match self {
            Self::On(_) => None,
            Self::NoNetwork => Some(
                "a network for real payments: [[networks.evm]] or [[networks.utxo]] in the \
                 settings"
                    .to_owned(),
            ),
            Self::NoWallet(network) => Some(format!(
                "a wallet for real payments: coffer wallet add --network {network} KEY"
            )),
        }
    }
}
