//! SQLite's side of values and cells.

use rusqlite::types::{FromSqlError, ToSql, ToSqlOutput, ValueRef};

use crate::value::{Cell, Val};

impl ToSql for Val<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Owned(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::TooLarge(number) => {
                let error = FromSqlError::OutOfRange(i64::MAX);
                let reason = format!("{number} is too large: {error}");
                return Err(rusqlite::Error::ToSqlConversionFailure(reason.into()));
            }
        }))
    }
}

pub(crate) fn cell<'a>(row: &'a rusqlite::Row<'_>, index: usize) -> Result<Cell<'a>, String> {
    match row.get_ref(index).map_err(|error| error.to_string())? {
        ValueRef::Null => Ok(Cell::Null),
        ValueRef::Integer(number) => Ok(Cell::Int(number)),
        ValueRef::Text(text) => {
            std::str::from_utf8(text).map(Cell::Text).map_err(|_| "is not UTF-8".to_owned())
        }
        ValueRef::Blob(bytes) => Ok(Cell::Bytes(bytes)),
        ValueRef::Real(_) => Err("is a floating-point number".to_owned()),
    }
}
