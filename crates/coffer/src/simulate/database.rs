//! A database that nobody else uses, on either engine.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use coffer_store::{
    failpoint::Faults,
    store::{Role, Store, StoreOptions, StoreUrl},
};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use super::Trouble;

/// Files in memory, where the system has them: a simulation commits often.
const IN_MEMORY: &str = "/dev/shm";

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A schema of its own on the server for tests.
    Postgres,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// An empty database and a folder for what lies beside it. Its schema on a server is dropped by
/// [`remove`](Self::remove), its files when it is dropped.
pub struct Database {
    kind: Kind,
    folder: TempDir,
    server: String,
    schema: String,
}

impl Database {
    /// Makes one. `server` is the PostgreSQL for tests; a file needs none.
    ///
    /// # Errors
    /// When the folder or the schema cannot be made.
    pub async fn new(kind: Kind, server: Option<&str>) -> Result<Self, Trouble> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = if Path::new(IN_MEMORY).is_dir() {
            tempfile::tempdir_in(IN_MEMORY)
        } else {
            tempfile::tempdir()
        };
        let schema = format!("coffer_simulate_{}_{number}", std::process::id());
        let server = server.unwrap_or_default().to_owned();
        let place = Self { kind, folder: folder.map_err(Trouble::outside)?, server, schema };
        if kind == Kind::Postgres {
            let schema = &place.schema;
            place
                .run(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}"))
                .await?;
        }
        Ok(place)
    }

    /// Which database it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// A file beside the database.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Opens it. A file can be open once as `Serve`, a schema any number of times.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(&self, faults: Option<Arc<dyn Faults>>) -> Result<Store, Trouble> {
        let url = match self.kind {
            Kind::Sqlite => format!("sqlite://{}", self.file("coffer.db").display()),
            Kind::Postgres => {
                let joint = if self.server.contains('?') { '&' } else { '?' };
                format!("{}{joint}options=-csearch_path%3D{}", self.server, self.schema)
            }
        };
        let url = StoreUrl::parse(&url).map_err(Trouble::outside)?;
        let options = StoreOptions {
            faults,
            sqlite_readers: 1,
            postgres_connections: 4,
            ..StoreOptions::new(Role::Serve)
        };
        Store::open(&url, &options).await.map_err(Trouble::outside)
    }

    /// Drops the schema.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn remove(self) -> Result<(), Trouble> {
        match self.kind {
            Kind::Sqlite => Ok(()),
            Kind::Postgres => self.run(&format!("DROP SCHEMA {} CASCADE", self.schema)).await,
        }
    }

    /// Runs a statement on the server, outside the store.
    async fn run(&self, sql: &str) -> Result<(), Trouble> {
        let (client, connection) =
            tokio_postgres::connect(&self.server, NoTls).await.map_err(Trouble::outside)?;
        tokio::select! {
            done = client.batch_execute(sql) => done.map_err(Trouble::outside),
            ended = connection => match ended {
                Ok(()) => Err(Trouble::Outside("the server hung up".to_owned())),
                Err(error) => Err(Trouble::outside(error)),
            },
        }
    }
}
