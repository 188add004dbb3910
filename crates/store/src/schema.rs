//! The tables and indexes as text, to be checked in and compared.

use crate::{dialect::Dialect, error::DbError, tx::Tx, vals};

const SQLITE: &str = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL \
     ORDER BY tbl_name, CASE type WHEN 'table' THEN 0 ELSE 1 END, name";

const TABLES: &str = "SELECT c.relname::text FROM pg_class c \
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') \
     ORDER BY c.relname COLLATE \"C\"";

const COLUMNS: &str = "SELECT a.attname::text || ' ' \
     || upper(format_type(a.atttypid, a.atttypmod)) \
     || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END \
     || COALESCE(CASE WHEN a.attgenerated = '' \
        THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid, true) \
        ELSE ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid, true) \
        || ') STORED' END, '') \
     || CASE WHEN a.attidentity = '' THEN '' ELSE ' IDENTITY' END \
     FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
     WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped \
     ORDER BY a.attnum";

// PostgreSQL 18 lists NOT NULL here as well; the columns say it already.
const RULES: &str = "SELECT 'CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid, true) \
     FROM pg_constraint WHERE conrelid = $1::text::regclass \
     AND contype <> 'n' \
     ORDER BY contype, conname COLLATE \"C\"";

const INDEXES: &str = "SELECT pg_get_indexdef(i.indexrelid, 0, true) FROM pg_index i \
     WHERE i.indrelid = $1::text::regclass AND NOT EXISTS \
     (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.conrelid = i.indrelid) \
     ORDER BY pg_get_indexdef(i.indexrelid, 0, true) COLLATE \"C\"";

/// The schema of the database a transaction runs on.
pub(crate) async fn text(tx: &mut Tx<'_>) -> Result<String, DbError> {
    let mut text = String::from("-- Made by `cargo xtask generate`; do not edit.\n");
    if tx.dialect() == Dialect::Sqlite {
        for statement in tx.many(SQLITE, vals![], |row| row.text(0)).await? {
            text += &format!("\n{};\n", statement.trim_end());
        }
        return Ok(text);
    }
    for table in tx.many(TABLES, vals![], |row| row.text(0)).await? {
        let mut lines = tx.many(COLUMNS, vals![&table], |row| row.text(0)).await?;
        lines.extend(tx.many(RULES, vals![&table], |row| row.text(0)).await?);
        text += &format!("\nCREATE TABLE {table} (\n    {}\n);\n", lines.join(",\n    "));
        for index in tx.many(INDEXES, vals![&table], |row| row.text(0)).await? {
            text += &format!("{index};\n");
        }
    }
    Ok(text)
}
