//! The server that is measured: the product's own, with one merchant whose key knows no limit.

use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
    num::NonZeroU32,
    path::Path,
    sync::Arc,
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
use coffer_domain::{
    catalogue::Catalogue,
    merchant::{Environment as Place, Scope},
    payment_request::Policy,
    ports::{Clock as _, Entropy as _},
};
use coffer_engine::engine::Engine;
use coffer_store::store::StoreUrl;
use coffer_web::{
    rate_limit::RateLimit,
    router::ceiling_router,
    server_state::{WebParts, WebSettings},
};
use coffer_wire::{
    payment_request::{CreateContext, parse_create},
    signature::{PreparedSecret, SIGNATURE_HEADER},
};
use tokio::{net::TcpListener, sync::oneshot};

use super::{
    Failed,
    options::{Serve, Stored},
    process::Listening,
};
use crate::{
    serve::{self, logging},
    settings::{Environment, Settings, Sources},
    system::{SystemClock, SystemEntropy, monotonic},
};

/// Where requests are created (spec 4).
const CREATE: &str = "/api/payments/v1/requests";
/// Where they are answered and not written.
const CEILING: &str = "/bench/ceiling";
/// Everything else is as a user has it who sets nothing.
const SETTINGS: &str = "\
[rates]
source = \"fixed\"
[server]
listen = \"127.0.0.1:0\"
[metrics]
listen = \"127.0.0.1:0\"
";
const NO_LIMIT: RateLimit = RateLimit { per_second: NonZeroU32::MAX, burst: NonZeroU32::MAX };

/// Serves until the standard input ends.
pub(super) fn run(options: &Serve) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::because("no runtime")(&error))?;
    runtime.block_on(async {
        if options.stored == Stored::Bare { bare().await } else { product(options).await }
    })
}

async fn product(options: &Serve) -> Result<(), Failed> {
    let failed = Failed::because("the server");
    // An earlier one would do as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = settings(&options.url, &options.folder)?;
    logging::start(&settings.log);
    let beside = async |engine: &Engine, _| {
        let ceiling = options.stored == Stored::Ceiling;
        Ok(if ceiling { ceiling_router(CEILING, web(engine)) } else { Router::new() })
    };
    let started = serve::Server::start(&settings, beside).await;
    let server = started.map_err(|error| failed(&error))?;
    let engine = &server.engine;
    let added = engine.add_merchant("Bench", None, Policy::DEFAULT).await;
    let merchant = added.map_err(|error| failed(&error))?.id;
    let key = engine.add_key(Scope { merchant, environment: Place::Live }).await;
    let key = key.map_err(|error| failed(&error))?;
    let path = if options.stored == Stored::Ceiling { CEILING } else { CREATE };
    say(server.address, path, key.key, key.secret)?;
    // However the waiting ends, nobody is there any more.
    let _ = input_ended().await;
    server.stop(std::future::pending()).await;
    Ok(())
}

/// The settings of somebody who sets nothing but the database.
pub(super) fn settings(url: &str, folder: &Path) -> Result<Settings, Failed> {
    let failed = Failed::because("the settings");
    let home = folder.to_string_lossy();
    let loaded = Settings::load(&Sources {
        file: None,
        working_directory: folder.to_owned(),
        environment: Environment::of(&[("HOME", &home)]),
        instead_of_file: Some(SETTINGS),
    });
    let mut settings = loaded.map_err(|error| failed(&error))?;
    settings.store.url = StoreUrl::parse(url).map_err(|error| failed(&error))?;
    settings.rate_limit = NO_LIMIT;
    Ok(settings)
}

fn web(engine: &Engine) -> WebParts {
    let mut random = [0; 12];
    SystemEntropy.fill(&mut random);
    WebParts {
        engine: engine.clone(),
        monotonic: monotonic(),
        random,
        settings: WebSettings { rate_limit: NO_LIMIT, ..WebSettings::default() },
    }
}

/// The least that a server in this language and framework can do for a signed request: look whether
/// it is signed and well-formed.
async fn bare() -> Result<(), Failed> {
    let failed = Failed::because("the server");
    const SECRET: &str = "known to the bench alone";
    let state = Arc::new((PreparedSecret::new(SECRET.as_bytes()), Catalogue::builtin()));
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
    let router = Router::new().route(CREATE, post(handler)).with_state(state);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| failed(&error))?;
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    say(address, CREATE, String::new(), SECRET.to_owned())?;
    let listener = listener.tap_io(|stream| {
        // Answers are whole in one write; without this only their delay changes.
        let _ = stream.set_nodelay(true);
    });
    let ended = input_ended();
    let served = axum::serve(listener, router).with_graceful_shutdown(async { drop(ended.await) });
    served.await.map_err(|error| failed(&error))
}

fn say(address: SocketAddr, path: &str, key: String, secret: String) -> Result<(), Failed> {
    let failed = Failed::because("saying where the server listens");
    let listening = Listening { address, path: path.to_owned(), key, secret };
    let line = serde_json::to_string(&listening).map_err(|error| failed(&error))?;
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
