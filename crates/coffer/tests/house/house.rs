//! The whole of Coffer, put together as the program does, with its merchant and his endpoint.

use std::{
    num::NonZeroU32,
    sync::{Arc, Once},
};

use coffer_chains::{
    registry::{self, ChainSettings},
    sandbox::SandboxChain,
};
use coffer_domain::{
    catalogue::Catalogue,
    code::NetworkName,
    merchant::{Environment, Scope},
    payment_request::Policy,
    ports::Clock,
    time::Span,
    transfer::Address,
};
use coffer_engine::{
    alarms::Channels,
    api_key::NewKey,
    engine::{Engine, Parts},
    follow::Progress,
    settings::EngineSettings,
};
use coffer_outside::{
    callback_transport::GuardedTransport,
    client::{GuardedClient, Limits},
    guard::{AddressGuard, Lookup},
};
use coffer_store::{seal::MasterKeys, store::Store};
use coffer_web::{
    rate_limit::RateLimit,
    router::router,
    server_state::{WebParts, WebSettings},
};
use coffer_wire::signature::{KEY_HEADER, PreparedSecret, SIGNATURE_HEADER, WebhookSecret};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    callback_sink::{CallbackSink, Secrets},
    clock::{HandClock, SeededEntropy},
    database::{Database, Place},
};

/// More than a test asks for.
const NO_LIMIT: RateLimit = RateLimit { per_second: NonZeroU32::MAX, burst: NonZeroU32::MAX };
/// Looks at a chain that nothing moves; more would mean that the follower does not settle.
const LOOKS_MAX: u32 = 100;

/// What one Coffer has that another has not.
pub struct Plan {
    pub database: Database,
    pub policy: Policy,
    pub catalogue: Catalogue,
    /// Its chains without the sandbox.
    pub chains: Box<dyn Fn() -> ChainSettings + Send + Sync>,
    /// The network that requests are paid on.
    pub network: NetworkName,
}

/// A running Coffer with its merchant and his endpoint.
pub struct House {
    pub engine: Engine,
    pub sink: CallbackSink,
    /// The network that requests are paid on.
    pub network: NetworkName,
    plan: Plan,
    http: reqwest::Client,
    url: String,
    server: JoinHandle<()>,
    key: String,
    secret: PreparedSecret,
    clock: Arc<HandClock>,
    store: Store,
    place: Place,
}

impl House {
    pub async fn start(plan: Plan, clock: Arc<HandClock>) -> Self {
        provide_cryptography();
        let sink = CallbackSink::start(Arc::clone(&clock)).await;
        let place = Place::new(plan.database).await;
        let store = place.open().await;
        let engine = Engine::new(parts(&plan, &clock, &store, &place, 1));
        engine.ensure_sandbox_wallet().await.unwrap();
        let url = Some(sink.url.clone());
        let merchant = engine.add_merchant("Example shop", url, plan.policy.clone()).await.unwrap();
        let scope = Scope { merchant: merchant.id, environment: Environment::Sandbox };
        let NewKey { key, secret, webhook_secret, .. } = engine.add_key(scope).await.unwrap();
        let secret = PreparedSecret::new(secret.as_bytes());
        let webhook = WebhookSecret::parse(&webhook_secret).unwrap();
        sink.expect(Secrets { key: key.clone(), secret: secret.clone(), webhook });
        let (url, server) = serve(&engine).await;
        let (http, network) = (reqwest::Client::new(), plan.network);
        Self { engine, sink, network, plan, http, url, server, key, secret, clock, store, place }
    }

    /// Takes a wallet for the network; its first addresses.
    pub async fn add_wallet(&self, key: &str) -> Vec<Address> {
        let added =
            self.engine.add_wallet(None, Environment::Sandbox, self.network, key, None).await;
        let first = added.unwrap().addresses;
        assert!(!first.is_empty());
        first
    }

    /// Lets every worker do what there is to do: chains are read to their tips, what is over ends,
    /// callbacks are delivered.
    pub async fn settle(&self) {
        self.follow().await.unwrap();
        self.work().await;
    }

