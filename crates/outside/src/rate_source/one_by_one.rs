//! Asking a source that has one answer for each pair.

use std::time::Duration;

use coffer_domain::{ports::RateSourceError, rate::RatePoint, time::Timestamp};

use super::{
    inquiry::{ANSWER_BYTES, Inquiry},
    market::{Market, Unlisted},
};

/// How such a source is asked and read.
pub(super) struct Asking<P, R> {
    pub(super) now: Timestamp,
    /// From one request to the next.
    pub(super) pace: Duration,
    /// Where the answer about a pair is.
    pub(super) path: P,
    /// What it says; none where the pair has no usable price.
    pub(super) read: R,
}

/// Asks for each pair. One that has no price is no fault of the others; one that the source does
/// not have (404) is not asked for again for a while.
pub(super) async fn one_by_one(
    inquiry: &Inquiry,
    unlisted: &Unlisted,
    markets: Vec<Market>,
    asking: Asking<
        impl Fn(&Market) -> String + Sync,
        impl Fn(&[u8], &Market) -> Option<RatePoint> + Sync,
    >,
) -> Result<Vec<RatePoint>, RateSourceError> {
    let asked = !markets.is_empty();
    let (mut points, mut missing) = (Vec::new(), Vec::new());
    for (index, market) in markets.into_iter().enumerate() {
        if index > 0 && !asking.pace.is_zero() {
            tokio::time::sleep(asking.pace).await;
        }
        let path = (asking.path)(&market);
        let answer = inquiry.ask(&path, ANSWER_BYTES, asking.now).await;
        let failed = match answer {
            Ok(answer) if answer.status == 200 => {
                points.extend((asking.read)(&answer.body, &market));
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
    unlisted.note(missing, asking.now);
    Ok(points)
}
