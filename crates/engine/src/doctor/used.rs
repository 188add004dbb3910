//! Whether addresses that will be given out were used before, by whoever had the account: others
//! may know them, and what they send there pays whoever is shown them.

use std::sync::Arc;

use coffer_domain::{
    id::WalletId,
    money::Units,
    ports::{Chain, Tip},
};
use coffer_store::wallet::Wallet;

use crate::engine::Engine;

/// How many of a wallet's next addresses are looked at.
const LOOKED_AT: u32 = 3;

impl Engine {
    /// The first of the next addresses of a wallet that holds the network's coin already, with its
    /// number. None also where the chain does not tell what an address holds.
    pub(super) async fn used_before(
        &self,
        chain: &Arc<dyn Chain>,
        tip: &Tip,
        wallet: &Wallet,
    ) -> Option<(WalletId, u32)> {
        let next = wallet.next_number;
        let derived = (next..next.saturating_add(LOOKED_AT)).filter_map(|number| {
            let address = chain.derive(chain.name(), &wallet.public_key, number).ok()?;
            Some((number, address.account))
        });
        let (numbers, accounts): (Vec<_>, Vec<_>) = derived.unzip();
        let balances = chain.balances(&tip.at, &accounts).await.unwrap_or_default();
        let mut held = numbers.into_iter().zip(balances);
        held.find(|(_, units)| *units > Units::ZERO).map(|(number, _)| (wallet.id, number))
    }
}
