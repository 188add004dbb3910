//! Callbacks: what a merchant is told, when it is tried again, and what an attempt ended in.

use crate::{
    id::{CallbackId, PaymentRequestId},
    time::{Span, Timestamp},
};

/// What a callback tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallbackKind {
    /// A coin was chosen and the rate fixed (status `processing`).
    RateFixed,
    /// A transfer was seen or has gone again (status `processing`).
    Transaction,
    /// Paid.
    Paid,
    /// The window closed with too little, or grace ended unconfirmed.
    Failed,
    /// The lifespan ended before a coin was chosen.
    ExpiredWithoutRate,
    /// The window closed with nothing seen.
    ExpiredWithRate,
    /// Something arrived after the request had ended; the status is the one it ended with.
    LatePayment,
    /// Screening refused the payer's funds.
    Restricted,
    /// The merchant cancelled.
    Cancelled,
    /// A reorganisation took back what had been final (type `payment_request_reversal`).
    Reversal,
}

/// Minutes from each attempt to the next (spec 5.1): twelve tries after the first.
pub const RETRY_MINUTES: [i64; 12] = [1, 5, 15, 30, 60, 90, 120, 180, 240, 240, 240, 240];

/// After the documented schedule, one try each six hours for seven days.
pub const SLOW_RETRY: Span = Span::from_hours(6);
/// How many of the slow tries are made before giving up.
pub const SLOW_RETRIES: u32 = 28;
/// Failures after which later callbacks of the same request no longer wait.
pub const FAILURES_THAT_BLOCK: u32 = 3;

/// When to try again after `attempts` failed attempts; none when it is time to give up.
#[must_use]
pub fn next_attempt(attempts: u32, now: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    if let Some(minutes) = RETRY_MINUTES.get(index) {
        return Some(now.plus(Span::from_minutes(*minutes)));
    }
    let slow = index.checked_sub(RETRY_MINUTES.len())?;
    let left = usize::try_from(SLOW_RETRIES).ok()?.checked_sub(slow)?;
    (left > 0).then(|| now.plus(SLOW_RETRY))
}

/// One attempt to be made: bytes as stored, and what is needed to sign and send them.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Identity of the callback; the same on every attempt (`webhook-id`).
    pub id: CallbackId,
    /// The request it tells of.
    pub request: PaymentRequestId,
    /// Where to.
    pub url: String,
    /// The body, exactly as stored.
    pub body: Vec<u8>,
    /// Public API key, sent as `X-Processing-Key`.
    pub key: String,
    /// Secret of that key, for `X-Processing-Signature` (hex HMAC-SHA512 of the body).
    pub secret: String,
    /// Secret of the Standard Webhooks signature, base64 behind `whsec_`.
    pub webhook_secret: String,
    /// Time of this attempt (`webhook-timestamp`).
    pub at: Timestamp,
}

/// What one attempt ended in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The endpoint answered with this status; only 200 counts as delivered.
    Answered {
        /// HTTP status.
        status: u16,
        /// The beginning of the answer's body, for the merchant's eyes.
        body: String,
    },
    /// No answer, for this reason (refused address, no connection, too slow, too long).
    NotSent {
        /// Why, fit to be shown to the merchant.
        reason: String,
    },
}

impl DeliveryOutcome {
    /// Whether the endpoint has taken the callback: HTTP 200 and nothing else (spec 5.1).
    #[must_use]
    pub const fn delivered(&self) -> bool {
        matches!(self, Self::Answered { status: 200, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::{DeliveryOutcome, SLOW_RETRIES, next_attempt};
    use crate::time::{Span, Timestamp};

    const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

    /// Minutes from each attempt to the next while every one fails.
    fn schedule() -> Vec<i64> {
        let mut now = START;
        let mut minutes = Vec::new();
        for attempts in 1.. {
            let Some(next) = next_attempt(attempts, now) else { break };
            minutes.push(next.since(now).seconds() / 60);
            now = next;
        }
        minutes
    }

    #[test]
    fn a_failed_callback_is_tried_by_the_documented_schedule_and_then_six_hourly_for_seven_days() {
        let mut expected = vec![1, 5, 15, 30, 60, 90, 120, 180, 240, 240, 240, 240];
        expected.extend([360; 28]);
        assert_eq!(schedule(), expected);
        assert_eq!(expected.iter().take(12).sum::<i64>(), 24 * 60 + 21, "about 24.3 hours");
        assert_eq!(expected.iter().skip(12).sum::<i64>(), 7 * 24 * 60);
    }

    #[test]
    fn after_the_last_attempt_there_is_no_other() {
        let last = 12 + SLOW_RETRIES;
        assert_eq!(next_attempt(last, START), Some(START.plus(Span::from_hours(6))));
        for attempts in [last + 1, last + 2, 1_000_000, u32::MAX] {
            assert_eq!(next_attempt(attempts, START), None, "{attempts}");
        }
    }

    #[test]
    fn the_first_attempt_does_not_come_from_the_schedule() {
        assert_eq!(next_attempt(0, START), None);
    }

    #[test]
    fn only_status_200_is_delivered() {
        let answered = |status| DeliveryOutcome::Answered { status, body: String::new() };
        assert!(answered(200).delivered());
        for status in [0, 100, 201, 202, 204, 299, 301, 302, 307, 400, 404, 410, 429, 500, 503] {
            assert!(!answered(status).delivered(), "{status}");
        }
        assert!(!DeliveryOutcome::NotSent { reason: "no connection".to_owned() }.delivered());
    }
}
