//! What becomes of a body: success, error, panic, waiting, and its caller hanging up.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use coffer_store::{error::DbError, nudge::Nudge, tx::Tx, vals};

use crate::{
    add, names, on_both,
    place::{Engine, Place},
};

/// An error of a caller's own.
#[derive(Debug, PartialEq, Eq)]
enum Refused {
    Because,
    Db(DbError),
}

impl From<DbError> for Refused {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

on_both! {
    async fn what_is_written_survives_a_restart(place: &Place) {
        let store = place.open().await;
        store.write(async |tx: &mut Tx<'_>| add(tx, "kept", 1).await).await.unwrap();
        store.close().await;
        let closed = store.write(async |tx: &mut Tx<'_>| add(tx, "late", 1).await).await;
        assert!(closed.unwrap_err().is_unavailable());
        assert_eq!(names(&place.open().await).await, ["kept"]);
    }

    async fn an_error_takes_back_all_of_its_own_body_and_nothing_else(place: &Place) {
        let store = place.open().await;
        let good = store.write(async |tx: &mut Tx<'_>| add(tx, "good", 1).await);
        let bad = store.write(async |tx: &mut Tx<'_>| {
            add(tx, "bad", 1).await?;
            Err::<(), _>(Refused::Because)
        });
        let (good, bad) = tokio::join!(good, bad);
        assert_eq!((good, bad), (Ok(()), Err(Refused::Because)));
        assert_eq!(names(&store).await, ["good"]);
    }

    async fn a_panic_takes_back_its_own_body_and_nothing_else(place: &Place) {
        let store = place.open().await;
        let good = store.write(async |tx: &mut Tx<'_>| add(tx, "good", 1).await);
        let bad = store.write(async |tx: &mut Tx<'_>| {
            add(tx, "bad", 1).await?;
            if tx.dialect() == tx.dialect() {
                panic!("as the test wants");
            }
            Ok::<(), DbError>(())
        });
        let (good, bad) = tokio::join!(good, bad);
        good.unwrap();
        assert_eq!(bad, Err(DbError::Panicked("as the test wants".to_owned())));
        store.write(async |tx: &mut Tx<'_>| add(tx, "later", 1).await).await.unwrap();
        let read = store.read(async |tx: &mut Tx<'_>| {
            let rows = tx.many("SELECT name FROM thing", vals![], |row| row.text(0)).await?;
            if rows.len() == 2 { panic!("while reading") }
            Ok::<_, DbError>(())
        }).await;
        assert_eq!(read, Err(DbError::Panicked("while reading".to_owned())));
        assert_eq!(names(&store).await, ["good", "later"]);
    }

    async fn a_body_that_awaits_something_else_is_taken_back(place: &Place) {
        let store = place.open().await;
        let waiting = store.write(async |tx: &mut Tx<'_>| {
            add(tx, "bad", 1).await?;
            tokio::task::yield_now().await;
            Ok::<(), DbError>(())
        }).await;
        assert_eq!(waiting, Err(DbError::AwaitedElse));
        let inner = store.clone();
        let nested = store.write(async move |tx: &mut Tx<'_>| {
            add(tx, "outer", 1).await?;
            inner.write(async |tx: &mut Tx<'_>| add(tx, "inner", 1).await).await
        }).await;
        assert_eq!(nested, Err(DbError::AwaitedElse));
        let reading = store.read(async |_: &mut Tx<'_>| {
            std::future::pending::<()>().await;
            Ok::<(), DbError>(())
        }).await;
        assert_eq!(reading, Err(DbError::AwaitedElse));
        // The inner write had begun on its own and is not taken back with the outer one.
        store.close().await;
        let names = names(&place.open().await).await;
        assert!(!names.contains(&"outer".to_owned()) && !names.contains(&"bad".to_owned()));
    }

    async fn a_lost_statement_is_never_a_success(place: &Place) {
        let store = place.open().await;
        let written = store.write(async |tx: &mut Tx<'_>| {
            add(tx, "a", 1).await?;
            let again = add(tx, "a", 2).await;
            assert!(again.as_ref().is_err_and(DbError::is_unique));
            assert_eq!(add(tx, "b", 3).await, again, "no statement after a lost one");
            Ok(())
        }).await;
        assert!(written.is_err_and(|error: DbError| error.is_unique()));
        assert_eq!(names(&store).await, Vec::<String>::new());
    }

