//! Whose an address is: found by the index, said by the row in the database.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use coffer_domain::{code::NetworkName, id::PaymentRequestId, transfer::ChainTransfer};
use coffer_store::{error::DbError, tx::Tx};

use crate::engine::Engine;

/// Owners kept at most, so that what is pending is not looked up again with every look.
const KEPT: usize = 10_000;

/// Accounts paid lately, each with its request as the database says. An address never changes its
/// request, so nothing here grows old.
#[derive(Default)]
pub(super) struct Owners(Mutex<HashMap<Paid, PaymentRequestId>>);

/// A network and the account on it.
type Paid = (NetworkName, Box<[u8]>);

impl Owners {
    fn get(&self, network: NetworkName, account: &[u8]) -> Option<PaymentRequestId> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(network, account.into())).copied()
    }

    fn keep(&self, network: NetworkName, account: &[u8], request: PaymentRequestId) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert((network, account.into()), request);
    }
}

impl Engine {
    /// The request that the address of a transfer was shown to; none where it was shown to nobody
    /// and only its fingerprint agreed. An address of a key that serves both environments belongs
    /// to the one that takes the transfer's network.
    pub(crate) async fn owner_of(
        &self,
        tx: &mut Tx<'_>,
        chain: NetworkName,
        transfer: &ChainTransfer,
    ) -> Result<Option<PaymentRequestId>, DbError> {
        let (account, network) = (&transfer.to.account, transfer.reference.network);
        if let Some(request) = self.watch.owners.get(network, account) {
            return Ok(Some(request));
        }
        let mut owner = None;
        for (wallet, number) in self.watch.with(|index| index.rows(account)) {
            let Some(issued) = tx.address(wallet.id, number).await? else { continue };
            if issued.address.account != *account {
                continue;
            }
            let carrier = self.chain_of(wallet.environment, network);
            if carrier.is_some_and(|carrier| carrier.name() == chain) {
                owner = Some(issued.request);
                break;
            }
            owner = owner.or(Some(issued.request));
        }
        if let Some(request) = owner {
            self.watch.owners.keep(network, account, request);
        }
        Ok(owner)
    }
}
