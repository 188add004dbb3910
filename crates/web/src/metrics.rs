//! What is counted of HTTP exchanges, and the route that shows it.

use std::time::Duration;

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::IntoResponse as _,
    routing::get,
};
use metrics::{Counter, Histogram, Unit};

/// Exchanges by method, route template and status.
pub const EXCHANGES: &str = "coffer_http_requests_total";
/// Seconds from the head of a request to its answer, by method and route template.
pub const SECONDS: &str = "coffer_http_request_seconds";

/// Names and units for the recorder; to be called once it is installed.
pub fn describe() {
    metrics::describe_counter!(EXCHANGES, "HTTP requests by method, route and status");
    metrics::describe_histogram!(SECONDS, Unit::Seconds, "Time from request to answer");
}

/// `GET /metrics`, for the program to mount where only those who may read it can reach it.
pub fn metrics_router(render: impl Fn() -> String + Clone + Send + Sync + 'static) -> Router {
    const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Router::new()
        .route("/metrics", get(async move || ([(CONTENT_TYPE, TEXT)], render()).into_response()))
}

/// The counters of one route, found once, as looking them up costs more than counting.
pub(crate) struct RouteMetrics {
    method: &'static str,
    route: &'static str,
    succeeded: Counter,
    seconds: Histogram,
}

impl RouteMetrics {
    pub(crate) fn new(method: &'static str, route: &'static str) -> Self {
        Self {
            method,
            route,
            succeeded: counter(method, route, "200".to_owned()),
            seconds: metrics::histogram!(SECONDS, "method" => method, "route" => route),
        }
    }

    pub(crate) fn record(&self, status: StatusCode, took: Duration) {
        self.seconds.record(took);
        if status == StatusCode::OK {
            self.succeeded.increment(1);
        } else {
            counter(self.method, self.route, status.as_str().to_owned()).increment(1);
        }
    }
}

/// Counts an exchange with a page.
pub(crate) fn record_page(method: &'static str, route: &str, status: StatusCode, took: Duration) {
    let (route, status) = (route.to_owned(), status.as_str().to_owned());
    metrics::histogram!(SECONDS, "method" => method, "route" => route.clone()).record(took);
    metrics::counter!(EXCHANGES, "method" => method, "route" => route, "status" => status)
        .increment(1);
}

fn counter(method: &'static str, route: &'static str, status: String) -> Counter {
    metrics::counter!(EXCHANGES, "method" => method, "route" => route, "status" => status)
}
