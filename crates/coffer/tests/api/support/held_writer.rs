//! The one writer of a SQLite store, kept busy for as long as a test wants.

use std::sync::{Mutex, mpsc};

use coffer_store::{error::DbError, store::Store, tx::Tx};
use tokio::task::{JoinHandle, spawn_blocking};

/// A write that does not end by itself.
pub struct HeldWriter {
    release: mpsc::Sender<()>,
    write: JoinHandle<Result<(), DbError>>,
}

impl HeldWriter {
    /// Begins such a write, and waits until it has the writer.
    pub async fn hold(store: &Store) -> Self {
        let (begun, begins) = mpsc::channel::<()>();
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let store = store.clone();
        let write = tokio::spawn(async move {
            let body = async move |_: &mut Tx<'_>| {
                begun.send(()).unwrap();
                released.lock().unwrap().recv().unwrap();
                Ok::<(), DbError>(())
            };
            store.write(body).await
        });
        spawn_blocking(move || begins.recv().unwrap()).await.unwrap();
        Self { release, write }
    }

    /// Lets the write end.
    pub async fn release(self) {
        self.release.send(()).unwrap();
        self.write.await.unwrap().unwrap();
    }
}
