//! The store: the one way to read and to write, whichever database is behind it.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use crate::{
    dialect::Dialect,
    error::{DbError, OpenError},
    failpoint::{Failpoint, Faults},
    migration::{MIGRATIONS, Migration, Pending},
    nudge::{Nudged, Nudges},
    postgres, schema, sqlite,
    tx::{After, Tx},
};

pub use address::StoreUrl;

mod address;

/// Who opens the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The server. A SQLite file has one at a time; a second one refuses to start.
    Serve,
    /// A command beside or without a running server.
    Cli,
}

/// How a store is opened. Every limit has its default here.
#[derive(Clone)]
pub struct StoreOptions {
    /// Who opens it.
    pub role: Role,
    /// The migrations to bring it up to; those of this program unless a test says otherwise.
    pub migrations: &'static [Migration],
    /// Whether missing migrations are applied. If not, a store that is behind is not opened.
    pub migrate: bool,
    /// SQLite: how many connections read side by side.
    pub sqlite_readers: usize,
    /// SQLite: how long a write waits for one of another process.
    pub sqlite_busy: Duration,
    /// SQLite: the size the file may grow to, in pages of 4096 bytes; no limit but the disk's if
    /// none.
    pub sqlite_max_pages: Option<u32>,
    /// PostgreSQL: how many connections at most.
    pub postgres_connections: usize,
    /// PostgreSQL: how long a call waits for a free connection, and a new connection for the
    /// server.
    pub postgres_wait: Duration,
    /// PostgreSQL: how many threads drive the connections. One serves about 10,000 transactions a
    /// second.
    pub postgres_threads: usize,
    /// Chooses injected faults; for the simulation and tests.
    pub faults: Option<Arc<dyn Faults>>,
    /// Ends the process after a commit; for the kill test.
    pub failpoint: Option<Failpoint>,
}

impl StoreOptions {
    /// The usual options.
    #[must_use]
    pub fn new(role: Role) -> Self {
        Self {
            role,
            migrations: MIGRATIONS,
            migrate: true,
            sqlite_readers: 4,
            sqlite_busy: Duration::from_secs(5),
            sqlite_max_pages: None,
            postgres_connections: 16,
            postgres_wait: Duration::from_secs(5),
            postgres_threads: 1,
            faults: None,
            failpoint: None,
        }
    }
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions").field("role", &self.role).finish_non_exhaustive()
    }
}

/// What a write may assume about other transactions on PostgreSQL. SQLite has one writer and
/// gives every write the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// As if transactions ran one after the other.
    Serializable,
    /// Each statement sees what is committed when it starts.
    ReadCommitted,
}

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    shared: Arc<Shared>,
}

#[derive(Clone)]
enum Engine {
    Sqlite(Arc<sqlite::Engine>),
    Postgres(Arc<postgres::Engine>),
}

/// What the threads behind a store share.
pub(crate) struct Shared {
    pub(crate) nudges: Nudges,
    pub(crate) failpoint: Option<Failpoint>,
    pub(crate) faults: Option<Arc<dyn Faults>>,
}

impl Shared {
    /// What follows a commit, before its answers.
    pub(crate) fn committed(&self, after: After) {
        if let Some(failpoint) = &self.failpoint {
            failpoint.count(&after.notes);
        }
        self.nudges.fire(after.nudges);
    }
}

