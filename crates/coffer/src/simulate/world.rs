//! A whole Coffer whose surroundings are in our hands, and which can crash and start again.

use std::sync::Arc;

use coffer_chains::sandbox::SandboxChain;
use coffer_domain::{
    catalogue::Catalogue,
    merchant::{Environment, Merchant, Scope},
    payment_request::Policy,
    ports::{Chain, SandboxLedger},
    time::Timestamp,
};
use coffer_engine::{
    alarms::Channels,
    api_key::{Caller, NewKey},
    engine::{Engine, Parts},
    settings::EngineSettings,
};
use coffer_store::{customer::Customer, seal::MasterKeys, store::Store};

use super::{
    Trouble,
    database::{Database, Kind},
    faults::OneFault,
    ports::{Endpoints, HandClock, SeededEntropy},
    shaky_chain::{ShakyChain, Weather},
};

/// When every world begins: 17 March 2026.
pub const BEGIN: Timestamp = Timestamp::from_seconds(1_773_768_946);

/// A running Coffer.
pub struct World {
    /// Where it keeps everything.
    pub database: Database,
    /// Use cases and workers.
    pub engine: Engine,
    /// The time.
    pub clock: Arc<HandClock>,
    /// Randomness.
    pub entropy: Arc<SeededEntropy>,
    /// The endpoints of its merchants.
    pub endpoints: Arc<Endpoints>,
    /// How the chain can be reached.
    pub weather: Arc<Weather>,
    /// Faults of the store.
    pub faults: Arc<OneFault>,
    keys: Arc<MasterKeys>,
}

/// A merchant with a sandbox key.
#[derive(Clone)]
pub struct Shop {
    /// The merchant.
    pub merchant: Merchant,
    /// His key.
    pub key: NewKey,
}

impl World {
    /// Starts one on an empty database.
    ///
    /// # Errors
    /// When the database cannot be made.
    pub async fn new(kind: Kind, server: Option<&str>, seed: u64) -> Result<Self, Trouble> {
        let database = Database::new(kind, server).await?;
        let clock = Arc::new(HandClock::new(BEGIN));
        let entropy = Arc::new(SeededEntropy::new(seed));
        let endpoints = Arc::new(Endpoints::healthy());
        let (weather, faults) = (Arc::new(Weather::default()), Arc::new(OneFault::default()));
        let keys = MasterKeys::load_or_make(&database.file("master.key"), &*entropy);
        let keys = Arc::new(keys.map_err(Trouble::outside)?);
        let store = database.open(Some(faults.clone())).await?;
        let engine = Engine::new(parts(&store, (&keys, &clock, &entropy), &endpoints, &weather));
        engine.ensure_sandbox_wallet().await.map_err(Trouble::outside)?;
        Ok(Self { database, engine, clock, entropy, endpoints, weather, faults, keys })
    }

    /// Ends the process, as far as that can be, and starts another on the same database.
    ///
    /// # Errors
    /// When the database cannot be opened again.
    pub async fn restart(&mut self) -> Result<(), Trouble> {
        self.faults.disarm();
        self.engine.store().close().await;
        let store = self.database.open(Some(self.faults.clone())).await?;
        self.engine = self.another_engine(&store);
        Ok(())
    }

    /// Another process on the same database, with a memory of its own.
    #[must_use]
    pub fn another_engine(&self, store: &Store) -> Engine {
        Engine::new(self.parts(store))
    }

    /// A server that shares the database with others, and follows these chains beside the
    /// sandbox's.
    #[must_use]
    pub fn sharing_engine(&self, chains: Vec<Arc<dyn Chain>>) -> Engine {
        let settings = EngineSettings { shared_database: true, ..EngineSettings::default() };
        Engine::new(Parts { chains, settings, ..self.parts(self.engine.store()) })
    }

    /// Another process that reads `chains` beside the sandbox, and reaches its operator by
    /// `channels`.
    #[must_use]
    pub fn engine_with(
        &self,
        chains: Vec<Arc<dyn Chain>>,
        channels: Channels,
        settings: EngineSettings,
    ) -> Engine {
        let parts = self.parts(self.engine.store());
        Engine::new(Parts { chains, channels, settings, ..parts })
    }

