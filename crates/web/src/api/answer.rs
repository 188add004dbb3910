//! The answer to an exchange: headers that every answer has, and what is counted of it.

use std::time::Duration;

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS},
    },
    response::Response,
};

use crate::{
    problem::{Face, Failure, Said},
    rate_limit::Limited,
    request_id::RequestId,
    router::ROUTES,
    server_state::ServerState,
};

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Seconds after which it is worth coming again when the server is busy or a twin is at work.
const SOON: HeaderValue = HeaderValue::from_static("2");

/// An exchange that has begun.
pub(super) struct Answer {
    id: RequestId,
    begun: Duration,
}

impl Answer {
    pub(super) fn begin(state: &ServerState) -> Self {
        Self { id: state.request_ids.next(), begun: (state.monotonic)() }
    }

    pub(super) fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Says the outcome, counts it, and notes it in the log: never a body or a query, which may
    /// hold personal data.
    pub(super) fn finish(
        self,
        state: &ServerState,
        row: usize,
        face: Face,
        outcome: Result<Said, Failure>,
    ) -> Response {
        let limited = match &outcome {
            Err(Failure::Limited(limited)) => Some(*limited),
            _ => None,
        };
        let said = outcome.unwrap_or_else(|failure| failure.said(face, self.id.as_str()));
        let status = said.status;
        let response = self.response(said, limited);
        let took = (state.monotonic)().saturating_sub(self.begun);
        if let Some(metrics) = state.metrics(row) {
            metrics.record(status, took);
        }
        tracing::debug!(
            id = self.id.as_str(),
            route = ROUTES.get(row).map_or("unknown", |route| route.path),
            status = status.as_u16(),
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
        response
    }

    fn response(&self, said: Said, limited: Option<Limited>) -> Response {
        let Said { status, media_type, body } = said;
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.reserve(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REQUEST_ID, self.id.header());
        match limited {
            Some(limited) => {
                headers.insert(RATE_LIMIT_POLICY, limited.policy());
                headers.insert(RATE_LIMIT, limited.remaining());
                headers.insert(RETRY_AFTER, HeaderValue::from(limited.retry_after()));
            }
            None if status.as_u16() == 503 => {
                headers.insert(RETRY_AFTER, SOON);
            }
            None => {}
        }
        response
    }
}
