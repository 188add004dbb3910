//! A whole Coffer beside a node of its own, with time driven by hand.

mod anvil_world;
#[path = "../house/callback_sink.rs"]
mod callback_sink;
#[path = "../house/clock.rs"]
mod clock;
mod contracts;
#[path = "../api/support/database.rs"]
mod database;
#[path = "../house/gate.rs"]
mod gate;
mod growing;
#[path = "../house/house.rs"]
mod house;
mod node;
#[path = "../house/program.rs"]
mod program;
#[path = "../house/request.rs"]
mod request;
mod setup;
mod sister;

pub use anvil_world::{ACCOUNT_KEY, World};
pub use callback_sink::CallbackSink;
pub use clock::HandClock;
pub use contracts::{FEE, LYING, PAYER, PLAIN, pay_input, take_back_input};
pub use database::Database;
pub use growing::Growing;
pub use house::{House, provide_cryptography};
pub use node::{Node, ether};
pub use program::{Program, until};
pub use request::{Request, in_a_line};
pub use setup::{Setup, Token};
