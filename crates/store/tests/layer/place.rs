//! A fresh database for each test, on either engine.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use coffer_store::{
    dialect::Statement,
    error::OpenError,
    migration::Migration,
    store::{Role, Store, StoreOptions, StoreUrl},
};
use tokio_postgres::NoTls;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A database that nobody else uses.
pub struct Place {
    pub engine: Engine,
    pub url: StoreUrl,
    folder: tempfile::TempDir,
    schema: String,
}

/// The tables of the layer's own tests.
pub const THINGS: &[Migration] = &[Migration {
    number: 1,
    name: "thing",
    text: Statement {
        sqlite: "CREATE TABLE thing (
            name TEXT NOT NULL PRIMARY KEY,
            amount INTEGER NOT NULL CHECK (amount >= 0),
            body BLOB,
            note TEXT,
            alias TEXT,
            parent TEXT REFERENCES thing (name),
            UNIQUE (amount, note)
        ) STRICT;
        CREATE UNIQUE INDEX thing_by_alias ON thing (lower(alias));",
        postgres: "CREATE TABLE thing (
            name TEXT NOT NULL PRIMARY KEY,
            amount BIGINT NOT NULL CHECK (amount >= 0),
            body BYTEA,
            note TEXT,
            alias TEXT,
            parent TEXT REFERENCES thing (name),
            UNIQUE (amount, note)
        );
        CREATE UNIQUE INDEX thing_by_alias ON thing (lower(alias));",
    },
}];

impl Place {
    pub async fn new(engine: Engine) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::tempdir().unwrap();
        let schema = format!("coffer_test_{}_{number}", std::process::id());
        let url = match engine {
            Engine::Sqlite => format!("sqlite://{}", folder.path().join("coffer.db").display()),
            Engine::Postgres => {
                let server = server();
                run(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}"))
                    .await;
                let joint = if server.contains('?') { '&' } else { '?' };
                format!("{server}{joint}options=-csearch_path%3D{schema}")
            }
        };
        Self { engine, url: StoreUrl::parse(&url).unwrap(), folder, schema }
    }

    pub fn options(role: Role) -> StoreOptions {
        StoreOptions { migrations: THINGS, ..StoreOptions::new(role) }
    }

    pub async fn open(&self) -> Store {
        self.open_with(&Self::options(Role::Serve)).await.unwrap()
    }

    pub async fn open_with(&self, options: &StoreOptions) -> Result<Store, OpenError> {
        Store::open(&self.url, options).await
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub async fn remove(self) {
        if self.engine == Engine::Postgres {
            run(&format!("DROP SCHEMA {} CASCADE", self.schema)).await;
        }
    }
}

/// Runs a statement on the PostgreSQL of the tests, outside the store.
async fn run(sql: &str) {
    let (client, connection) = tokio_postgres::connect(&server(), NoTls)
        .await
        .expect("the PostgreSQL named by COFFER_TEST_POSTGRES must answer");
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

fn server() -> String {
    std::env::var("COFFER_TEST_POSTGRES").expect(
        "COFFER_TEST_POSTGRES must name a PostgreSQL server that tests may make schemas on, such \
         as postgres://postgres@127.0.0.1/postgres; `cargo xtask ci` starts one",
    )
}

/// Writes each rule as a test per engine.
#[macro_export]
macro_rules! on_both {
    ($(async fn $rule:ident($place:ident: $kind:ty) $body:block)*) => {$(
        mod $rule {
            use super::*;

            async fn rule($place: $kind) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let place = $crate::place::Place::new($crate::place::Engine::Sqlite).await;
                rule(&place).await;
                place.remove().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let place = $crate::place::Place::new($crate::place::Engine::Postgres).await;
                rule(&place).await;
                place.remove().await;
            }
        }
    )*};
}
