//! The whole of it, put together as the program does, but for the world outside.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::Router;
use coffer_chains::sandbox::SandboxChain;
use coffer_domain::{
    callback::{Delivery, DeliveryOutcome},
    catalogue::Catalogue,
    code::NetworkName,
    id::Id,
    merchant::{Environment, Merchant, Scope},
    money::{AssetId, Units},
    payment_request::Policy,
    ports::{
        Block, CallbackTransport, Chain, ChainError, ChainProbe, Clock, Entropy, KeyRefused,
        Pending, Tip, UrlScreen, Watched,
    },
    time::Timestamp,
    transfer::{Address, BlockRef},
};
use coffer_engine::{
    alarms::Channels,
    api_key::NewKey,
    engine::{Engine, Parts},
    follow::Progress,
    settings::EngineSettings,
};
use coffer_store::{api_key::StoredKey, seal::MasterKeys, store::Store, tx::Tx};
use coffer_web::{
    router::router,
    server_state::{WebParts, WebSettings},
};
use coffer_wire::signature::PreparedSecret;

use super::{Database, Place};

/// When every test begins: 17 March 2026, as in the table of mistakes.
pub const NOW: Timestamp = Timestamp::from_millis(1_773_768_946_789);

/// A public key with its secret.
pub struct Keys {
    pub key: String,
    pub secret: PreparedSecret,
}

/// What a test may want otherwise.
#[derive(Clone)]
pub struct Setup {
    pub database: Database,
    pub engine: EngineSettings,
    pub web: WebSettings,
    /// Whether live keys may take coins on Polygon, where nothing happens.
    pub live_polygon: bool,
    /// Who judges the URLs of requests.
    pub url_screen: Option<Arc<dyn UrlScreen>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            database: Database::Sqlite,
            engine: EngineSettings::default(),
            web: WebSettings::default(),
            live_polygon: false,
            url_screen: None,
        }
    }
}

/// A running Coffer.
pub struct World {
    pub engine: Engine,
    pub router: Router,
    pub store: Store,
    pub merchant: Merchant,
    /// The merchant's sandbox key.
    pub sandbox: Keys,
    /// His live key.
    pub live: Keys,
    /// A sandbox key of another merchant.
    pub other: Keys,
    master: Arc<MasterKeys>,
    clock: Arc<HandClock>,
    ticks: Arc<AtomicU64>,
    place: Place,
}

impl World {
    pub async fn on(database: Database) -> Self {
        Self::with(Setup { database, ..Setup::default() }).await
    }

    pub async fn sqlite() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let place = Place::new(setup.database).await;
        let store = place.open().await;
        let clock = Arc::new(HandClock(AtomicI64::new(NOW.millis())));
        let entropy = seeded();
        let master = MasterKeys::load_or_make(&place.file("master.key"), &entropy).unwrap();
        let master = Arc::new(master);
        let engine = engine(&master, &store, Arc::clone(&clock), &setup);
        engine.ensure_sandbox_wallet().await.unwrap();
        for chain in engine.chains() {
            while engine.follow_once(chain).await.unwrap() == Progress::More {}
        }
        let merchant = engine.add_merchant("Example shop", None, Policy::DEFAULT).await.unwrap();
        let stranger = engine.add_merchant("Another shop", None, Policy::DEFAULT).await.unwrap();
        let sandbox = keys(&engine, &merchant, Environment::Sandbox).await;
        let live = keys(&engine, &merchant, Environment::Live).await;
        let other = keys(&engine, &stranger, Environment::Sandbox).await;
        let ticks = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&ticks);
        let router = router(WebParts {
            engine: engine.clone(),
            monotonic: Arc::new(move || Duration::from_millis(read.load(Ordering::Relaxed))),
            random: [7; 12],
            settings: setup.web,
        });
        Self { engine, router, store, merchant, sandbox, live, other, master, clock, ticks, place }
    }

    /// Adds a key whose secret is known beforehand.
    pub async fn add_key(&self, scope: Scope, secret: &str) -> Keys {
        let id = Id::new(NOW, [9; 10]);
        let seal = |text: &[u8]| self.master.seal(text, &id.bytes(), &seeded());
        let stored = StoredKey {
            id,
            scope,
            public_key: "known-key".to_owned(),
            secret: seal(secret.as_bytes()),
            webhook_secret: seal(b"whsec_"),
            created_at: NOW,
            disabled_at: None,
        };
        let added = self.store.write(async move |tx: &mut Tx<'_>| tx.insert_key(&stored).await);
        added.await.unwrap();
        Keys { key: "known-key".to_owned(), secret: PreparedSecret::new(secret.as_bytes()) }
    }

    /// Lets time pass, for the clock and for limits.
    pub fn pass(&self, millis: u32) {
        self.clock.0.fetch_add(i64::from(millis), Ordering::Relaxed);
        self.ticks.fetch_add(u64::from(millis), Ordering::Relaxed);
    }

    /// Lets seconds pass in which the workers do their work.
    pub async fn work(&self, seconds: u32) {
        for _ in 0..seconds {
            self.pass(1_000);
            self.engine.mine_sandbox().await.unwrap();
            for chain in self.engine.chains() {
                while self.engine.follow_once(chain).await.unwrap() == Progress::More {}
            }
            while self.engine.end_windows().await.unwrap() {}
            while self.engine.number_events().await.unwrap() {}
        }
    }

    pub async fn remove(&self) {
        self.store.close().await;
        self.place.remove().await;
    }
}

