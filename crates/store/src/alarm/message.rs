//! The outbox of messages about alarms: written with the alarm, sent afterwards.

mod together;

use coffer_domain::{
    id::{AlarmId, AlarmMessageId},
    time::Timestamp,
};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// A message in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmMessage {
    /// Identity; the same on every attempt.
    pub id: AlarmMessageId,
    /// What it is about.
    pub alarm: AlarmId,
    /// The name of that alarm.
    pub name: String,
    /// Why something is said, such as `raised`.
    pub event: String,
    /// How it is sent.
    pub channel: AlarmChannel,
    /// One line: a mail's subject.
    pub subject: String,
    /// A mail's text, or the JSON that is posted.
    pub body: String,
    /// A mail's other form.
    pub html: Option<String>,
    /// Where it stands.
    pub state: MessageState,
    /// Attempts made.
    pub attempts: u32,
    /// When the next attempt is due.
    pub next_at: Timestamp,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last tried.
    pub attempted_at: Option<Timestamp>,
    /// What the last attempt ended in.
    pub answer: Option<String>,
    /// The message that says this one's, too, so that this one is not sent; none where it is sent
    /// itself.
    pub told_with: Option<AlarmMessageId>,
}

/// How the operator is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmChannel {
    /// By mail.
    Mail,
    /// By a signed POST.
    Webhook,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// To be sent, again perhaps.
    Due,
    /// Taken over by the mail server or the endpoint.
    Delivered,
    /// Refused for good, or tried for the whole schedule.
    GivenUp,
}

impl AlarmChannel {
    /// The word used in the database and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Mail, Self::Webhook].into_iter().find(|channel| channel.as_str() == text)
    }
}

impl MessageState {
    /// The word used in the database and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Due, Self::Delivered, Self::GivenUp].into_iter().find(|state| state.as_str() == text)
    }
}

impl Tx<'_> {
    /// Puts a message into the outbox.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_alarm_message(&mut self, message: &AlarmMessage) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO alarm_message (id, alarm_id, channel, subject, body, html, state, \
                 attempts, next_at, created_at, name, event) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
            ),
            vals![
                &message.id.text(),
                &message.alarm.text(),
                message.channel.as_str(),
                &message.subject,
                &message.body,
                &message.html,
                message.state.as_str(),
                message.attempts,
                message.next_at.millis(),
                message.created_at.millis(),
                &message.name,
                &message.event,
            ],
        )
        .await?;
        Ok(())
    }

    /// The messages that are due and sent themselves, the longest due first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn due_alarm_messages(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<AlarmMessage>, DbError> {
        self.many(
            sql!(
                "SELECT id, alarm_id, channel, subject, body, html, state, attempts, next_at, \
                 created_at, attempted_at, answer, name, event, told_with FROM alarm_message \
                 WHERE state = 'due' AND next_at <= $1 AND told_with IS NULL \
                 ORDER BY next_at, id LIMIT $2"
            ),
            vals![now.millis(), limit],
            read_message,
        )
        .await
    }

    /// The messages about an alarm in the order in which they were written.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn messages_of_alarm(
        &mut self,
        alarm: AlarmId,
    ) -> Result<Vec<AlarmMessage>, DbError> {
        self.many(
            sql!(
                "SELECT id, alarm_id, channel, subject, body, html, state, attempts, next_at, \
                 created_at, attempted_at, answer, name, event, told_with FROM alarm_message \
                 WHERE alarm_id = $1 ORDER BY id"
            ),
            vals![&alarm.text()],
            read_message,
        )
        .await
    }

    /// Claims a message for one attempt until `until`, so that no other process makes the same;
    /// false when somebody else was quicker.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_alarm_message(
        &mut self,
        message: &AlarmMessage,
        until: Timestamp,
    ) -> Result<bool, DbError> {
        let changed = self
            .exec(
                sql!(
                    "UPDATE alarm_message SET next_at = $1 \
                     WHERE id = $2 AND next_at = $3 AND state = 'due' AND told_with IS NULL"
                ),
                vals![until.millis(), &message.id.text(), message.next_at.millis()],
            )
            .await?;
        Ok(changed == 1)
    }

    /// Records what an attempt ended in, for the message and for those that it says, too.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn record_alarm_attempt(
        &mut self,
        id: AlarmMessageId,
        state: MessageState,
        next_at: Timestamp,
        answer: &str,
        now: Timestamp,
    ) -> Result<(), DbError> {
        self.exec(
            sql!(
                "UPDATE alarm_message SET state = $1, attempts = attempts + 1, next_at = $2, \
                 attempted_at = $3, answer = $4 \
                 WHERE (id = $5 OR told_with = $6) AND state = 'due'"
            ),
            vals![state.as_str(), next_at.millis(), now.millis(), answer, &id.text(), &id.text(),],
        )
        .await?;
        Ok(())
    }
}

fn read_message(row: &Row<'_>) -> Result<AlarmMessage, DbError> {
    let channel = row.text(2)?;
    let state = row.text(6)?;
    Ok(AlarmMessage {
        id: codec::id(row, 0)?,
        alarm: codec::id(row, 1)?,
        channel: AlarmChannel::parse(&channel)
            .ok_or_else(|| DbError::inconsistent("channel", &channel))?,
        subject: row.text(3)?,
        body: row.text(4)?,
        html: row.opt_text(5)?,
        state: MessageState::parse(&state).ok_or_else(|| DbError::inconsistent("state", &state))?,
        attempts: codec::count(row, 7)?,
        next_at: codec::time(row, 8)?,
        created_at: codec::time(row, 9)?,
        attempted_at: codec::opt_time(row, 10)?,
        answer: row.opt_text(11)?,
        name: row.text(12)?,
        event: row.text(13)?,
        told_with: codec::opt_parsed(row, 14)?,
    })
}
