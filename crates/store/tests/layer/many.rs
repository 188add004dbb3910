//! Many callers, other processes, and a full disk.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use coffer_store::{
    error::{DbError, OpenError},
    failpoint::{Fault, Faults},
    store::{Role, Store, StoreOptions},
    tx::Tx,
    vals,
};
use tokio::task::JoinSet;

use crate::{
    add, names, on_both,
    place::{Engine, Place},
};

/// A body that keeps the writer busy until it is let go, so that others gather behind it.
struct Gate {
    entered: tokio::sync::oneshot::Receiver<()>,
    go: mpsc::Sender<()>,
    held: tokio::task::JoinHandle<Result<(), DbError>>,
}

impl Gate {
    async fn close(store: &Store) -> Self {
        let (enter, entered) = tokio::sync::oneshot::channel();
        let (go, wait) = mpsc::channel();
        let shared = Mutex::new((Some(enter), wait));
        let store = store.clone();
        let held = tokio::spawn(async move {
            store
                .write(async move |_: &mut Tx<'_>| {
                    let mut shared = shared.lock().unwrap();
                    shared.0.take().unwrap().send(()).unwrap();
                    shared.1.recv().unwrap();
                    Ok(())
                })
                .await
        });
        let mut gate = Self { entered, go, held };
        (&mut gate.entered).await.unwrap();
        gate
    }

    async fn open(self) {
        self.go.send(()).unwrap();
        self.held.await.unwrap().unwrap();
    }
}

/// Counts commits.
#[derive(Default)]
struct Commits(AtomicU32);

impl Faults for Commits {
    fn before_commit(&self) -> Fault {
        self.0.fetch_add(1, Ordering::SeqCst);
        Fault::None
    }
}

