//! Alarms: what the operator must know, one row for each thing that is wrong.

use coffer_domain::{id::AlarmId, time::Timestamp};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

pub mod message;

/// An alarm as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAlarm {
    /// Identity.
    pub id: AlarmId,
    /// Which alarm, such as `network_behind`.
    pub name: String,
    /// The thing concerned, such as a network; with the name it tells alarms apart. No personal
    /// data.
    pub about: String,
    /// What was last said of it.
    pub detail: String,
    /// Where it stands.
    pub state: AlarmState,
    /// How often it was raised.
    pub times: u32,
    /// When it was raised first.
    pub first_at: Timestamp,
    /// When it was raised last.
    pub last_at: Timestamp,
    /// When the operator was last sent something about it.
    pub told_at: Timestamp,
    /// When a person said that it is known.
    pub acknowledged_at: Option<Timestamp>,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
}

/// Where an alarm stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmState {
    /// Nobody has said anything about it yet; reminders are sent.
    Open,
    /// Somebody knows; no reminders.
    Acknowledged,
    /// Over. When the same happens again, that is a new alarm.
    Resolved,
}

impl AlarmState {
    /// The word used in the database and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Acknowledged, Self::Resolved]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

impl Tx<'_> {
    /// Writes an alarm, or counts it once more where it stands already. What stands afterwards;
    /// its id is that of `alarm` only where it is new.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn raise_alarm(&mut self, alarm: &StoredAlarm) -> Result<StoredAlarm, DbError> {
        let standing = self
            .one(
                sql!(
                    "INSERT INTO alarm (id, name, about, detail, state, times, first_at, last_at, \
                     told_at, acknowledged_at, resolved_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
                     ON CONFLICT (name, about) WHERE state <> 'resolved' DO UPDATE SET \
                     times = alarm.times + 1, last_at = excluded.last_at, \
                     detail = excluded.detail \
                     RETURNING id, name, about, detail, state, times, first_at, last_at, told_at, \
                     acknowledged_at, resolved_at"
                ),
                vals![
                    &alarm.id.text(),
                    &alarm.name,
                    &alarm.about,
                    &alarm.detail,
                    alarm.state.as_str(),
                    alarm.times,
                    alarm.first_at.millis(),
                    alarm.last_at.millis(),
                    alarm.told_at.millis(),
                    alarm.acknowledged_at.map(Timestamp::millis),
                    alarm.resolved_at.map(Timestamp::millis),
                ],
                read_alarm,
            )
            .await?;
        standing.ok_or_else(|| DbError::inconsistent("alarm", &alarm.name))
    }

    /// The alarm of that name about that thing that is not resolved.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn standing_alarm(
        &mut self,
        name: &str,
        about: &str,
    ) -> Result<Option<StoredAlarm>, DbError> {
        self.one(
            sql!(
                "SELECT id, name, about, detail, state, times, first_at, last_at, told_at, \
                 acknowledged_at, resolved_at FROM alarm \
                 WHERE name = $1 AND about = $2 AND state <> 'resolved'"
            ),
            vals![name, about],
            read_alarm,
        )
        .await
    }

    /// An alarm.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn alarm(&mut self, id: AlarmId) -> Result<Option<StoredAlarm>, DbError> {
        self.one(
            sql!(
                "SELECT id, name, about, detail, state, times, first_at, last_at, told_at, \
                 acknowledged_at, resolved_at FROM alarm WHERE id = $1"
            ),
            vals![&id.text()],
            read_alarm,
        )
        .await
    }

    /// The alarms that stand, or those that are over as well; the newest first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn alarms(
        &mut self,
        resolved_too: bool,
        limit: u32,
    ) -> Result<Vec<StoredAlarm>, DbError> {
        self.many(
            sql!(
                "SELECT id, name, about, detail, state, times, first_at, last_at, told_at, \
                 acknowledged_at, resolved_at FROM alarm \
                 WHERE state <> 'resolved' OR CAST($1 AS BIGINT) = 1 ORDER BY id DESC LIMIT $2"
            ),
            vals![i64::from(resolved_too), limit],
            read_alarm,
        )
        .await
    }

    /// The alarms of a name that stand, oldest first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn alarms_named(
        &mut self,
        name: &str,
        limit: u32,
    ) -> Result<Vec<StoredAlarm>, DbError> {
        self.many(
            sql!(
                "SELECT id, name, about, detail, state, times, first_at, last_at, told_at, \
                 acknowledged_at, resolved_at FROM alarm \
                 WHERE name = $1 AND state <> 'resolved' ORDER BY id LIMIT $2"
            ),
            vals![name, limit],
            read_alarm,
        )
        .await
    }

    /// The open alarms of which nothing was sent since `before`.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn alarms_to_remind_of(
        &mut self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredAlarm>, DbError> {
        self.many(
            sql!(
                "SELECT id, name, about, detail, state, times, first_at, last_at, told_at, \
                 acknowledged_at, resolved_at FROM alarm \
                 WHERE state = 'open' AND told_at <= $1 ORDER BY id LIMIT $2"
            ),
            vals![before.millis(), limit],
            read_alarm,
        )
        .await
    }

    /// Notes that something was sent about an alarm. False when somebody else did in between.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn alarm_told(
        &mut self,
        alarm: &StoredAlarm,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let told = self
            .exec(
                sql!("UPDATE alarm SET told_at = $1 WHERE id = $2 AND told_at = $3"),
                vals![now.millis(), &alarm.id.text(), alarm.told_at.millis()],
            )
            .await?;
        Ok(told == 1)
    }

    /// Notes that a person knows of an open alarm; false when there is no open one of that id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn acknowledge_alarm(
        &mut self,
        id: AlarmId,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let changed = self
            .exec(
                sql!(
                    "UPDATE alarm SET state = 'acknowledged', acknowledged_at = $1 \
                     WHERE id = $2 AND state = 'open'"
                ),
                vals![now.millis(), &id.text()],
            )
            .await?;
        Ok(changed == 1)
    }

    /// Notes that a person knows of the open alarms of a name; how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn acknowledge_alarms(&mut self, name: &str, now: Timestamp) -> Result<u32, DbError> {
        let changed = self
            .exec(
                sql!(
                    "UPDATE alarm SET state = 'acknowledged', acknowledged_at = $1 \
                     WHERE name = $2 AND state = 'open'"
                ),
                vals![now.millis(), name],
            )
            .await?;
        Ok(u32::try_from(changed).unwrap_or(u32::MAX))
    }

    /// Ends an alarm; false when there is no standing one of that id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn resolve_alarm(
        &mut self,
        id: AlarmId,
        detail: &str,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let changed = self
            .exec(
                sql!(
                    "UPDATE alarm SET state = 'resolved', detail = $1, resolved_at = $2 \
                     WHERE id = $3 AND state <> 'resolved'"
                ),
                vals![detail, now.millis(), &id.text()],
            )
            .await?;
        Ok(changed == 1)
    }

    /// Proves that the database can be written.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn write_heartbeat(&mut self, now: Timestamp) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO heartbeat (name, at) VALUES ('coffer', $1) \
                 ON CONFLICT (name) DO UPDATE SET at = excluded.at"
            ),
            vals![now.millis()],
        )
        .await?;
        Ok(())
    }
}

fn read_alarm(row: &Row<'_>) -> Result<StoredAlarm, DbError> {
    let state = row.text(4)?;
    Ok(StoredAlarm {
        id: codec::id(row, 0)?,
        name: row.text(1)?,
        about: row.text(2)?,
        detail: row.text(3)?,
        state: AlarmState::parse(&state).ok_or_else(|| DbError::inconsistent("state", &state))?,
        times: codec::count(row, 5)?,
        first_at: codec::time(row, 6)?,
        last_at: codec::time(row, 7)?,
        told_at: codec::time(row, 8)?,
        acknowledged_at: codec::opt_time(row, 9)?,
        resolved_at: codec::opt_time(row, 10)?,
    })
}
