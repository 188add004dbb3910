//! The layer over both databases, on tables of its own.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "layer/place.rs"]
mod place;

#[path = "layer/bodies.rs"]
mod bodies;
#[path = "layer/crash.rs"]
mod crash;
#[path = "layer/many.rs"]
mod many;
#[path = "layer/migrations.rs"]
mod migrations;
#[path = "layer/news.rs"]
mod news;
#[path = "layer/schema.rs"]
mod schema;
#[path = "layer/statements.rs"]
mod statements;
#[path = "layer/upgrade.rs"]
mod upgrade;
#[path = "layer/values.rs"]
mod values;

use coffer_store::{error::DbError, sql, store::Store, tx::Tx, vals};

/// Adds a thing to the table of the tests.
async fn add(tx: &mut Tx<'_>, name: &str, amount: i64) -> Result<(), DbError> {
    tx.exec(sql!("INSERT INTO thing (name, amount) VALUES ($1, $2)"), vals![name, amount]).await?;
    Ok(())
}

/// The names of all things, in order.
async fn names(store: &Store) -> Vec<String> {
    let body = async |tx: &mut Tx<'_>| {
        tx.many(sql!("SELECT name FROM thing ORDER BY name"), vals![], |row| row.text(0)).await
    };
    store.read::<_, DbError, _>(body).await.unwrap()
}