impl Store {
    /// Opens the database, makes it if it is a SQLite file that does not exist, and brings its
    /// tables up to date.
    ///
    /// # Errors
    /// When it is served already, unreachable, newer than this program, or a migration fails.
    pub async fn open(url: &StoreUrl, options: &StoreOptions) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared {
            nudges: Nudges::default(),
            failpoint: options.failpoint.clone(),
            faults: options.faults.clone(),
        });
        let engine = match url {
            StoreUrl::Sqlite(path) => Engine::Sqlite(Arc::new(
                sqlite::Engine::open(path.clone(), options.clone(), Arc::clone(&shared)).await?,
            )),
            StoreUrl::Postgres(config) => Engine::Postgres(Arc::new(
                postgres::Engine::open(config, options.clone(), Arc::clone(&shared)).await?,
            )),
        };
        Ok(Self { engine, shared })
    }

    /// The migrations that opening would apply, and how large the database is. Changes nothing.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn pending(url: &StoreUrl, options: &StoreOptions) -> Result<Pending, OpenError> {
        match url {
            StoreUrl::Sqlite(path) => sqlite::pending(path.clone(), options.clone()).await,
            StoreUrl::Postgres(config) => postgres::pending(config, options.clone()).await,
        }
    }

    /// Runs `body` as one transaction, as if no other ran beside it. All of it is written, or
    /// nothing: it is written when this answers `Ok`.
    ///
    /// The body may run more than once, awaits nothing but its transaction, holds no network and
    /// no heavy computation and never calls `write`. It goes on when the caller hangs up.
    ///
    /// # Errors
    /// What the body says, or the database: see [`DbError`].
    pub async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let body = posted(body);
        match &self.engine {
            Engine::Sqlite(engine) => engine.write(body).await,
            Engine::Postgres(engine) => engine.write(Isolation::Serializable, body).await,
        }
    }

    /// Like [`write`](Self::write), for bodies that decide nothing from what they read, or lock
    /// what they read by an `UPDATE … RETURNING`: on PostgreSQL they run READ COMMITTED and do
    /// not collide with each other.
    ///
    /// # Errors
    /// What the body says, or the database: see [`DbError`].
    pub async fn write_committed<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let body = posted(body);
        match &self.engine {
            Engine::Sqlite(engine) => engine.write(body).await,
            Engine::Postgres(engine) => engine.write(Isolation::ReadCommitted, body).await,
        }
    }

    /// Runs `body` on one unchanging picture of what is committed. Never waits for a writer and
    /// cannot write.
    ///
    /// # Errors
    /// What the body says, or the database: see [`DbError`].
    pub async fn read<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match &self.engine {
            Engine::Sqlite(engine) => engine.read(body).await,
            Engine::Postgres(engine) => engine.read(body).await,
        }
    }

    /// Starts to listen for the nudges of a topic.
    #[must_use]
    pub fn nudged(&self, topic: &'static str) -> Nudged {
        self.shared.nudges.nudged(topic)
    }

    /// Which database this is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The tables and indexes as text, the same for the same migrations.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn schema_text(&self) -> Result<String, DbError> {
        self.read(async |tx: &mut Tx<'_>| schema::text(tx).await).await
    }

    /// Whether the database takes a statement. For the test that tries every statement.
    ///
    /// # Errors
    /// What the database has against it.
    pub async fn prepare(&self, sql: String) -> Result<(), DbError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.prepare(sql).await,
            Engine::Postgres(engine) => engine.prepare(sql).await,
        }
    }

    /// Ends the store once everything under way is done; later calls are refused. A SQLite file
    /// can be opened by another server afterwards.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(engine) => engine.close().await,
            Engine::Postgres(engine) => engine.close().await,
        }
    }

    /// Copies a SQLite database, as it is now, to a new file. None on PostgreSQL, which has its
    /// own tools for it.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub async fn copy_to(&self, path: PathBuf) -> Result<Option<()>, DbError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.copy_to(path).await.map(Some),
            Engine::Postgres(_) => Ok(None),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dialect", &self.dialect()).finish_non_exhaustive()
    }
}

/// The body of a write with its end: what it booked is moved on the accounts.
fn posted<T, E, F>(body: F) -> impl AsyncFn(&mut Tx<'_>) -> Result<T, E> + Send + 'static
where
    F: AsyncFn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    async move |tx: &mut Tx<'_>| {
        let said = body(tx).await?;
        tx.post_accounts().await?;
        Ok(said)
    }
}
