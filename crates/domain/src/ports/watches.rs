//! How a chain learns which accounts are ours.

/// Tells which accounts (script or account bytes) were ever issued by us.
pub trait Watches: Send + Sync {
    /// Whether one was.
    fn watches(&self, account: &[u8]) -> bool;

    /// Whether each of many was, in their order: at once, where reads of memory can overlap.
    fn watches_each(&self, accounts: &[&[u8]]) -> Vec<bool> {
        accounts.iter().map(|account| self.watches(account)).collect()
    }
}

impl<F: Fn(&[u8]) -> bool + Send + Sync> Watches for F {
    fn watches(&self, account: &[u8]) -> bool {
        self(account)
    }
}

/// What a chain is handed to know our accounts by.
pub type Watched<'a> = dyn Watches + 'a;
