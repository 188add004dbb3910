//! What the chains say: one folder per chain family.
//!
//! An adapter answers questions about one chain through [`coffer_domain::ports::Chain`]. It never
//! knows about payment requests or money owed, keeps no record of its own, and may be asked the
//! same thing any number of times. `tests/contract/` holds the rules every adapter passes.

mod calls;
mod complaints;
mod counters;
pub mod evm;
mod http;
mod json_rpc;
mod label;
pub mod registry;
pub mod sandbox;
pub mod seed;
mod settings_refused;
pub mod utxo;
