//! Values in, rows out, and the errors in between.

use coffer_store::{
    error::DbError,
    sql,
    store::Store,
    tx::Tx,
    vals,
    value::{Row, Val},
};

use crate::{add, on_both, place::Place};

/// Reads a column only to see whether it can be read.
type Read = fn(&Row<'_>) -> Result<(), DbError>;

/// The answer of a statement's first row, read by `read`.
async fn ask<T: Send + 'static>(
    store: &Store,
    sql: &'static str,
    read: fn(&Row<'_>) -> Result<T, DbError>,
) -> Result<T, DbError> {
    let body = async move |tx: &mut Tx<'_>| Ok(tx.one(sql, vals![], read).await?.unwrap());
    store.read(body).await
}

/// The error of one statement.
async fn refused(store: &Store, sql: &'static str) -> DbError {
    store.write(async move |tx: &mut Tx<'_>| tx.exec(sql, vals![]).await).await.unwrap_err()
}

on_both! {
    async fn values_come_back_as_they_went_in(place: &Place) {
        let store = place.open().await;
        let (text, bytes) = ("Zoë's \u{1F4B0}\\".to_owned(), vec![0_u8, 255, 39]);
        let (kept_text, kept_bytes) = (text.clone(), bytes.clone());
        store.write(async move |tx: &mut Tx<'_>| {
            let sql = sql!("INSERT INTO thing (name, amount, body, note) VALUES ($1, $2, $3, $4)");
            let rows = tx.exec(sql, vals![&text, i64::MAX, &bytes, None::<&str>]).await?;
            assert_eq!(rows, 1);
            tx.exec(sql, vals!["none", 0_u32, None::<&[u8]>, Some("note".to_owned())]).await
        }).await.unwrap();
        let body = async move |tx: &mut Tx<'_>| {
            let sql = sql!("SELECT name, amount, body, note FROM thing WHERE name = $1");
            let read = |row: &Row<'_>| Ok((
                row.text(0)?, row.int(1)?, row.opt_bytes(2)?, row.opt_text(3)?,
            ));
            Ok::<_, DbError>((
                tx.one(sql, vals![&kept_text], read).await?.unwrap(),
                tx.one(sql, vals!["none"], read).await?.unwrap(),
                tx.one(sql, vals!["nobody"], read).await?,
            ))
        };
        let (full, bare, nobody) = store.read(body).await.unwrap();
        assert_eq!(full, ("Zoë's \u{1F4B0}\\".to_owned(), i64::MAX, Some(kept_bytes), None));
        assert_eq!(bare, ("none".to_owned(), 0, None, Some("note".to_owned())));
        assert_eq!(nobody, None);
    }

    async fn flags_read_zero_one_and_exists(place: &Place) {
        let store = place.open().await;
        let sql = "SELECT 0, 1, EXISTS (SELECT 1 FROM thing), 2";
        let read = |row: &Row<'_>| Ok((row.flag(0)?, row.flag(1)?, row.flag(2)?));
        assert_eq!(ask(&store, sql, read).await.unwrap(), (false, true, false));
        assert!(ask(&store, sql, |row| row.flag(3)).await.is_err());
    }

    async fn a_column_that_does_not_fit_is_named(place: &Place) {
        let store = place.open().await;
        let sql = "SELECT 'x' AS label, 5 AS number, CAST(NULL AS TEXT) AS empty";
        let reads: [(&str, Read); 5] = [
            ("label", |row| row.int(0).map(drop)),
            ("label", |row| row.bytes(0).map(drop)),
            ("number", |row| row.text(1).map(drop)),
            ("empty", |row| row.text(2).map(drop)),
            ("label", |row| row.parse::<u8>(0).map(drop)),
        ];
        for (name, read) in reads {
            match ask(&store, sql, read).await.unwrap_err() {
                DbError::Column { column, .. } => assert_eq!(column, name),
                other => panic!("{other}"),
            }
        }
        assert!(ask(&store, sql, |row| row.text(9)).await.is_err());
    }

    async fn a_value_of_the_wrong_kind_is_refused(place: &Place) {
        let store = place.open().await;
        for value in ["amount", "body", "large"] {
            let written = store.write(async move |tx: &mut Tx<'_>| {
                let sql = sql!("INSERT INTO thing (name, amount, body) VALUES ($1, $2, $3)");
                let body = Val::from(b"b");
                match value {
                    "amount" => tx.exec(sql, &["a".into(), "text".into(), body]).await,
                    "body" => tx.exec(sql, &["a".into(), 1_i64.into(), "text".into()]).await,
                    _ => tx.exec(sql, &["a".into(), u64::MAX.into(), body]).await,
                }
            }).await;
            let error = written.unwrap_err();
            assert!(
                matches!(error, DbError::Check { .. } | DbError::Statement { .. }),
                "{value}: {error:?}"
            );
        }
    }

    async fn broken_rules_are_told_in_the_same_words(place: &Place) {
        let store = place.open().await;
        store.write(async |tx: &mut Tx<'_>| {
            add(tx, "a", 1).await?;
            tx.exec("UPDATE thing SET note = 'One', alias = 'One'", vals![]).await
        }).await.unwrap();
        let unique = |rule: &str| DbError::Unique { constraint: rule.to_owned() };
        let insert = "INSERT INTO thing (name, amount) VALUES ('a', 2)";
        assert_eq!(refused(&store, insert).await, unique("thing(name)"));
        let insert = "INSERT INTO thing (name, amount, note) VALUES ('b', 1, 'One')";
        assert_eq!(refused(&store, insert).await, unique("thing(amount, note)"));
        let insert = "INSERT INTO thing (name, amount, alias) VALUES ('b', 3, 'oNE')";
        assert_eq!(refused(&store, insert).await, unique("thing_by_alias"));
        let insert = "INSERT INTO thing (name, amount, parent) VALUES ('b', 1, 'nobody')";
        assert!(matches!(refused(&store, insert).await, DbError::Reference { .. }));
        let insert = "INSERT INTO thing (name, amount) VALUES ('b', -1)";
        assert!(matches!(refused(&store, insert).await, DbError::Check { .. }));
        let insert = "INSERT INTO thing (name) VALUES ('b')";
        assert!(matches!(refused(&store, insert).await, DbError::Check { .. }));
        let wrong = refused(&store, "INSERT INTO nowhere VALUES (1)").await;
        assert!(matches!(&wrong, DbError::Statement { sql, .. } if sql.contains("nowhere")));
        assert!(!wrong.is_unavailable());
    }

    async fn places_out_of_order_are_refused(place: &Place) {
        let store = place.open().await;
        let written = store.write(async |tx: &mut Tx<'_>| {
            let sql = "INSERT INTO thing (amount, name) VALUES ($2, $1)";
            tx.exec(sql, vals!["a", 1_i64]).await
        }).await;
        let error = written.unwrap_err();
        assert!(matches!(&error, DbError::Statement { reason, .. } if reason.contains("rising")));
    }

    async fn one_row_means_at_most_one(place: &Place) {
        let store = place.open().await;
        store.write(async |tx: &mut Tx<'_>| {
            add(tx, "a", 1).await?;
            add(tx, "b", 1).await
        }).await.unwrap();
        let error = ask(&store, "SELECT name FROM thing", |row| row.text(0)).await.unwrap_err();
        assert!(error.to_string().contains("more than one row"), "{error}");
    }
}
