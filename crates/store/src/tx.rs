//! A transaction: statements in, rows out, on either database.

use crate::{
    books::Posting,
    dialect::{Dialect, Statement},
    error::DbError,
    nudge::Nudge,
    postgres, sqlite,
    value::{Row, Val},
};

/// A running transaction. The body of [`Store::write`](crate::store::Store::write) or
/// [`read`](crate::store::Store::read) may await nothing else.
///
/// Once a statement has failed the transaction is lost, as PostgreSQL has it: further statements
/// give the same error, and nothing is committed even if the body says `Ok`. A part that may fail
/// goes into [`nested`](Self::nested), a conflict into `ON CONFLICT … RETURNING`.
pub struct Tx<'a> {
    on: On<'a>,
    failed: Option<DbError>,
    after: After,
}

pub(crate) enum On<'a> {
    Sqlite(&'a sqlite::Connection),
    Postgres(&'a mut postgres::Session),
}

/// What a transaction leaves for after its commit.
#[derive(Debug, Default)]
pub(crate) struct After {
    pub(crate) nudges: Vec<Nudge>,
    pub(crate) notes: Vec<String>,
    /// What was booked, until it is on the accounts.
    postings: Vec<Posting>,
}

impl Tx<'_> {
    /// Runs a statement and tells how many rows it touched.
    ///
    /// # Errors
    /// What the database says of it.
    pub async fn exec(
        &mut self,
        sql: impl Into<Statement>,
        values: &[Val<'_>],
    ) -> Result<u64, DbError> {
        let sql = self.usable(sql.into())?;
        let answer = match &mut self.on {
            On::Sqlite(connection) => connection.exec(sql, values),
            On::Postgres(session) => session.exec(sql, values).await,
        };
        self.kept(answer)
    }

    /// Runs a statement that answers with at most one row.
    ///
    /// # Errors
    /// What the database says of it, more than one row, or what `read` says of the row.
    pub async fn one<T>(
        &mut self,
        sql: impl Into<Statement>,
        values: &[Val<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        let sql = self.usable(sql.into())?;
        let answer = match &mut self.on {
            On::Sqlite(connection) => connection.one(sql, values, &mut read),
            On::Postgres(session) => session.one(sql, values, &mut read).await,
        };
        self.kept(answer)
    }

    /// Runs a statement that answers with any number of rows. Put a `LIMIT` on it.
    ///
    /// # Errors
    /// What the database says of it, or what `read` says of a row.
    pub async fn many<T>(
        &mut self,
        sql: impl Into<Statement>,
        values: &[Val<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let sql = self.usable(sql.into())?;
        let answer = match &mut self.on {
            On::Sqlite(connection) => connection.many(sql, values, &mut read),
            On::Postgres(session) => session.many(sql, values, &mut read).await,
        };
        self.kept(answer)
    }

    /// Runs a part of the transaction that may fail alone: its error takes back what the part
    /// wrote and the nudges it left, and the transaction goes on.
    ///
    /// # Errors
    /// What the part says, or the database.
    pub async fn nested<T, E, F>(&mut self, body: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut Tx<'_>) -> Result<T, E>,
        E: From<DbError>,
    {
        self.exec("SAVEPOINT nested", &[]).await?;
        let (nudges, notes) = (self.after.nudges.len(), self.after.notes.len());
        let postings = self.after.postings.len();
        let answer = body(self).await;
        match (answer, self.failed.take()) {
            (Ok(value), None) => {
                self.exec("RELEASE nested", &[]).await?;
                Ok(value)
            }
            (answer, failed) => {
                let failed_for_good = failed.clone().filter(ends_transaction);
                self.failed.clone_from(&failed_for_good);
                if failed_for_good.is_none() {
                    self.exec("ROLLBACK TO nested", &[]).await?;
                    self.exec("RELEASE nested", &[]).await?;
                }
                self.after.nudges.truncate(nudges);
                self.after.notes.truncate(notes);
                self.after.postings.truncate(postings);
                match (answer, failed) {
                    (Ok(_), Some(failed)) => Err(failed.into()),
                    (answer, _) => answer,
                }
            }
        }
    }

    /// Wakes those who wait for a topic, once this is committed.
    pub fn after_commit(&mut self, nudge: Nudge) {
        if !self.after.nudges.contains(&nudge) {
            self.after.nudges.push(nudge);
        }
    }

    /// Says that another transaction got in between. The body returns this error; PostgreSQL then
    /// runs it again. On SQLite transactions do not overlap, so there it is final.
    pub fn lost_race(&mut self) -> DbError {
        self.failed = Some(DbError::Conflict);
        DbError::Conflict
    }

    /// Says what this transaction is about, for the log of a test that kills the process.
    pub fn note(&mut self, note: &str) {
        if cfg!(debug_assertions) {
            self.after.notes.push(note.to_owned());
        }
    }

    /// Which database this runs on.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self.on {
            On::Sqlite(_) => Dialect::Sqlite,
            On::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Keeps what a journal moves, for the end of the transaction.
    pub(crate) fn keep_posting(&mut self, posting: Posting) {
        self.after.postings.push(posting);
    }

    /// What was booked and is not on the accounts yet.
    pub(crate) fn take_postings(&mut self) -> Vec<Posting> {
        std::mem::take(&mut self.after.postings)
    }

    fn usable(&self, sql: Statement) -> Result<&'static str, DbError> {
        self.failed.clone().map_or_else(|| Ok(sql.text(self.dialect())), Err)
    }

    fn kept<T>(&mut self, answer: Result<T, DbError>) -> Result<T, DbError> {
        if let Err(error) = &answer
            && !error.spares_transaction()
        {
            self.failed = Some(error.clone());
        }
        answer
    }
}

impl<'a> Tx<'a> {
    pub(crate) fn new(on: On<'a>) -> Self {
        Self { on, failed: None, after: After::default() }
    }

    /// The error that lost the transaction, if one did, and what it leaves for after.
    pub(crate) fn end(self) -> (Option<DbError>, After) {
        (self.failed, self.after)
    }
}

/// Whether an error loses the whole transaction, not only a savepoint in it.
fn ends_transaction(error: &DbError) -> bool {
    matches!(error, DbError::Unavailable(_) | DbError::Conflict | DbError::OutcomeUnknown(_))
}
