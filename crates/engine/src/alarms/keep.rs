//! Looking at alarms and ending them, for the command line.

use coffer_domain::id::AlarmId;
use coffer_store::{
    alarm::{StoredAlarm, message::AlarmMessage},
    error::DbError,
    tx::Tx,
};

use super::{Alarm, message::Occasion};
use crate::{engine::Engine, error::EngineError};

/// An alarm with what was sent about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The alarm.
    pub alarm: StoredAlarm,
    /// Every message about it, in the order in which they were written.
    pub messages: Vec<AlarmMessage>,
}

impl Engine {
    /// The alarms that stand, or those that are over too, the newest first, with what was sent.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn alarms(&self, resolved_too: bool, limit: u32) -> Result<Vec<Told>, EngineError> {
        let told = self
            .store()
            .read(async move |tx: &mut Tx<'_>| {
                let mut told = Vec::new();
                for alarm in tx.alarms(resolved_too, limit).await? {
                    let messages = tx.messages_of_alarm(alarm.id).await?;
                    told.push(Told { alarm, messages });
                }
                Ok(told)
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(told)
    }

    /// Notes that a person knows of an alarm, which ends its reminders; where it stands then, none
    /// where there is no such alarm.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn acknowledge_alarm(&self, id: AlarmId) -> Result<Option<StoredAlarm>, EngineError> {
        let now = self.now();
        let alarm = self
            .store()
            .write(async move |tx: &mut Tx<'_>| {
                tx.acknowledge_alarm(id, now).await?;
                tx.alarm(id).await
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(alarm)
    }

    /// Ends an alarm, and says so by every channel; where it stands then, none where there is no
    /// such alarm.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn resolve_alarm(&self, id: AlarmId) -> Result<Option<StoredAlarm>, EngineError> {
        let (engine, now) = (self.clone(), self.now());
        let alarm = self
            .store()
            .write(async move |tx: &mut Tx<'_>| {
                let Some(alarm) = tx.alarm(id).await? else { return Ok(None) };
                let resolved = tx.resolve_alarm(id, &alarm.detail, now).await?;
                let row = tx.alarm(id).await?;
                if let (true, Some(kind), Some(row)) = (resolved, Alarm::named(&alarm.name), &row) {
                    engine.tell_operator(tx, kind, row, Occasion::Resolved, now).await?;
                }
                Ok(row)
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(alarm)
    }
}
