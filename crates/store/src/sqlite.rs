//! SQLite: one thread that writes in batches, a few that read.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::{
    error::{DbError, OpenError},
    migration::Pending,
    store::{Role, Shared, StoreOptions},
    tx::Tx,
};

pub(crate) use connection::Connection;
use job::{Call, Job};

mod connection;
mod fault;
mod job;
mod migrate;
mod reader;
pub(crate) mod value;
mod writer;

/// How many calls may wait for a thread before new callers wait to be let in.
const QUEUE: usize = 4096;

/// An open SQLite file.
pub(crate) struct Engine {
    writes: mpsc::Sender<Message>,
    reads: mpsc::Sender<Message>,
    place: Place,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held while this server lives; other servers find it locked.
    lock: Mutex<Option<File>>,
}

/// Where the file is and how its connections are opened.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) options: StoreOptions,
}

/// What a thread is asked.
pub(crate) enum Message {
    Call(Box<dyn Job>),
    Close,
}

impl Engine {
    pub(crate) async fn open(
        path: PathBuf,
        options: StoreOptions,
        shared: Arc<Shared>,
    ) -> Result<Self, OpenError> {
        let place = Place { path, options };
        blocking(move || Self::start(place, shared)).await?
    }

    pub(crate) async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        ask(&self.writes, body).await
    }

    pub(crate) async fn read<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        ask(&self.reads, body).await
    }

    pub(crate) async fn prepare(&self, sql: String) -> Result<(), DbError> {
        let place = self.place.clone();
        blocking(move || Connection::open_reader(&place)?.prepare(&sql)).await.map_err(lost)?
    }

    pub(crate) async fn copy_to(&self, path: PathBuf) -> Result<(), DbError> {
        let place = self.place.clone();
        blocking(move || Connection::open_reader(&place)?.copy_to(&path)).await.map_err(lost)?
    }

    pub(crate) async fn close(&self) {
        // A thread that is gone already needs no telling.
        let _ = self.writes.send(Message::Close).await;
        for _ in 0..self.place.options.sqlite_readers.max(1) {
            let _ = self.reads.send(Message::Close).await;
        }
        let threads = std::mem::take(&mut *self.threads.lock().await);
        let _ = blocking(move || threads.into_iter().for_each(|thread| drop(thread.join()))).await;
        self.lock.lock().await.take();
    }

    fn start(place: Place, shared: Arc<Shared>) -> Result<Self, OpenError> {
        let lock = match place.options.role {
            Role::Serve => Some(serve_lock(&place.path)?),
            Role::Cli => None,
        };
        migrate::run(&place)?;
        let (writes, write_queue) = mpsc::channel(QUEUE);
        let (reads, read_queue) = mpsc::channel(QUEUE);
        let mut threads = vec![writer::start(place.clone(), shared, write_queue)?];
        let read_queue = Arc::new(std::sync::Mutex::new(read_queue));
        for number in 0..place.options.sqlite_readers.max(1) {
            threads.push(reader::start(number, place.clone(), Arc::clone(&read_queue))?);
        }
        let (threads, lock) = (Mutex::new(threads), Mutex::new(lock));
        Ok(Self { writes, reads, place, threads, lock })
    }
}

/// What opening would do; makes no file.
pub(crate) async fn pending(path: PathBuf, options: StoreOptions) -> Result<Pending, OpenError> {
    blocking(move || migrate::pending(&Place { path, options })).await?
}

async fn ask<T, E, F>(queue: &mpsc::Sender<Message>, body: F) -> Result<T, E>
where
    F: AsyncFn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let closed = || E::from(DbError::Unavailable("the store is closed".into()));
    let call: Box<Call<T, E, F>> = Box::new(Call::new(body, reply));
    queue.send(Message::Call(call)).await.map_err(|_| closed())?;
    let call = answer.await.map_err(|_| closed())?;
    let not_run = || Err(E::from(DbError::Unavailable("the body was not run".into())));
    call.into_said().unwrap_or_else(not_run)
}

fn serve_lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let unreachable = |error: std::io::Error| {
        OpenError::Unreachable(format!("{}: {error}", Path::new(&name).display()))
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(unreachable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Served(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(unreachable(error)),
    }
}

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, OpenError> {
    let lost = |error: tokio::task::JoinError| OpenError::Unreachable(error.to_string());
    tokio::task::spawn_blocking(work).await.map_err(lost)
}

fn lost(error: OpenError) -> DbError {
    DbError::Unavailable(error.to_string())
}