on_both! {
    async fn of_colliding_writers_one_each_succeeds(place: &Place) {
        let store = place.open().await;
        let mut writers = JoinSet::new();
        for number in 0..64 * 8_u32 {
            let store = store.clone();
            writers.spawn(async move {
                let name = format!("{:02}", number % 40);
                store.write(async move |tx: &mut Tx<'_>| add(tx, &name, 1).await).await
            });
        }
        let (mut stored, mut twice) = (0, 0);
        while let Some(written) = writers.join_next().await {
            match written.unwrap() {
                Ok(()) => stored += 1,
                Err(DbError::Unique { constraint }) => {
                    assert_eq!(constraint, "thing(name)");
                    twice += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!((stored, twice), (40, 64 * 8 - 40));
        assert_eq!(names(&store).await.len(), 40);
    }

    async fn deciding_from_what_was_read_is_safe(place: &Place) {
        let store = place.open().await;
        store.write(async |tx: &mut Tx<'_>| add(tx, "sum", 0).await).await.unwrap();
        let mut writers = JoinSet::new();
        for _ in 0..8 {
            let store = store.clone();
            writers.spawn(async move {
                store.write(async |tx: &mut Tx<'_>| {
                    let sum = tx.one("SELECT amount FROM thing", vals![], |row| row.int(0)).await?;
                    let sum = sum.unwrap() + 1;
                    tx.exec("UPDATE thing SET amount = $1", vals![sum]).await
                }).await
            });
        }
        while let Some(written) = writers.join_next().await {
            assert_eq!(written.unwrap(), Ok(1));
        }
        let sum = store.read(async |tx: &mut Tx<'_>| {
            tx.one("SELECT amount FROM thing", vals![], |row| row.int(0)).await
        }).await;
        assert_eq!(sum, Ok(Some(8)));
    }

    async fn a_counter_by_returning_needs_no_more_than_committed_reads(place: &Place) {
        let store = place.open().await;
        store.write(async |tx: &mut Tx<'_>| add(tx, "next", 0).await).await.unwrap();
        let mut writers = JoinSet::new();
        for _ in 0..32 {
            let store = store.clone();
            writers.spawn(async move {
                store.write_committed(async |tx: &mut Tx<'_>| {
                    let next = "UPDATE thing SET amount = amount + 1 RETURNING amount";
                    tx.one(next, vals![], |row| row.int(0)).await
                }).await
            });
        }
        let mut given = Vec::new();
        while let Some(written) = writers.join_next().await {
            given.push(written.unwrap().unwrap().unwrap());
        }
        given.sort_unstable();
        assert_eq!(given, (1..=32).collect::<Vec<i64>>());
    }
}

#[tokio::test]
async fn waiting_writes_share_one_commit() {
    let place = Place::new(Engine::Sqlite).await;
    let commits = Arc::new(Commits::default());
    let faults: Option<Arc<dyn Faults>> = Some(Arc::clone(&commits) as _);
    let store =
        place.open_with(&StoreOptions { faults, ..Place::options(Role::Serve) }).await.unwrap();
    let gate = Gate::close(&store).await;
    let mut writes = Vec::new();
    for number in 0..100 {
        let name = number.to_string();
        let mut write = Box::pin(store.write(async move |tx: &mut Tx<'_>| {
            add(tx, &name, 1).await?;
            if number % 10 == 0 { add(tx, &name, 1).await } else { Ok(()) }
        }));
        // Polled once, it stands in the queue.
        tokio::select! { biased; _ = &mut write => {}, () = async {} => {} }
        writes.push(write);
    }
    gate.open().await;
    let mut good = 0;
    for write in writes {
        good += i32::from(write.await.is_ok());
    }
    assert_eq!((good, names(&store).await.len()), (90, 90));
    assert_eq!(commits.0.load(Ordering::SeqCst), 2, "the gate's and one for all the others");
}

#[tokio::test]
async fn a_body_that_wrote_and_fails_makes_its_batch_run_again_and_the_next_ones_wary() {
    let place = Place::new(Engine::Sqlite).await;
    let store = place.open().await;
    let mut runs_of_batches = Vec::new();
    for batch in 0..2 {
        let runs = Arc::new(AtomicU32::new(0));
        let gate = Gate::close(&store).await;
        let mut writes = Vec::new();
        for number in 0..3 {
            let (name, count) = (format!("{batch} {number}"), Arc::clone(&runs));
            let mut write = Box::pin(store.write(async move |tx: &mut Tx<'_>| {
                count.fetch_add(1, Ordering::SeqCst);
                add(tx, &name, 1).await?;
                if number == 2 { add(tx, &name, 1).await } else { Ok(()) }
            }));
            tokio::select! { biased; _ = &mut write => {}, () = async {} => {} }
            writes.push(write);
        }
        gate.open().await;
        let mut good = Vec::new();
        for write in writes {
            good.push(write.await.is_ok());
        }
        assert_eq!(good, [true, true, false]);
        runs_of_batches.push(runs.load(Ordering::SeqCst));
    }
    assert_eq!(runs_of_batches, [6, 3], "the second batch has savepoints at once");
    assert_eq!(names(&store).await, ["0 0", "0 1", "1 0", "1 1"]);
}

#[tokio::test]
async fn a_full_disk_ends_its_batch_and_not_the_store() {
    let place = Place::new(Engine::Sqlite).await;
    let options = StoreOptions { sqlite_max_pages: Some(100), ..Place::options(Role::Serve) };
    let store = place.open_with(&options).await.unwrap();
    let gate = Gate::close(&store).await;
    let mut writes = Vec::new();
    for number in 0..9_u32 {
        let mut write = Box::pin(store.write(async move |tx: &mut Tx<'_>| {
            add(tx, &number.to_string(), 1).await?;
            if number == 4 {
                tx.exec("UPDATE thing SET body = zeroblob(1000000)", vals![]).await?;
            }
            Ok::<_, DbError>(())
        }));
        tokio::select! { biased; _ = &mut write => {}, () = async {} => {} }
        writes.push(write);
    }
    gate.open().await;
    for write in writes {
        let error = write.await.unwrap_err();
        assert!(error.is_unavailable(), "{error}");
    }
    assert_eq!(names(&store).await, Vec::<String>::new());
    store.write(async |tx: &mut Tx<'_>| add(tx, "small", 1).await).await.unwrap();
    assert_eq!(names(&store).await, ["small"]);
}

#[tokio::test]
async fn a_file_serves_one_server_and_commands_beside_it() {
    let place = Place::new(Engine::Sqlite).await;
    let server = place.open().await;
    let second = place.open_with(&Place::options(Role::Serve)).await.unwrap_err();
    assert!(matches!(second, OpenError::Served(_)), "{second}");
    let command = place.open_with(&Place::options(Role::Cli)).await.unwrap();
    command.write(async |tx: &mut Tx<'_>| add(tx, "command", 1).await).await.unwrap();
    server.write(async |tx: &mut Tx<'_>| add(tx, "server", 1).await).await.unwrap();
    assert_eq!(names(&command).await, ["command", "server"]);
    server.close().await;
    place.open().await;
}

#[tokio::test]
async fn a_locked_file_is_unavailable_until_it_is_free() {
    let place = Place::new(Engine::Sqlite).await;
    let options =
        StoreOptions { sqlite_busy: Duration::from_millis(20), ..Place::options(Role::Serve) };
    let store = place.open_with(&options).await.unwrap();
    let other = rusqlite::Connection::open(place.file("coffer.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let written = store.write(async |tx: &mut Tx<'_>| add(tx, "early", 1).await).await;
    assert!(written.unwrap_err().is_unavailable());
    assert_eq!(names(&store).await, Vec::<String>::new(), "readers go on");
    other.execute_batch("COMMIT").unwrap();
    store.write(async |tx: &mut Tx<'_>| add(tx, "late", 1).await).await.unwrap();
    assert_eq!(names(&store).await, ["late"]);
}

#[tokio::test]
async fn a_connection_cut_before_the_commit_is_replaced() {
    let place = Place::new(Engine::Postgres).await;
    let store = place.open().await;
    let cut = AtomicBool::new(false);
    store
        .write(async move |tx: &mut Tx<'_>| {
            add(tx, "a", 1).await?;
            if !cut.swap(true, Ordering::SeqCst) {
                let sql = "SELECT pg_terminate_backend(pg_backend_pid())::int::bigint";
                tx.one(sql, vals![], |row| row.int(0)).await?;
            }
            Ok::<_, DbError>(())
        })
        .await
        .unwrap();
    assert_eq!(names(&store).await, ["a"]);
    drop(store);
    place.remove().await;
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable() {
    let url = "postgres://coffer@127.0.0.1:9/coffer".parse().unwrap();
    let error = Store::open(&url, &Place::options(Role::Serve)).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn an_encrypted_connection_is_never_made_without_encryption() {
    // The server of the tests has no certificate that anybody trusts, if it has one at all.
    let server = std::env::var("COFFER_TEST_POSTGRES").expect("COFFER_TEST_POSTGRES must be set");
    let joint = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{joint}sslmode=require").parse().unwrap();
    let error = Store::open(&url, &Place::options(Role::Cli)).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable(_)), "{error}");
}
