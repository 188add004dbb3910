//! News of a payment: by polling with an entity tag, or by server-sent events.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use coffer_engine::workers::PAGES_TOPIC;
use futures_util::stream::{self, Stream};

use super::{Arrival, Asked, Found, Pages, client::network_of, view_of};

/// Open streams at most; more poll.
const STREAMS_MAX: u32 = 2_000;
/// Open streams of one client at most; more poll.
const STREAMS_PER_CLIENT_MAX: u32 = 50;
/// A stream looks again this often even if nobody told it: another process may have changed it, or
/// a time may have passed.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// Places for streams.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    all: u32,
    by: HashMap<Option<IpAddr>, u32>,
}

/// A place for one stream, free again when this is dropped.
struct Place {
    places: Places,
    client: Option<IpAddr>,
}

impl Places {
    /// A place for a client's stream; none while he or all together have enough. Streams of no
    /// known client are counted with all.
    fn take(&self, client: Option<IpAddr>) -> Option<Place> {
        let client = client.map(network_of);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let his = taken.by.get(&client).copied().unwrap_or(0);
        if taken.all >= STREAMS_MAX || (client.is_some() && his >= STREAMS_PER_CLIENT_MAX) {
            return None;
        }
        taken.all = taken.all.saturating_add(1);
        taken.by.insert(client, his.saturating_add(1));
        drop(taken);
        Some(Place { places: self.clone(), client })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        let left = taken.by.get(&self.client).copied().unwrap_or(0).saturating_sub(1);
        if left == 0 {
            taken.by.remove(&self.client);
        } else {
            taken.by.insert(self.client, left);
        }
    }
}

/// The state's word and version.
pub(super) async fn state(
    State(pages): State<Pages>,
    arrival: Arrival,
    headers: HeaderMap,
) -> Response {
    let facts = match pages.facts(&arrival.token).await {
        Found::Here(facts) => facts,
        other => return other.status().into_response(),
    };
    let view = view_of(&pages.engine, &facts, &arrival.asked);
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
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// A stream with one `change` for each new version of the page.
pub(super) async fn events(State(pages): State<Pages>, arrival: Arrival) -> Response {
    let facts = match pages.facts(&arrival.token).await {
        Found::Here(facts) => facts,
        other => return other.status().into_response(),
    };
    let Some(place) = pages.live.take(arrival.client) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let watcher = Watcher {
        nudged: pages.engine.store().nudged(PAGES_TOPIC),
        request: facts.stored.request.id.text(),
        asked: arrival.asked,
        token: arrival.token,
        after: arrival.after.unwrap_or_default(),
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
    _place: Place,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_takes_no_place_of_others_and_gives_his_own_back() {
        let places = Places::default();
        let (one, other) = (Some(IpAddr::from([192, 0, 2, 1])), Some(IpAddr::from([192, 0, 2, 2])));
        let held: Vec<_> = (0..STREAMS_PER_CLIENT_MAX).map(|_| places.take(one)).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(places.take(one).is_none());
        assert!(places.take(other).is_some());
        drop(held);
        assert!(places.take(one).is_some());
        let taken = places.0.lock().unwrap();
        assert_eq!((taken.all, taken.by.len()), (0, 0));
    }
}
