//! The threads that drive connections and bodies.
//!
//! A body's future stays on the thread that made it, so it need not be `Send`; and as it is not
//! the caller's future, it is not dropped with it.

use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
    thread::{Builder, JoinHandle},
};

use tokio::{
    runtime,
    sync::{mpsc, oneshot},
    task::LocalSet,
};
use tokio_util::task::TaskTracker;

use crate::error::{DbError, OpenError};

type Work = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// The way to one thread.
pub(crate) struct Worker {
    /// None once the store is closed.
    queue: Mutex<Option<mpsc::UnboundedSender<Work>>>,
    /// Answers when the last work is done.
    done: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
}

impl Worker {
    /// Starts `work` on the thread. How much may wait is limited by the pool's patience, not here.
    pub(crate) fn run(&self, work: impl AsyncFnOnce() + Send + 'static) -> Result<(), DbError> {
        let closed = || DbError::Unavailable("the store is closed".to_owned());
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let work: Work = Box::new(move || Box::pin(work()));
        queue.as_ref().ok_or_else(closed)?.send(work).map_err(|_| closed())
    }

    /// Takes no more work and waits for what is under way.
    pub(crate) async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(done) = self.done.lock().await.take() {
            // An error says that the thread is gone, which is what this waits for.
            let _ = done.await;
        }
    }
}

/// Starts a thread with a runtime of its own.
pub(crate) fn start(number: usize) -> Result<(Worker, JoinHandle<()>), OpenError> {
    let failed = |error: std::io::Error| OpenError::Unreachable(error.to_string());
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let (queue, works) = mpsc::unbounded_channel();
    let (finished, done) = oneshot::channel();
    let thread = Builder::new()
        .name(format!("coffer-pg-{number}"))
        .spawn(move || {
            LocalSet::new().block_on(&runtime, serve(works));
            // Nobody may be waiting.
            let _ = finished.send(());
        })
        .map_err(failed)?;
    let worker =
        Worker { queue: Mutex::new(Some(queue)), done: tokio::sync::Mutex::new(Some(done)) };
    Ok((worker, thread))
}

async fn serve(mut works: mpsc::UnboundedReceiver<Work>) {
    let tasks = TaskTracker::new();
    while let Some(work) = works.recv().await {
        tasks.spawn_local(work());
    }
    tasks.close();
    tasks.wait().await;
}
