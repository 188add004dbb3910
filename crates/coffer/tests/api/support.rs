//! A whole Coffer for a test: store, engine, router, a merchant with keys, and time that stands.

mod ask;
mod database;
mod held_writer;
mod world;

pub use ask::{Answer, Ask};
pub use database::{Database, Place};
pub use held_writer::HeldWriter;
pub use world::{Keys, NOW, Setup, World};

/// Writes each rule as a test per database.
#[macro_export]
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $rule:ident($world:ident: &World) $body:block)*) => {$(
        mod $rule {
            use super::*;

            $(#[$doc])*
            async fn rule($world: &World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let world = World::on($crate::support::Database::Sqlite).await;
                rule(&world).await;
                world.remove().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let world = World::on($crate::support::Database::Postgres).await;
                rule(&world).await;
                world.remove().await;
            }
        }
    )*};
}
