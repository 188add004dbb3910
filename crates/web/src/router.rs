//! Every route of the API on one page.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::Method,
    middleware::from_fn_with_state,
    routing::{MethodFilter, on},
};

use crate::{
    api::{exchange, exchange_unwritten, noted, unknown},
    pages::pages_router,
    problem::Face,
    server_state::{ServerState, WebParts},
};

/// A row of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub verb: Verb,
    /// The path as a template.
    pub path: &'static str,
    /// Who may ask.
    pub access: Access,
    /// What is done.
    pub operation: Operation,
}

/// A method the API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reads; also answers HEAD.
    Get,
    /// Changes something, or takes parameters in a body.
    Post,
}

/// Who may ask, and how errors look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// The holder of a key: on a documented route with the documented signature, on Coffer's own
    /// with its own.
    Key(Face),
}

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Answers `OK` (spec 3.1).
    Ping,
    /// Lists the currencies of the v2 API (spec 3.3).
    Currencies,
    /// Lists prices (spec 3.5).
    Rates,
    /// Creates a payment request (spec 4).
    Create,
    /// Lists payment requests, newest first.
    List,
    /// Shows one.
    Show,
    /// Withdraws one to which nothing was paid.
    Cancel,
    /// Lets the sandbox's customer pay one.
    Simulate,
    /// Lists what happened to one.
    EventsOf,
    /// Lists what happened to all, as a feed.
    Events,
    /// Describes this API.
    OpenApi,
    /// Tells whether the server can do its work.
    Health,
}

/// All of them. A path is one of [`Operation`]s or of another verb; nothing else answers under
/// `/api`.
pub const ROUTES: [Route; 12] = [
    open("/api/v2/ping", Operation::Ping),
    documented("/api/v2/currencies/list", Operation::Currencies),
    documented("/api/v2/currencies/rates", Operation::Rates),
    documented("/api/payments/v1/requests", Operation::Create),
    own(Verb::Get, "/api/payments/v1/requests", Operation::List),
    own(Verb::Get, "/api/payments/v1/requests/{id}", Operation::Show),
    own(Verb::Post, "/api/payments/v1/requests/{id}/cancel", Operation::Cancel),
    own(Verb::Post, "/api/payments/v1/requests/{id}/simulate", Operation::Simulate),
    own(Verb::Get, "/api/payments/v1/requests/{id}/events", Operation::EventsOf),
    own(Verb::Get, "/api/payments/v1/events", Operation::Events),
    open("/openapi.json", Operation::OpenApi),
    open("/health", Operation::Health),
];

/// The API and the checkout.
///
/// What is mounted beside it (such as [`metrics_router`](crate::metrics::metrics_router)) is merged
/// by the program.
pub fn router(parts: WebParts) -> Router {
    let pages = pages_router(parts.engine.clone(), Arc::clone(&parts.monotonic));
    let state = ServerState::new(parts);
    let mut router = Router::new();
    for (row, route) in ROUTES.iter().enumerate() {
        let handler = async move |State(state): State<ServerState>, request: Request| {
            exchange(state, row, request).await
        };
        router = router.route(route.path, on(route.verb.filter(), handler));
    }
    let pages = pages.route_layer(from_fn_with_state(state.clone(), noted));
    router.fallback(unknown).method_not_allowed_fallback(unknown).with_state(state).merge(pages)
}

/// What a create is measured against: everything a create does except its write, at `POST` to
/// `path`. The benchmark alone mounts it, beside [`router`].
pub fn ceiling_router(path: &str, parts: WebParts) -> Router {
    let create = ROUTES.iter().position(|route| route.operation == Operation::Create);
    let row = create.unwrap_or(ROUTES.len());
    let handler = async move |State(state): State<ServerState>, request: Request| {
        exchange_unwritten(state, row, request).await
    };
    Router::new().route(path, on(MethodFilter::POST, handler)).with_state(ServerState::new(parts))
}

const fn open(path: &'static str, operation: Operation) -> Route {
    Route { verb: Verb::Get, path, access: Access::Open, operation }
}

const fn documented(path: &'static str, operation: Operation) -> Route {
    Route { verb: Verb::Post, path, access: Access::Key(Face::Compatible), operation }
}

const fn own(verb: Verb, path: &'static str, operation: Operation) -> Route {
    Route { verb, path, access: Access::Key(Face::Own), operation }
}

impl Verb {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }

    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
        }
    }

    fn takes(self, method: &Method) -> bool {
        match self {
            Self::Get => *method == Method::GET || *method == Method::HEAD,
            Self::Post => *method == Method::POST,
        }
    }
}

/// What a path means when slashes are counted generously: one at the end, or two where a base URL
/// ends with one, are what existing clients send (spec 9).
pub(crate) enum Meant {
    /// This row of [`ROUTES`].
    Row(usize),
    /// A path of the API, but another method; these are allowed.
    OtherMethod(String),
    /// Nothing.
    Nothing,
}

/// Finds what a path means.
pub(crate) fn meant(method: &Method, path: &str) -> Meant {
    let rows = || ROUTES.iter().enumerate().filter(|(_, route)| fits(route.path, path));
    if let Some((row, _)) = rows().find(|(_, route)| route.verb.takes(method)) {
        return Meant::Row(row);
    }
    let allowed: Vec<_> = rows().map(|(_, route)| route.verb.as_str()).collect();
    if allowed.is_empty() { Meant::Nothing } else { Meant::OtherMethod(allowed.join(", ")) }
}

/// The segment of a path that stands where a template has `{id}`.
pub(crate) fn id_segment<'p>(template: &str, path: &'p str) -> Option<&'p str> {
    let mut pairs = segments(template).zip(segments(path));
    pairs.find(|(pattern, _)| *pattern == "{id}").map(|(_, segment)| segment)
}

fn fits(template: &str, path: &str) -> bool {
    let (mut patterns, mut segments) = (segments(template), segments(path));
    loop {
        match (patterns.next(), segments.next()) {
            (None, None) => return true,
            (Some("{id}"), Some(_)) => {}
            (Some(pattern), Some(segment)) if pattern == segment => {}
            _ => return false,
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(method: &Method, path: &str) -> Option<Operation> {
        match meant(method, path) {
            Meant::Row(row) => ROUTES.get(row).map(|route| route.operation),
            _ => None,
        }
    }

    #[test]
    fn slashes_are_counted_generously() {
        for path in ["/api/v2/ping", "/api/v2/ping/", "/api/v2//ping", "//api/v2/ping//"] {
            assert_eq!(row(&Method::GET, path), Some(Operation::Ping), "{path}");
        }
        assert_eq!(row(&Method::GET, "/api/v2/pings"), None);
        assert_eq!(row(&Method::GET, "/api/v2"), None);
    }

    #[test]
    fn methods_share_a_path() {
        let path = "/api/payments/v1/requests/";
        assert_eq!(row(&Method::POST, path), Some(Operation::Create));
        assert_eq!(row(&Method::GET, path), Some(Operation::List));
        assert_eq!(row(&Method::HEAD, path), Some(Operation::List));
        let Meant::OtherMethod(allowed) = meant(&Method::DELETE, path) else {
            panic!("the path exists");
        };
        assert_eq!(allowed, "POST, GET");
    }

    #[test]
    fn an_id_is_found_in_its_place() {
        let template = "/api/payments/v1/requests/{id}/cancel";
        let found = id_segment(template, "/api/payments/v1//requests/17/cancel/");
        assert_eq!(found, Some("17"));
        assert_eq!(row(&Method::GET, "/api/payments/v1/requests/17"), Some(Operation::Show));
    }
}
