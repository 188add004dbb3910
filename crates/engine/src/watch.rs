//! Every address ever issued, in memory: by its script or account bytes, so that the cost of
//! matching a block does not grow with their number.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use coffer_domain::id::{PaymentRequestId, WalletId};
use coffer_store::{error::DbError, tx::Tx};

use crate::{engine::Engine, error::EngineError};

/// Addresses are read from the database in pages of so many.
const PAGE: u32 = 10_000;

/// Which request each issued address belongs to.
#[derive(Default)]
pub(crate) struct Watch {
    owners: RwLock<HashMap<Box<[u8]>, PaymentRequestId>>,
    next: RwLock<HashMap<WalletId, u32>>,
}

impl Watch {
    /// The request an account was shown to.
    pub(crate) fn owner(&self, account: &[u8]) -> Option<PaymentRequestId> {
        self.owners.read().unwrap_or_else(PoisonError::into_inner).get(account).copied()
    }

    /// How many addresses are watched.
    pub(crate) fn len(&self) -> usize {
        self.owners.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn next_of(&self, wallet: WalletId) -> u32 {
        let next = self.next.read().unwrap_or_else(PoisonError::into_inner);
        next.get(&wallet).copied().unwrap_or(0)
    }
}

impl Engine {
    /// Learns the addresses issued since the last call, by this process or another. Numbers are
    /// given in the order of commit, so nothing below the last one seen can still appear.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub(crate) async fn refresh_watch(&self) -> Result<(), EngineError> {
        let wallets = self.store().read(async |tx: &mut Tx<'_>| tx.wallets().await).await?;
        for wallet in wallets {
            let mut next = self.watch.next_of(wallet.id);
            while next < wallet.next_number {
                let from = next;
                let page = self
                    .store()
                    .read(async move |tx: &mut Tx<'_>| {
                        tx.addresses_from(wallet.id, from, PAGE).await
                    })
                    .await
                    .map_err(|error: DbError| error)?;
                let Some(last) = page.last() else { break };
                next = last.number.saturating_add(1);
                let mut owners = self.watch.owners.write().unwrap_or_else(PoisonError::into_inner);
                owners.extend(
                    page.iter().map(|a| (a.address.account.clone().into_boxed_slice(), a.request)),
                );
            }
            let mut known = self.watch.next.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(wallet.id, next);
        }
        Ok(())
    }

    /// How many addresses are watched.
    #[must_use]
    pub fn addresses_watched(&self) -> usize {
        self.watch.len()
    }
}
