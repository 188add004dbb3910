//! What can go wrong between the product and its database.

use std::fmt;

/// Why a statement or a transaction did not do as asked.
///
/// The variants say what a caller can do about it, in the same words for both databases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// A row with these values is there already. `constraint` is `table(column, column)`, or the
    /// name of the index where it stands on an expression.
    #[error("there is such a row already: {constraint}")]
    Unique {
        /// Which rule, as `table(column, column)` or an index name.
        constraint: String,
    },
    /// A row refers to one that does not exist, or is still referred to.
    #[error("a reference would dangle{}", of(.constraint))]
    Reference {
        /// The rule's name, where the database says it.
        constraint: String,
    },
    /// A value breaks a `CHECK`, `NOT NULL` or column type.
    #[error("a value is not allowed{}", of(.constraint))]
    Check {
        /// The rule's name or the column, where the database says it.
        constraint: String,
    },
    /// The database cannot serve now: locked, disk full, out of memory, not reachable. Nothing of
    /// this transaction was written. Worth trying again later; the API answers 503.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Another transaction got in between, more often than it was worth trying again. Nothing was
    /// written. The API answers 503.
    #[error("the store is too busy: another transaction changed the same rows")]
    Conflict,
    /// The connection was cut while committing, so that nobody knows whether it was written.
    #[error("the store was lost while committing; it may or may not have been written: {0}")]
    OutcomeUnknown(String),
    /// The body of a transaction awaited something that is not the transaction.
    #[error("the body of a transaction awaited something other than its transaction")]
    AwaitedElse,
    /// The body of a transaction panicked.
    #[error("the body of a transaction panicked: {0}")]
    Panicked(String),
    /// An injected crash: the caller must believe that the process ended here.
    #[error("crashed, as the test asked")]
    Crashed,
    /// A statement that the database does not accept, or values it cannot take. A bug of ours.
    #[error("a statement is wrong: {reason} in: {sql}")]
    Statement {
        /// The statement.
        sql: String,
        /// What the database says.
        reason: String,
    },
    /// A column that cannot be read as asked, or holds something that makes no sense.
    #[error("column {column}: {reason}")]
    Column {
        /// Its name in the answer.
        column: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl DbError {
    /// A column's value that parses, but makes no sense where it stands.
    #[must_use]
    pub fn inconsistent(column: &str, value: &str) -> Self {
        let value: String = value.chars().take(80).collect();
        Self::Column { column: column.to_owned(), reason: format!("{value:?} makes no sense") }
    }

    /// Whether nothing was written and the same call may well succeed a little later.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Conflict)
    }

    /// Whether the same transaction would be refused again: it says something of what it writes,
    /// not of the database's state.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        !matches!(
            self,
            Self::Unavailable(_) | Self::Conflict | Self::OutcomeUnknown(_) | Self::Crashed
        )
    }

    /// Whether such a row is there already.
    #[must_use]
    pub const fn is_unique(&self) -> bool {
        matches!(self, Self::Unique { .. })
    }

    /// Whether the transaction can go on after this: only where the statement itself succeeded
    /// and what it answered could not be read.
    pub(crate) const fn spares_transaction(&self) -> bool {
        matches!(self, Self::Column { .. })
    }
}

/// Why a store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address of the database is not one.
    #[error("not a database address: {0}")]
    Url(String),
    /// Another server process works on this file.
    #[error(
        "another coffer serves {0} already; stop it first (commands may run beside it, a second \
         server may not)"
    )]
    Served(String),
    /// The file or server cannot be reached or used.
    #[error("the database cannot be opened: {0}")]
    Unreachable(String),
    /// The server is too old.
    #[error("PostgreSQL 15 or newer is needed; this server is {0}")]
    OldServer(String),
    /// The connection would not be encrypted.
    #[error(
        "PostgreSQL at {host} is not on this machine and sslmode={mode}: passwords and payments \
         would cross the network in the clear; use sslmode=require"
    )]
    Cleartext {
        /// The host.
        host: String,
        /// The mode of the address.
        mode: &'static str,
    },
    /// The database was written by a newer program.
    #[error(
        "the database has migration {found:04}, this program knows up to {known:04}: start the \
         newer coffer, or restore the backup made before the upgrade"
    )]
    NewerSchema {
        /// The newest migration in the database.
        found: u32,
        /// The newest one of this program.
        known: u32,
    },
    /// A migration that was released and applied has another text now.
    #[error(
        "migration {number:04}_{name} was applied with another text: released migrations must \
         never be changed"
    )]
    ChangedMigration {
        /// Its number.
        number: u32,
        /// Its name.
        name: String,
    },
    /// A migration failed; the database is as it was.
    #[error("migration {number:04} failed, nothing was changed: {reason}")]
    Migration {
        /// Its number.
        number: u32,
        /// What the database says.
        reason: String,
    },
    /// The store was opened without leave to migrate and is behind.
    #[error("the database lacks migration {0:04}")]
    Behind(u32),
    /// A statement failed while opening.
    #[error(transparent)]
    Db(#[from] DbError),
}

struct Named<'a>(&'a str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

fn of(name: &str) -> Named<'_> {
    Named(name)
}
