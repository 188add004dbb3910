//! Times for people and scripts.

use coffer_domain::time::Timestamp;

/// `2026-04-07T06:12:03Z`; the milliseconds where no calendar reaches.
pub(super) fn text(time: Timestamp) -> String {
    jiff::Timestamp::from_second(time.seconds())
        .map_or_else(|_| time.millis().to_string(), |time| time.to_string())
}
