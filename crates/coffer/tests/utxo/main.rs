//! Payments on real Bitcoin and Litecoin nodes (regtest), through the whole product: requests over
//! HTTP, addresses of an extended public key, blocks read by JSON-RPC, callbacks received and
//! verified.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests name their node and databases by environment"
)]

mod amounts;
mod driver;
mod outages;
mod program;
mod reorgs;
mod replaced;
mod rules;
mod support;

/// Runs a test on a node of each kind.
macro_rules! on_each_node {
    ($($name:ident),+ $(,)?) => {
        mod bitcoin { $(
            #[tokio::test]
            async fn $name() {
                super::$name(crate::support::Setup::of(coffer::nodes::utxo::Kind::Bitcoin)).await;
            }
        )+ }
        mod litecoin { $(
            #[tokio::test]
            async fn $name() {
                super::$name(crate::support::Setup::of(coffer::nodes::utxo::Kind::Litecoin)).await;
            }
        )+ }
    };
}

use on_each_node;
