//! The server: workers and HTTP, from the first line it prints to its orderly end.

use std::{future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use coffer_domain::ports::Entropy as _;
use coffer_engine::{alarms, engine::Engine};
use coffer_store::store::Role;
use coffer_web::{
    metrics, router,
    server_state::{WebParts, WebSettings},
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{connection::Shared, places::Places};
use crate::{
    failure::Failure,
    settings::{ServerSettings, Settings},
    system::{SystemEntropy, monotonic},
    wiring,
};

pub use self::signals::Signals;

mod connection;
pub mod logging;
mod places;
mod signals;

/// How long to wait when the system has no file descriptor for a new connection.
const NO_DESCRIPTOR_WAIT: Duration = Duration::from_millis(50);
/// How long the first look is waited for before the server answers.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// What chooses the address that is listened on.
const CHOSEN_BY: &str = "server.listen (for the demo --listen)";

/// A running server.
pub struct Server {
    /// Use cases and workers.
    pub engine: Engine,
    /// Where it listens.
    pub address: SocketAddr,
    /// The URL under which it is reached, without a slash at the end.
    pub public_url: String,
    workers: TaskTracker,
    stop_workers: CancellationToken,
    connections: TaskTracker,
    soft: CancellationToken,
    hard: CancellationToken,
    patience: Duration,
}

impl Server {
    /// Opens everything, starts the workers and listens. `more` adds routes of its own.
    ///
    /// # Errors
    /// When the database, the keys, the networks' settings or the address cannot be used.
    pub async fn start(
        settings: &Settings,
        more: impl AsyncFnOnce(&Engine, SocketAddr) -> Result<Router, Failure>,
    ) -> Result<Self, Failure> {
        let listener = listen(settings.server.listen, CHOSEN_BY).await?;
        let address = listener.local_addr().map_err(|error| no_socket(&error))?;
        let public_url = settings.server.own_url(address);
        let metrics = listen_for_metrics(settings).await?;
        let engine = wiring::open(settings, Role::Serve, &public_url).await?;
        let routes = match prepare(settings, &engine, more(&engine, address)).await {
            Ok(routes) => routes,
            Err(failure) => {
                engine.store().close().await;
                return Err(failure);
            }
        };
        let server = Self {
            engine,
            address,
            public_url,
            workers: TaskTracker::new(),
            stop_workers: CancellationToken::new(),
            connections: TaskTracker::new(),
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
            patience: settings.server.shutdown_timeout,
        };
        server.engine.start_workers(&server.workers, &server.stop_workers);
        server.accept_on(listener, routes, &settings.server);
        if let Some((listener, handle)) = metrics {
            server.upkeep(handle.clone());
            let routes = metrics::metrics_router(move || handle.render());
            server.accept_on(listener, routes, &settings.server);
        }
        Ok(server)
    }

    /// Ends the server: answers what is under way, for as long as the settings say or until
    /// `hurry` is done, then stops the workers and closes the database.
    pub async fn stop(self, hurry: impl Future<Output = ()>) {
        self.soft.cancel();
        self.connections.close();
        let orderly = async {
            self.connections.wait().await;
            self.stop_workers.cancel();
            self.workers.close();
            self.workers.wait().await;
            if let Err(error) = self.engine.give_back_leases().await {
                tracing::warn!(%error, "other servers take over some seconds later");
            }
        };
        tokio::select! {
            () = orderly => {}
            () = tokio::time::sleep(self.patience) => {
                tracing::warn!("what was still under way was cut off");
            }
            () = hurry => tracing::warn!("told to stop at once"),
        }
        self.hard.cancel();
        self.stop_workers.cancel();
        self.engine.store().close().await;
    }

    fn accept_on(&self, listener: TcpListener, router: Router, settings: &ServerSettings) {
        let shared = Arc::new(Shared {
            router,
            settings: settings.clone(),
            soft: self.soft.clone(),
            hard: self.hard.clone(),
        });
        let tasks = self.connections.clone();
        self.connections.spawn(accept(listener, shared, tasks));
    }

    /// Keeps the histograms of the metrics from growing.
    fn upkeep(&self, handle: PrometheusHandle) {
        const EVERY: Duration = Duration::from_secs(5);
        let stop = self.stop_workers.clone();
        self.workers.spawn(stop.run_until_cancelled_owned(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                handle.run_upkeep();
            }
        }));
    }
}

