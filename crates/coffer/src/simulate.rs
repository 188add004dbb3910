//! The simulation: a whole Coffer on the sandbox chain with hand-driven time, driven by one seed
//! through payments of every kind, reorganisations, outages, faults of the store and crashes.

mod chain_events;
mod check;
pub mod command;
mod customers;
pub mod database;
mod digest;
pub mod faults;
pub mod plant;
pub mod ports;
pub mod random;
pub mod reference;
pub mod run;
pub mod seed;
pub mod shaky_chain;
pub mod truth;
mod workers;
pub mod world;

use std::fmt::Display;

/// Why a simulation did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Something that must hold does not. This is what the simulation looks for.
    #[error("{0}")]
    Broken(String),
    /// The machine: no database, no folder. Says nothing of Coffer.
    #[error("the simulation could not run: {0}")]
    Outside(String),
}

impl Trouble {
    /// An error of the machine.
    pub fn outside(error: impl Display) -> Self {
        Self::Outside(error.to_string())
    }
}
