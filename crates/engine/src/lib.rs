//! What is done: use cases and workers.
//!
//! The engine knows the world only through the ports of the domain. A use case is parse, decide,
//! write, render; a worker is `run_once(now)`: idempotent, without input, on a timer and a nudge.

pub mod address;
pub mod alarms;
pub mod api_key;
pub mod audit;
pub mod books;
pub mod callback;
pub mod currency;
pub mod doctor;
pub mod engine;
pub mod error;
pub mod find;
pub mod follow;
pub mod health;
pub mod lease;
pub mod merchant;
pub mod payment_request;
pub mod personal;
pub mod probe;
pub mod quote;
pub mod rates;
pub mod sandbox;
pub mod settings;
pub mod watch;
pub mod windows;
pub mod workers;

mod draw;

pub use coffer_store::nudge::Nudged;