    fn parts(&self, store: &Store) -> Parts {
        let ours = (&self.keys, &self.clock, &self.entropy);
        parts(store, ours, &self.endpoints, &self.weather)
    }

    /// The chain that the engine follows.
    #[must_use]
    pub fn chain(&self) -> Arc<dyn Chain> {
        shaky(self.engine.store(), &self.weather)
    }

    /// What happens on the chain, whatever Coffer sees of it.
    #[must_use]
    pub fn ledger(&self) -> &dyn SandboxLedger {
        self.engine.store()
    }

    /// Adds a merchant.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn open_shop(&self, name: &str, policy: Policy) -> Result<Shop, Trouble> {
        let url = format!("https://{name}.example/callback");
        let merchant = self.engine.add_merchant(name, Some(url), policy).await;
        let merchant = merchant.map_err(Trouble::outside)?;
        let scope = Scope { merchant: merchant.id, environment: Environment::Sandbox };
        let key = self.engine.add_key(scope).await.map_err(Trouble::outside)?;
        Ok(Shop { merchant, key })
    }

    /// Who calls with a merchant's key.
    ///
    /// # Errors
    /// When the database refuses or the key is disabled.
    pub async fn caller(&self, shop: &Shop) -> Result<Arc<Caller>, Trouble> {
        let caller = self.engine.caller(&shop.key.key).await.map_err(Trouble::outside)?;
        caller.ok_or_else(|| Trouble::Outside("the key is not known".to_owned()))
    }

    /// Opens what was sealed under a customer's key, or under the master key.
    ///
    /// # Errors
    /// [`Trouble::Broken`] when it does not open.
    pub fn open(
        &self,
        sealed: &[u8],
        context: &[u8],
        customer: Option<&Customer>,
    ) -> Result<Vec<u8>, Trouble> {
        let opened = match customer {
            None => self.keys.open(sealed, context),
            Some(customer) => self
                .keys
                .unwrap(&customer.wrapped_key, &customer.id.bytes())
                .and_then(|key| key.open(sealed, context)),
        };
        let opened = opened.map_err(|error| Trouble::Broken(error.to_string()))?;
        Ok(opened.to_vec())
    }

    /// Ends it and removes its database.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn remove(self) -> Result<(), Trouble> {
        self.engine.store().close().await;
        self.database.remove().await
    }
}

fn shaky(store: &Store, weather: &Arc<Weather>) -> Arc<dyn Chain> {
    let sandbox = Arc::new(SandboxChain::new(Arc::new(store.clone())));
    Arc::new(ShakyChain::new(sandbox, Arc::clone(weather)))
}

/// The usual catalogue, with few confirmations on bitcoin and steps on litecoin that the prices of
/// a seed lie on both sides of.
fn catalogue() -> Catalogue {
    let steps = [("bitcoin", "2"), ("litecoin", "2 below 50 EUR, 6")];
    steps.into_iter().fold(Catalogue::builtin(), |catalogue, (network, steps)| {
        match (network.parse(), steps.parse()) {
            (Ok(network), Ok(steps)) => catalogue.with_confirmations(network, &steps),
            _ => catalogue,
        }
    })
}

fn parts(
    store: &Store,
    (keys, clock, entropy): (&Arc<MasterKeys>, &Arc<HandClock>, &Arc<SeededEntropy>),
    endpoints: &Arc<Endpoints>,
    weather: &Arc<Weather>,
) -> Parts {
    Parts {
        store: store.clone(),
        keys: Arc::clone(keys),
        catalogue: Arc::new(catalogue()),
        sandbox_chain: shaky(store, weather),
        sandbox_ledger: Arc::new(store.clone()),
        chains: Vec::new(),
        rate_sources: Vec::new(),
        transport: endpoints.clone(),
        url_screen: None,
        channels: Channels::default(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        settings: EngineSettings::default(),
    }
}
