//! Bounded calls over HTTP: so many a minute, so long, so large.

use std::sync::{Arc, Mutex, PoisonError};

use coffer_domain::ports::Clock;
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};

use super::{fault::Fault, settings::UtxoSettings};
use crate::{counters::Counters, label::Label};

/// Seconds over which calls are counted.
const SECONDS: usize = 60;

/// What answers at one address.
pub(super) struct Http {
    pub(super) client: Client,
    pub(super) label: Label,
    answer_limit: usize,
    calls_per_minute: Option<u32>,
    clock: Arc<dyn Clock>,
    calls: Mutex<Calls>,
    pub(super) counters: Counters,
}

/// Calls by the second in which they were made.
struct Calls([(i64, u32); SECONDS]);

impl Calls {
    /// Those made in the last minute.
    fn lately(&self, now: i64) -> u32 {
        let seconds = i64::try_from(SECONDS).unwrap_or(i64::MAX);
        let fresh = self.0.iter().filter(|(second, _)| (0..seconds).contains(&(now - second)));
        fresh.map(|(_, calls)| calls).sum()
    }

    fn count(&mut self, now: i64) {
        let place = usize::try_from(now.rem_euclid(60)).unwrap_or_default();
        let Some(slot) = self.0.get_mut(place) else { return };
        *slot = if slot.0 == now { (now, slot.1.saturating_add(1)) } else { (now, 1) };
    }
}

/// A client for the operator's own endpoints.
#[expect(clippy::disallowed_methods, reason = "the operator's own endpoints may be anywhere")]
pub(super) fn client(settings: &UtxoSettings) -> reqwest::Result<Client> {
    let client = Client::builder().timeout(settings.request_timeout);
    client.redirect(redirect::Policy::none()).no_proxy().build()
}

impl Http {
    /// What answers as the `number`th endpoint of its network, counted from 1.
    pub(super) fn new(
        client: Client,
        (label, number): (Label, usize),
        settings: &UtxoSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            client,
            label,
            answer_limit: settings.answer_limit,
            calls_per_minute: settings.calls_per_minute,
            clock,
            calls: Mutex::new(Calls([(i64::MIN / 2, 0); SECONDS])),
            counters: Counters::new(settings.network, number),
        }
    }

    /// How many calls were made in the last minute.
    pub(super) fn calls_last_minute(&self) -> u32 {
        let now = self.clock.now().seconds();
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).lately(now)
    }

    /// Sends a request and reads its answer, whatever its status.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
    ) -> Result<(StatusCode, Vec<u8>), Fault> {
        self.count_call()?;
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Fault::Unreachable("limits our calls (HTTP 429)".to_owned()));
        }
        Ok((status, self.read(response).await?))
    }

    /// Reads the body until it ends or is larger than an honest answer.
    async fn read(&self, mut response: Response) -> Result<Vec<u8>, Fault> {
        let too_large =
            || Fault::Nonsense(format!("the answer is larger than {} bytes", self.answer_limit));
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        if announced.is_some_and(|length| length > self.answer_limit) {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(announced.unwrap_or_default());
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if bytes.len() + chunk.len() > self.answer_limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn count_call(&self) -> Result<(), Fault> {
        let now = self.clock.now().seconds();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(limit) = self.calls_per_minute.filter(|limit| calls.lately(now) >= *limit) {
            return Err(Fault::Unreachable(format!("its {limit} calls a minute are used up")));
        }
        calls.count(now);
        self.counters.call();
        Ok(())
    }
}

/// The kind of failure only: the error's own text names the address, with any key in it.
fn unreachable(error: &reqwest::Error) -> Fault {
    let what = match () {
        () if error.is_timeout() => "no answer in time",
        () if error.is_connect() => "no connection",
        () if error.is_body() || error.is_decode() => "the answer broke off",
        () => "the request failed",
    };
    Fault::Unreachable(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_over_the_last_minute() {
        let mut calls = Calls([(i64::MIN / 2, 0); SECONDS]);
        for second in [0, 0, 30, 59] {
            calls.count(second);
        }
        assert_eq!([0, 59, 60, 89, 90, 119].map(|now| calls.lately(now)), [2, 4, 2, 2, 1, 0]);
        calls.count(60);
        assert_eq!(calls.lately(60), 3);
    }
}
