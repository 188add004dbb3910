//! Faults on purpose: those of the simulation, and the end of the process for the kill test.

use std::{
    fs::File,
    io::Write as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// What an injected fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The step fails as it would with a broken disk or connection.
    Fail,
    /// The process seems to end here: the caller gets [`DbError::Crashed`] and must believe
    /// nothing. After a commit the data is there all the same.
    ///
    /// [`DbError::Crashed`]: crate::error::DbError::Crashed
    Crash,
}

/// Chooses faults. Handed in through [`StoreOptions::faults`](crate::store::StoreOptions).
pub trait Faults: Send + Sync {
    /// Before the body of a write runs.
    fn before_body(&self) -> Fault {
        Fault::None
    }
    /// Before a commit is sent. `Fail`: the commit fails and nothing was written.
    fn before_commit(&self) -> Fault {
        Fault::None
    }
    /// After a commit, before it is answered. `Fail`: the database's answer is lost.
    fn after_commit(&self) -> Fault {
        Fault::None
    }
}

/// Ends the process after the commit of the N-th batch and before its answers, so that a test can
/// ask what became of writes whose callers never heard. Counts only batches in which a write left a
/// note, so that what workers write in between does not matter. Works in debug builds only.
#[derive(Debug, Clone)]
pub struct Failpoint {
    left: Arc<AtomicU64>,
    log: PathBuf,
}

impl Failpoint {
    /// Strikes after the commit of batch `number`, counted from 1; appends the notes of that
    /// batch's writes to the file `log`.
    #[must_use]
    pub fn after_commit(number: u64, log: PathBuf) -> Self {
        Self { left: Arc::new(AtomicU64::new(number)), log }
    }

    /// Reads `after_commit:N`, as a setting says it.
    #[must_use]
    pub fn parse(text: &str, log: PathBuf) -> Option<Self> {
        let number =
            text.strip_prefix("after_commit:")?.parse().ok().filter(|number| *number > 0)?;
        Some(Self::after_commit(number, log))
    }

    /// Counts a commit, and ends the process if its number has come.
    pub(crate) fn count(&self, notes: &[String]) {
        if !cfg!(debug_assertions) || notes.is_empty() {
            return;
        }
        if self.left.fetch_sub(1, Ordering::SeqCst) != 1 {
            return;
        }
        let text = notes.iter().fold(String::new(), |text, note| text + note + "\n");
        // The process ends either way; a log that cannot be written shows as a missing line.
        let _ = File::options().create(true).append(true).open(&self.log).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        std::process::abort();
    }
}
