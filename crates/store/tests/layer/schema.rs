//! The checked-in texts of the tables, which say in a review what a migration did.

use std::path::Path;

use coffer_store::store::{Role, Store, StoreOptions};

use crate::{
    on_both,
    place::{Engine, Place},
};

on_both! {
    async fn the_checked_in_schema_is_that_of_the_migrations(place: &Place) {
        let options = StoreOptions::new(Role::Cli);
        let store = Store::open(&place.url, &options).await.unwrap();
        let text = store.schema_text().await.unwrap();
        let name = match place.engine {
            Engine::Sqlite => "schema.sqlite.sql",
            Engine::Postgres => "schema.postgres.sql",
        };
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
        if std::env::var_os("COFFER_WRITE_SCHEMA").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let checked_in = std::fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
        assert!(
            checked_in == text,
            "{name} is not what the migrations make; run this test with COFFER_WRITE_SCHEMA=1 and \
             look at the difference"
        );
    }
}
