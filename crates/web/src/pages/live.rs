//! News of a payment: by polling with an entity tag, or by server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use coffer_engine::workers::PAGES_TOPIC;
use futures_util::stream::{self, Stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Asked, Found, PageQuery, Pages, view_of};

/// Open streams at most; more poll.
const STREAMS_MAX: usize = 2_000;
/// A stream looks again this often even if nobody told it: another process may have changed it, or
/// a time may have passed.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// Places for streams.
#[derive(Clone)]
pub(super) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(STREAMS_MAX)))
    }
}

/// The state's word and version.
pub(super) async fn state(
    State(pages): State<Pages>,
    Path(token): Path<String>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Response {
    let Found::Here(facts) = pages.facts(&token).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let view = view_of(&pages.engine, &facts, &Asked::of(&query, &headers));
    let version = view.version();
    let tag = format!("\"{version}\"");
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value == tag.as_str());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        // Both are words of ours, made of letters, digits and hyphens.
        let body = format!(r#"{{"state":"{}","version":"{version}"}}"#, view.state.word());
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// A stream with one `change` for each new version of the page.
pub(super) async fn events(
    State(pages): State<Pages>,
    Path(token): Path<String>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Response {
    let Ok(place) = Arc::clone(&pages.live.0).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let Found::Here(facts) = pages.facts(&token).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let after = last.map(str::to_owned).or_else(|| query.after.clone()).unwrap_or_default();
    let watcher = Watcher {
        nudged: pages.engine.store().nudged(PAGES_TOPIC),
        request: facts.stored.request.id.text(),
        asked: Asked::of(&query, &headers),
        token,
        after,
        first: true,
        pages,
        _place: place,
    };
    let mut response = Sse::new(watcher.stream()).keep_alive(KeepAlive::default()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Follows one page.
struct Watcher<N> {
    nudged: N,
    request: String,
    asked: Asked,
    token: String,
    after: String,
    first: bool,
    pages: Pages,
    _place: OwnedSemaphorePermit,
}

impl Watcher<coffer_engine::Nudged> {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut watcher| async move {
            loop {
                if !watcher.first {
                    let news = watcher.nudged.key(&watcher.request);
                    // Running out of patience is as good a reason to look as news is.
                    let _ = tokio::time::timeout(LOOK_AGAIN, news).await;
                }
                watcher.first = false;
                let Found::Here(facts) = watcher.pages.facts(&watcher.token).await else {
                    return None;
                };
                let version = view_of(&watcher.pages.engine, &facts, &watcher.asked).version();
                if version != watcher.after {
                    watcher.after.clone_from(&version);
                    let event = Event::default().event("change").id(version).data("{}");
                    return Some((Ok(event), watcher));
                }
            }
        })
    }
}
