//! The index of addresses: from script or account bytes to the row of the address in the database.
//!
//! An entry is a keyed fingerprint of the bytes and the place of its row, 16 bytes, and nothing of
//! its own on the heap. The table keeps one more byte of each entry apart from it; these bytes are
//! the filter before the entries. Most outputs of a block are nobody's, and such a one costs one
//! cache line of the filter, however many addresses there are.
//!
//! A fingerprint may agree by chance, so whoever credits something compares the row itself. The key
//! is drawn by each process, so nobody can look for addresses whose fingerprints agree.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use coffer_domain::{id::WalletId, merchant::Environment};
use hashbrown::HashTable;

/// Tables of an index. Each grows by itself, so that no growth copies much at a time and none needs
/// the double of the whole.
const SHARDS: usize = 1_024;
/// Where the bits of a fingerprint begin that choose the table: above those that choose the place
/// in it, below those that are kept as its filter.
const SHARD_SHIFT: u32 = 40;

/// The row of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The wallet's place in the index.
    pub(super) wallet: u32,
    /// The address's number under the wallet's key.
    pub(super) number: u32,
}

#[derive(Clone, Copy)]
struct Entry {
    fingerprint: u64,
    place: Place,
}

/// A wallet whose addresses are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watched {
    pub(super) id: WalletId,
    pub(super) environment: Environment,
    /// Addresses with numbers below it are known.
    pub(super) next: u32,
}

/// How far each wallet was known at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark(Vec<u32>);

impl Mark {
    fn covers(&self, place: Place) -> bool {
        let wallet = usize::try_from(place.wallet).unwrap_or(usize::MAX);
        self.0.get(wallet).is_some_and(|next| place.number < *next)
    }
}

/// Every address that was learned. `S` makes fingerprints.
pub(crate) struct Index<S = RandomState> {
    shards: Box<[HashTable<Entry>]>,
    wallets: Vec<Watched>,
    len: usize,
    hashes: S,
}

impl Default for Index {
    fn default() -> Self {
        Self::with(RandomState::new())
    }
}

impl<S: BuildHasher> Index<S> {
    fn with(hashes: S) -> Self {
        let shards = std::iter::repeat_with(HashTable::new).take(SHARDS).collect();
        Self { shards, wallets: Vec::new(), len: 0, hashes }
    }

    /// How many addresses are known.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Bytes of memory that the addresses take.
    pub(crate) fn bytes(&self) -> usize {
        let tables: usize = self.shards.iter().map(HashTable::allocation_size).sum();
        tables + size_of_val(&*self.shards)
    }

    /// How far each wallet is known now.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.wallets.iter().map(|wallet| wallet.next).collect())
    }

    /// Whether an account was issued, as far as its fingerprint tells.
    pub(crate) fn contains(&self, account: &[u8]) -> bool {
        self.entries(account).next().is_some()
    }

    /// Whether an account was known at `mark`, as far as its fingerprint tells.
    pub(crate) fn contained(&self, account: &[u8], mark: &Mark) -> bool {
        self.entries(account).any(|place| mark.covers(place))
    }

    /// The same of each of many. Their fingerprints are made first: nothing stands between the
    /// reads of the tables then, and the processor waits for many of them at once.
    pub(crate) fn contained_each(&self, accounts: &[&[u8]], mark: &Mark) -> Vec<bool> {
        let fingerprints: Vec<u64> =
            accounts.iter().map(|account| self.hashes.hash_one(account)).collect();
        let known = |fingerprint: u64| self.alike(fingerprint).any(|place| mark.covers(place));
        fingerprints.into_iter().map(known).collect()
    }

    /// The rows that may be the account's, in the order of wallets; almost always one at most.
    pub(super) fn rows(&self, account: &[u8]) -> Vec<(Watched, u32)> {
        let mut places: Vec<Place> = self.entries(account).collect();
        places.sort_unstable();
        let row = |place: Place| {
            let wallet = usize::try_from(place.wallet).ok()?;
            Some((*self.wallets.get(wallet)?, place.number))
        };
        places.into_iter().filter_map(row).collect()
    }

    fn entries(&self, account: &[u8]) -> impl Iterator<Item = Place> {
        self.alike(self.hashes.hash_one(account))
    }

    fn alike(&self, fingerprint: u64) -> impl Iterator<Item = Place> {
        let table = self.shards.get(shard(fingerprint));
        let alike = table.into_iter().flat_map(move |table| table.iter_hash(fingerprint));
        alike.filter(move |entry| entry.fingerprint == fingerprint).map(|entry| entry.place)
    }

    /// How far the addresses of a wallet are known: all numbers below are.
    pub(super) fn next_of(&self, wallet: WalletId) -> u32 {
        self.wallets.iter().find(|known| known.id == wallet).map_or(0, |known| known.next)
    }

    /// How far the addresses of each wallet are known.
    pub(super) fn next_numbers(&self) -> HashMap<WalletId, u32> {
        self.wallets.iter().map(|known| (known.id, known.next)).collect()
    }

    /// Takes in addresses of a wallet, in the order of their numbers. Those known already, because
    /// two loads met, are passed over.
    pub(super) fn learn<'a>(
        &mut self,
        wallet: WalletId,
        environment: Environment,
        page: impl IntoIterator<Item = (u32, &'a [u8])>,
    ) {
        let at = self.wallets.iter().position(|known| known.id == wallet).unwrap_or_else(|| {
            self.wallets.push(Watched { id: wallet, environment, next: 0 });
            self.wallets.len() - 1
        });
        let Some(known) = self.wallets.get_mut(at) else { return };
        for (number, account) in page {
            if number < known.next {
                continue;
            }
            let fingerprint = self.hashes.hash_one(account);
            let place = Place { wallet: u32::try_from(at).unwrap_or(u32::MAX), number };
            if let Some(table) = self.shards.get_mut(shard(fingerprint)) {
                let entry = Entry { fingerprint, place };
                table.insert_unique(fingerprint, entry, |entry| entry.fingerprint);
            }
            known.next = number.saturating_add(1);
            self.len += 1;
        }
    }
}

