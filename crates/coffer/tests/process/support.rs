//! The program as others see it: started as a process, asked over HTTP, called back.

mod chance;
mod client;
mod database;
mod installation;
mod own_postgres;
mod server;
mod sink;

pub use chance::Chance;
pub use client::{Answer, Ask, Connection, Keys, Outcome, ask_all, ask_once, list_all};
pub use database::{Database, pg_program};
pub use installation::Installation;
pub use own_postgres::OwnPostgres;
pub use server::Server;
pub use sink::{Manner, Sink, Taken};

use std::{future::Future, time::Duration};

/// How long anything may take that is waited for, on a busy machine. Nothing waits this long unless
/// it is broken.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for something that must come.
pub async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, coming).await {
        Ok(come) => come,
        Err(_) => panic!("{what} did not come within {PATIENCE:?}"),
    }
}

/// Looks again and again until there is something to see.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let mut beat = tokio::time::interval(Duration::from_millis(20));
    let seen = async {
        loop {
            beat.tick().await;
            if let Some(seen) = look().await {
                return seen;
            }
        }
    };
    soon(what, seen).await
}

/// Writes each rule as a test per database.
#[macro_export]
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $rule:ident($database:ident: Database) $body:block)*) => {$(
        mod $rule {
            use super::*;

            $(#[$doc])*
            async fn rule($database: Database) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                rule(Database::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                rule(Database::Postgres).await;
            }
        }
    )*};
}
