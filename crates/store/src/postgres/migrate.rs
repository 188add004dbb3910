//! Bringing a PostgreSQL schema up to date, in one transaction.

use deadpool_postgres::Object;
use tokio_postgres::{Client, GenericClient};

use super::fault::meaning;
use crate::{
    dialect::Dialect,
    error::{DbError, OpenError},
    migration::{Applied, Migration, Pending, left},
};

/// The lock of this schema's history: one process migrates, the others wait.
const LOCK: &str = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; \
     SELECT pg_advisory_xact_lock(hashtextextended('coffer migrates ' || current_schema(), 0))";

const TABLES: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
    number BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    applied_at BIGINT NOT NULL
)";

const RECORD: &str = "INSERT INTO schema_migration (number, name, hash, applied_at) \
     VALUES ($1, $2, $3, (extract(epoch from clock_timestamp()) * 1000)::bigint)";

/// Applies what is missing.
pub(crate) async fn run(
    object: &mut Object,
    migrations: &'static [Migration],
    allowed: bool,
) -> Result<(), OpenError> {
    let client: &mut Client = object;
    // A quick look without a lock: most starts find nothing to do.
    if missing(client, migrations).await?.is_empty() {
        return Ok(());
    }
    let transaction = client.transaction().await.map_err(|error| failed(&error))?;
    transaction.batch_execute(LOCK).await.map_err(|error| failed(&error))?;
    let steps = missing(&transaction, migrations).await?;
    if let Some(first) = steps.first().filter(|_| !allowed) {
        return Err(OpenError::Behind(first.number));
    }
    transaction.batch_execute(TABLES).await.map_err(|error| failed(&error))?;
    for step in steps {
        apply(&transaction, step).await.map_err(|error| OpenError::Migration {
            number: step.number,
            reason: failed(&error).to_string(),
        })?;
    }
    transaction.commit().await.map_err(|error| failed(&error).into())
}

/// What [`run`] would do.
pub(crate) async fn pending(
    object: &Object,
    migrations: &'static [Migration],
) -> Result<Pending, OpenError> {
    let client: &Client = object;
    let steps = missing(client, migrations).await?;
    let size = "SELECT COALESCE(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class \
                WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace";
    let row = client.query_one(size, &[]).await.map_err(|error| failed(&error))?;
    Ok(Pending {
        migrations: steps.iter().map(|step| (step.number, step.name)).collect(),
        bytes: u64::try_from(row.get::<_, i64>(0)).unwrap_or(0),
        exists: is_ours(client).await?,
    })
}

async fn apply(client: &impl GenericClient, step: &Migration) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(step.text.postgres).await?;
    let hash = step.hash(Dialect::Postgres);
    client.execute(RECORD, &[&i64::from(step.number), &step.name, &hash]).await.map(drop)
}

async fn missing(
    client: &impl GenericClient,
    migrations: &'static [Migration],
) -> Result<&'static [Migration], OpenError> {
    let mut applied = Vec::new();
    if is_ours(client).await? {
        let sql = "SELECT number, name, hash FROM schema_migration ORDER BY number";
        for row in client.query(sql, &[]).await.map_err(|error| failed(&error))? {
            applied.push(Applied { number: row.get(0), name: row.get(1), hash: row.get(2) });
        }
    }
    left(migrations, &applied, Dialect::Postgres)
}

async fn is_ours(client: &impl GenericClient) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = 'schema_migration' \
               AND relnamespace = current_schema()::regnamespace)";
    let row = client.query_one(sql, &[]).await.map_err(|error| failed(&error))?;
    Ok(row.get(0))
}

fn failed(error: &tokio_postgres::Error) -> DbError {
    meaning(error, "migrate")
}
