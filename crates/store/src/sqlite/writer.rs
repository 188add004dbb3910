//! The thread that writes: many waiting calls, one transaction, one sync to disk.

use std::{
    sync::Arc,
    thread::{Builder, JoinHandle},
};

use tokio::sync::mpsc;

use super::{
    Connection, Message, Place,
    job::{Job, Ran},
};
use crate::{
    error::{DbError, OpenError},
    failpoint::Fault,
    store::Shared,
    tx::After,
    vals,
};

/// How many calls share one commit at most.
const BATCH: usize = 256;
/// How many batches after one that had to take back a part run with savepoints.
const WARY: u32 = 64;
/// How many writers' markers are kept: more than ever write at the same time.
const MARKERS: i64 = 64;

/// Starts the thread. It ends when the store is closed.
pub(crate) fn start(
    place: Place,
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Message>,
) -> Result<JoinHandle<()>, OpenError> {
    let connection = Connection::open_writer(&place)?;
    let name = "SELECT lower(hex(randomblob(8)))";
    let name = connection.one(name, vals![], &mut |row| row.text(0))?.unwrap_or_default();
    let mut writer =
        Writer { place, shared, connection: Some(connection), name, batch: 0, wary: 0 };
    Builder::new()
        .name("coffer-write".to_owned())
        .spawn(move || writer.serve(queue))
        .map_err(|error| OpenError::Unreachable(error.to_string()))
}

struct Writer {
    place: Place,
    shared: Arc<Shared>,
    /// None after the database gave up, until it can be opened again.
    connection: Option<Connection>,
    /// This writer's name in the table of markers.
    name: String,
    /// The number of the running batch.
    batch: i64,
    /// How many of the next batches run with savepoints.
    wary: u32,
}

/// How the jobs of a batch ran.
enum Batch {
    /// All were run; none if no job has anything to keep.
    Ran(Option<After>),
    /// A job without a savepoint must be taken back, and so all must.
    Again,
}

/// How a batch ended.
enum End {
    /// It is on the disk.
    Committed(After),
    /// Every call of it failed alone, so there was nothing to commit.
    Nothing,
    /// Nothing of it was written.
    Lost(DbError),
    /// The commit was sent and did not say what became of it.
    Unclear(DbError, After),
}

impl Writer {
    fn serve(&mut self, mut queue: mpsc::Receiver<Message>) {
        let mut jobs: Vec<Box<dyn Job>> = Vec::with_capacity(BATCH);
        while let Some(Message::Call(job)) = queue.blocking_recv() {
            jobs.push(job);
            let mut closing = false;
            while jobs.len() < BATCH && !closing {
                match queue.try_recv() {
                    Ok(Message::Call(job)) => jobs.push(job),
                    Ok(Message::Close) => closing = true,
                    Err(_) => break,
                }
            }
            self.write(&mut jobs);
            if closing {
                return;
            }
        }
    }

    /// Runs the jobs as one batch and answers them all.
    fn write(&mut self, jobs: &mut Vec<Box<dyn Job>>) {
        self.batch += 1;
        let end = match self.run(jobs) {
            End::Unclear(error, after) => self.look_up(error, after),
            end => end,
        };
        let instead = match end {
            End::Committed(after) => {
                self.shared.committed(after);
                None
            }
            End::Nothing => None,
            End::Lost(error) | End::Unclear(error, _) => Some(error),
        };
        for job in jobs.drain(..) {
            job.answer(instead.as_ref());
        }
    }

    fn run(&mut self, jobs: &mut [Box<dyn Job>]) -> End {
        let opened =
            self.connection.take().map_or_else(|| Connection::open_writer(&self.place), Ok);
        let connection = match opened {
            Ok(connection) => connection,
            Err(error) => return End::Lost(error),
        };
        if let Err(error) = connection.exec("BEGIN IMMEDIATE", &[]) {
            // Another process holds the file; nothing is wrong with the connection.
            self.connection = Some(connection);
            return End::Lost(error);
        }
        let after = match self.run_all(&connection, jobs) {
            Ok(after) => after,
            Err(error) => {
                tracing::error!(%error, "the database gave up; it is opened again");
                return End::Lost(error);
            }
        };
        let end = match after {
            Some(after) => self.commit(&connection, after),
            None => connection.exec("ROLLBACK", &[]).map_or_else(End::Lost, |_| End::Nothing),
        };
        // A connection that could not commit or roll back is dropped, which rolls back.
        if matches!(end, End::Committed(_) | End::Nothing) && !connection.in_transaction() {
            self.connection = Some(connection);
        }
        end
    }

