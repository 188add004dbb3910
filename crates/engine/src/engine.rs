//! The engine: everything a use case or a worker needs, put together by the program.

use std::sync::{Arc, Mutex, PoisonError};

use coffer_domain::{
    catalogue::{Catalogue, Network},
    code::NetworkName,
    id::Id,
    merchant::Environment,
    ports::{CallbackTransport, Chain, Clock, Entropy, RateSource, SandboxLedger, UrlScreen},
    time::Timestamp,
};
use coffer_store::{seal::MasterKeys, store::Store};

use crate::{
    alarms::{Channels, Conditions, Pulse},
    api_key::KeyCache,
    audit::doubt::PutOff,
    books,
    follow::Missed,
    health::Kept,
    lease::Leases,
    probe::Probes,
    rates::RateBoard,
    settings::EngineSettings,
    watch::Watch,
};

/// What the program hands in.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The keys under which secrets and personal data are sealed.
    pub keys: Arc<MasterKeys>,
    /// Every network, asset and currency.
    pub catalogue: Arc<Catalogue>,
    /// The chain of the sandbox environment.
    pub sandbox_chain: Arc<dyn Chain>,
    /// The sandbox chain's ledger, written by `simulate`, the miner and the demo's wallet.
    pub sandbox_ledger: Arc<dyn SandboxLedger>,
    /// The chains of real (and test) networks; each is named like its network.
    pub chains: Vec<Arc<dyn Chain>>,
    /// Where prices come from.
    pub rate_sources: Vec<Arc<dyn RateSource>>,
    /// How callbacks are sent.
    pub transport: Arc<dyn CallbackTransport>,
    /// Who judges merchants' URLs; none where nothing is screened.
    pub url_screen: Option<Arc<dyn UrlScreen>>,
    /// How the operator is reached.
    pub channels: Channels,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// What the installation decides.
    pub settings: EngineSettings,
}

/// Use cases and workers. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) parts: Arc<Parts>,
    pub(crate) callers: Arc<KeyCache>,
    pub(crate) rates: Arc<RateBoard>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) leases: Arc<Leases>,
    pub(crate) missed: Arc<Missed>,
    pub(crate) probes: Arc<Probes>,
    pub(crate) conditions: Arc<Conditions>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) books: Arc<books::Progress>,
    pub(crate) kept: Arc<Kept>,
    pub(crate) put_off: Arc<PutOff>,
    ids: Arc<IdOrder>,
}

impl Engine {
    /// Puts the engine together; nothing runs yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let rates = Arc::new(RateBoard::new(&parts.catalogue));
        Self {
            parts: Arc::new(parts),
            callers: Arc::default(),
            rates,
            watch: Arc::default(),
            leases: Arc::default(),
            missed: Arc::default(),
            probes: Arc::default(),
            conditions: Arc::default(),
            pulse: Arc::default(),
            books: Arc::default(),
            kept: Arc::default(),
            put_off: Arc::default(),
            ids: Arc::default(),
        }
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.parts.store
    }

    /// Every network, asset and currency.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.parts.catalogue
    }

    /// What the installation decides.
    #[must_use]
    pub fn settings(&self) -> &EngineSettings {
        &self.parts.settings
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// A fresh identity, greater than those made here before in the same millisecond.
    pub(crate) fn new_id<K>(&self, now: Timestamp) -> Id<K> {
        let mut random: [u8; 10] = self.random();
        // The 12 bits behind the time count up within a millisecond (RFC 9562 §6.2).
        let [high, low] = self.ids.next(now).to_be_bytes();
        random[0] = high;
        random[1] = low;
        Id::new(now, random)
    }

    /// Random bytes.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.parts.entropy.fill(&mut bytes);
        bytes
    }

    /// The chain that carries a network in an environment; none where it cannot be taken.
    ///
    /// The sandbox chain carries every catalogue network of the sandbox. Test networks serve the
    /// sandbox too, and live keys only where the settings allow it.
    #[must_use]
    pub fn chain_of(
        &self,
        environment: Environment,
        network: NetworkName,
    ) -> Option<&Arc<dyn Chain>> {
        let row = self.parts.catalogue.network(network)?;
        let own = self.parts.chains.iter().find(|chain| chain.name() == network);
        match (environment, row.test) {
            (Environment::Sandbox, false) => Some(&self.parts.sandbox_chain),
            (Environment::Sandbox, true) => own,
            (Environment::Live, true) => own.filter(|_| self.parts.settings.allow_test_networks),
            (Environment::Live, false) => own,
        }
    }

    /// Every chain that is followed.
    pub fn chains(&self) -> impl Iterator<Item = &Arc<dyn Chain>> {
        std::iter::once(&self.parts.sandbox_chain).chain(&self.parts.chains)
    }

    /// The networks a customer of that environment may be offered.
    pub fn networks(&self, environment: Environment) -> impl Iterator<Item = &Network> {
        self.parts
            .catalogue
            .networks()
            .iter()
            .filter(move |network| self.chain_of(environment, network.name).is_some())
    }
}

/// Counts the identities made in one millisecond, so that what one transaction writes is listed in
/// the order in which it was written.
#[derive(Default)]
struct IdOrder(Mutex<(Timestamp, u16)>);

impl IdOrder {
    /// The greatest count that fits; beyond it the order within the millisecond is left to chance.
    const MAX: u16 = 0x0fff;

    fn next(&self, now: Timestamp) -> u16 {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = if last.0 == now { last.1.saturating_add(1).min(Self::MAX) } else { 0 };
        *last = (now, count);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_of_one_millisecond_count_up() {
        let (order, now) = (IdOrder::default(), Timestamp::from_seconds(1));
        let later = Timestamp::from_seconds(2);
        assert_eq!([0, 1, 2], [order.next(now), order.next(now), order.next(now)]);
        assert_eq!(order.next(later), 0);
        for _ in 0..5_000 {
            order.next(later);
        }
        assert_eq!(order.next(later), IdOrder::MAX);
    }
}
