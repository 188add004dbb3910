//! The API through its real router, on a real store and the sandbox chain; time is driven by hand.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "tests are told by environment where PostgreSQL is")]

mod create;
mod errors;
mod health;
mod idempotency;
mod limits;
mod master_keys;
mod openapi_examples;
mod own_routes;
mod pages;
mod screening;
mod signatures;
mod support;
