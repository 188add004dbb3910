//! The server that is measured: the product's own parts, put together for one merchant whose key
//! knows no limit.

use std::{
    io::{Read as _, Write as _},
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse as _,
    routing::post,
    serve::ListenerExt as _,
};
use coffer_chains::sandbox::SandboxChain;
use coffer_domain::{
    catalogue::Catalogue,
    merchant::{Environment, Scope},
    payment_request::Policy,
    ports::{Clock, Entropy},
    time::{Span, Timestamp},
};
use coffer_engine::{
    engine::{Engine, Parts},
    settings::EngineSettings,
};
use coffer_outside::{
    callback_transport::GuardedTransport,
    client::{GuardedClient, Limits},
    guard::{AddressGuard, Lookup},
};
use coffer_store::{
    seal::MasterKeys,
    store::{Role, Store, StoreOptions, StoreUrl},
};
use coffer_web::{
    rate_limit::RateLimit,
    router::{ceiling_router, router},
    server_state::{WebParts, WebSettings},
};
use coffer_wire::{
    payment_request::{CreateContext, parse_create},
    signature::{PreparedSecret, SIGNATURE_HEADER},
};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::{net::TcpListener, sync::oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Failed,
    options::{Serve, Stored},
    process::Listening,
    requests::PATH,
};

/// How often counted metrics are folded, as the program does it.
const UPKEEP: Duration = Duration::from_secs(5);

/// Serves until the standard input ends.
pub(super) fn run(options: &Serve) -> Result<(), Failed> {
    tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::stderr).init();
    let failed = Failed::because("no runtime");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(&error))?;
    runtime.block_on(serve(options))
}

async fn serve(options: &Serve) -> Result<(), Failed> {
    let failed = Failed::because("the server");
    let metrics = PrometheusBuilder::new().install_recorder().map_err(|error| failed(&error))?;
    let engine = engine(options).await?;
    let added = engine.add_merchant("Bench", None, Policy::DEFAULT).await;
    let merchant = added.map_err(|error| failed(&error))?.id;
    let scope = Scope { merchant, environment: Environment::Live };
    let key = engine.add_key(scope).await.map_err(|error| failed(&error))?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| failed(&error))?;
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    let router = match options.stored {
        Stored::Sqlite | Stored::Postgres => router(web(&engine)),
        Stored::Ceiling => ceiling_router(web(&engine)),
        Stored::Bare => bare(&key.secret),
    };

    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    engine.start_workers(&tasks, &stop);
    let upkeep = stop.clone();
    tasks.spawn(async move {
        while upkeep.run_until_cancelled(tokio::time::sleep(UPKEEP)).await.is_some() {
            metrics.run_upkeep();
        }
    });
    say(&Listening { address, key: key.key, secret: key.secret })?;
    let listener = listener.tap_io(|stream| {
        // Answers are whole in one write; without this only their delay changes.
        let _ = stream.set_nodelay(true);
    });
    let ended = input_ended();
    let end = async move { drop(ended.await) };
    let served = axum::serve(listener, router).with_graceful_shutdown(end).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    engine.store().close().await;
    served.map_err(|error| failed(&error))
}

async fn engine(options: &Serve) -> Result<Engine, Failed> {
    let failed = Failed::because("the engine");
    // An earlier one would do as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = StoreUrl::parse(&options.url).map_err(|error| failed(&error))?;
    let opened = Store::open(&url, &StoreOptions::new(Role::Serve)).await;
    let store = opened.map_err(|error| failed(&error))?;
    let entropy = Arc::new(SystemEntropy);
    let keys = MasterKeys::load_or_make(&options.folder.join("coffer.key"), &*entropy);
    let client = GuardedClient::new(AddressGuard::PUBLIC_ONLY, Lookup::System, Limits::DEFAULT);
    let ledger = Arc::new(store.clone());
    Ok(Engine::new(Parts {
        keys: Arc::new(keys.map_err(|error| failed(&error))?),
        catalogue: Arc::new(Catalogue::builtin()),
        sandbox_chain: Arc::new(SandboxChain::new(ledger.clone())),
        sandbox_ledger: ledger,
        chains: Vec::new(),
        rate_sources: Vec::new(),
        transport: Arc::new(GuardedTransport::new(client.map_err(|error| failed(&error))?)),
        url_screen: None,
        clock: Arc::new(SystemClock),
        entropy,
        settings: EngineSettings { sandbox_block_every: Span::from_seconds(60), ..Default::default() },
        store,
    }))
}

fn web(engine: &Engine) -> WebParts {
    let started = now();
    let mut random = [0; 12];
    SystemEntropy.fill(&mut random);
    let rate_limit = RateLimit { per_second: NonZeroU32::MAX, burst: NonZeroU32::MAX };
    WebParts {
        engine: engine.clone(),
        monotonic: Arc::new(move || now().duration_since(started)),
        random,
        settings: WebSettings { rate_limit, ..WebSettings::default() },
    }
}

/// The least that a server in this language and framework can do for a signed request.
fn bare(secret: &str) -> Router {
    let state = Arc::new((PreparedSecret::new(secret.as_bytes()), Catalogue::builtin()));
    let handler = async |State(state): State<Arc<(PreparedSecret, Catalogue)>>,
                         headers: HeaderMap,
                         body: Bytes| {
        let (secret, catalogue) = &*state;
        let signature = headers.get(SIGNATURE_HEADER).map(|value| value.as_bytes());
        let context = CreateContext { catalogue, now: SystemClock.now(), allow_loopback: false };
        let signed = secret.verify(&body, signature.unwrap_or_default());
        if signed && parse_create(&body, &context).is_ok() {
            (StatusCode::OK, "{}").into_response()
        } else {
            StatusCode::FORBIDDEN.into_response()
        }
    };
    Router::new().route(PATH, post(handler)).with_state(state)
}

fn say(listening: &Listening) -> Result<(), Failed> {
    let failed = Failed::because("saying where the server listens");
    let line = serde_json::to_string(listening).map_err(|error| failed(&error))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| failed(&error))
}

/// Resolves when whoever started this server has ended or wants it to.
fn input_ended() -> oneshot::Receiver<()> {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        // However the reading ends, nobody is there any more.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    end
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the source of randomness")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system gives random bytes");
    }
}

#[expect(clippy::disallowed_methods, reason = "durations of real time")]
fn now() -> Instant {
    Instant::now()
}
