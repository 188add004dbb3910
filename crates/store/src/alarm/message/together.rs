//! Messages about many alarms of one cause that go out as one: those of one name, one event and one
//! channel.

use coffer_domain::{id::AlarmMessageId, time::Timestamp};

use super::AlarmMessage;
use crate::{
    alarm::{StoredAlarm, read_alarm},
    codec,
    error::DbError,
    sql,
    tx::Tx,
    vals,
};

impl Tx<'_> {
    /// When a message of this one's name, event and channel was last tried; none where never.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn alarm_last_told(
        &mut self,
        message: &AlarmMessage,
    ) -> Result<Option<Timestamp>, DbError> {
        let last = self
            .one(
                sql!(
                    "SELECT MAX(attempted_at) FROM alarm_message \
                     WHERE name = $1 AND event = $2 AND channel = $3"
                ),
                vals![&message.name, &message.event, message.channel.as_str()],
                |row| codec::opt_time(row, 0),
            )
            .await?;
        Ok(last.flatten())
    }

    /// Lets every message of this one's name, event and channel wait that was not tried yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delay_alarm_messages(
        &mut self,
        message: &AlarmMessage,
        until: Timestamp,
    ) -> Result<(), DbError> {
        self.exec(
            sql!(
                "UPDATE alarm_message SET next_at = $1 WHERE name = $2 AND event = $3 \
                 AND channel = $4 AND state = 'due' AND attempts = 0"
            ),
            vals![until.millis(), &message.name, &message.event, message.channel.as_str()],
        )
        .await?;
        Ok(())
    }

    /// Lets a message say what every other of its name, event and channel says that was not
    /// delivered yet; those are not sent themselves any more. How many alarms it tells now; none
    /// where nothing was added to it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tell_alarms_with(
        &mut self,
        message: &AlarmMessage,
    ) -> Result<Option<u32>, DbError> {
        let id = message.id.text();
        let added = self
            .exec(
                sql!(
                    "UPDATE alarm_message SET told_with = $1 WHERE name = $2 AND event = $3 \
                     AND channel = $4 AND state = 'due' AND id <> $5 \
                     AND (told_with IS NULL OR told_with <> $6)"
                ),
                vals![&id, &message.name, &message.event, message.channel.as_str(), &id, &id],
            )
            .await?;
        if added == 0 {
            return Ok(None);
        }
        self.one(
            sql!(
                "SELECT COUNT(DISTINCT alarm_id) FROM alarm_message \
                 WHERE id = $1 OR told_with = $2"
            ),
            vals![&id, &id],
            |row| codec::count(row, 0),
        )
        .await
    }

    /// The alarms that a message tells, oldest first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn alarms_told_with(
        &mut self,
        message: AlarmMessageId,
        limit: u32,
    ) -> Result<Vec<StoredAlarm>, DbError> {
        let id = message.text();
        self.many(
            sql!(
                "SELECT id, name, about, detail, state, times, first_at, last_at, told_at, \
                 acknowledged_at, resolved_at FROM alarm WHERE id IN \
                 (SELECT alarm_id FROM alarm_message WHERE id = $1 OR told_with = $2) \
                 ORDER BY id LIMIT $3"
            ),
            vals![&id, &id, limit],
            read_alarm,
        )
        .await
    }

    /// Changes what a message says, and when it was written.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rewrite_alarm_message(&mut self, message: &AlarmMessage) -> Result<(), DbError> {
        self.exec(
            sql!(
                "UPDATE alarm_message SET subject = $1, body = $2, html = $3, created_at = $4 \
                 WHERE id = $5"
            ),
            vals![
                &message.subject,
                &message.body,
                &message.html,
                message.created_at.millis(),
                &message.id.text(),
            ],
        )
        .await?;
        Ok(())
    }
}
