//! Migrations: once, in order, by one of several, never over a copy that was not made.

use coffer_store::{
    dialect::Statement,
    error::{DbError, OpenError},
    migration::Migration,
    store::{Role, Store, StoreOptions},
    tx::Tx,
    vals,
};

use crate::{
    add, names, on_both,
    place::{Engine, Place, THINGS},
};

const fn step(number: u32, name: &'static str, text: &'static str) -> Migration {
    Migration { number, name, text: Statement { sqlite: text, postgres: text } }
}

const FIRST: Migration = THINGS[0];
const TWO: &[Migration] = &[
    FIRST,
    step(2, "colour", "ALTER TABLE thing ADD COLUMN colour TEXT; UPDATE thing SET colour = 'red'"),
];
const BROKEN: &[Migration] = &[
    FIRST,
    step(2, "broken", "ALTER TABLE thing ADD COLUMN colour TEXT; INSERT INTO nowhere VALUES (1)"),
];
const CHANGED: &[Migration] = &[step(1, "thing", "CREATE TABLE thing (name TEXT)")];

fn options(migrations: &'static [Migration]) -> StoreOptions {
    StoreOptions { migrations, ..StoreOptions::new(Role::Cli) }
}

async fn colours(store: &Store) -> Vec<String> {
    let sql = "SELECT colour FROM thing ORDER BY name";
    let body = async move |tx: &mut Tx<'_>| tx.many(sql, vals![], |row| row.text(0)).await;
    store.read::<_, DbError, _>(body).await.unwrap()
}

on_both! {
    async fn a_store_is_brought_up_to_date_and_keeps_its_rows(place: &Place) {
        let store = place.open().await;
        store.write(async |tx: &mut Tx<'_>| add(tx, "old", 1).await).await.unwrap();
        store.close().await;
        let pending = Store::pending(&place.url, &options(TWO)).await.unwrap();
        assert_eq!(pending.migrations, [(2, "colour")]);
        assert!(pending.exists && pending.bytes > 0);
        let store = place.open_with(&options(TWO)).await.unwrap();
        assert_eq!(colours(&store).await, ["red"]);
        assert!(Store::pending(&place.url, &options(TWO)).await.unwrap().migrations.is_empty());
    }

    async fn looking_at_what_is_pending_changes_nothing(place: &Place) {
        let pending = Store::pending(&place.url, &options(TWO)).await.unwrap();
        assert_eq!(pending.migrations, [(1, "thing"), (2, "colour")]);
        assert!(!pending.exists);
        assert!(!place.file("coffer.db").exists());
        let waiting = StoreOptions { migrate: false, ..options(TWO) };
        let refused = place.open_with(&waiting).await.unwrap_err();
        assert!(matches!(refused, OpenError::Behind(1)), "{refused}");
        let again = Store::pending(&place.url, &options(TWO)).await.unwrap();
        assert_eq!(again, pending);
    }

    async fn of_several_processes_one_migrates_and_the_others_wait(place: &Place) {
        let mut starting = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let url = place.url.clone();
            starting.spawn(async move { Store::open(&url, &options(TWO)).await });
        }
        while let Some(opened) = starting.join_next().await {
            opened.unwrap().unwrap().close().await;
        }
        let store = place.open_with(&options(TWO)).await.unwrap();
        store.write(async |tx: &mut Tx<'_>| add(tx, "a", 1).await).await.unwrap();
    }

    async fn a_failed_migration_changes_nothing(place: &Place) {
        place.open().await.close().await;
        let before = place.open().await.schema_text().await.unwrap();
        let failed = place.open_with(&options(BROKEN)).await.unwrap_err();
        assert!(matches!(failed, OpenError::Migration { number: 2, .. }), "{failed}");
        let store = place.open_with(&options(THINGS)).await.unwrap();
        assert_eq!(store.schema_text().await.unwrap(), before);
    }

    async fn a_newer_store_is_refused(place: &Place) {
        place.open_with(&options(TWO)).await.unwrap().close().await;
        let refused = place.open_with(&options(THINGS)).await.unwrap_err();
        assert!(matches!(refused, OpenError::NewerSchema { found: 2, known: 1 }), "{refused}");
        assert!(refused.to_string().contains("start the newer coffer"), "{refused}");
        assert!(Store::pending(&place.url, &options(THINGS)).await.is_err());
    }

    async fn a_changed_migration_is_refused(place: &Place) {
        place.open().await.close().await;
        let refused = place.open_with(&options(CHANGED)).await.unwrap_err();
        assert!(matches!(refused, OpenError::ChangedMigration { number: 1, .. }), "{refused}");
    }
}

#[tokio::test]
async fn a_file_is_copied_before_it_is_migrated() {
    let place = Place::new(Engine::Sqlite).await;
    let store = place.open().await;
    store.write(async |tx: &mut Tx<'_>| add(tx, "old", 1).await).await.unwrap();
    store.close().await;
    let copy = place.file("coffer.db.before-0002");
    assert!(place.open_with(&options(BROKEN)).await.is_err());
    let store = place.open_with(&options(TWO)).await.unwrap();
    store.write(async |tx: &mut Tx<'_>| add(tx, "new", 1).await).await.unwrap();
    let url = format!("sqlite://{}", copy.display()).parse().unwrap();
    let old = Store::open(&url, &options(THINGS)).await.unwrap();
    assert_eq!(names(&old).await, ["old"]);
    assert!(!place.file("coffer.db.before-0001").exists(), "nothing to copy at the first start");
    for file in [copy, place.file("coffer.db")] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_copy_of_a_running_store_holds_what_is_committed() {
    let place = Place::new(Engine::Sqlite).await;
    let store = place.open().await;
    store.write(async |tx: &mut Tx<'_>| add(tx, "a", 1).await).await.unwrap();
    store.copy_to(place.file("copy.db")).await.unwrap().unwrap();
    store.write(async |tx: &mut Tx<'_>| add(tx, "b", 1).await).await.unwrap();
    assert!(store.copy_to(place.file("copy.db")).await.is_err(), "an existing copy is kept");
    let url = format!("sqlite://{}", place.file("copy.db").display()).parse().unwrap();
    let copy = Store::open(&url, &options(THINGS)).await.unwrap();
    assert_eq!(names(&copy).await, ["a"]);
}
