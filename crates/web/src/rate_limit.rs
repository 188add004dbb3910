//! How many requests a key may make.
//!
//! A request is counted once its signature is verified, so that nobody without the secret can use
//! up a merchant's budget. What is not verified costs a look-up in memory and one hash of at most
//! 64 KiB, and is not counted.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use axum::http::HeaderValue;
use coffer_domain::id::KeyId;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference as _},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::keyed::DefaultKeyedStateStore,
};

/// Time that never goes back, measured from any fixed start, such as the program's.
pub type Monotonic = Arc<dyn Fn() -> Duration + Send + Sync>;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a second, over time.
    pub per_second: NonZeroU32,
    /// Requests at once after a pause.
    pub burst: NonZeroU32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            per_second: NonZeroU32::new(100).unwrap_or(NonZeroU32::MIN),
            burst: NonZeroU32::new(200).unwrap_or(NonZeroU32::MIN),
        }
    }
}

/// Counts the requests of each key.
pub(crate) struct KeyLimiter {
    limit: RateLimit,
    limiter: RateLimiter<KeyId, DefaultKeyedStateStore<KeyId>, LimitClock, NoOpMiddleware<Nanos>>,
    clock: LimitClock,
}

/// A key made more requests than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limited {
    limit: RateLimit,
    /// How long until the next request is taken.
    wait: Duration,
}

impl KeyLimiter {
    pub(crate) fn new(limit: RateLimit, monotonic: Monotonic) -> Self {
        let every = Duration::from_secs(1).checked_div(limit.per_second.get());
        // More than a billion a second is no limit; the shortest pause there is stands for it.
        let every = every.filter(|every| !every.is_zero()).unwrap_or(Duration::from_nanos(1));
        let quota = Quota::with_period(every).map(|quota| quota.allow_burst(limit.burst));
        let quota = quota.unwrap_or(Quota::per_second(limit.per_second));
        let clock = LimitClock(monotonic);
        let limiter = RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock.clone());
        Self { limit, limiter, clock }
    }

    /// Counts a request of a key.
    pub(crate) fn count(&self, key: KeyId) -> Result<(), Limited> {
        self.limiter.check_key(&key).map_err(|not_until| Limited {
            limit: self.limit,
            wait: not_until.earliest_possible().duration_since(self.clock.now()).into(),
        })
    }
}

impl Limited {
    /// `RateLimit-Policy`: the quota and its window in seconds (RateLimit header fields for HTTP,
    /// draft 11).
    pub(crate) fn policy(self) -> HeaderValue {
        let window = self.limit.burst.get().div_ceil(self.limit.per_second.get());
        text(&format!("\"key\";q={};w={window}", self.limit.burst))
    }

    /// `RateLimit`: nothing remains, and in how many seconds something does.
    pub(crate) fn remaining(self) -> HeaderValue {
        text(&format!("\"key\";r=0;t={}", self.retry_after()))
    }

    /// `Retry-After` in whole seconds, at least one.
    pub(crate) fn retry_after(self) -> u64 {
        self.wait.as_millis().div_ceil(1_000).max(1).try_into().unwrap_or(u64::MAX)
    }
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}

/// [`Monotonic`] as the limiter reads it.
#[derive(Clone)]
pub(crate) struct LimitClock(Monotonic);

impl LimitClock {
    pub(crate) const fn new(monotonic: Monotonic) -> Self {
        Self(monotonic)
    }
}

impl Clock for LimitClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new((self.0)().as_nanos().try_into().unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use coffer_domain::id::Id;

    use super::*;

    #[test]
    fn a_burst_is_taken_and_then_the_rate() {
        let millis = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&millis);
        let monotonic: Monotonic =
            Arc::new(move || Duration::from_millis(clock.load(Ordering::Relaxed)));
        let limiter = KeyLimiter::new(RateLimit::default(), monotonic);
        let (one, other) = (Id::from_bytes([1; 16]), Id::from_bytes([2; 16]));
        assert_eq!((0..250).filter(|_| limiter.count(one).is_ok()).count(), 200);
        assert!(limiter.count(other).is_ok(), "keys do not share a budget");
        let limited = limiter.count(one).unwrap_err();
        assert_eq!(limited.retry_after(), 1);
        assert_eq!(limited.policy(), "\"key\";q=200;w=2");
        assert_eq!(limited.remaining(), "\"key\";r=0;t=1");
        millis.store(1_000, Ordering::Relaxed);
        assert_eq!((0..250).filter(|_| limiter.count(one).is_ok()).count(), 100);
    }

    #[test]
    fn a_slow_rate_says_how_long_to_wait() {
        let limit = RateLimit { per_second: NonZeroU32::MIN, burst: NonZeroU32::MIN };
        let limiter = KeyLimiter::new(limit, Arc::new(|| Duration::ZERO));
        let key = Id::from_bytes([1; 16]);
        assert!(limiter.count(key).is_ok());
        let limited = limiter.count(key).unwrap_err();
        assert_eq!((limited.retry_after(), limited.wait), (1, Duration::from_secs(1)));
    }
}
