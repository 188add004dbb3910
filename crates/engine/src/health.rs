//! How the installation is, told as it is, and cheaply: load balancers ask every second. A few
//! small queries; everything else is what this process knows already.

mod kept;

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use coffer_domain::{
    code::NetworkName, id::WalletId, money::AssetId, ports::Chain, time::Timestamp,
};
use coffer_store::{
    audit::NextAudit, blind_span::BlindSpan, chain_cursor::Cursor, error::DbError, tx::Tx,
    wallet::Wallet,
};

pub use kept::Asked;
pub(crate) use kept::Kept;

use crate::{
    address::SANDBOX_FAMILY,
    doctor::{CoinDiagnosis, KeyDiagnosis},
    engine::Engine,
};

/// Keys told of at most: those with the longest gaps.
const KEYS_TOLD: usize = 100;

/// How the installation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether the database answers.
    pub store: bool,
    /// When it was looked.
    pub at: Timestamp,
    /// Every chain that is followed.
    pub chains: Vec<ChainHealth>,
    /// Each coin of the networks that are set up.
    pub coins: Vec<CoinDiagnosis>,
    /// The keys that were measured, each with when; the longest gap first.
    pub keys: Vec<(KeyDiagnosis, Timestamp)>,
    /// How many keys are left out of `keys`, because they are not measured yet or are too many.
    pub keys_left_out: usize,
    /// How many addresses are watched.
    pub addresses_watched: usize,
    /// How many have been issued; more than are watched while they are still being loaded.
    pub addresses_issued: usize,
    /// Whether all are watched that had been issued before this process started.
    pub watches_all: bool,
}

/// How one chain is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainHealth {
    /// Its name.
    pub name: NetworkName,
    /// The newest block read; none before the first look.
    pub height: Option<u64>,
    /// How far it was read, by its own clock.
    pub read_through: Option<Timestamp>,
    /// Why it is not read to its tip; none while it is.
    pub behind: Option<String>,
    /// When it could last not be read for more than a minute, and what was found afterwards.
    pub blind: Option<BlindSpan>,
    /// The assets that cannot be taken on it, each with what its node says of them.
    pub refused_assets: Vec<(AssetId, String)>,
    /// How many addresses are watched on it.
    pub addresses: u64,
    /// What its endpoints said when they were asked last; none where nobody has asked them, or
    /// another server does.
    pub asked: Option<Asked>,
    /// How far the balance audit is; none where nothing is compared.
    pub audit: Option<NextAudit>,
}

impl Health {
    /// Whether payments can be taken and are seen.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.store && self.watches_all && self.chains.iter().all(|chain| chain.behind.is_none())
    }
}

impl ChainHealth {
    /// Blocks that the best of its endpoints had beyond what was read, when it was asked.
    #[must_use]
    pub fn lag_blocks(&self) -> Option<u64> {
        let tips = self.asked.as_ref()?.reports.iter().filter_map(|it| it.tip.as_ref().ok());
        Some(tips.map(|tip| tip.at.height).max()?.saturating_sub(self.height?))
    }
}

