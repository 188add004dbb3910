//! What pages have in common with the API: a `Request-Id`, a count, a line in the log, and an
//! answer even where a handler panics.

use std::panic::AssertUnwindSafe;

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::answer::REQUEST_ID;
use crate::{
    checkout::{CheckoutView, render},
    metrics,
    server_state::ServerState,
    text::Language,
};

/// Passes a request on to its page.
pub(crate) async fn noted(
    State(state): State<ServerState>,
    request: Request,
    next: Next,
) -> Response {
    let (begun, id) = ((state.monotonic)(), state.request_ids.next());
    let method = name_of(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unknown", |route| route.as_str());
    let span = tracing::debug_span!("request", id = id.as_str(), method, route);
    let work = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span);
    let mut response = work.await.unwrap_or_else(|_| {
        tracing::error!(id = id.as_str(), route, "a page panicked");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    });
    response.headers_mut().insert(REQUEST_ID, id.header());
    let took = (state.monotonic)().saturating_sub(begun);
    let status = response.status();
    metrics::record_page(method, route, status, took);
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::debug!(id = id.as_str(), method, route, status = status.as_u16(), micros, "answered");
    response
}

/// The page for a URL outside of the API that leads nowhere.
pub(super) fn nowhere(state: &ServerState, headers: &HeaderMap) -> Response {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                          base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let language = Language::accepted(accepted.unwrap_or_default());
    let (_, page) = render(&CheckoutView::not_found(language, state.engine.now()));
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(REQUEST_ID, state.request_ids.next().header());
    response
}

/// A method's name; those nobody uses share one, so that clients cannot make up labels.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}
