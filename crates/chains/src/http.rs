//! Bounded calls over HTTP to the operator's own endpoints: so many a minute, so long, so large.

use std::{sync::Arc, time::Duration};

use coffer_domain::ports::Clock;
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};

use crate::{calls::Calls, counters::Counters, label::Label};

/// What answers at one address.
pub(crate) struct Http {
    pub(crate) client: Client,
    pub(crate) label: Label,
    pub(crate) counters: Counters,
    bounds: Bounds,
    clock: Arc<dyn Clock>,
    calls: Calls,
}

/// What an endpoint is asked and believed at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Bytes of an answer.
    pub(crate) answer_limit: usize,
    /// Calls within a minute; as many as there are if none.
    pub(crate) calls_per_minute: Option<u32>,
}

/// Why there was no answer. Texts hold no secrets.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// None in time, or a limit of the endpoint or of ours.
    Unreachable(String),
    /// One that no honest endpoint gives.
    Nonsense(String),
}

/// A client for the operator's own endpoints.
#[expect(clippy::disallowed_methods, reason = "the operator's own endpoints may be anywhere")]
pub(crate) fn client(timeout: Duration) -> reqwest::Result<Client> {
    Client::builder().timeout(timeout).redirect(redirect::Policy::none()).no_proxy().build()
}

impl Http {
    /// What answers to that label.
    pub(crate) fn new(
        client: Client,
        label: Label,
        counters: Counters,
        bounds: Bounds,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { client, label, counters, bounds, clock, calls: Calls::default() }
    }

    /// How many calls were made in the last minute.
    pub(crate) fn calls_last_minute(&self) -> u32 {
        self.calls.last_minute(self.clock.now())
    }

    /// How many calls it allows in a minute; as many as there are if none.
    pub(crate) const fn calls_per_minute(&self) -> Option<u32> {
        self.bounds.calls_per_minute
    }

    /// Sends a request and reads its answer, whatever its status.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
    ) -> Result<(StatusCode, Vec<u8>), Unanswered> {
        self.count_call()?;
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Unanswered::Unreachable("limits our calls (HTTP 429)".to_owned()));
        }
        Ok((status, self.read(response).await?))
    }

    /// Reads the body until it ends or is larger than an honest answer.
    async fn read(&self, mut response: Response) -> Result<Vec<u8>, Unanswered> {
        let limit = self.bounds.answer_limit;
        let too_large = || Unanswered::Nonsense(format!("the answer is larger than {limit} bytes"));
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(announced.unwrap_or_default());
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if bytes.len() + chunk.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn count_call(&self) -> Result<(), Unanswered> {
        let limit = self.calls_per_minute();
        if self.calls.count(self.clock.now(), limit) {
            self.counters.call();
            return Ok(());
        }
        let limit = limit.unwrap_or_default();
        Err(Unanswered::Unreachable(format!("its {limit} calls a minute are used up")))
    }
}

/// The kind of failure only: the error's own text names the address, with any key in it.
fn unreachable(error: &reqwest::Error) -> Unanswered {
    let what = match () {
        () if error.is_timeout() => "no answer in time",
        () if error.is_connect() => "no connection",
        () if error.is_body() || error.is_decode() => "the answer broke off",
        () => "the request failed",
    };
    Unanswered::Unreachable(what.to_owned())
}
