//! What one server writes, those who wait in another hear of.

use std::time::Duration;

use coffer_store::{error::DbError, nudge::Nudge, store::Store, tx::Tx};

use crate::place::{Engine, Place};

/// How long news may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two commits. The first may come before the other server listens.
const BEAT: Duration = Duration::from_millis(50);

async fn change(store: &Store, key: &'static str) {
    let write = async move |tx: &mut Tx<'_>| {
        tx.after_commit(Nudge::keyed("topic", key));
        tx.exec("UPDATE thing SET amount = amount", &[]).await
    };
    store.write(write).await.map_err(|error: DbError| error).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nudge_wakes_those_who_wait_for_its_key_in_another_server() {
    let place = Place::new(Engine::Postgres).await;
    let (one, other) = (place.open().await, place.open().await);
    let elsewhere = Place::new(Engine::Postgres).await;
    let stranger = elsewhere.open().await;
    let (mut mine, mut his) = (other.nudged("topic"), other.nudged("topic"));
    let mut strange = stranger.nudged("topic");
    let heard = async {
        let mut beat = tokio::time::interval(BEAT);
        loop {
            tokio::select! {
                () = mine.key("mine") => return,
                _ = beat.tick() => change(&one, "mine").await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("the other server hears of it");
    let apart = tokio::select! { biased; () = his.key("his") => false, () = async {} => true };
    assert!(apart, "the nudge of another key");
    let apart = tokio::select! { biased; () = strange.any() => false, () = async {} => true };
    assert!(apart, "the nudge of another schema");
    for store in [&one, &other, &stranger] {
        store.close().await;
    }
    place.remove().await;
    elsewhere.remove().await;
}
