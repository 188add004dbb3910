//! Payments on a real EVM node (anvil), through the whole product: requests over HTTP, addresses of
//! an extended public key, blocks read by JSON-RPC, callbacks received and verified.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests name their node and databases by environment"
)]

mod amounts;
mod audit;
mod calls;
mod changes;
mod disputed;
mod doctor;
mod doubts;
mod health;
mod outages;
mod program;
mod refused;
mod reorgs;
mod sister_chains;
mod support;
mod tokens;
