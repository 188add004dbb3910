//! The threads that read.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{Builder, JoinHandle},
};

use tokio::sync::mpsc;

use super::{
    Connection, Message, Place,
    job::{Job, Ran},
};
use crate::error::{DbError, OpenError};

type Queue = Arc<Mutex<mpsc::Receiver<Message>>>;

/// Starts a thread that takes calls from the common queue until the store is closed.
pub(crate) fn start(
    number: usize,
    place: Place,
    queue: Queue,
) -> Result<JoinHandle<()>, OpenError> {
    let connection = Connection::open_reader(&place)?;
    Builder::new()
        .name(format!("coffer-read-{number}"))
        .spawn(move || serve(&place, &queue, Some(connection)))
        .map_err(|error| OpenError::Unreachable(error.to_string()))
}

fn serve(place: &Place, queue: &Queue, mut connection: Option<Connection>) {
    while let Some(Message::Call(mut job)) = next(queue) {
        // Nobody waits for what a read would have told.
        if !job.wanted() {
            continue;
        }
        let opened = connection.take().map_or_else(|| Connection::open_reader(place), Ok);
        let error = match opened {
            Ok(usable) => match read(&usable, &mut *job) {
                Ok(()) => {
                    connection = Some(usable);
                    None
                }
                // The connection is dropped; the next call opens another.
                Err(error) => Some(error),
            },
            Err(error) => Some(error),
        };
        job.answer(error.as_ref());
    }
}

fn next(queue: &Queue) -> Option<Message> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

/// Runs the job on one picture of the file.
fn read(connection: &Connection, job: &mut dyn Job) -> Result<(), DbError> {
    connection.exec("BEGIN", &[])?;
    if let Ran::Lost(error) = job.run(connection) {
        return Err(error);
    }
    connection.exec("ROLLBACK", &[]).map(drop)
}
