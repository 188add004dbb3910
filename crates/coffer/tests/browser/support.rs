//! The program with a merchant, a chain of its own, and the browser that looks at its pages.

mod browser;
mod chain;
mod database;
mod shop;

pub use browser::{Sight, browse};
pub use chain::Chain;
pub use shop::{Payment, Shop};

use std::{future::Future, time::Duration};

/// How long anything may take that is waited for, on a busy machine. Nothing waits this long unless
/// it is broken.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something that must come.
pub async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, coming).await {
        Ok(come) => come,
        Err(_) => panic!("{what} did not come within {PATIENCE:?}"),
    }
}

/// Looks again and again until there is something to see.
pub async fn until<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    let mut beat = tokio::time::interval(Duration::from_millis(50));
    loop {
        beat.tick().await;
        if let Some(seen) = look().await {
            return seen;
        }
    }
}

/// A client that does not follow where it is sent.
fn http() -> reqwest::Client {
    // Another test of this process may have been the first.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}
