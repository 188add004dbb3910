//! A whole Coffer beside a node of its own, with time driven by hand.

mod callback_sink;
mod clock;
mod contracts;
#[path = "../api/support/database.rs"]
mod database;
mod gate;
mod node;
mod program;
mod request;
mod setup;
mod world;

pub use callback_sink::CallbackSink;
pub use clock::HandClock;
pub use contracts::{FEE, LYING, PLAIN};
pub use database::Database;
pub use node::Node;
pub use program::{Program, until};
pub use request::{Request, ether, in_a_line};
pub use setup::{Setup, Token};
pub use world::{ACCOUNT_KEY, World, provide_cryptography};
