//! What is remembered: SQLite and PostgreSQL under one small layer.
//!
//! The layer: [`store`] opens a database and runs bodies, [`tx`] is what a body gets, [`value`] is
//! what goes in and comes out. Below it one engine each. Above it one file per kind of thing.

pub mod dialect;
pub mod error;
pub mod failpoint;
pub mod migration;
pub mod nudge;
pub mod seal;
pub mod store;
pub mod tx;
pub mod value;

mod body;
mod postgres;
mod schema;
mod sqlite;

mod codec;

pub mod alarm;
pub mod api_key;
pub mod audit;
pub mod blind_span;
pub mod block_again;
pub mod books;
pub mod callback;
pub mod chain_cursor;
pub mod chain_stop;
pub mod customer;
pub mod event;
pub mod idempotency;
pub mod inner_transfers;
pub mod lease;
pub mod master_key;
pub mod merchant;
pub mod payment_request;
pub mod sandbox_ledger;
pub mod screened_host;
pub mod wallet;
pub mod wrong_payment;
