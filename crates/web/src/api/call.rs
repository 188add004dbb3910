//! An authenticated request, as handlers take it apart.

use std::sync::Arc;

use axum::{
    extract::Query,
    http::{HeaderName, header::CONTENT_TYPE, request::Parts},
};
use bytes::Bytes;
use coffer_engine::{api_key::Caller, engine::Engine, payment_request::Once};
use coffer_wire::error::{BodyRefused, RequestError};

use crate::{
    auth::{Proven, at_most_one},
    problem::Failure,
    router::{Route, id_segment},
    server_state::ServerState,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The most characters of an `Idempotency-Key`.
const IDEMPOTENCY_KEY_MAX: usize = 255;

/// An authenticated request.
pub(super) struct Call<'r> {
    state: &'r ServerState,
    route: &'r Route,
    proven: Proven<'r>,
    parts: &'r Parts,
    /// The body as it came.
    pub(super) body: &'r Bytes,
}

impl<'r> Call<'r> {
    pub(super) const fn new(
        state: &'r ServerState,
        route: &'r Route,
        proven: Proven<'r>,
        parts: &'r Parts,
        body: &'r Bytes,
    ) -> Self {
        Self { state, route, proven, parts, body }
    }

    pub(super) fn engine(&self) -> &'r Engine {
        &self.state.engine
    }

    pub(super) const fn caller(&self) -> &Arc<Caller> {
        &self.proven.caller
    }

    /// `Content-Type` must be `application/json`, perhaps with parameters. A body that is not there
    /// needs no type where none is asked for: that is for the reading of JSON to say.
    pub(super) fn check_content_type(&self) -> Result<(), Failure> {
        let given = at_most_one(&self.parts.headers, &CONTENT_TYPE).ok().flatten();
        let json = given.and_then(|value| value.to_str().ok()).is_some_and(is_json);
        if json { Ok(()) } else { Err(RequestError::BadContent.into()) }
    }

    /// The id in the path; one that cannot be an id names nothing.
    pub(super) fn id<I: std::str::FromStr>(&self) -> Result<I, Failure> {
        let segment = id_segment(self.route.path, self.parts.uri.path());
        segment.and_then(|id| id.parse().ok()).ok_or(RequestError::NotFound.into())
    }

    /// The decoded pairs of the query.
    pub(super) fn query(&self) -> Vec<(String, String)> {
        // Every text is a list of pairs; percent signs that encode nothing stand for themselves.
        Query::try_from_uri(&self.parts.uri).map(|Query(pairs)| pairs).unwrap_or_default()
    }

    /// What makes a repetition of this request recognisable.
    pub(super) fn once(&self) -> Result<Once<'_>, Failure> {
        let bad = || Failure::from(RequestError::BadIdempotencyKey);
        let value = at_most_one(&self.parts.headers, &IDEMPOTENCY_KEY).map_err(|()| bad())?;
        let key = value.map(|value| {
            let text = value.to_str().ok().filter(|text| is_idempotency_key(text));
            text.ok_or_else(bad)
        });
        let idempotency = key.transpose()?.map(|key| (key, &self.body[..]));
        Ok(Once { idempotency, nonce: self.proven.nonce })
    }

    /// Waits for a use case. One with an `Idempotency-Key` may have a twin at work, and is not
    /// waited for longer than the settings say; the work itself goes on.
    pub(super) async fn wait<T, E: Into<Failure>>(
        &self,
        once: Once<'_>,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Failure> {
        if once.idempotency.is_none() {
            return work.await.map_err(Into::into);
        }
        match tokio::time::timeout(self.state.settings.twin_wait, work).await {
            Ok(done) => done.map_err(Into::into),
            Err(_) => Err(RequestError::StillRunning.into()),
        }
    }
}

impl From<BodyRefused> for Failure {
    fn from(refused: BodyRefused) -> Self {
        match refused {
            BodyRefused::Content(_) => Self::Request(RequestError::BadContent),
            BodyRefused::Fields(errors) => Self::Body(errors),
        }
    }
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn is_idempotency_key(text: &str) -> bool {
    let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    (1..=IDEMPOTENCY_KEY_MAX).contains(&text.len()) && text.bytes().all(printable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_may_have_parameters() {
        for media_type in
            ["application/json", "Application/JSON; charset=utf-8", "application/json;charset=x"]
        {
            assert!(is_json(media_type), "{media_type}");
        }
        for media_type in ["", "text/json", "application/json5", "application/problem+json"] {
            assert!(!is_json(media_type), "{media_type}");
        }
    }

    #[test]
    fn idempotency_keys_are_printable_and_not_too_long() {
        assert!(is_idempotency_key("8e03978e-40d5-43dd-bc93-6894a57f9324"));
        assert!(is_idempotency_key(&"k".repeat(255)));
        for key in ["", "a\tb", "schlüssel", &"k".repeat(256)] {
            assert!(!is_idempotency_key(key), "{key}");
        }
    }
}
