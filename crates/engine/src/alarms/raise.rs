//! Raising alarms, in the transaction of the fact where there is one, and ending them.

use std::fmt::Display;

use coffer_domain::time::Timestamp;
use coffer_store::{
    alarm::{AlarmState, StoredAlarm},
    error::DbError,
    nudge::Nudge,
    tx::Tx,
};

use super::{ALARMS, Alarm, Severity, message, message::Occasion};
use crate::{engine::Engine, error::EngineError, workers::ALARMS_TOPIC};

/// Most characters of a detail; a node's words may be long.
const DETAIL_CHARS: usize = 500;

impl Engine {
    /// Raises an alarm with the fact that causes it. `about` names the thing concerned, and holds
    /// no personal data, nor does `detail`. What stands already is counted once more, and sends
    /// nothing.
    pub(crate) async fn raise(
        &self,
        tx: &mut Tx<'_>,
        alarm: Alarm,
        about: impl Display,
        detail: impl Display,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let fresh = self.fresh(alarm, about.to_string(), &detail, AlarmState::Open, now);
        say(alarm, &fresh);
        let standing = tx.raise_alarm(&fresh).await?;
        if standing.id == fresh.id {
            self.tell_operator(tx, alarm, &standing, Occasion::Raised, now).await?;
        }
        Ok(())
    }

    /// Tells once what was over when it was noticed; nothing is left to be done.
    pub(crate) async fn notice(
        &self,
        tx: &mut Tx<'_>,
        alarm: Alarm,
        about: impl Display,
        detail: impl Display,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let fresh = self.fresh(alarm, about.to_string(), &detail, AlarmState::Resolved, now);
        say(alarm, &fresh);
        tx.raise_alarm(&fresh).await?;
        self.tell_operator(tx, alarm, &fresh, Occasion::Notice, now).await
    }

    /// Raises an alarm for as long as something is wrong; nothing happens where it stands already.
    pub(crate) async fn hold(
        &self,
        alarm: Alarm,
        about: &str,
        detail: &str,
    ) -> Result<(), EngineError> {
        if self.stands(alarm, about).await? {
            return Ok(());
        }
        let (engine, now) = (self.clone(), self.now());
        let (about, detail) = (about.to_owned(), detail.to_owned());
        self.store()
            .write(async move |tx: &mut Tx<'_>| engine.raise(tx, alarm, &about, &detail, now).await)
            .await
            .map_err(|error: DbError| error)?;
        Ok(())
    }

    /// Ends an alarm that was held, and says so; nothing happens where none stands.
    pub(crate) async fn over(
        &self,
        alarm: Alarm,
        about: &str,
        detail: &str,
    ) -> Result<(), EngineError> {
        if !self.stands(alarm, about).await? {
            return Ok(());
        }
        let (engine, now) = (self.clone(), self.now());
        let (about, detail) = (about.to_owned(), detail.to_owned());
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                engine.over_in(tx, alarm, &about, &detail, now).await
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(())
    }

    /// Like [`over`](Self::over), with the fact that ends it; whether one stood.
    pub(crate) async fn over_in(
        &self,
        tx: &mut Tx<'_>,
        alarm: Alarm,
        about: &str,
        detail: &str,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let Some(standing) = tx.standing_alarm(alarm.name(), about).await? else {
            return Ok(false);
        };
        let detail = shortened(&detail);
        if !tx.resolve_alarm(standing.id, &detail, now).await? {
            return Ok(false);
        }
        tracing::info!(alarm = alarm.name(), about, detail, "over");
        let over = StoredAlarm { detail, resolved_at: Some(now), ..standing };
        self.tell_operator(tx, alarm, &over, Occasion::Resolved, now).await?;
        Ok(true)
    }

    /// Puts what is to be said into the outbox, once for each channel.
    pub(super) async fn tell_operator(
        &self,
        tx: &mut Tx<'_>,
        alarm: Alarm,
        row: &StoredAlarm,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let channels = self.parts.channels.of_messages();
        if channels.is_empty() {
            return Ok(());
        }
        let said = message::about(&self.settings().public_url, alarm, row, occasion);
        for channel in channels {
            let message = said.message(self.message_id(now), row.id, channel, now);
            tx.insert_alarm_message(&message).await?;
        }
        tx.after_commit(Nudge::new(ALARMS_TOPIC));
        Ok(())
    }

    async fn stands(&self, alarm: Alarm, about: &str) -> Result<bool, EngineError> {
        let about = about.to_owned();
        let standing = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.standing_alarm(alarm.name(), &about).await)
            .await
            .map_err(|error: DbError| error)?;
        Ok(standing.is_some())
    }

    fn fresh(
        &self,
        alarm: Alarm,
        about: String,
        detail: &impl Display,
        state: AlarmState,
        now: Timestamp,
    ) -> StoredAlarm {
        StoredAlarm {
            id: self.new_id(now),
            name: alarm.name().to_owned(),
            about,
            detail: shortened(detail),
            state,
            times: 1,
            first_at: now,
            last_at: now,
            told_at: now,
            acknowledged_at: None,
            resolved_at: (state == AlarmState::Resolved).then_some(now),
        }
    }
}

/// A line of the log and a count. A transaction that is run again says it again.
fn say(alarm: Alarm, row: &StoredAlarm) {
    let (name, about, detail) = (alarm.name(), &row.about, &row.detail);
    match alarm.severity() {
        Severity::Notice => tracing::warn!(alarm = name, about, detail, "{}", alarm.meaning()),
        Severity::Critical | Severity::Warning => {
            tracing::error!(alarm = name, about, detail, "{}", alarm.what_to_do());
        }
    }
    metrics::counter!(ALARMS, "name" => name).increment(1);
}

fn shortened(detail: &impl Display) -> String {
    let printable = |letter: char| if letter.is_control() { ' ' } else { letter };
    detail.to_string().chars().map(printable).take(DETAIL_CHARS).collect()
}
