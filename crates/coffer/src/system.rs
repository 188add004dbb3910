//! The machine's clock and random bytes: the only place that asks for them.

use std::{sync::Arc, time::Duration};

use coffer_domain::{
    ports::{Clock, Entropy},
    time::Timestamp,
};
use coffer_web::rate_limit::Monotonic;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The operating system's random bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the Clock port's adapter")]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let millis = since.map_or(0, |since| since.as_millis());
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

impl Entropy for SystemEntropy {
    /// # Panics
    /// When the operating system has no random bytes: nothing may be signed or sealed then.
    fn fill(&self, bytes: &mut [u8]) {
        #[expect(clippy::disallowed_methods, reason = "this is the Entropy port's adapter")]
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// Time that never goes back, for limits and durations.
#[must_use]
pub fn monotonic() -> Monotonic {
    #[expect(clippy::disallowed_methods, reason = "limits need a clock that never goes back")]
    let now = std::time::Instant::now;
    let start = now();
    Arc::new(move || now().checked_duration_since(start).unwrap_or(Duration::ZERO))
}
