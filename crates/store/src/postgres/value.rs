//! PostgreSQL's side of values and cells.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::{
    Row, Statement,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

use crate::value::{Cell, Val};

type Turned = Result<IsNull, Box<dyn Error + Sync + Send>>;

impl ToSql for Val<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Turned {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => match *kind {
                Type::INT8 => number.to_sql(kind, out),
                Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
                Type::INT2 => i16::try_from(*number)?.to_sql(kind, out),
                _ => Err(format!("a whole number for a place of type {kind}").into()),
            },
            Self::Text(text) => text_to_sql(text, kind, out),
            Self::Owned(text) => text_to_sql(text, kind, out),
            Self::Bytes(bytes) if *kind == Type::BYTEA => bytes.to_sql(kind, out),
            Self::Bytes(_) => Err(format!("bytes for a place of type {kind}").into()),
            Self::TooLarge(number) => Err(format!("{number} is too large").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn text_to_sql(text: &str, kind: &Type, out: &mut BytesMut) -> Turned {
    match *kind {
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::UNKNOWN => text.to_sql(kind, out),
        _ => Err(format!("a text for a place of type {kind}").into()),
    }
}

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        match *kind {
            Type::INT8 => i64::from_sql(kind, raw).map(Cell::Int),
            Type::INT4 => i32::from_sql(kind, raw).map(|number| Cell::Int(number.into())),
            Type::INT2 => i16::from_sql(kind, raw).map(|number| Cell::Int(number.into())),
            Type::BOOL => bool::from_sql(kind, raw).map(|flag| Cell::Int(flag.into())),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::UNKNOWN => {
                <&str>::from_sql(kind, raw).map(Cell::Text)
            }
            Type::BYTEA => <&[u8]>::from_sql(kind, raw).map(Cell::Bytes),
            _ => Err(format!("is of the type {kind}, which is not used here").into()),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Cell::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

pub(crate) fn cell(row: &Row, index: usize) -> Result<Cell<'_>, String> {
    row.try_get(index).map_err(|error| super::fault::chain(&error))
}

/// Whether a statement takes and gives only what [`Val`] and [`Cell`] can be.
pub(crate) fn check(statement: &Statement) -> Result<(), String> {
    let places = statement.params().iter().map(|kind| ("a place", kind));
    let columns = statement.columns().iter().map(|column| (column.name(), column.type_()));
    for (name, kind) in places.chain(columns) {
        let whole = [Type::INT8, Type::INT4, Type::INT2, Type::BOOL].contains(kind);
        let text = [Type::TEXT, Type::VARCHAR, Type::NAME, Type::BYTEA].contains(kind);
        if !whole && !text {
            return Err(format!("{name} is of the type {kind}, which is not used here"));
        }
    }
    Ok(())
}
