//! One call, one transaction: tried again when another got in between.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use deadpool_postgres::Pool;

use super::{Session, fault::no_connection};
use crate::{
    body::{self, Ended},
    error::DbError,
    failpoint::{Fault, Faults},
    store::{Isolation, Shared},
    tx::{After, On, Tx},
};

/// How often a transaction is tried before its caller hears of the conflict.
const TRIES: u32 = 16;
/// The longest pause before another try.
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

const SERIALIZABLE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";
const COMMITTED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Runs a body that writes.
pub(crate) async fn write<T, E, F>(
    pool: &Pool,
    shared: &Shared,
    isolation: Isolation,
    body: &F,
) -> Result<T, E>
where
    F: AsyncFn(&mut Tx<'_>) -> Result<T, E>,
    E: From<DbError>,
{
    let begin = match isolation {
        Isolation::Serializable => SERIALIZABLE,
        Isolation::ReadCommitted => COMMITTED,
    };
    injected(shared, |faults| faults.before_body())?;
    for number in 0..TRIES {
        let (mut session, answer, failed, after) = attempt(pool, begin, body).await?;
        if again(&mut session, failed.as_ref(), number).await {
            continue;
        }
        if answer.is_err() || !session.begun() {
            session.roll_back().await;
            if answer.is_ok() {
                shared.nudges.fire(after.nudges);
            }
            return answer;
        }
        injected(shared, |faults| faults.before_commit())?;
        match session.commit().await {
            Ok(()) => {}
            Err(DbError::Conflict) => {
                pause(number).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        drop(session);
        match shared.faults.as_deref().map_or(Fault::None, Faults::after_commit) {
            Fault::None => {}
            Fault::Fail => return Err(DbError::OutcomeUnknown("injected".to_owned()).into()),
            Fault::Crash => return Err(DbError::Crashed.into()),
        }
        shared.committed(after);
        return answer;
    }
    Err(DbError::Conflict.into())
}

/// Runs a body that reads.
pub(crate) async fn read<T, E, F>(pool: &Pool, body: &F) -> Result<T, E>
where
    F: AsyncFn(&mut Tx<'_>) -> Result<T, E>,
    E: From<DbError>,
{
    for number in 0..TRIES {
        let (mut session, answer, failed, _) = attempt(pool, READING, body).await?;
        if again(&mut session, failed.as_ref(), number).await {
            continue;
        }
        session.roll_back().await;
        return answer;
    }
    Err(DbError::Conflict.into())
}

type Attempt<T, E> = (Session, Result<T, E>, Option<DbError>, After);

async fn attempt<T, E, F>(pool: &Pool, begin: &'static str, body: &F) -> Result<Attempt<T, E>, E>
where
    F: AsyncFn(&mut Tx<'_>) -> Result<T, E>,
    E: From<DbError>,
{
    let object = pool.get().await.map_err(|error| no_connection(&error))?;
    let mut session = Session::new(object, begin);
    let busy = session.busy();
    let mut tx = Tx::new(On::Postgres(&mut session));
    let ended = {
        let mut body = pin!(body(&mut tx));
        poll_fn(|context| match body::poll_once(body.as_mut(), context) {
            Ended::Waiting if busy.get() => Poll::Pending,
            ended => Poll::Ready(ended),
        })
        .await
    };
    let (failed, after) = tx.end();
    let answer = body::answer(ended, failed.clone());
    Ok((session, answer, failed, after))
}

/// Whether the transaction is worth another try; if so everything is taken back and a pause made.
async fn again(session: &mut Session, failed: Option<&DbError>, number: u32) -> bool {
    // Before its commit was sent, a transaction whose connection broke has written nothing.
    let broken = failed.is_some() && session.is_gone();
    if failed != Some(&DbError::Conflict) && !broken {
        return false;
    }
    session.forget_statements();
    session.roll_back().await;
    pause(number).await;
    true
}

async fn pause(number: u32) {
    // The first tries follow at once: mostly the other one is through.
    if number > 1 {
        tokio::time::sleep(LONGEST_PAUSE.min(Duration::from_millis(1 << number.min(8)))).await;
    }
}

fn injected<E: From<DbError>>(
    shared: &Shared,
    choose: impl FnOnce(&dyn Faults) -> Fault,
) -> Result<(), E> {
    match shared.faults.as_deref().map_or(Fault::None, choose) {
        Fault::None => Ok(()),
        Fault::Fail => Err(DbError::Unavailable("injected".to_owned()).into()),
        Fault::Crash => Err(DbError::Crashed.into()),
    }
}
