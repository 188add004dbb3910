//! Sending what is said about alarms. Whatever becomes of it holds up nobody else.

use coffer_domain::time::{Span, Timestamp};
use coffer_store::{
    alarm::message::{AlarmMessage, MessageState},
    error::DbError,
    tx::Tx,
};
use futures_util::future::join_all;

use super::{Alarm, message::Occasion};
use crate::{engine::Engine, error::EngineError};

/// Messages tried in one run at most.
const BATCH: u32 = 20;
/// One attempt has so long before another process may make the same.
const CLAIM: Span = Span::from_minutes(3);
/// Minutes from each attempt to the next; then hourly.
const RETRY_MINUTES: [i64; 5] = [1, 2, 5, 15, 30];
/// How long a message is tried. What stands by then is said again by a reminder.
const TRIED_FOR: Span = Span::from_hours(72);
/// Alarms of which one run reminds.
const REMINDERS: u32 = 100;

impl Engine {
    /// Makes one attempt at each message that is due; how many.
    ///
    /// # Errors
    /// When the database cannot answer; that nobody takes a message is none.
    pub async fn send_alarms(&self) -> Result<usize, EngineError> {
        let now = self.now();
        let due = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.due_alarm_messages(now, BATCH).await)
            .await
            .map_err(|error: DbError| error)?;
        let mut claimed = Vec::new();
        for message in due {
            claimed.extend(self.claim_message(message, self.now()).await?);
        }
        // Beside one another: who hangs holds up nobody, and no claim ends before its turn.
        let attempts = claimed.iter().map(|message| async move {
            let (state, answer) = self.attempt_message(message, self.now()).await;
            self.record_message(message, state, answer).await
        });
        for recorded in join_all(attempts).await {
            recorded?;
        }
        Ok(claimed.len())
    }

    /// Says again what is open and was not spoken of for a day.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) async fn remind(&self) -> Result<(), EngineError> {
        let (engine, now) = (self.clone(), self.now());
        let before = now.minus(self.settings().alarms.remind_every);
        let due = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.alarms_to_remind_of(before, REMINDERS).await)
            .await
            .map_err(|error: DbError| error)?;
        if due.is_empty() {
            return Ok(());
        }
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                for row in &due {
                    let Some(alarm) = Alarm::named(&row.name) else { continue };
                    if tx.alarm_told(row, now).await? {
                        engine.tell_operator(tx, alarm, row, Occasion::Still, now).await?;
                    }
                }
                Ok(())
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(())
    }

    /// Claims a message for one attempt: what is to be sent, none where somebody else was quicker
    /// or it waits for others.
    async fn claim_message(
        &self,
        message: AlarmMessage,
        now: Timestamp,
    ) -> Result<Option<AlarmMessage>, EngineError> {
        let engine = self.clone();
        let claimed = self
            .store()
            .write(async move |tx: &mut Tx<'_>| {
                match tx.claim_alarm_message(&message, now.plus(CLAIM)).await? {
                    true => engine.gather(tx, message.clone(), now).await,
                    false => Ok(None),
                }
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(claimed)
    }

    async fn record_message(
        &self,
        message: &AlarmMessage,
        state: MessageState,
        answer: String,
    ) -> Result<(), EngineError> {
        let (id, now) = (message.id, self.now());
        let (state, next_at) = match (state, next_attempt(message, now)) {
            (MessageState::Due, Some(at)) => (MessageState::Due, at),
            (MessageState::Due, None) => (MessageState::GivenUp, now),
            (state, _) => (state, now),
        };
        let (channel, attempts) = (message.channel.as_str(), message.attempts + 1);
        match state {
            MessageState::Delivered => tracing::debug!(channel, message.id = %id, "taken"),
            MessageState::Due => {
                tracing::warn!(channel, message.id = %id, attempts, answer, "not taken");
            }
            MessageState::GivenUp => {
                tracing::error!(channel, message.id = %id, attempts, answer, "given up");
            }
        }
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                tx.record_alarm_attempt(id, state, next_at, &answer, now).await
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(())
    }
}

/// When a message is tried again after it failed once more; none when it is given up.
fn next_attempt(message: &AlarmMessage, now: Timestamp) -> Option<Timestamp> {
    if now.since(message.created_at) >= TRIED_FOR {
        return None;
    }
    let failed = usize::try_from(message.attempts).unwrap_or(usize::MAX);
    let minutes = RETRY_MINUTES.get(failed).copied().unwrap_or(60);
    Some(now.plus(Span::from_minutes(minutes)))
}
