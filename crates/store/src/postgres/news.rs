//! News between servers: a nudge of one wakes those who wait in the others, by LISTEN and NOTIFY.
//!
//! They are told after the commit and beside it, on a connection of their own, so that no
//! transaction waits for another's NOTIFY. A hint that is lost costs time, nothing else.

use std::{cell::Cell, collections::BTreeSet, future::poll_fn, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls};
use tokio_util::sync::CancellationToken;

use super::{connect, fault};
use crate::{error::OpenError, nudge::Nudge, store::Shared};

/// The name servers listen to.
const CHANNEL: &str = "coffer_news";
/// Hints that wait to be told at most; more are lost.
const WAITING: usize = 1_000;
/// Hints told together at most: a message holds less than 8,000 bytes.
const TOGETHER: usize = 100;
/// Between two messages, so that a busy server sends few.
const BETWEEN: Duration = Duration::from_millis(50);
/// Before another try to connect.
const AGAIN: Duration = Duration::from_secs(1);

/// The way to tell others.
pub(super) fn queue() -> (mpsc::Sender<Nudge>, mpsc::Receiver<Nudge>) {
    mpsc::channel(WAITING)
}

/// Tells and hears news until `stop`, over as many connections as break meanwhile.
pub(super) async fn keep(
    config: Config,
    shared: Arc<Shared>,
    mut own: mpsc::Receiver<Nudge>,
    stop: CancellationToken,
) {
    let mut again = false;
    loop {
        let ended = tokio::select! {
            () = stop.cancelled() => return,
            ended = talk(&config, &shared, &mut own, again) => ended,
        };
        again = true;
        if let Err(error) = ended {
            tracing::debug!(%error, "no news between servers for now");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

async fn talk(
    config: &Config,
    shared: &Shared,
    own: &mut mpsc::Receiver<Nudge>,
    again: bool,
) -> Result<(), OpenError> {
    let unreachable = |error: tokio_postgres::Error| OpenError::Unreachable(fault::chain(&error));
    let (config, encryption) = connect::prepared(config)?;
    let talked = match encryption {
        Some(encryption) => {
            let (client, connection) = config.connect(encryption).await.map_err(unreachable)?;
            converse(&client, connection, shared, own, again).await
        }
        None => {
            let (client, connection) = config.connect(NoTls).await.map_err(unreachable)?;
            converse(&client, connection, shared, own, again).await
        }
    };
    talked.map_err(unreachable)
}

async fn converse<S, T>(
    client: &Client,
    mut connection: Connection<S, T>,
    shared: &Shared,
    own: &mut mpsc::Receiver<Nudge>,
    again: bool,
) -> Result<(), tokio_postgres::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let here: Cell<Option<(i32, String)>> = Cell::new(None);
    let hear = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            let AsyncMessage::Notification(told) = message? else { continue };
            let known = here.take();
            if let Some((me, schema)) = &known
                && told.process_id() != *me
            {
                take_in(told.payload(), schema, shared);
            }
            here.set(known);
        }
        Ok(())
    };
    let tell = async {
        let sql = "SELECT pg_backend_pid(), COALESCE(current_schema()::text, '')";
        let row = client.query_one(sql, &[]).await?;
        let schema: String = row.get(1);
        here.set(Some((row.get(0), schema.clone())));
        client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
        if again {
            // What was said in between is not known.
            shared.nudges.stir();
        }
        while let Some(first) = own.recv().await {
            let payload = message(&schema, first, own);
            client.execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &payload]).await?;
            tokio::time::sleep(BETWEEN).await;
        }
        // Nobody has anything to tell any more, but others have.
        std::future::pending().await
    };
    tokio::select! {
        ended = hear => ended,
        ended = tell => ended,
    }
}

/// A message: the schema, then a line for each hint, of which there may be many of the same.
fn message(schema: &str, first: Nudge, own: &mut mpsc::Receiver<Nudge>) -> String {
    let mut lines = BTreeSet::from([first.line()]);
    while lines.len() < TOGETHER
        && let Ok(next) = own.try_recv()
    {
        lines.insert(next.line());
    }
    lines.into_iter().fold(schema.to_owned(), |text, line| text + "\n" + &line)
}

/// Wakes those who wait here for what another server of the same schema tells.
fn take_in(message: &str, schema: &str, shared: &Shared) {
    let mut lines = message.lines();
    if lines.next() != Some(schema) {
        return;
    }
    for line in lines {
        match line.split_once(' ') {
            Some((topic, key)) => shared.nudges.hear(topic, Some(key)),
            None => shared.nudges.hear(line, None),
        }
    }
}
