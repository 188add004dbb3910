//! How often an endpoint was asked lately.

use std::sync::{Mutex, PoisonError};

use coffer_domain::time::Timestamp;

/// Seconds that are counted apart.
const SECONDS: usize = 60;

/// The calls of the last minute, by the second in which they were made.
pub(crate) struct Calls(Mutex<[(i64, u32); SECONDS]>);

impl Default for Calls {
    fn default() -> Self {
        Self(Mutex::new([(i64::MIN, 0); SECONDS]))
    }
}

impl Calls {
    /// Counts a call, unless so many were made in the last minute already. Whether it was counted.
    pub(crate) fn count(&self, now: Timestamp, limit: Option<u32>) -> bool {
        let mut seconds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if limit.is_some_and(|limit| within(&*seconds, now) >= limit) {
            return false;
        }
        let second = now.seconds();
        let place = usize::try_from(second.rem_euclid(60)).unwrap_or_default();
        let counted = &mut seconds[place];
        if counted.0 != second {
            *counted = (second, 0);
        }
        counted.1 = counted.1.saturating_add(1);
        true
    }

    /// The calls made in the last minute.
    pub(crate) fn last_minute(&self, now: Timestamp) -> u32 {
        within(&*self.0.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

fn within(seconds: &[(i64, u32)], now: Timestamp) -> u32 {
    let lately = now.seconds() - 59..=now.seconds();
    let counts = seconds.iter().filter(|(second, _)| lately.contains(second));
    counts.fold(0, |sum, (_, count)| sum.saturating_add(*count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_no_more_calls_than_allowed_wherever_it_begins() {
        let calls = Calls::default();
        let at = |second: i64| Timestamp::from_seconds(1_700_000_000 + second);
        let count = |second| calls.count(at(second), Some(3));
        assert!(count(0) && count(30) && count(59));
        assert!(!count(59));
        assert_eq!(calls.last_minute(at(59)), 3);
        assert!(count(60), "the first is a minute old");
        assert!(!count(89));
        assert!(count(90));
        assert_eq!(calls.last_minute(at(500)), 0);
        assert!(calls.count(at(500), None));
    }
}
