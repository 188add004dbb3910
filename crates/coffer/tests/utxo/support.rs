//! A whole Coffer beside a Bitcoin or Litecoin node of its own, with time driven by hand.

#[path = "../house/callback_sink.rs"]
mod callback_sink;
#[path = "../house/clock.rs"]
mod clock;
#[path = "../api/support/database.rs"]
mod database;
#[path = "../house/gate.rs"]
mod gate;
#[path = "../house/house.rs"]
mod house;
mod node;
#[path = "../house/program.rs"]
mod program;
mod regtest_world;
#[path = "../house/request.rs"]
mod request;
mod setup;

pub use callback_sink::CallbackSink;
pub use clock::HandClock;
pub use database::Database;
pub use house::{House, provide_cryptography};
pub use node::Node;
pub use program::{Program, until};
pub use regtest_world::World;
pub use request::{Request, in_a_line};
pub use setup::Setup;
