//! Asking one source over HTTP, and leaving it in peace when it asks for that.

use std::sync::{Mutex, PoisonError};

use coffer_domain::{
    ports::RateSourceError,
    time::{Span, Timestamp},
};

use crate::client::{Answer, GuardedClient};

/// Most bytes of an answer about the pairs that were asked for.
pub(super) const ANSWER_BYTES: usize = 1024 * 1024;
/// Most bytes of an answer about every pair a source has.
pub(super) const LISTING_BYTES: usize = 8 * 1024 * 1024;

/// How long a source is left alone that has had enough of us and names no time.
const REST: Span = Span::from_seconds(60);
/// The longest rest a source is granted.
const LONGEST_REST: Span = Span::from_hours(1);
/// Most characters of a source's own words that are passed on.
const WORDS: usize = 80;

/// One source's address and patience.
pub(super) struct Inquiry {
    name: &'static str,
    base_url: String,
    client: GuardedClient,
    rests_until: Mutex<Timestamp>,
}

impl Inquiry {
    pub(super) fn new(name: &'static str, base_url: &str, client: GuardedClient) -> Self {
        let base_url = base_url.trim_end_matches('/').to_owned();
        Self { name, base_url, client, rests_until: Mutex::new(Timestamp::default()) }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// The whole answer, whatever its status, unless it tells us to go away.
    pub(super) async fn ask(
        &self,
        path: &str,
        most: usize,
        now: Timestamp,
    ) -> Result<Answer, RateSourceError> {
        if now < *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(self.fails("it asked to be left alone for a while"));
        }
        let answer = self.client.get(&format!("{}{path}", self.base_url), most).await;
        let answer = answer.map_err(|failed| self.fails(failed.to_string()))?;
        // 418 is what Binance says to those who did not listen to its 429.
        if matches!(answer.status, 418 | 429) {
            let asked = answer.retry_after.map(|rest| Span::from_seconds(i64::from(rest)));
            self.rest(asked.unwrap_or(REST), now);
            return Err(self.fails(format!("asked too often (HTTP {})", answer.status)));
        }
        if !answer.whole {
            let reason = if answer.body.len() >= most { "is too long" } else { "broke off" };
            return Err(self.fails(format!("its answer {reason}")));
        }
        Ok(answer)
    }

    /// The body of an answer that must be 200.
    pub(super) async fn ask_ok(
        &self,
        path: &str,
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<u8>, RateSourceError> {
        let answer = self.ask(path, most, now).await?;
        if answer.status == 200 { Ok(answer.body) } else { Err(self.answered(answer.status)) }
    }

    /// Leaves the source alone for so long.
    pub(super) fn rest(&self, span: Span, now: Timestamp) {
        let until = now.plus(span.clamp(Span::ZERO, LONGEST_REST));
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// Leaves the source alone for as long as is usual.
    pub(super) fn rest_as_usual(&self, now: Timestamp) {
        self.rest(REST, now);
    }

    pub(super) fn answered(&self, status: u16) -> RateSourceError {
        self.fails(format!("it answers HTTP {status}"))
    }

    /// The answer is not what the source's documentation describes.
    pub(super) fn nonsense(&self) -> RateSourceError {
        self.fails("its answer cannot be read")
    }

    /// None of the pairs asked for has a usable price.
    pub(super) fn silent(&self) -> RateSourceError {
        self.fails("it names none of the prices asked for")
    }

    /// An error with the source's own words, made harmless for a log.
    pub(super) fn says(&self, words: &str) -> RateSourceError {
        let words: String = words.chars().filter(|c| !c.is_control()).take(WORDS).collect();
        self.fails(format!("it says: {words}"))
    }

    fn fails(&self, reason: impl Into<String>) -> RateSourceError {
        RateSourceError { source_name: self.name, reason: reason.into() }
    }
}
