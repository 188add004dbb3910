//! PostgreSQL's errors in the store's words.

use std::{error::Error as _, io};

use deadpool_postgres::PoolError;
use tokio_postgres::{Error, error::DbError as ServerError, error::SqlState};

use crate::error::DbError;

/// Says what an error of a statement means to the caller.
pub(crate) fn meaning(error: &Error, sql: &str) -> DbError {
    let wrong = |reason| DbError::Statement { sql: sql.to_owned(), reason };
    let Some(server) = error.as_db_error() else {
        // Without an answer of the server it is the connection, or a value or column that the
        // driver cannot turn.
        let connection =
            error.is_closed() || error.source().is_some_and(|e| e.is::<std::io::Error>());
        return if connection { DbError::Unavailable(chain(error)) } else { wrong(chain(error)) };
    };
    let state = server.code();
    let constraint = || server.constraint().unwrap_or_default().to_owned();
    if *state == SqlState::UNIQUE_VIOLATION {
        return DbError::Unique { constraint: unique(server) };
    }
    if *state == SqlState::FOREIGN_KEY_VIOLATION || *state == SqlState::RESTRICT_VIOLATION {
        return DbError::Reference { constraint: constraint() };
    }
    if *state == SqlState::CHECK_VIOLATION || *state == SqlState::NOT_NULL_VIOLATION {
        let constraint = server.constraint().or(server.column()).unwrap_or_default().to_owned();
        return DbError::Check { constraint };
    }
    if *state == SqlState::T_R_SERIALIZATION_FAILURE
        || *state == SqlState::T_R_DEADLOCK_DETECTED
        || is_stale_plan(server)
    {
        return DbError::Conflict;
    }
    let code = state.code();
    // Connection, resources, limits of the administrator, not ready, other trouble of the system.
    let unavailable = ["08", "53", "57", "58", "XX"].iter().any(|class| code.starts_with(class))
        || *state == SqlState::LOCK_NOT_AVAILABLE
        || *state == SqlState::READ_ONLY_SQL_TRANSACTION
        || *state == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT;
    let reason = format!("{} ({code})", server.message());
    if unavailable { DbError::Unavailable(reason) } else { wrong(reason) }
}

/// Whether the connection broke, so that a `COMMIT` may have been carried out all the same.
pub(crate) fn is_cut(error: &Error) -> bool {
    match error.code() {
        Some(state) => ["08", "57P"].iter().any(|class| state.code().starts_with(class)),
        None => error.is_closed() || error.source().is_some_and(|cause| cause.is::<io::Error>()),
    }
}

/// Why there is no connection.
pub(crate) fn no_connection(error: &PoolError) -> DbError {
    DbError::Unavailable(match error {
        PoolError::Timeout(_) => "no connection became free in time".to_owned(),
        error => chain(error),
    })
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        cause = error.source();
    }
    text
}

/// A prepared statement from before a migration: the caches are emptied and it is tried again.
fn is_stale_plan(server: &ServerError) -> bool {
    *server.code() == SqlState::FEATURE_NOT_SUPPORTED
        && server.routine() == Some("RevalidateCachedQuery")
}

/// `table(a, b)` from the detail `Key (a, b)=(1, 2) already exists.`, whatever its language; the
/// name of the index where it stands on an expression.
fn unique(server: &ServerError) -> String {
    let named = || server.constraint().unwrap_or_default().to_owned();
    let columns = server.detail().and_then(|text| text.split_once(")=(")).and_then(|(text, _)| {
        let (_, columns) = text.split_once('(')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ',' | ' ');
        columns.chars().all(plain).then_some(columns)
    });
    match (server.table(), columns) {
        (Some(table), Some(columns)) => format!("{table}({columns})"),
        _ => named(),
    }
}
