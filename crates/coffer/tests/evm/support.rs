//! A whole Coffer beside a node of its own, with time driven by hand.

mod callback_sink;
mod clock;
mod contracts;
#[path = "../api/support/database.rs"]
mod database;
mod gate;
mod node;
mod request;
mod setup;
mod world;

pub use contracts::{FEE, LYING, PLAIN};
pub use database::Database;
pub use request::{Request, ether};
pub use setup::{Setup, Token};
pub use world::World;
