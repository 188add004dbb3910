//! Values that go into statements and rows that come out: three kinds of column, both databases.

use std::{fmt::Display, str::FromStr};

use crate::error::DbError;

/// A value handed to a statement. Made by [`vals!`](crate::vals).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Val<'a> {
    /// NULL of any column.
    Null,
    /// INTEGER and BIGINT.
    Int(i64),
    /// TEXT.
    Text(&'a str),
    /// TEXT that was made for this call.
    Owned(String),
    /// BLOB and BYTEA.
    Bytes(&'a [u8]),
    /// A count that no INTEGER column can hold; binding it is an error.
    TooLarge(u64),
}

/// The values of a statement, in the order of its `$1…$n`.
#[macro_export]
macro_rules! vals {
    ($($value:expr),* $(,)?) => { &[$($crate::value::Val::from($value)),*] };
}

macro_rules! plain {
    ($($from:ty => |$value:ident| $to:expr;)*) => {$(
        impl<'a> From<$from> for Val<'a> {
            fn from($value: $from) -> Self {
                $to
            }
        }
    )*};
}

plain! {
    &'a str => |value| Self::Text(value);
    &'a String => |value| Self::Text(value);
    String => |value| Self::Owned(value);
    i64 => |value| Self::Int(value);
    i32 => |value| Self::Int(i64::from(value));
    u32 => |value| Self::Int(i64::from(value));
    u64 => |value| i64::try_from(value).map_or(Self::TooLarge(value), Self::Int);
    bool => |value| Self::Int(i64::from(value));
    &'a [u8] => |value| Self::Bytes(value);
    &'a Vec<u8> => |value| Self::Bytes(value);
}

impl<'a, const N: usize> From<&'a [u8; N]> for Val<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, T> From<Option<T>> for Val<'a>
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

// Written out, as a rule for all `&Option<T>` would let the compiler search without end.
plain! {
    &'a Option<String> => |value| value.as_deref().map_or(Self::Null, Self::Text);
    &'a Option<Vec<u8>> => |value| value.as_deref().map_or(Self::Null, Self::Bytes);
}

/// One row of an answer. Columns are counted from 0; what does not fit is an error that names the
/// column.
#[derive(Debug)]
pub struct Row<'a>(pub(crate) RowOf<'a>);

#[derive(Debug)]
pub(crate) enum RowOf<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

/// A column's content while it is being read.
pub(crate) enum Cell<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl Row<'_> {
    /// The name of the column; empty if there is none at `index`.
    #[must_use]
    pub fn column(&self, index: usize) -> &str {
        match &self.0 {
            RowOf::Sqlite(row) => row.as_ref().column_name(index).unwrap_or_default(),
            RowOf::Postgres(row) => row.columns().get(index).map_or("", |column| column.name()),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// [`DbError::Column`] when it is NULL or no text.
    pub fn text(&self, index: usize) -> Result<String, DbError> {
        self.opt_text(index)?.ok_or_else(|| self.null(index))
    }

    /// A text or NULL.
    ///
    /// # Errors
    /// [`DbError::Column`] when it is no text.
    pub fn opt_text(&self, index: usize) -> Result<Option<String>, DbError> {
        match self.cell(index)? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text.to_owned())),
            _ => Err(self.odd(index, "is not a text")),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`DbError::Column`] when it is NULL or no whole number.
    pub fn int(&self, index: usize) -> Result<i64, DbError> {
        self.opt_int(index)?.ok_or_else(|| self.null(index))
    }

    /// A whole number or NULL.
    ///
    /// # Errors
    /// [`DbError::Column`] when it is no whole number.
    pub fn opt_int(&self, index: usize) -> Result<Option<i64>, DbError> {
        match self.cell(index)? {
            Cell::Null => Ok(None),
            Cell::Int(number) => Ok(Some(number)),
            _ => Err(self.odd(index, "is not a whole number")),
        }
    }

    /// Bytes.
    ///
    /// # Errors
    /// [`DbError::Column`] when it is NULL or holds no bytes.
    pub fn bytes(&self, index: usize) -> Result<Vec<u8>, DbError> {
        self.opt_bytes(index)?.ok_or_else(|| self.null(index))
    }

    /// Bytes or NULL.
    ///
    /// # Errors
    /// [`DbError::Column`] when it holds no bytes.
    pub fn opt_bytes(&self, index: usize) -> Result<Option<Vec<u8>>, DbError> {
        match self.cell(index)? {
            Cell::Null => Ok(None),
            Cell::Bytes(bytes) => Ok(Some(bytes.to_owned())),
            _ => Err(self.odd(index, "does not hold bytes")),
        }
    }

    /// A flag: 0 or 1, or the answer of `EXISTS`, which PostgreSQL gives as a boolean.
    ///
    /// # Errors
    /// [`DbError::Column`] when it is anything else.
    pub fn flag(&self, index: usize) -> Result<bool, DbError> {
        match self.int(index)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.odd(index, "is neither 0 nor 1")),
        }
    }

    /// A text read as any value with a text form.
    ///
    /// # Errors
    /// [`DbError::Column`] when it is NULL, no text, or does not parse.
    pub fn parse<T: FromStr<Err: Display>>(&self, index: usize) -> Result<T, DbError> {
        self.text(index)?.parse().map_err(|error: T::Err| self.odd(index, &error.to_string()))
    }

    fn cell(&self, index: usize) -> Result<Cell<'_>, DbError> {
        match &self.0 {
            RowOf::Sqlite(row) => crate::sqlite::value::cell(row, index),
            RowOf::Postgres(row) => crate::postgres::value::cell(row, index),
        }
        .map_err(|reason| self.odd(index, &reason))
    }

    fn null(&self, index: usize) -> DbError {
        self.odd(index, "is NULL")
    }

    fn odd(&self, index: usize, reason: &str) -> DbError {
        let name = self.column(index);
        let column = if name.is_empty() { index.to_string() } else { name.to_owned() };
        DbError::Column { column, reason: reason.to_owned() }
    }
}
