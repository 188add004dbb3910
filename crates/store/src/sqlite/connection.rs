//! A connection to the file: how it is opened, and statements on it.

use std::{cell::RefCell, collections::HashSet, path::Path, time::Duration};

use rusqlite::{OpenFlags, params_from_iter};

use super::{Place, fault::meaning};
use crate::{
    dialect::rises,
    error::DbError,
    value::{Row, RowOf, Val},
};

/// Prepared statements kept per connection.
const STATEMENTS: usize = 256;
/// Page cache of the writing connection, in KiB.
const WRITER_CACHE: i64 = 64 * 1024;
/// Page cache of a reading connection, in KiB.
const READER_CACHE: i64 = 8 * 1024;

/// A connection that knows its statements.
pub(crate) struct Connection {
    db: rusqlite::Connection,
    /// Statements whose places were checked, by address: their texts are static.
    checked: RefCell<HashSet<(usize, usize)>>,
}

impl Connection {
    /// Opens the connection that writes, making the file if there is none.
    pub(crate) fn open_writer(place: &Place) -> Result<Self, DbError> {
        make_private(&place.path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let this = Self::open(&place.path, flags, place.options.sqlite_busy)?;
        let mode: String = this.pragma("PRAGMA journal_mode = WAL")?;
        if mode != "wal" {
            return Err(DbError::Unavailable(format!("the file cannot use WAL, only {mode}")));
        }
        this.run(&format!(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA cache_size = -{WRITER_CACHE}"
        ))?;
        if let Some(pages) = place.options.sqlite_max_pages {
            let _: i64 = this.pragma(&format!("PRAGMA max_page_count = {pages}"))?;
        }
        Ok(this)
    }

    /// Opens a connection that cannot write.
    pub(crate) fn open_reader(place: &Place) -> Result<Self, DbError> {
        // Reading a file in WAL mode needs to write its index, so the connection may, and the
        // statements may not.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let this = Self::open(&place.path, flags, place.options.sqlite_busy)?;
        this.run(&format!("PRAGMA query_only = ON; PRAGMA cache_size = -{READER_CACHE}"))?;
        Ok(this)
    }

    fn open(path: &Path, flags: OpenFlags, busy: Duration) -> Result<Self, DbError> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = |error| meaning(&error, "open");
        let db = rusqlite::Connection::open_with_flags(path, flags).map_err(failed)?;
        db.busy_timeout(busy).map_err(failed)?;
        db.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self { db, checked: RefCell::default() })
    }

    pub(crate) fn exec(&self, sql: &'static str, values: &[Val<'_>]) -> Result<u64, DbError> {
        self.check(sql)?;
        let failed = |error| meaning(&error, sql);
        let mut statement = self.db.prepare_cached(sql).map_err(failed)?;
        let rows = statement.execute(params_from_iter(values)).map_err(failed)?;
        Ok(u64::try_from(rows).unwrap_or(u64::MAX))
    }

    pub(crate) fn one<T>(
        &self,
        sql: &'static str,
        values: &[Val<'_>],
        read: &mut impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        let mut first = None;
        let mut rows = 0;
        self.each(sql, values, |row| {
            rows += 1;
            if rows == 1 {
                first = Some(read(row)?);
                return Ok(());
            }
            let reason = "more than one row in the answer".to_owned();
            Err(DbError::Statement { sql: sql.to_owned(), reason })
        })?;
        Ok(first)
    }

    pub(crate) fn many<T>(
        &self,
        sql: &'static str,
        values: &[Val<'_>],
        read: &mut impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let mut all = Vec::new();
        self.each(sql, values, |row| {
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Whether the database takes the statement.
    pub(crate) fn prepare(&self, sql: &str) -> Result<(), DbError> {
        self.db.prepare(sql).map(drop).map_err(|error| meaning(&error, sql))
    }

    /// Runs a few statements without values.
    pub(crate) fn run(&self, sql: &str) -> Result<(), DbError> {
        self.db.execute_batch(sql).map_err(|error| meaning(&error, sql))
    }

    /// Writes the whole database, as committed, into a new file.
    pub(crate) fn copy_to(&self, path: &Path) -> Result<(), DbError> {
        let sql = "VACUUM INTO ?1";
        let path = path
            .to_str()
            .ok_or_else(|| DbError::Unavailable("the path of the copy is not UTF-8".to_owned()))?;
        make_private(Path::new(path))?;
        self.db.execute_batch("PRAGMA query_only = OFF").map_err(|error| meaning(&error, sql))?;
        self.db.execute(sql, [path]).map(drop).map_err(|error| meaning(&error, sql))
    }

    /// How many rows were changed since the connection was opened, taken back or not.
    pub(crate) fn changes(&self) -> u64 {
        self.db.total_changes()
    }

    /// Whether a transaction is open.
    pub(crate) fn in_transaction(&self) -> bool {
        !self.db.is_autocommit()
    }

    fn pragma<T: rusqlite::types::FromSql>(&self, sql: &str) -> Result<T, DbError> {
        self.db.query_row(sql, [], |row| row.get(0)).map_err(|error| meaning(&error, sql))
    }

    fn each(
        &self,
        sql: &'static str,
        values: &[Val<'_>],
        mut take: impl FnMut(&Row<'_>) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        self.check(sql)?;
        let failed = |error| meaning(&error, sql);
        let mut statement = self.db.prepare_cached(sql).map_err(failed)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
        // A row that cannot be read does not cut the statement short, as it does not on
        // PostgreSQL: what it writes, it writes to the end.
        let mut unread = Ok(());
        while let Some(row) = rows.next().map_err(failed)? {
            if unread.is_ok() {
                unread = take(&Row(RowOf::Sqlite(row)));
            }
        }
        unread
    }

    fn check(&self, sql: &'static str) -> Result<(), DbError> {
        let place = (sql.as_ptr().addr(), sql.len());
        if self.checked.borrow().contains(&place) {
            return Ok(());
        }
        if !rises(sql) {
            let reason = "$1…$n must first be used in rising order".to_owned();
            return Err(DbError::Statement { sql: sql.to_owned(), reason });
        }
        self.checked.borrow_mut().insert(place);
        Ok(())
    }
}

/// Makes the file readable by its owner only, if it is not there yet.
fn make_private(path: &Path) -> Result<(), DbError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(DbError::Unavailable(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}
