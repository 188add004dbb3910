//! Keeping a storm from the operator's mailbox: what one cause raises of many payments goes out as
//! one message that lists the first and counts the rest. Every alarm stays a row and a line of the
//! log of its own.

use coffer_domain::time::{Span, Timestamp};
use coffer_store::{alarm::message::AlarmMessage, error::DbError, tx::Tx};

use super::{Alarm, message, message::Occasion};
use crate::{engine::Engine, error::EngineError};

/// What follows a message of the same kind sooner than that waits, and goes out together.
const GATHERED_FOR: Span = Span::from_minutes(5);
/// So many are listed; the others are counted.
const LISTED: u32 = 20;
/// Alarms acknowledged or resolved in one transaction.
const BATCH: u32 = 200;

impl Engine {
    /// What is to be sent in place of a message that was claimed: the same, or one that says what
    /// others wait to say, too. None where it waits itself, because the like was told just now.
    pub(super) async fn gather(
        &self,
        tx: &mut Tx<'_>,
        message: AlarmMessage,
        now: Timestamp,
    ) -> Result<Option<AlarmMessage>, DbError> {
        let kind = Alarm::named(&message.name).filter(|alarm| alarm.comes_in_numbers());
        let (Some(alarm), Some(occasion)) = (kind, Occasion::of(&message.event)) else {
            return Ok(Some(message));
        };
        if message.attempts == 0
            && let Some(last) = tx.alarm_last_told(&message).await?
            && last <= now
            && now.since(last) < GATHERED_FOR
        {
            tx.delay_alarm_messages(&message, last.plus(GATHERED_FOR)).await?;
            return Ok(None);
        }
        let count = tx.tell_alarms_with(&message).await?;
        let Some(count) = count.filter(|count| *count > 1) else { return Ok(Some(message)) };
        let rows = tx.alarms_told_with(message.id, LISTED).await?;
        let url = &self.settings().public_url;
        let Some(said) = message::together(url, alarm, &rows, count, occasion) else {
            return Ok(Some(message));
        };
        // Written anew, so that what was added is tried as long as if it stood alone.
        let message = AlarmMessage { created_at: now, ..said.instead_of(&message) };
        tx.rewrite_alarm_message(&message).await?;
        Ok(Some(message))
    }

    /// Notes that a person knows of every alarm of a name that stands; how many these are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn acknowledge_alarms(&self, alarm: Alarm) -> Result<u32, EngineError> {
        let now = self.now();
        let known = self
            .store()
            .write(async move |tx: &mut Tx<'_>| tx.acknowledge_alarms(alarm.name(), now).await)
            .await
            .map_err(|error: DbError| error)?;
        Ok(known)
    }

    /// Ends every alarm of a name that stands, and says so by every channel; how many these were.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn resolve_alarms(&self, alarm: Alarm) -> Result<u32, EngineError> {
        let mut resolved = 0_u32;
        loop {
            let (engine, now) = (self.clone(), self.now());
            let ended = self
                .store()
                .write(async move |tx: &mut Tx<'_>| {
                    let mut ended = 0_u32;
                    for row in tx.alarms_named(alarm.name(), BATCH).await? {
                        engine.over_in(tx, alarm, &row.about, &row.detail, now).await?;
                        ended += 1;
                    }
                    Ok(ended)
                })
                .await
                .map_err(|error: DbError| error)?;
            resolved += ended;
            if ended < BATCH {
                return Ok(resolved);
            }
        }
    }
}
