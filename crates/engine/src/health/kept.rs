//! What this process has found out lately and keeps for whoever asks how it is, so that an answer
//! costs no call to a node and no walk through the database: what the endpoints said, how far the
//! balance audit is, and the gaps of the keys.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use coffer_domain::{
    code::NetworkName,
    id::WalletId,
    ports::EndpointReport,
    time::{Span, Timestamp},
};
use coffer_store::{audit::NextAudit, wallet::Wallet};
use futures_util::future::join_all;

use crate::{address::SANDBOX_FAMILY, doctor::Gap, engine::Engine, error::EngineError};

/// Endpoints are asked how they are this often.
const ENDPOINTS_EVERY: Span = Span::from_minutes(1);
/// Endpoints are asked what they can do this often, which takes some more calls.
const ABILITIES_EVERY: Span = Span::from_hours(1);
/// A key is measured this often: its newest addresses are looked at one by one;
const GAPS_EVERY: Span = Span::from_minutes(10);
/// this often while addresses of it are given out.
const GROWING_EVERY: Span = Span::from_minutes(1);
/// One run measures no further key once it has looked at so many addresses,
const LOOKED_AT_IN_A_RUN: u32 = 100_000;
/// a key counting as so many at least.
const LEAST_OF_A_KEY: u32 = 100;

/// What endpoints said of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When they were asked.
    pub at: Timestamp,
    /// What each said.
    pub reports: Vec<EndpointReport>,
}

impl Asked {
    /// What the endpoint of a report said, if it answered.
    fn of(&self, report: &EndpointReport) -> Option<&EndpointReport> {
        self.reports.iter().find(|known| known.number == report.number && known.tip.is_ok())
    }
}

/// The gap of a key, and when it was measured.
pub(super) type Measured = (Timestamp, Gap);

/// What is kept.
#[derive(Default)]
pub(crate) struct Kept {
    asked: Mutex<HashMap<NetworkName, Asked>>,
    /// What the endpoints said when they were asked for everything.
    able: Mutex<HashMap<NetworkName, Asked>>,
    audits: Mutex<HashMap<NetworkName, NextAudit>>,
    gaps: Mutex<HashMap<WalletId, Measured>>,
}

impl Kept {
    /// Whether the endpoints of a chain are to be asked now.
    pub(crate) fn asks(&self, chain: NetworkName, now: Timestamp) -> bool {
        let asked = locked(&self.asked);
        asked.get(&chain).is_none_or(|asked| now.since(asked.at) >= ENDPOINTS_EVERY)
    }

    /// Keeps what the endpoints of a chain said of their tips.
    pub(crate) fn said(&self, chain: NetworkName, at: Timestamp, reports: Vec<EndpointReport>) {
        locked(&self.asked).insert(chain, Asked { at, reports });
    }

    /// Whether the endpoints of a chain are to be asked now what they can do: seldom, and sooner
    /// where one gave no answer then and gives one now.
    fn asks_all(&self, chain: NetworkName, now: Timestamp) -> bool {
        let able = locked(&self.able);
        let Some(able) = able.get(&chain) else { return true };
        let age = now.since(able.at);
        let asked = self.asked(chain);
        let is_new = |report: &EndpointReport| report.tip.is_ok() && able.of(report).is_none();
        let new = asked.is_some_and(|asked| asked.reports.iter().any(is_new));
        age >= ABILITIES_EVERY || (new && age >= ENDPOINTS_EVERY)
    }

    /// Forgets the chains that another server follows: it is the one to ask.
    pub(crate) fn keep_only(&self, follows: impl Fn(NetworkName) -> bool) {
        locked(&self.asked).retain(|chain, _| follows(*chain));
        locked(&self.able).retain(|chain, _| follows(*chain));
        locked(&self.audits).retain(|chain, _| follows(*chain));
    }

    /// What the endpoints of a chain said of their tips last.
    fn asked(&self, chain: NetworkName) -> Option<Asked> {
        locked(&self.asked).get(&chain).cloned()
    }

    /// The same with what they can do, as far as that is known.
    pub(super) fn asked_with_abilities(&self, chain: NetworkName) -> Option<Asked> {
        let mut asked = self.asked(chain)?;
        if let Some(able) = locked(&self.able).get(&chain) {
            for report in asked.reports.iter_mut().filter(|report| report.tip.is_ok()) {
                if let Some(known) = able.of(report) {
                    report.capabilities.clone_from(&known.capabilities);
                    report.kept_from = known.kept_from;
                }
            }
        }
        Some(asked)
    }

    pub(super) fn audit(&self, chain: NetworkName) -> Option<NextAudit> {
        locked(&self.audits).get(&chain).copied()
    }

    pub(super) fn gap(&self, wallet: WalletId) -> Option<Measured> {
        locked(&self.gaps).get(&wallet).copied()
    }
}

fn locked<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Measures what is too dear for every look: how far the balance audits are, and the gaps of
    /// the keys that were measured longest ago.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub async fn take_stock(&self) -> Result<(), EngineError> {
        self.ask_abilities().await;
        for chain in self.chains_in_turn() {
            let name = chain.name();
            if self.probes.waiting(name).is_some() {
                continue;
            }
            let next = match chain.audited().await {
                Ok(Some(_)) => self.next_audit(name).await?,
                Ok(None) => None,
                Err(_) => continue,
            };
            let mut audits = locked(&self.kept.audits);
            match next {
                Some(next) => audits.insert(name, next),
                None => audits.remove(&name),
            };
        }
        self.measure_gaps().await
    }

    /// Asks the endpoints what they can do, of all chains at a time.
    async fn ask_abilities(&self) {
        let now = self.now();
        let chains = self.chains_in_turn().filter(|chain| self.kept.asks_all(chain.name(), now));
        let asked = chains.map(async |chain| (chain.name(), chain.endpoints().await));
        for (chain, reports) in join_all(asked).await {
            locked(&self.kept.able).insert(chain, Asked { at: now, reports });
        }
    }

    async fn measure_gaps(&self) -> Result<(), EngineError> {
        let now = self.now();
        let wallets = self.watch.wallets();
        let is_due = |(known, wallet): &(Option<Measured>, &Wallet)| {
            known.is_none_or(|(at, gap)| {
                let grows = gap.issued != wallet.issued();
                now.since(at) >= if grows { GROWING_EVERY } else { GAPS_EVERY }
            })
        };
        let keys = wallets.iter().filter(|wallet| wallet.family != SANDBOX_FAMILY);
        let known = keys.map(|wallet| (self.kept.gap(wallet.id), wallet));
        let mut due: Vec<(Option<Measured>, &Wallet)> = known.filter(is_due).collect();
        due.sort_by_key(|(known, _)| known.map(|(at, _)| at));
        let mut looked_at = 0_u32;
        for (_, wallet) in due {
            if looked_at >= LOOKED_AT_IN_A_RUN {
                break;
            }
            let gap = self.gap_of(wallet).await?;
            looked_at = looked_at.saturating_add(wallet.issued().max(LEAST_OF_A_KEY));
            locked(&self.kept.gaps).insert(wallet.id, (now, gap));
        }
        Ok(())
    }
}
