//! Every address ever issued, in memory: by its script or account bytes, so that the cost of
//! matching a block does not grow with their number.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use coffer_domain::id::{PaymentRequestId, WalletId};
use coffer_store::{error::DbError, tx::Tx, wallet::IssuedAddress};

use crate::{engine::Engine, error::EngineError};

/// Addresses are read from the database in pages of so many.
const PAGE: u32 = 10_000;

/// Which request each issued address belongs to.
#[derive(Default)]
pub(crate) struct Watch {
    owners: RwLock<HashMap<Box<[u8]>, Owner>>,
    next: RwLock<HashMap<WalletId, u32>>,
}

struct Owner {
    request: PaymentRequestId,
    /// How many addresses were known before this one.
    place: usize,
}

impl Watch {
    /// The request an account was shown to.
    pub(crate) fn owner(&self, account: &[u8]) -> Option<PaymentRequestId> {
        let owners = self.owners.read().unwrap_or_else(PoisonError::into_inner);
        owners.get(account).map(|owner| owner.request)
    }

    /// The place of an account in the order in which they were learned; those known when
    /// [`len`](Self::len) was asked have places below it.
    pub(crate) fn place_of(&self, account: &[u8]) -> Option<usize> {
        let owners = self.owners.read().unwrap_or_else(PoisonError::into_inner);
        owners.get(account).map(|owner| owner.place)
    }

    /// How many addresses are watched.
    pub(crate) fn len(&self) -> usize {
        self.owners.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn learn(&self, page: &[IssuedAddress]) {
        let mut owners = self.owners.write().unwrap_or_else(PoisonError::into_inner);
        for issued in page {
            let place = owners.len();
            let account = issued.address.account.clone().into_boxed_slice();
            owners.entry(account).or_insert(Owner { request: issued.request, place });
        }
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
                self.watch.learn(&page);
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
