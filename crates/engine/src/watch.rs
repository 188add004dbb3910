//! Every address ever issued, in memory: by its script or account bytes, so that the cost of
//! matching a block does not grow with their number.

mod index;
mod owner;

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use coffer_domain::{
    id::WalletId,
    ports::{Watched, Watches},
};
use coffer_store::{error::DbError, tx::Tx, wallet::Wallet};
use tokio::sync::Mutex;

use self::{index::Index, owner::Owners};
use crate::{engine::Engine, error::EngineError};

pub(crate) use self::{index::Mark, owner::Owner};

/// Addresses are read from the database in pages of so many.
const PAGE: u32 = 10_000;
/// While many are loaded, the log says how far that is whenever so many more are known.
const TELL_EVERY: usize = 500_000;

/// The addresses that are watched.
#[derive(Default)]
pub(crate) struct Watch {
    index: RwLock<Index>,
    owners: Owners,
    /// Every wallet, as it was read last.
    wallets: RwLock<Arc<[Wallet]>>,
    /// Held while addresses are learned, so that those who follow several chains do not read the
    /// same rows.
    learning: Mutex<()>,
    /// How many addresses had been issued when it was last looked.
    issued: AtomicUsize,
    /// Whether all that had been issued were known once.
    loaded: AtomicBool,
}

impl Watch {
    fn with<T>(&self, ask: impl FnOnce(&Index) -> T) -> T {
        ask(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether an account was issued. It may rarely say so of one that was not; what is credited is
    /// compared with the database.
    pub(crate) fn contains(&self, account: &[u8]) -> bool {
        self.with(|index| index.contains(account))
    }

    /// Whether an account was known at a mark.
    pub(crate) fn contained(&self, account: &[u8], mark: &Mark) -> bool {
        self.with(|index| index.contained(account, mark))
    }

    /// Those known at a mark, as a chain is handed them.
    pub(crate) fn at<'a>(&'a self, mark: &'a Mark) -> KnownAt<'a> {
        KnownAt { watch: self, mark }
    }

    /// What is known now.
    pub(crate) fn mark(&self) -> Mark {
        self.with(Index::mark)
    }

    /// How many addresses are watched.
    pub(crate) fn len(&self) -> usize {
        self.with(Index::len)
    }

    /// Every wallet, as it was read last; none before addresses were looked for.
    pub(crate) fn wallets(&self) -> Arc<[Wallet]> {
        Arc::clone(&self.wallets.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How far the addresses of each wallet are watched: all numbers below are.
    pub(crate) fn next_numbers(&self) -> HashMap<WalletId, u32> {
        self.with(Index::next_numbers)
    }

    fn learn(&self, wallet: &Wallet, page: &[(u32, Vec<u8>)]) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let page = page.iter().map(|(number, account)| (*number, account.as_slice()));
        index.learn(wallet.id, wallet.environment, page);
    }

    /// Says how far a long load is; `told` is how many were known when it was last said.
    fn tell(&self, told: &mut usize) {
        let (known, issued) = (self.len(), self.issued.load(Ordering::Relaxed));
        if known.saturating_sub(*told) >= TELL_EVERY {
            *told = known;
            tracing::info!("watching {known} of {issued} addresses");
        }
    }
}

/// The accounts that were known at a mark.
pub(crate) struct KnownAt<'a> {
    watch: &'a Watch,
    mark: &'a Mark,
}

impl Watches for KnownAt<'_> {
    fn watches(&self, account: &[u8]) -> bool {
        self.watch.contained(account, self.mark)
    }

    fn watches_each(&self, accounts: &[&[u8]]) -> Vec<bool> {
        self.watch.with(|index| index.contained_each(accounts, self.mark))
    }
}

impl Engine {
    /// Learns the addresses issued since the last call, by this process or another. Numbers are
    /// given in the order of commit, so nothing below the last one seen can still appear. Given up
    /// half way, it goes on from there the next time.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn refresh_watch(&self) -> Result<(), EngineError> {
        let _learning = self.watch.learning.lock().await;
        let read = self.store().read(async |tx: &mut Tx<'_>| tx.wallets().await).await?;
        let wallets: Arc<[Wallet]> = read.into();
        *self.watch.wallets.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&wallets);
        let issued: u64 = wallets.iter().map(|wallet| u64::from(wallet.issued())).sum();
        self.watch.issued.store(usize::try_from(issued).unwrap_or(usize::MAX), Ordering::Relaxed);
        let mut told = self.watch.len();
        for wallet in wallets.iter() {
            let id = wallet.id;
            let mut next = self.watch.with(|index| index.next_of(id));
            while next < wallet.next_number {
                let from = next;
                let page = self
                    .store()
                    .read(async move |tx: &mut Tx<'_>| tx.accounts_from(id, from, PAGE).await)
                    .await
                    .map_err(|error: DbError| error)?;
                let Some((last, _)) = page.last() else { break };
                next = last.saturating_add(1);
                self.watch.learn(wallet, &page);
                self.watch.tell(&mut told);
            }
        }
        self.watch.loaded.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// How many addresses are watched.
    #[must_use]
    pub fn addresses_watched(&self) -> usize {
        self.watch.len()
    }

    /// How many addresses had been issued when it was last looked: more than are watched while
    /// they are still being loaded.
    #[must_use]
    pub fn addresses_issued(&self) -> usize {
        self.watch.issued.load(Ordering::Relaxed)
    }

    /// Whether every address that had been issued before this process started is watched.
    #[must_use]
    pub fn watches_all(&self) -> bool {
        self.watch.loaded.load(Ordering::Relaxed)
    }

    /// Bytes of memory that the watched addresses take.
    #[must_use]
    pub fn watch_bytes(&self) -> usize {
        self.watch.with(Index::bytes)
    }

    /// Asks `read` to match a block as chains are asked to: by the accounts that were issued, and
    /// rarely by one that was not.
    pub fn match_block<T>(&self, read: impl FnOnce(&Watched<'_>) -> T) -> T {
        let mark = self.watch.mark();
        read(&self.watch.at(&mark))
    }
}