    /// Runs every job; none if no job has anything to keep.
    ///
    /// A savepoint costs a copy of every page its job changes, and seldom is one needed. So a batch
    /// runs without, and when a job must be taken back the whole batch is, and runs again with a
    /// savepoint for each, as do the next ones.
    fn run_all(
        &mut self,
        connection: &Connection,
        jobs: &mut [Box<dyn Job>],
    ) -> Result<Option<After>, DbError> {
        if self.wary == 0 {
            match self.run_each(connection, jobs, false)? {
                Batch::Ran(after) => return Ok(after),
                Batch::Again => self.wary = WARY,
            }
            connection.exec("ROLLBACK", &[])?;
            connection.exec("BEGIN IMMEDIATE", &[])?;
        } else {
            self.wary -= 1;
        }
        match self.run_each(connection, jobs, true)? {
            Batch::Ran(after) => Ok(after),
            Batch::Again => Err(DbError::Unavailable("a batch was not run".to_owned())),
        }
    }

    fn run_each(
        &self,
        connection: &Connection,
        jobs: &mut [Box<dyn Job>],
        savepoints: bool,
    ) -> Result<Batch, DbError> {
        let mut all: Option<After> = None;
        // Taking back the only job is taking back the batch.
        let alone = jobs.len() == 1;
        for job in jobs {
            match self.fault(|faults| faults.before_body()) {
                Fault::None => {}
                Fault::Fail => return Err(DbError::Unavailable("injected".to_owned())),
                Fault::Crash => return Err(DbError::Crashed),
            }
            if savepoints {
                connection.exec("SAVEPOINT body", &[])?;
            }
            let changes = connection.changes();
            match job.run(connection) {
                Ran::Keep(after) => {
                    let all = all.get_or_insert_default();
                    all.nudges.extend(after.nudges);
                    all.notes.extend(after.notes);
                }
                Ran::Undo if savepoints => drop(connection.exec("ROLLBACK TO body", &[])?),
                Ran::Undo if alone || connection.changes() == changes => {}
                Ran::Undo => return Ok(Batch::Again),
                Ran::Lost(error) => return Err(error),
            }
            if savepoints {
                connection.exec("RELEASE body", &[])?;
            }
        }
        Ok(Batch::Ran(all))
    }

    fn commit(&self, connection: &Connection, after: After) -> End {
        let marked = self.mark(connection);
        if let Err(error) = marked {
            return End::Lost(error);
        }
        match self.fault(|faults| faults.before_commit()) {
            Fault::None => {}
            Fault::Fail => return End::Unclear(DbError::Unavailable("injected".into()), after),
            Fault::Crash => return End::Lost(DbError::Crashed),
        }
        if let Err(error) = connection.exec("COMMIT", &[]) {
            return End::Unclear(error, after);
        }
        match self.fault(|faults| faults.after_commit()) {
            Fault::None => End::Committed(after),
            Fault::Fail => End::Unclear(DbError::Unavailable("injected".to_owned()), after),
            Fault::Crash => End::Lost(DbError::Crashed),
        }
    }

    /// Leaves a mark in the transaction by which its commit can be recognised afterwards.
    fn mark(&self, connection: &Connection) -> Result<(), DbError> {
        if self.batch == 1 {
            let old = "DELETE FROM batch_marker WHERE rowid <= (SELECT max(rowid) FROM \
                       batch_marker) - $1";
            connection.exec(old, vals![MARKERS])?;
        }
        let mark = "INSERT INTO batch_marker (writer, batch) VALUES ($1, $2) \
                    ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch";
        connection.exec(mark, vals![&self.name, self.batch]).map(drop)
    }

    /// Finds out whether a batch whose commit gave no answer is written, by its mark.
    fn look_up(&mut self, error: DbError, after: After) -> End {
        tracing::error!(%error, "a commit failed; looking for what became of it");
        let looked = Connection::open_writer(&self.place).and_then(|connection| {
            let mark = "SELECT batch FROM batch_marker WHERE writer = $1";
            let found = connection.one(mark, vals![&self.name], &mut |row| row.int(0))?;
            Ok((connection, found))
        });
        match looked {
            Ok((connection, found)) => {
                self.connection = Some(connection);
                if found == Some(self.batch) {
                    End::Committed(after)
                } else {
                    End::Lost(unwritten(error))
                }
            }
            Err(second) => {
                let reason = format!("{error}; then {second}");
                End::Unclear(DbError::OutcomeUnknown(reason), After::default())
            }
        }
    }

    fn fault(&self, choose: impl FnOnce(&dyn crate::failpoint::Faults) -> Fault) -> Fault {
        self.shared.faults.as_deref().map_or(Fault::None, choose)
    }
}

/// A failed commit that left nothing behind is a store that could not serve, whatever it said.
fn unwritten(error: DbError) -> DbError {
    match error {
        DbError::Unavailable(_) => error,
        other => DbError::Unavailable(other.to_string()),
    }
}