fn shard(fingerprint: u64) -> usize {
    usize::try_from(fingerprint >> SHARD_SHIFT).unwrap_or(usize::MAX) % SHARDS
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasherDefault, Hasher};

    use coffer_domain::{id::Id, time::Timestamp};
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Knows three fingerprints only.
    #[derive(Default)]
    struct Dull(u64);

    impl Hasher for Dull {
        fn write(&mut self, bytes: &[u8]) {
            self.0 += bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        }

        fn finish(&self) -> u64 {
            self.0 % 3
        }
    }

    type DullIndex = Index<BuildHasherDefault<Dull>>;

    fn wallet(n: u8) -> WalletId {
        Id::new(Timestamp::from_seconds(i64::from(n)), [n; 10])
    }

    fn learn<S: BuildHasher>(index: &mut Index<S>, of: u8, from: u32, accounts: &[Vec<u8>]) {
        let page = (from..).zip(accounts.iter().map(Vec::as_slice));
        index.learn(wallet(of), Environment::Live, page);
    }

    fn numbers<S: BuildHasher>(index: &Index<S>, account: &[u8]) -> Vec<(WalletId, u32)> {
        index.rows(account).into_iter().map(|(wallet, number)| (wallet.id, number)).collect()
    }

    #[test]
    fn accounts_whose_fingerprints_agree_are_all_kept() {
        let mut index = DullIndex::with(BuildHasherDefault::default());
        let accounts: Vec<Vec<u8>> = (0..30).map(|n| vec![n]).collect();
        learn(&mut index, 1, 0, &accounts);
        assert_eq!(index.len(), 30);
        for (number, account) in (0..).zip(&accounts) {
            let rows = numbers(&index, account);
            assert!(rows.contains(&(wallet(1), number)), "{rows:?}");
        }
    }

    #[test]
    fn a_page_that_is_learned_twice_counts_once() {
        let mut index = Index::default();
        let accounts: Vec<Vec<u8>> = (0..9).map(|n| vec![n; 20]).collect();
        learn(&mut index, 1, 0, &accounts[..6]);
        learn(&mut index, 1, 3, &accounts[3..]);
        learn(&mut index, 1, 0, &accounts);
        assert_eq!(index.len(), 9);
        assert_eq!(index.next_of(wallet(1)), 9);
        assert_eq!(numbers(&index, &accounts[4]), [(wallet(1), 4)]);
    }

    #[test]
    fn what_was_learned_after_a_mark_was_not_known_at_it() {
        let mut index = Index::default();
        learn(&mut index, 1, 0, &[vec![1]]);
        let mark = index.mark();
        learn(&mut index, 1, 1, &[vec![2]]);
        learn(&mut index, 2, 0, &[vec![3]]);
        let known = [1, 2, 3].map(|account| index.contained(&[account], &mark));
        assert_eq!(known, [true, false, false]);
        let each: [&[u8]; 4] = [&[3], &[1], &[2], &[1]];
        assert_eq!(index.contained_each(&each, &mark), [false, true, false, true]);
        assert!([1, 2, 3].iter().all(|account| index.contains(&[*account])));
        assert_ne!(index.mark(), mark);
    }

    #[test]
    fn an_address_takes_48_bytes_at_most_however_many_there_are() {
        let mut index = Index::default();
        let mut account = [0; 22];
        for number in 0..400_000_u32 {
            account[..4].copy_from_slice(&number.to_be_bytes());
            index.learn(wallet(1), Environment::Live, [(number, account.as_slice())]);
            if number >= 100_000 && number % 5_000 == 0 {
                assert!(index.bytes() <= index.len() * 48, "{} at {number}", index.bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn an_index_finds_what_a_map_finds(
            accounts in vec(vec(any::<u8>(), 0..4), 0..200),
            others in vec(vec(any::<u8>(), 0..4), 0..50),
        ) {
            let mut index = Index::default();
            learn(&mut index, 1, 0, &accounts);
            let mut map: HashMap<&[u8], Vec<(WalletId, u32)>> = HashMap::new();
            for (number, account) in (0..).zip(&accounts) {
                map.entry(account).or_default().push((wallet(1), number));
            }
            for account in accounts.iter().chain(&others) {
                let wanted = map.get(account.as_slice()).cloned().unwrap_or_default();
                prop_assert_eq!(index.contains(account), !wanted.is_empty());
                prop_assert_eq!(numbers(&index, account), wanted);
            }
        }
    }
}
