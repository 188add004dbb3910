//! The sign of life: given every minute, but only while every worker runs and the database can be
//! written. Whoever waits for it learns of what no alarm can tell: that nothing runs at all.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use coffer_domain::time::{Span, Timestamp};
use coffer_store::{error::DbError, tx::Tx};

use super::Alarm;
use crate::{engine::Engine, error::EngineError};

/// A worker that has not ended a run for so long, and its period, is held to be stuck.
const STUCK_AFTER: Span = Span::from_minutes(5);
/// A heartbeat that is not taken for so long is an alarm.
const PATIENCE: Span = Span::from_minutes(5);

/// When each worker last ended a run, and how long it may rest after it.
#[derive(Default)]
pub(crate) struct Pulse(Mutex<BTreeMap<String, (Timestamp, Span)>>);

impl Pulse {
    /// A worker that rests for no longer than `every` has begun, or ended a run.
    pub(crate) fn beat(&self, worker: &str, every: Duration, now: Timestamp) {
        let every = Span::from_millis(i64::try_from(every.as_millis()).unwrap_or(i64::MAX));
        let mut beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match beats.get_mut(worker) {
            Some(last) => *last = (now, every),
            None => {
                beats.insert(worker.to_owned(), (now, every));
            }
        }
    }

    /// The workers that have not ended a run for a while.
    fn stuck(&self, now: Timestamp) -> Vec<String> {
        let beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let late = |(last, every): &(Timestamp, Span)| now.since(last.plus(*every)) > STUCK_AFTER;
        let stuck = beats.iter().filter(|(_, beat)| late(beat));
        stuck.map(|(worker, _)| worker.clone()).collect()
    }
}

impl Engine {
    /// Gives a sign of life, where one is waited for.
    ///
    /// # Errors
    /// When the database cannot be written; no sign is given then.
    pub async fn give_heartbeat(&self) -> Result<(), EngineError> {
        let Some(heartbeat) = &self.parts.channels.heartbeat else { return Ok(()) };
        let now = self.now();
        let stuck = self.pulse.stuck(now);
        if !stuck.is_empty() {
            tracing::error!(workers = stuck.join(", "), "stuck, so no sign of life is given");
            return Ok(());
        }
        self.store()
            .write(async move |tx: &mut Tx<'_>| tx.write_heartbeat(now).await)
            .await
            .map_err(|error: DbError| error)?;
        let failed = heartbeat.beat().await.err();
        if let Some(reason) = &failed {
            tracing::warn!(reason, "the sign of life was not taken");
        }
        self.judge(Alarm::HeartbeatFailing, "heartbeat", failed, PATIENCE).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_ends_no_run_is_held_to_be_stuck() {
        let (pulse, start) = (Pulse::default(), Timestamp::from_seconds(1_000));
        let minutes = |minutes| start.plus(Span::from_minutes(minutes));
        let second = Duration::from_secs(1);
        pulse.beat("rates", second, start);
        pulse.beat("follow bitcoin", second, start);
        pulse.beat("mine the sandbox", Duration::from_secs(600), start);
        pulse.beat("rates", second, minutes(4));
        assert!(pulse.stuck(minutes(5)).is_empty());
        assert_eq!(pulse.stuck(minutes(6)), ["follow bitcoin"]);
        pulse.beat("follow bitcoin", second, minutes(15));
        pulse.beat("rates", second, minutes(15));
        assert_eq!(pulse.stuck(minutes(16)), ["mine the sandbox"]);
    }
}