/// Serves until the process is told to stop. `ready` gets the running server.
///
/// # Errors
/// As [`Server::start`], or what `ready` says.
pub async fn run(
    settings: &Settings,
    ready: impl FnOnce(&Server) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let server = Server::start(settings, async |_, _| Ok(Router::new())).await?;
    if let Err(failure) = ready(&server) {
        server.stop(future::pending()).await;
        return Err(failure);
    }
    signals.received().await;
    tracing::info!("stopping");
    server.stop(signals.received()).await;
    Ok(())
}

async fn prepare(
    settings: &Settings,
    engine: &Engine,
    more: impl Future<Output = Result<Router, Failure>>,
) -> Result<Router, Failure> {
    engine.ensure_sandbox_wallet().await?;
    engine.tend_leases().await?;
    // Before the first look no coin can be offered. The sandbox is in the database, so it answers
    // at once; other networks may take their time. Millions of addresses take some seconds to load;
    // the workers then go on with that, and `/health` says how far it is.
    for chain in engine.chains().take(1) {
        if let Ok(looked) = tokio::time::timeout(FIRST_LOOK, engine.follow_in_turn(chain)).await {
            looked?;
        }
    }
    Ok(web(settings, engine).merge(more.await?))
}

/// The API and the checkout over an engine.
pub fn web(settings: &Settings, engine: &Engine) -> Router {
    let mut random = [0; 12];
    SystemEntropy.fill(&mut random);
    router::router(WebParts {
        engine: engine.clone(),
        monotonic: monotonic(),
        random,
        settings: WebSettings {
            rate_limit: settings.rate_limit,
            health_token: settings.health_token.clone(),
            ..WebSettings::default()
        },
    })
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, tasks: TaskTracker) {
    let room = Arc::new(Semaphore::new(shared.settings.max_connections));
    let places = Arc::new(Places::default());
    loop {
        let place = tokio::select! {
            () = shared.soft.cancelled() => return,
            place = Arc::clone(&room).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = shared.soft.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Closed at once: whoever has all his places is told by nothing more.
                let Ok(of_client) = places.take(peer.ip(), &shared.settings) else { continue };
                let shared = Arc::clone(&shared);
                tasks.spawn(async move {
                    connection::serve(shared, stream, peer).await;
                    drop((place, of_client));
                });
            }
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection could be taken");
                tokio::time::sleep(NO_DESCRIPTOR_WAIT).await;
            }
        }
    }
}

/// Whether the error is about the one connection, not about the listener.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn listen(address: SocketAddr, chosen_by: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("; is another coffer running? {chosen_by} chooses another")
            }
            _ => String::new(),
        };
        Failure::new(format!("cannot listen on {address}: {error}{hint}"))
    })
}

fn no_socket(error: &io::Error) -> Failure {
    Failure::new(format!("the address listened on is unknown: {error}"))
}

/// The listener for Prometheus and the metrics, where they are set up.
async fn listen_for_metrics(
    settings: &Settings,
) -> Result<Option<(TcpListener, PrometheusHandle)>, Failure> {
    let Some(address) = settings.metrics else { return Ok(None) };
    let handle = PrometheusBuilder::new().install_recorder();
    let handle = handle.map_err(|error| Failure::new(format!("no metrics: {error}")))?;
    metrics::describe();
    alarms::describe();
    coffer_chains::evm::describe();
    Ok(Some((listen(address, "metrics.listen").await?, handle)))
}