impl Engine {
    /// Looks how the installation is, without asking anybody outside.
    pub async fn health(&self) -> Health {
        let read = self.store().read(async |tx: &mut Tx<'_>| {
            let cursors = tx.cursors().await?;
            let mut blind = Vec::new();
            for cursor in &cursors {
                blind.extend(tx.blind_spans(Some(cursor.chain), 1).await?);
            }
            Ok((cursors, blind))
        });
        let read: Result<(Vec<Cursor>, Vec<BlindSpan>), DbError> = read.await;
        let store = read.is_ok();
        let (cursors, blind) = read.unwrap_or_default();
        let wallets = self.watch.wallets();
        let next = self.watch.next_numbers();
        let chains = self.chains().map(|chain| ChainHealth {
            blind: blind.iter().find(|span| span.chain == chain.name()).cloned(),
            addresses: self.addresses_on(chain, &wallets, &next),
            ..self.chain_health(chain, of_chain(&cursors, chain))
        });
        let chains = chains.collect();
        let (keys, keys_left_out) = self.measured_keys(&wallets);
        Health {
            store,
            at: self.now(),
            chains,
            coins: self.coins_now(store, &cursors, &wallets),
            keys,
            keys_left_out,
            addresses_watched: self.addresses_watched(),
            addresses_issued: self.addresses_issued(),
            watches_all: self.watches_all(),
        }
    }

    fn chain_health(&self, chain: &Arc<dyn Chain>, cursor: Option<&Cursor>) -> ChainHealth {
        let name = chain.name();
        let behind = match (cursor, self.probes.waiting(name)) {
            (Some(cursor), None) => cursor.behind_reason.clone(),
            (Some(cursor), Some(waiting)) => Some(cursor.behind_reason.clone().unwrap_or(waiting)),
            (None, waiting) => {
                let waiting = waiting.map(|reason| format!(": {reason}"));
                Some(format!("not read yet{}", waiting.unwrap_or_default()))
            }
        };
        ChainHealth {
            name,
            height: cursor.map(|cursor| cursor.at.height),
            read_through: cursor.map(|cursor| cursor.watermark),
            behind,
            blind: None,
            refused_assets: self.probes.refused(name),
            addresses: 0,
            asked: self.kept.asked_with_abilities(name),
            audit: self.kept.audit(name),
        }
    }

    /// How many addresses are watched that can be paid on a chain.
    fn addresses_on(
        &self,
        chain: &Arc<dyn Chain>,
        wallets: &[Wallet],
        next: &HashMap<WalletId, u32>,
    ) -> u64 {
        let sandbox = chain.name() == self.home_chain();
        let pays = |wallet: &&Wallet| match sandbox {
            true => wallet.family == SANDBOX_FAMILY,
            false => self.pays_to(chain, wallet),
        };
        let known = |wallet: &Wallet| {
            next.get(&wallet.id).map(|next| next.saturating_sub(wallet.first_number))
        };
        wallets.iter().filter(pays).filter_map(known).map(u64::from).sum()
    }

    fn coins_now(&self, store: bool, cursors: &[Cursor], wallets: &[Wallet]) -> Vec<CoinDiagnosis> {
        let of_network = |chain: &Arc<dyn Chain>| {
            self.coins_of(chain.name(), |environment, asset| match store {
                true => self.not_taken(environment, asset, cursors, wallets),
                false => Some("the database does not answer".to_owned()),
            })
        };
        self.parts.chains.iter().flat_map(of_network).collect()
    }

    /// The keys with the longest gaps, and how many are not among them.
    fn measured_keys(&self, wallets: &[Wallet]) -> (Vec<(KeyDiagnosis, Timestamp)>, usize) {
        let keys = wallets.iter().filter(|wallet| wallet.family != SANDBOX_FAMILY);
        let all = keys.clone().count();
        let measured = keys.filter_map(|wallet| Some((wallet, self.kept.gap(wallet.id)?)));
        let mut measured: Vec<_> = measured.collect();
        measured.sort_by_key(|(_, (_, gap))| Reverse(gap.longest));
        measured.truncate(KEYS_TOLD);
        let told = measured.into_iter().map(|(wallet, (at, gap))| {
            let (family, environment) = (wallet.family.clone(), wallet.environment);
            let (wallet, first) = (wallet.id, wallet.first_number);
            (KeyDiagnosis { wallet, family, environment, first, gap }, at)
        });
        let told: Vec<_> = told.collect();
        let left_out = all.saturating_sub(told.len());
        (told, left_out)
    }
}

fn of_chain<'a>(cursors: &'a [Cursor], chain: &Arc<dyn Chain>) -> Option<&'a Cursor> {
    cursors.iter().find(|cursor| cursor.chain == chain.name())
}
