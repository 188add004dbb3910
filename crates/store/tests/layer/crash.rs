//! Commits that fail, crashes around them, and a process that ends before it answers.

use std::{
    process::Command,
    sync::{Arc, Mutex},
};

use coffer_store::{
    error::DbError,
    failpoint::{Failpoint, Fault, Faults},
    store::{Role, Store, StoreOptions, StoreUrl},
    tx::Tx,
};

use crate::{
    add, names, on_both,
    place::{Engine, Place},
};

/// Injects one fault at one step.
struct Once(Mutex<Option<(&'static str, Fault)>>);

impl Once {
    fn at(&self, step: &str) -> Fault {
        let mut left = self.0.lock().unwrap();
        match left.take_if(|(at, _)| *at == step) {
            Some((_, fault)) => fault,
            None => Fault::None,
        }
    }
}

impl Faults for Once {
    fn before_body(&self) -> Fault {
        self.at("before body")
    }
    fn before_commit(&self) -> Fault {
        self.at("before commit")
    }
    fn after_commit(&self) -> Fault {
        self.at("after commit")
    }
}

/// A write with one fault: what its caller hears, and what is stored afterwards.
async fn with_fault(
    place: &Place,
    step: &'static str,
    fault: Fault,
) -> (Result<(), DbError>, Vec<String>) {
    let faults: Option<Arc<dyn Faults>> = Some(Arc::new(Once(Mutex::new(Some((step, fault))))));
    let options = StoreOptions { faults, ..Place::options(Role::Serve) };
    let store = place.open_with(&options).await.unwrap();
    let heard = store.write(async |tx: &mut Tx<'_>| add(tx, "first", 1).await).await;
    let found = names(&store).await;
    store.write(async |tx: &mut Tx<'_>| add(tx, "second", 1).await).await.unwrap();
    store.close().await;
    let store = place.open().await;
    let mut expected = found.clone();
    expected.push("second".to_owned());
    assert_eq!(names(&store).await, expected, "the store goes on");
    store.close().await;
    (heard, found)
}

on_both! {
    async fn a_failed_commit_is_told_as_not_written(place: &Place) {
        let (heard, found) = with_fault(place, "before commit", Fault::Fail).await;
        assert!(heard.unwrap_err().is_unavailable());
        assert!(found.is_empty());
    }

    async fn a_commit_whose_answer_was_lost_is_told_by_what_is_found(place: &Place) {
        let (heard, found) = with_fault(place, "after commit", Fault::Fail).await;
        match place.engine {
            Engine::Sqlite => heard.unwrap(),
            Engine::Postgres => assert!(matches!(heard, Err(DbError::OutcomeUnknown(_)))),
        }
        assert_eq!(found, ["first"]);
    }

    async fn a_body_that_may_not_run_is_told_as_not_written(place: &Place) {
        let (heard, found) = with_fault(place, "before body", Fault::Fail).await;
        assert!(heard.unwrap_err().is_unavailable());
        assert!(found.is_empty());
    }

    async fn a_crash_before_the_commit_leaves_nothing(place: &Place) {
        let (heard, found) = with_fault(place, "before commit", Fault::Crash).await;
        assert_eq!(heard, Err(DbError::Crashed));
        assert!(found.is_empty());
    }

    async fn a_crash_after_the_commit_leaves_all(place: &Place) {
        let (heard, found) = with_fault(place, "after commit", Fault::Crash).await;
        assert_eq!(heard, Err(DbError::Crashed));
        assert_eq!(found, ["first"]);
    }

    async fn what_was_committed_and_not_answered_is_in_the_log(place: &Place) {
        let log = place.file("committed.log");
        let url = match &place.url {
            StoreUrl::Sqlite(path) => format!("sqlite://{}", path.display()),
            StoreUrl::Postgres(config) => {
                let server = std::env::var("COFFER_TEST_POSTGRES").unwrap();
                let options = config.get_options().unwrap().replace('=', "%3D");
                let joint = if server.contains('?') { '&' } else { '?' };
                format!("{server}{joint}options={options}")
            }
        };
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["crash::child", "--exact", "--nocapture"])
            .env("COFFER_TEST_CHILD", url)
            .env("COFFER_TEST_CHILD_LOG", &log)
            .output()
            .unwrap();
        assert!(!child.status.success(), "the process was to end");
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "write 3\n");
        let answered = String::from_utf8(child.stdout).unwrap();
        assert!(answered.contains("answered 2") && !answered.contains("answered 3"), "{answered}");
        assert_eq!(names(&place.open().await).await, ["1", "2", "3"]);
    }
}

/// The process that the test above ends; nothing in an ordinary run.
#[tokio::test]
async fn child() {
    let Ok(url) = std::env::var("COFFER_TEST_CHILD") else { return };
    let log = std::env::var_os("COFFER_TEST_CHILD_LOG").unwrap();
    let failpoint = Failpoint::parse("after_commit:3", log.into());
    let options = StoreOptions { failpoint, ..Place::options(Role::Serve) };
    let store = Store::open(&url.parse().unwrap(), &options).await.unwrap();
    for number in 1..9_u32 {
        let written = store.write(async move |tx: &mut Tx<'_>| {
            tx.note(&format!("write {number}"));
            add(tx, &number.to_string(), 1).await
        });
        written.await.unwrap();
        let line = format!("answered {number}\n");
        std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).unwrap();
    }
}
