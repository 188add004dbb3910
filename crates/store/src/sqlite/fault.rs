//! SQLite's errors in the store's words.

use rusqlite::{Error, ErrorCode, ffi};

use crate::error::DbError;

/// Says what an error of a statement means to the caller.
pub(crate) fn meaning(error: &Error, sql: &str) -> DbError {
    let Error::SqliteFailure(code, message) = error else {
        return DbError::Statement { sql: sql.to_owned(), reason: error.to_string() };
    };
    let message = message.as_deref().unwrap_or_default();
    let rule = || message.split_once(": ").map_or("", |(_, rule)| rule).to_owned();
    match code.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => return DbError::Unique { constraint: unique(&rule()) },
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => return DbError::Reference { constraint: rule() },
        ffi::SQLITE_CONSTRAINT_CHECK
        | ffi::SQLITE_CONSTRAINT_NOTNULL
        | ffi::SQLITE_CONSTRAINT_DATATYPE => {
            let constraint = if rule().is_empty() { message.to_owned() } else { rule() };
            return DbError::Check { constraint };
        }
        _ => {}
    }
    match code.code {
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::OutOfMemory
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::CannotOpen
        | ErrorCode::PermissionDenied
        | ErrorCode::FileLockingProtocolFailed => DbError::Unavailable(error.to_string()),
        _ => DbError::Statement { sql: sql.to_owned(), reason: error.to_string() },
    }
}

/// `table.a, table.b` as `table(a, b)`; `index 'name'` as `name`.
fn unique(rule: &str) -> String {
    if let Some(name) = rule.strip_prefix("index '") {
        return name.trim_end_matches('\'').to_owned();
    }
    let Some((table, _)) = rule.split_once('.') else { return rule.to_owned() };
    let columns: Vec<&str> =
        rule.split(", ").map(|name| name.split_once('.').map_or(name, |(_, name)| name)).collect();
    format!("{table}({})", columns.join(", "))
}

#[cfg(test)]
mod tests {
    use super::unique;

    #[test]
    fn a_unique_rule_is_named_as_on_postgresql() {
        assert_eq!(unique("t.a, t.b"), "t(a, b)");
        assert_eq!(unique("index 'by_lower'"), "by_lower");
    }
}
