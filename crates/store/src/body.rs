//! Running the body of a transaction: what it said, and what became of it if it said nothing.

use std::{any::Any, panic::AssertUnwindSafe, pin::Pin, task::Poll};
use std::{panic::catch_unwind, task::Context};

use crate::error::DbError;

/// How a body came back.
pub(crate) enum Ended<R> {
    /// With its answer.
    Said(R),
    /// Waiting for something that is not its transaction.
    Waiting,
    /// By a panic with this message.
    Panicked(String),
}

/// Polls a body once, catching its panic.
pub(crate) fn poll_once<R>(
    body: Pin<&mut impl Future<Output = R>>,
    context: &mut Context<'_>,
) -> Ended<R> {
    // The transaction behind the body is rolled back after a panic, so no broken state stays.
    match catch_unwind(AssertUnwindSafe(|| body.poll(context))) {
        Ok(Poll::Ready(answer)) => Ended::Said(answer),
        Ok(Poll::Pending) => Ended::Waiting,
        Err(panic) => Ended::Panicked(message(&*panic)),
    }
}

/// The body's answer, where it may stand: a transaction that lost a statement is never a success.
pub(crate) fn answer<T, E: From<DbError>>(
    ended: Ended<Result<T, E>>,
    failed: Option<DbError>,
) -> Result<T, E> {
    match (ended, failed) {
        (Ended::Said(Ok(_)), Some(failed)) => Err(failed.into()),
        (Ended::Said(answer), _) => answer,
        (Ended::Waiting, _) => Err(DbError::AwaitedElse.into()),
        (Ended::Panicked(message), _) => Err(DbError::Panicked(message).into()),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