    async fn a_nested_error_takes_back_its_part_alone(place: &Place) {
        let store = place.open().await;
        let mut nudged = store.nudged("inner");
        store.write(async |tx: &mut Tx<'_>| {
            add(tx, "before", 1).await?;
            let refused = tx.nested(async |tx: &mut Tx<'_>| {
                tx.after_commit(Nudge::new("inner"));
                add(tx, "inside", 1).await?;
                Err::<(), _>(Refused::Because)
            }).await;
            assert_eq!(refused, Err(Refused::Because));
            let twice = tx.nested(async |tx: &mut Tx<'_>| add(tx, "before", 2).await).await;
            assert!(twice.is_err_and(|error| error.is_unique()));
            let swallowed = tx.nested(async |tx: &mut Tx<'_>| {
                assert!(add(tx, "before", 2).await.is_err());
                Ok::<_, DbError>(())
            }).await;
            assert!(swallowed.is_err());
            tx.nested(async |tx: &mut Tx<'_>| {
                let deep = tx.nested(async |tx: &mut Tx<'_>| add(tx, "before", 2).await).await;
                assert!(deep.is_err());
                add(tx, "deep", 1).await
            }).await?;
            add(tx, "after", 1).await
        }).await.unwrap();
        assert_eq!(names(&store).await, ["after", "before", "deep"]);
        let quiet = tokio::select! { biased; () = nudged.any() => false, () = async {} => true };
        assert!(quiet, "a nudge of a part that was taken back");
    }

    async fn a_caller_that_hangs_up_does_not_cancel_its_write(place: &Place) {
        let store = place.open().await;
        for name in ["a", "b", "c"] {
            let write = store.write(async move |tx: &mut Tx<'_>| {
                add(tx, name, 1).await?;
                tx.exec("UPDATE thing SET amount = amount + 1", vals![]).await
            });
            tokio::select! { biased; _ = write => {}, () = async {} => {} }
        }
        store.close().await;
        assert_eq!(names(&place.open().await).await, ["a", "b", "c"]);
    }

    async fn a_nudge_follows_its_commit(place: &Place) {
        let store = place.open().await;
        let (mut any, mut key, mut other) =
            (store.nudged("topic"), store.nudged("topic"), store.nudged("other"));
        let refused = store.write(async |tx: &mut Tx<'_>| {
            tx.after_commit(Nudge::new("topic"));
            add(tx, "bad", 1).await?;
            Err::<(), _>(Refused::Because)
        }).await;
        assert!(refused.is_err());
        let early = tokio::select! { biased; () = any.any() => true, () = async {} => false };
        assert!(!early, "a nudge without a commit");
        store.write(async |tx: &mut Tx<'_>| {
            tx.after_commit(Nudge::keyed("topic", "x"));
            tx.after_commit(Nudge::keyed("topic", "y"));
            add(tx, "good", 1).await
        }).await.unwrap();
        any.any().await;
        key.key("y").await;
        let quiet = tokio::select! { biased; () = any.any() => false, () = async {} => true };
        assert!(quiet, "nudges that came together wake once");
        let apart = tokio::select! { biased; () = other.any() => false, () = async {} => true };
        assert!(apart, "another topic's nudge");
    }

    async fn readers_do_not_wait_for_a_writer(place: &Place) {
        let store = place.open().await;
        store.write(async |tx: &mut Tx<'_>| add(tx, "old", 1).await).await.unwrap();
        // A blocking body stops the thread that drives all of a PostgreSQL store's bodies, so the
        // reader there is another process, as it were.
        let reader = match place.engine {
            Engine::Sqlite => store.clone(),
            Engine::Postgres => place.open().await,
        };
        let (written, wait_written) = tokio::sync::oneshot::channel();
        let (go, wait_go) = std::sync::mpsc::channel::<()>();
        let shared = std::sync::Mutex::new((Some(written), wait_go));
        let write = tokio::spawn(async move {
            store.write(async move |tx: &mut Tx<'_>| {
                add(tx, "new", 1).await?;
                let mut shared = shared.lock().unwrap();
                shared.0.take().unwrap().send(()).unwrap();
                shared.1.recv().unwrap();
                Ok::<_, DbError>(())
            }).await
        });
        wait_written.await.unwrap();
        assert_eq!(names(&reader).await, ["old"]);
        go.send(()).unwrap();
        write.await.unwrap().unwrap();
        assert_eq!(names(&reader).await, ["new", "old"]);
    }

    async fn a_read_sees_one_picture_and_cannot_write(place: &Place) {
        let store = place.open().await;
        let written = store.read(async |tx: &mut Tx<'_>| add(tx, "bad", 1).await).await;
        assert!(written.is_err());
        store.write(async |tx: &mut Tx<'_>| add(tx, "good", 1).await).await.unwrap();
        assert_eq!(names(&store).await, ["good"]);
    }

    async fn a_body_runs_once_where_nothing_gets_in_between(place: &Place) {
        let store = place.open().await;
        let runs = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&runs);
        store.write_committed(async move |tx: &mut Tx<'_>| {
            count.fetch_add(1, Ordering::SeqCst);
            add(tx, "a", 1).await
        }).await.unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        let empty = store.write(async |_: &mut Tx<'_>| Ok::<_, DbError>(5)).await;
        assert_eq!(empty, Ok(5), "a body without statements");
    }
}
