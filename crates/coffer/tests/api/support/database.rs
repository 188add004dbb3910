//! A fresh database for each test.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use coffer_store::store::{Role, Store, StoreOptions, StoreUrl};
use tokio_postgres::NoTls;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// A database that nobody else uses.
pub struct Place {
    database: Database,
    folder: tempfile::TempDir,
    schema: String,
}

impl Place {
    pub async fn new(database: Database) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("coffer_api_{}_{number}", std::process::id());
        if database == Database::Postgres {
            run(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")).await;
        }
        Self { database, folder: tempfile::tempdir().unwrap(), schema }
    }

    pub async fn open(&self) -> Store {
        let url = match self.database {
            Database::Sqlite => format!("sqlite://{}", self.file("coffer.db").display()),
            Database::Postgres => {
                let server = server();
                let joint = if server.contains('?') { '&' } else { '?' };
                format!("{server}{joint}options=-csearch_path%3D{}", self.schema)
            }
        };
        let url = StoreUrl::parse(&url).unwrap();
        Store::open(&url, &StoreOptions::new(Role::Serve)).await.unwrap()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub async fn remove(&self) {
        if self.database == Database::Postgres {
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
