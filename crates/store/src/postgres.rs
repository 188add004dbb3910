//! PostgreSQL: each call a transaction of its own, on threads of the store.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

use deadpool_postgres::Pool;
use tokio::sync::{Mutex, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    error::{DbError, OpenError},
    migration::Pending,
    store::{Isolation, Role, Shared, StoreOptions},
    tx::Tx,
};

pub(crate) use session::Session;
use worker::Worker;

mod connect;
mod fault;
mod migrate;
mod news;
mod session;
mod transaction;
pub(crate) mod value;
mod worker;

/// An open server.
pub(crate) struct Engine {
    pool: Pool,
    shared: Arc<Shared>,
    workers: Vec<Worker>,
    next: AtomicUsize,
    /// Ends the news between servers.
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Engine {
    pub(crate) async fn open(
        config: &tokio_postgres::Config,
        options: StoreOptions,
        shared: Arc<Shared>,
    ) -> Result<Self, OpenError> {
        let engine = Self::connect(config, &options, shared)?;
        let (pool, migrations) = (engine.pool.clone(), options.migrations);
        let migrated = engine
            .run(async move || {
                let mut object = connect::first(&pool).await?;
                migrate::run(&mut object, migrations, options.migrate).await
            })
            .await;
        match migrated {
            Ok(Ok(())) => {
                if options.role == Role::Serve {
                    engine.begin_news(config);
                }
                Ok(engine)
            }
            Ok(Err(error)) => {
                engine.close().await;
                Err(error)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn write<T, E, F>(&self, isolation: Isolation, body: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (pool, shared) = (self.pool.clone(), Arc::clone(&self.shared));
        self.run(async move || transaction::write(&pool, &shared, isolation, &body).await)
            .await
            .map_err(E::from)?
    }

    pub(crate) async fn read<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let pool = self.pool.clone();
        self.run(async move || transaction::read(&pool, &body).await).await.map_err(E::from)?
    }

    pub(crate) async fn prepare(&self, sql: String) -> Result<(), DbError> {
        let pool = self.pool.clone();
        self.run(async move || {
            let object = pool.get().await.map_err(|error| fault::no_connection(&error))?;
            let statement =
                object.prepare(&sql).await.map_err(|error| fault::meaning(&error, &sql))?;
            value::check(&statement).map_err(|reason| DbError::Statement { sql, reason })
        })
        .await?
    }

    pub(crate) async fn close(&self) {
        self.stop.cancel();
        for worker in &self.workers {
            worker.close().await;
        }
        self.pool.close();
        let threads = std::mem::take(&mut *self.threads.lock().await);
        let join = move || threads.into_iter().for_each(|thread| drop(thread.join()));
        // The threads end by themselves; only the wait for them can be cut short.
        let _ = tokio::task::spawn_blocking(join).await;
    }

    fn connect(
        config: &tokio_postgres::Config,
        options: &StoreOptions,
        shared: Arc<Shared>,
    ) -> Result<Self, OpenError> {
        let pool = connect::pool(config, options)?;
        let (mut workers, mut threads) = (Vec::new(), Vec::new());
        for number in 0..options.postgres_threads.max(1) {
            let (worker, thread) = worker::start(number)?;
            workers.push(worker);
            threads.push(thread);
        }
        let (next, threads) = (AtomicUsize::new(0), Mutex::new(threads));
        let stop = CancellationToken::new();
        let _stop_when_dropped = stop.clone().drop_guard();
        Ok(Self { pool, shared, workers, next, stop, _stop_when_dropped, threads })
    }

    /// Tells other servers of the same database what is nudged here, and hears what is there.
    fn begin_news(&self, config: &tokio_postgres::Config) {
        let (tell, told) = news::queue();
        let (config, shared, stop) = (config.clone(), Arc::clone(&self.shared), self.stop.clone());
        let keep = async move || news::keep(config, shared, told, stop).await;
        // Only a store that is closed takes no work.
        if self.workers.first().is_some_and(|worker| worker.run(keep).is_ok()) {
            self.shared.nudges.tell(tell);
        }
    }

    /// Runs `work` on a thread of the store, where it goes on even if the caller hangs up.
    async fn run<R, W>(&self, work: W) -> Result<R, DbError>
    where
        W: AsyncFnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let closed = || DbError::Unavailable("the store is closed".to_owned());
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.workers.len();
        let worker = self.workers.get(number).ok_or_else(closed)?;
        worker.run(async move || {
            // A caller that hung up has nobody to tell.
            let _ = reply.send(work().await);
        })?;
        answer.await.map_err(|_| closed())
    }
}

/// What opening would do.
pub(crate) async fn pending(
    config: &tokio_postgres::Config,
    options: StoreOptions,
) -> Result<Pending, OpenError> {
    let pool = connect::pool(config, &options)?;
    let object = connect::first(&pool).await?;
    migrate::pending(&object, options.migrations).await
}

/// Makes a schema if there is none of that name, and gives the settings of connections to it.
pub(crate) async fn in_schema(
    config: &tokio_postgres::Config,
    options: &StoreOptions,
    schema: &str,
) -> Result<tokio_postgres::Config, OpenError> {
    let pool = connect::pool(config, options)?;
    let object = pool.get().await.map_err(|error| fault::no_connection(&error))?;
    let known = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)";
    let row = object.query_one(known, &[&schema]).await;
    let row = row.map_err(|error| fault::meaning(&error, known))?;
    if !row.get::<_, bool>(0) {
        let make = format!("CREATE SCHEMA \"{schema}\"");
        object.batch_execute(&make).await.map_err(|error| fault::meaning(&error, &make))?;
    }
    let mut inside = config.clone();
    let others = config.get_options().map_or_else(String::new, |others| format!("{others} "));
    inside.options(format!("{others}-csearch_path={schema}"));
    Ok(inside)
}
