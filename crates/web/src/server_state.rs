//! What every handler shares.

use std::{sync::Arc, time::Duration};

use coffer_engine::engine::Engine;
use coffer_wire::access_token::AccessToken;

use crate::{
    metrics::RouteMetrics,
    rate_limit::{KeyLimiter, Monotonic, RateLimit},
    request_id::RequestIds,
    router::ROUTES,
};

/// What the program hands in.
pub struct WebParts {
    /// Use cases.
    pub engine: Engine,
    /// Time for durations and limits.
    pub monotonic: Monotonic,
    /// Random bytes that make this process's `Request-Id`s differ from others'.
    pub random: [u8; 12],
    /// What the installation decides.
    pub settings: WebSettings,
}

/// The settings of the web.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// What a key may do.
    pub rate_limit: RateLimit,
    /// How long a request with an `Idempotency-Key` waits for its twin before it is told to come
    /// again (409).
    pub twin_wait: Duration,
    /// How long the body of a request may take to arrive.
    pub body_wait: Duration,
    /// What `/health` must be asked with to tell more than whether all is well; none: it never
    /// does.
    pub health_token: Option<AccessToken>,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            rate_limit: RateLimit::default(),
            twin_wait: Duration::from_secs(5),
            body_wait: Duration::from_secs(15),
            health_token: None,
        }
    }
}

/// What every handler shares. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ServerState(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) settings: WebSettings,
    pub(crate) limiter: KeyLimiter,
    pub(crate) monotonic: Monotonic,
    pub(crate) request_ids: RequestIds,
    /// In the order of [`ROUTES`], and one more for what belongs to none.
    metrics: Vec<RouteMetrics>,
}

impl ServerState {
    pub(crate) fn new(parts: WebParts) -> Self {
        let WebParts { engine, monotonic, random, settings } = parts;
        let metrics = ROUTES.iter().map(|route| RouteMetrics::new(route.verb.as_str(), route.path));
        Self(Arc::new(Shared {
            engine,
            limiter: KeyLimiter::new(settings.rate_limit, Arc::clone(&monotonic)),
            settings,
            monotonic,
            request_ids: RequestIds::new(random),
            metrics: metrics.chain([RouteMetrics::new("other", "unknown")]).collect(),
        }))
    }

    /// The metrics of a row of [`ROUTES`]; of unknown URLs where there is no such row.
    pub(crate) fn metrics(&self, row: usize) -> Option<&RouteMetrics> {
        self.0.metrics.get(row).or(self.0.metrics.last())
    }
}

impl std::ops::Deref for ServerState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
