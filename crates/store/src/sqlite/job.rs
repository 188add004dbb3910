//! A call waiting for a thread: a body to run and a caller to answer.

use std::{
    pin::pin,
    task::{Context, Waker},
};

use tokio::sync::oneshot;

use super::Connection;
use crate::{
    body::{self, Ended},
    error::DbError,
    tx::{After, On, Tx},
};

/// A call whose types are forgotten.
pub(crate) trait Job: Send {
    /// Whether somebody still waits for the answer.
    fn wanted(&self) -> bool;
    /// Runs the body on the connection and keeps its answer.
    fn run(&mut self, connection: &Connection) -> Ran;
    /// Tells the caller what the body said, or the error if there is one.
    fn answer(self: Box<Self>, instead: Option<&DbError>);
}

/// What to do with what a body wrote.
pub(crate) enum Ran {
    /// Keep it, and do this after the commit.
    Keep(After),
    /// Take it back; the others are not concerned.
    Undo,
    /// The database gave up: nobody's writes can be kept.
    Lost(DbError),
}

/// A call with its types. It goes back to its caller as a whole, who frees what he has made: the
/// thread that writes for everybody has better things to do, and freeing what another thread
/// allocated takes a lock.
pub(crate) struct Call<T, E, F> {
    body: F,
    said: Option<Result<T, E>>,
    /// None once the caller was told.
    reply: Option<oneshot::Sender<Box<Self>>>,
}

impl<T, E, F> Call<T, E, F> {
    pub(crate) fn new(body: F, reply: oneshot::Sender<Box<Self>>) -> Self {
        Self { body, said: None, reply: Some(reply) }
    }

    /// What the caller is told; none if the call came back without having been run.
    pub(crate) fn into_said(self) -> Option<Result<T, E>> {
        self.said
    }
}

impl<T, E, F> Job for Call<T, E, F>
where
    F: AsyncFn(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<DbError> + Send,
{
    fn wanted(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| !reply.is_closed())
    }

    fn run(&mut self, connection: &Connection) -> Ran {
        let mut tx = Tx::new(On::Sqlite(connection));
        // Nothing a transaction does on SQLite waits, so a body that is not ready after one poll
        // awaits something else.
        let ended = {
            let body = pin!((self.body)(&mut tx));
            body::poll_once(body, &mut Context::from_waker(Waker::noop()))
        };
        let (failed, after) = tx.end();
        let good = matches!(ended, Ended::Said(Ok(_))) && failed.is_none();
        let lost = failed.clone().filter(|error| matches!(error, DbError::Unavailable(_)));
        self.said = Some(body::answer(ended, failed));
        match lost {
            Some(error) => Ran::Lost(error),
            None if good => Ran::Keep(after),
            None => Ran::Undo,
        }
    }

    fn answer(mut self: Box<Self>, instead: Option<&DbError>) {
        if let (Some(error), Some(Ok(_)) | None) = (instead, &self.said) {
            self.said = Some(Err(E::from(error.clone())));
        }
        if let Some(reply) = self.reply.take() {
            // A caller that hung up has nobody to tell.
            let _ = reply.send(self);
        }
    }
}
