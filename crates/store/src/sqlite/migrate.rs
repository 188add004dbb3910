//! Bringing a SQLite file up to date: in one transaction, after a copy.

use std::path::{Path, PathBuf};

use super::{Connection, Place};
use crate::{
    dialect::Dialect,
    error::{DbError, OpenError},
    migration::{Applied, Migration, Pending, left},
    vals,
};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS schema_migration (
    number INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS batch_marker (
    writer TEXT NOT NULL PRIMARY KEY,
    batch INTEGER NOT NULL
) STRICT;
";

/// How long a process waits while another one migrates.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(600);

/// Applies what is missing. Of several processes one does it and the others wait.
pub(crate) fn run(place: &Place) -> Result<(), OpenError> {
    let mut patient = place.clone();
    patient.options.sqlite_busy = PATIENCE;
    patient.options.sqlite_max_pages = None;
    if !place.options.migrate && !place.path.exists() {
        let first = place.options.migrations.first().map_or(0, |migration| migration.number);
        return Err(OpenError::Behind(first));
    }
    let connection = Connection::open_writer(&patient)?;
    // A quick look without a lock: most starts find nothing to do.
    if missing(&connection, place)?.is_empty() {
        return Ok(());
    }
    // Rebuilding a table must not cascade; references are checked as a whole below.
    connection.run("PRAGMA foreign_keys = OFF")?;
    connection.exec("BEGIN IMMEDIATE", &[])?;
    let done = apply(&connection, &patient);
    match done {
        Ok(()) => Ok(connection.exec("COMMIT", &[]).map(drop)?),
        Err(error) => {
            // The connection is dropped next, which rolls back whatever this could not.
            let _ = connection.exec("ROLLBACK", &[]);
            Err(error)
        }
    }
}

/// What [`run`] would do.
pub(crate) fn pending(place: &Place) -> Result<Pending, OpenError> {
    let mut pending = Pending { migrations: Vec::new(), bytes: 0, exists: false };
    let missing = match std::fs::metadata(&place.path) {
        Err(_) => place.options.migrations,
        Ok(file) => {
            pending.bytes = file.len();
            let connection = Connection::open_reader(place)?;
            pending.exists = is_ours(&connection)?;
            missing(&connection, place)?
        }
    };
    pending.migrations = missing.iter().map(|step| (step.number, step.name)).collect();
    Ok(pending)
}

fn apply(connection: &Connection, place: &Place) -> Result<(), OpenError> {
    let missing = missing(connection, place)?;
    let Some(first) = missing.first() else { return Ok(()) };
    if !place.options.migrate {
        return Err(OpenError::Behind(first.number));
    }
    if is_ours(connection)? {
        copy(place, first.number)?;
    }
    connection.run(TABLES)?;
    for step in missing {
        apply_one(connection, step).map_err(|error| OpenError::Migration {
            number: step.number,
            reason: error.to_string(),
        })?;
    }
    Ok(())
}

fn apply_one(connection: &Connection, step: &Migration) -> Result<(), DbError> {
    connection.run(step.text.sqlite)?;
    let broken = connection.many("PRAGMA foreign_key_check", &[], &mut |row| row.text(0))?;
    if let Some(table) = broken.first() {
        return Err(DbError::Reference { constraint: table.clone() });
    }
    let record = "INSERT INTO schema_migration (number, name, hash, applied_at) \
                  VALUES ($1, $2, $3, unixepoch() * 1000)";
    let hash = step.hash(Dialect::Sqlite);
    connection.exec(record, vals![step.number, step.name, &hash]).map(drop)
}

/// Copies the file beside itself as it was before migration `number`.
fn copy(place: &Place, number: u32) -> Result<(), OpenError> {
    let target = beside(&place.path, &format!(".before-{number:04}"));
    let part = beside(&place.path, &format!(".before-{number:04}.part"));
    let failed = |error: std::io::Error| {
        OpenError::Unreachable(format!("the copy before migrating: {}: {error}", part.display()))
    };
    if part.exists() {
        std::fs::remove_file(&part).map_err(failed)?;
    }
    // A connection of its own, as the migrating one is inside its transaction; it sees what is
    // committed, and nobody else can commit meanwhile.
    Connection::open_reader(place)?.copy_to(&part)?;
    std::fs::rename(&part, &target).map_err(failed)?;
    tracing::info!(copy = %target.display(), "copied the database before migrating it");
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn missing(connection: &Connection, place: &Place) -> Result<&'static [Migration], OpenError> {
    let applied = if is_ours(connection)? {
        let sql = "SELECT number, name, hash FROM schema_migration ORDER BY number";
        connection.many(sql, &[], &mut |row| {
            Ok(Applied { number: row.int(0)?, name: row.text(1)?, hash: row.text(2)? })
        })?
    } else {
        Vec::new()
    };
    left(place.options.migrations, &applied, Dialect::Sqlite)
}

fn is_ours(connection: &Connection) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'schema_migration')";
    Ok(connection.one(sql, &[], &mut |row| row.flag(0))?.unwrap_or(false))
}
