//! The whole of it, put together as the program does, with the node behind a gate.

use std::sync::{Arc, Once};

use coffer_chains::registry::{self, ChainSettings};
use coffer_domain::{
    merchant::{Environment, Scope},
    ports::Clock,
    time::Span,
};
use coffer_engine::{
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
    router::router,
    server_state::{WebParts, WebSettings},
};
use coffer_wire::signature::{KEY_HEADER, PreparedSecret, SIGNATURE_HEADER, WebhookSecret};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    Setup,
    callback_sink::{CallbackSink, Secrets},
    clock::{HandClock, SeededEntropy},
    database::Place,
    gate::Gate,
    node::Node,
    setup::network,
};

/// The account m/44'/60'/0' of the mnemonic of development nodes ("test … junk"), whose addresses
/// the node itself tells.
pub const ACCOUNT_KEY: &str = "xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9s\
                               D7V2FNFLPnf8he\
                           NP3FGkeV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP";
/// Looks at a chain that nothing moves; more would mean that the follower does not settle.
const LOOKS_MAX: u32 = 100;

/// A running Coffer with its node, its merchant and his endpoint.
pub struct World {
    pub engine: Engine,
    pub node: Node,
    pub gate: Gate,
    pub sink: CallbackSink,
    /// The contracts of the setup's tokens, in order.
    pub contracts: Vec<String>,
    setup: Setup,
    http: reqwest::Client,
    url: String,
    server: JoinHandle<()>,
    key: String,
    secret: PreparedSecret,
    clock: Arc<HandClock>,
    store: Store,
    place: Place,
}

impl World {
    pub(super) async fn start(setup: Setup) -> Self {
        provide_cryptography();
        let clock = Arc::new(HandClock::new());
        let node = Node::start(Arc::clone(&clock), &setup.node).await;
        let mut contracts = Vec::new();
        for token in &setup.tokens {
            contracts.push(node.deploy(token.code, token.decimals).await);
        }
        let gate = Gate::before(node.address.clone()).await;
        let sink = CallbackSink::start(Arc::clone(&clock)).await;
        let place = Place::new(setup.database).await;
        let store = place.open().await;
        let outside = (&gate, &clock);
        let engine = Engine::new(parts(&setup, &contracts, outside, &store, &place, 1));
        engine.ensure_sandbox_wallet().await.unwrap();
        let url = Some(sink.url.clone());
        let merchant = engine.add_merchant("Example shop", url, setup.policy).await.unwrap();
        let scope = Scope { merchant: merchant.id, environment: Environment::Sandbox };
        let NewKey { key, secret, webhook_secret, .. } = engine.add_key(scope).await.unwrap();
        let secret = PreparedSecret::new(secret.as_bytes());
        let webhook = WebhookSecret::parse(&webhook_secret).unwrap();
        sink.expect(Secrets { key: key.clone(), secret: secret.clone(), webhook });
        add_wallet(&engine, &node).await;
        let (url, server) = serve(&engine).await;
        let http = reqwest::Client::new();
        let world = Self {
            engine,
            node,
            gate,
            sink,
            contracts,
            setup,
            http,
            url,
            server,
            key,
            secret,
            clock,
            store,
            place,
        };
        if !world.setup.unread {
            world.settle().await;
        }
        world
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
                    Progress::AtTip => break,
                    Progress::More | Progress::Unsettled => {}
                }
            }
        }
        Ok(())
    }

    async fn work(&self) {
        while self.engine.end_windows().await.unwrap() {}
        while self.engine.number_events().await.unwrap() {}
        while self.engine.deliver_callbacks().await.unwrap() > 0 {}
        assert_eq!(self.engine.next_callback_due().await.unwrap(), None, "every callback is out");
    }

    /// The program ends and starts again, knowing what its database knows.
    pub async fn restart(&mut self) {
        self.server.abort();
        let outside = (&self.gate, &self.clock);
        let parts = parts(&self.setup, &self.contracts, outside, &self.store, &self.place, 2);
        self.engine = Engine::new(parts);
        (self.url, self.server) = serve(&self.engine).await;
    }

    /// Makes so many blocks and lets every worker run.
    pub async fn mine(&self, blocks: u32) {
        self.node.mine(blocks).await;
        self.settle().await;
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
fn parts(
    setup: &Setup,
    contracts: &[String],
    (gate, clock): (&Gate, &Arc<HandClock>),
    store: &Store,
    place: &Place,
    seed: u64,
) -> Parts {
    let entropy = SeededEntropy::new(seed);
    let master = MasterKeys::load_or_make(&place.file("master.key"), &entropy).unwrap();
    let catalogue = setup.catalogue(contracts);
    let ledger = Arc::new(store.clone());
    let evm = vec![setup.evm(&catalogue, &gate.address)];
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    let chains = ChainSettings { evm, sandbox: Some(ledger.clone()) };
    let mut chains = registry::build(chains, &clock).unwrap();
    let sandbox_chain = chains.remove(0);
    let guard = AddressGuard::new(true);
    let client = GuardedClient::new(guard, Lookup::System, Limits::DEFAULT).unwrap();
    Parts {
        store: store.clone(),
        keys: Arc::new(master),
        catalogue: Arc::new(catalogue),
        sandbox_chain,
        sandbox_ledger: ledger,
        chains,
        rate_sources: Vec::new(),
        transport: Arc::new(GuardedTransport::new(client)),
        url_screen: None,
        clock,
        entropy: Arc::new(entropy),
        settings: EngineSettings::default(),
    }
}

/// The addresses that Coffer derives are those that the node derives by itself.
async fn add_wallet(engine: &Engine, node: &Node) {
    let added = engine.add_wallet(None, Environment::Sandbox, network(), ACCOUNT_KEY).await;
    let (_, first) = added.unwrap();
    assert!(!first.is_empty());
    for (derived, told) in first.iter().zip(&node.accounts) {
        assert!(derived.text.eq_ignore_ascii_case(told), "{} is {told}", derived.text);
    }
}

async fn serve(engine: &Engine) -> (String, JoinHandle<()>) {
    let router = router(WebParts {
        engine: engine.clone(),
        monotonic: Arc::new(|| std::time::Duration::ZERO),
        random: [7; 12],
        settings: WebSettings::default(),
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