fn seeded() -> SeededEntropy {
    SeededEntropy(AtomicU64::new(1))
}

fn engine(master: &Arc<MasterKeys>, store: &Store, clock: Arc<HandClock>, setup: &Setup) -> Engine {
    let polygon = NetworkName::constant("polygon");
    let ledger = Arc::new(store.clone());
    Engine::new(Parts {
        store: store.clone(),
        keys: Arc::clone(master),
        catalogue: Arc::new(Catalogue::builtin()),
        sandbox_chain: Arc::new(SandboxChain::new(ledger.clone())),
        sandbox_ledger: ledger,
        chains: match setup.live_polygon {
            true => vec![Arc::new(StandingChain(polygon))],
            false => Vec::new(),
        },
        rate_sources: Vec::new(),
        transport: Arc::new(NoTransport),
        url_screen: setup.url_screen.clone(),
        channels: Channels::default(),
        clock,
        entropy: Arc::new(seeded()),
        settings: setup.engine.clone(),
    })
}

async fn keys(engine: &Engine, merchant: &Merchant, environment: Environment) -> Keys {
    let scope = Scope { merchant: merchant.id, environment };
    let NewKey { key, secret, .. } = engine.add_key(scope).await.unwrap();
    Keys { key, secret: PreparedSecret::new(secret.as_bytes()) }
}

/// A clock that a test moves.
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Bytes that look random and are the same in every run (`SplitMix64`).
struct SeededEntropy(AtomicU64);

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let seed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let random = (mixed ^ (mixed >> 31)).to_be_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }
}

/// Nobody is called back here.
struct NoTransport;

#[async_trait]
impl CallbackTransport for NoTransport {
    async fn deliver(&self, _: &Delivery) -> DeliveryOutcome {
        unreachable!("no merchant of these tests has a callback URL")
    }
}

/// A chain of one block, on which nothing happens.
struct StandingChain(NetworkName);

impl StandingChain {
    fn block() -> Block {
        let at = BlockRef { height: 0, hash: "01".to_owned() };
        Block { at, parent: "00".to_owned(), time: NOW, transfers: Vec::new() }
    }
}

#[async_trait]
impl Chain for StandingChain {
    fn name(&self) -> NetworkName {
        self.0
    }

    async fn probe(&self) -> Result<ChainProbe, ChainError> {
        Ok(ChainProbe::default())
    }

    async fn tip(&self) -> Result<Tip, ChainError> {
        let Block { at, time, .. } = Self::block();
        Ok(Tip { at, time, safe_height: None, final_height: Some(0), live: true })
    }

    async fn block(&self, height: u64, _: &Watched<'_>) -> Result<Option<Block>, ChainError> {
        Ok((height == 0).then(Self::block))
    }

    async fn pending(&self, _: &Watched<'_>) -> Result<Pending, ChainError> {
        Ok(Pending::default())
    }

    fn derive(&self, _: NetworkName, _: &str, _: u32) -> Result<Address, KeyRefused> {
        Err(KeyRefused("no key is known".to_owned()))
    }

    fn parse_address(&self, _: NetworkName, _: &str) -> Result<Address, KeyRefused> {
        Err(KeyRefused("no address is known".to_owned()))
    }

    fn payment_link(&self, _: AssetId, _: &str, _: Units) -> Option<String> {
        None
    }
}
