//! Whose an address is: found by the index, said by the row in the database.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use coffer_domain::{
    code::NetworkName,
    id::PaymentRequestId,
    transfer::{BlockRef, ChainTransfer},
};
use coffer_store::{error::DbError, tx::Tx};

use crate::engine::Engine;

/// Owners kept at most, so that what is pending is not looked up again with every look.
const KEPT: usize = 10_000;

/// Accounts paid lately, each with its request as the database says. An address never changes its
/// request, so nothing here grows old.
#[derive(Default)]
pub(super) struct Owners(Mutex<HashMap<Paid, Owner>>);

/// Whose an address is.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    /// The request it was shown to.
    pub(crate) request: PaymentRequestId,
    /// The newest block that had been read when it was shown, of the chain it was shown for; none
    /// where that is not known, or what was paid is on another chain.
    pub(crate) shown_after: Option<BlockRef>,
}

/// A network and the account on it.
type Paid = (NetworkName, Box<[u8]>);

impl Owners {
    fn get(&self, network: NetworkName, account: &[u8]) -> Option<Owner> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(network, account.into())).cloned()
    }

    fn keep(&self, network: NetworkName, account: &[u8], owner: Owner) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert((network, account.into()), owner);
    }
}

impl Engine {
    /// Whose the address of a transfer is; none where it was shown to nobody and only its
    /// fingerprint agreed. An address of a key that serves both environments belongs
    /// to the one that takes the transfer's network.
    pub(crate) async fn owner_of(
        &self,
        tx: &mut Tx<'_>,
        chain: NetworkName,
        transfer: &ChainTransfer,
    ) -> Result<Option<Owner>, DbError> {
        let (account, network) = (&transfer.to.account, transfer.reference.network);
        if let Some(owner) = self.watch.owners.get(network, account) {
            return Ok(Some(owner));
        }
        let mut owner = None;
        for (wallet, number) in self.watch.with(|index| index.rows(account)) {
            let Some(issued) = tx.address(wallet.id, number).await? else { continue };
            if issued.address.account != *account {
                continue;
            }
            let carries = |network| {
                let carrier = self.chain_of(wallet.environment, network);
                carrier.is_some_and(|carrier| carrier.name() == chain)
            };
            let shown_after = issued.shown_after.filter(|_| carries(issued.network));
            let found = Owner { request: issued.request, shown_after };
            if carries(network) {
                owner = Some(found);
                break;
            }
            owner = owner.or(Some(found));
        }
        if let Some(owner) = &owner {
            self.watch.owners.keep(network, account, owner.clone());
        }
        Ok(owner)
    }
}