    /// The same while the network cannot be read; why.
    pub async fn settle_blind(&self) -> String {
        let error = self.follow().await.unwrap_err();
        self.work().await;
        error
    }

    async fn follow(&self) -> Result<(), String> {
        for chain in self.engine.chains() {
            for look in 0.. {
                assert!(look < LOOKS_MAX, "{} does not settle", chain.name());
                match self.engine.follow_once(chain).await.map_err(|error| error.to_string())? {
                    Progress::AtTip | Progress::Stopped => break,
                    Progress::More | Progress::Unsettled => {}
                }
            }
            while self.engine.audit_once(chain).await.map_err(|error| error.to_string())? {}
        }
        Ok(())
    }

    async fn work(&self) {
        while self.engine.end_windows().await.unwrap() {}
        while self.engine.number_events().await.unwrap() {}
        while self.engine.deliver_callbacks().await.unwrap() > 0 {}
        assert_eq!(self.engine.next_callback_due().await.unwrap(), None, "every callback is out");
    }

    /// Why the network is stopped; none while it is not.
    pub async fn stopped(&self) -> Option<String> {
        let states = self.engine.chain_states().await.unwrap();
        let state = states.into_iter().find(|state| state.name == self.network).unwrap();
        state.stop.map(|stop| stop.reason)
    }

    /// A person lets the network go on.
    pub async fn clear(&self) {
        let chain = self.engine.chains().find(|chain| chain.name() == self.network).unwrap();
        self.engine.clear_chain(chain, None).await.unwrap();
    }

    /// The program ends and starts again, knowing what its database knows.
    pub async fn restart(&mut self) {
        self.server.abort();
        self.engine = Engine::new(parts(&self.plan, &self.clock, &self.store, &self.place, 2));
        (self.url, self.server) = serve(&self.engine).await;
    }

    /// Lets time pass, for Coffer and for the next block.
    pub fn pass(&self, span: Span) {
        self.clock.pass(span);
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let body = serde_json::to_vec(body).unwrap();
        let asked = self.http.post(format!("{}{path}", self.url));
        let asked = asked.header("content-type", "application/json");
        self.answer(asked, body).await
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.answer(self.http.get(format!("{}{path}", self.url)), Vec::new()).await
    }

    async fn answer(&self, asked: reqwest::RequestBuilder, body: Vec<u8>) -> (u16, Value) {
        let asked = asked.header(KEY_HEADER, &self.key);
        let asked = asked.header(SIGNATURE_HEADER, self.secret.sign(&body)).body(body);
        let answer = asked.send().await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub async fn remove(self) {
        self.server.abort();
        self.store.close().await;
        self.place.remove().await;
    }
}

/// Everything a process is made of; `seed` is another for each process.
fn parts(plan: &Plan, clock: &Arc<HandClock>, store: &Store, place: &Place, seed: u64) -> Parts {
    let entropy = SeededEntropy::new(seed);
    let master = MasterKeys::load_or_make(&place.file("master.key"), &entropy).unwrap();
    let ledger = Arc::new(store.clone());
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    let chains = registry::build((plan.chains)(), &clock).unwrap();
    let sandbox_chain = Arc::new(SandboxChain::new(ledger.clone()));
    let guard = AddressGuard::new(true);
    let client = GuardedClient::new(guard, Lookup::System, Limits::DEFAULT).unwrap();
    Parts {
        store: store.clone(),
        keys: Arc::new(master),
        catalogue: Arc::new(plan.catalogue.clone()),
        sandbox_chain,
        sandbox_ledger: ledger,
        chains,
        rate_sources: Vec::new(),
        transport: Arc::new(GuardedTransport::new(client)),
        url_screen: None,
        channels: Channels::default(),
        clock,
        entropy: Arc::new(entropy),
        settings: EngineSettings::default(),
    }
}

async fn serve(engine: &Engine) -> (String, JoinHandle<()>) {
    let router = router(WebParts {
        engine: engine.clone(),
        monotonic: Arc::new(|| std::time::Duration::ZERO),
        random: [7; 12],
        settings: WebSettings { rate_limit: NO_LIMIT, ..WebSettings::default() },
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (url, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

/// Does what the program's main does.
pub fn provide_cryptography() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    });
}
