//! A source that has one answer for each pair.

use std::time::Duration;

use coffer_domain::{ports::RateSourceError, rate::RatePoint, time::Timestamp};

use super::{
    inquiry::{ANSWER_BYTES, Inquiry},
    market::{Market, Unlisted},
};
use crate::client::GuardedClient;

/// A source that is asked for one pair after the other.
pub(super) struct OneByOne {
    inquiry: Inquiry,
    unlisted: Unlisted,
    /// From one request to the next.
    pace: Duration,
}

impl OneByOne {
    /// The source of that name at this address.
    pub(super) fn new(
        name: &'static str,
        base_url: &str,
        client: GuardedClient,
        pace: Duration,
    ) -> Self {
        let inquiry = Inquiry::new(name, base_url, client);
        Self { inquiry, unlisted: Unlisted::default(), pace }
    }

    /// Leaves this much time from one request to the next.
    pub(super) const fn paced(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// Its name.
    pub(super) const fn name(&self) -> &'static str {
        self.inquiry.name()
    }

    /// Asks for each pair: where its answer is, and what that says, none where the pair has no
    /// usable price. One that has no price is no fault of the others; one that the source does not
    /// have (404) is not asked for again for a while.
    pub(super) async fn fetch(
        &self,
        markets: Vec<Market>,
        now: Timestamp,
        path: impl Fn(&Market) -> String + Sync,
        read: impl Fn(&[u8], &Market) -> Option<RatePoint> + Sync,
    ) -> Result<Vec<RatePoint>, RateSourceError> {
        let Self { inquiry, unlisted, pace } = self;
        let markets = unlisted.worth_asking(markets, now);
        let asked = !markets.is_empty();
        let (mut points, mut missing) = (Vec::new(), Vec::new());
        for (index, market) in markets.into_iter().enumerate() {
            if index > 0 && !pace.is_zero() {
                tokio::time::sleep(*pace).await;
            }
            let path = path(&market);
            let answer = inquiry.ask(&path, ANSWER_BYTES, now).await;
            let failed = match answer {
                Ok(answer) if answer.status == 200 => {
                    points.extend(read(&answer.body, &market));
                    continue;
                }
                Ok(answer) if answer.status == 404 => {
                    missing.push(market.symbol);
                    continue;
                }
                Ok(answer) => inquiry.answered(answer.status),
                Err(error) => error,
            };
            // What was named before the fault is as good as ever; the rest can wait.
            if points.is_empty() {
                return Err(failed);
            }
            break;
        }
        if points.is_empty() {
            return if asked { Err(inquiry.silent()) } else { Ok(points) };
        }
        unlisted.note(missing, now);
        Ok(points)
    }
}
