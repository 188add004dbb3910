//! Real nodes as child processes, each alone on a chain of its own: for the soak, for measurements
//! and for tests of the whole product. `cargo xtask nodes` gets their programs.

pub mod anvil;
pub mod installation;
pub mod networks;
mod process;
pub mod rpc;
pub mod utxo;
mod utxo_template;

use std::net::TcpListener;

use crate::failure::Failure;

/// The program that a variable of the environment names; `cargo xtask` sets it.
#[expect(clippy::disallowed_methods, reason = "what `cargo xtask` hands over, not a setting")]
fn program(variable: &str) -> Result<String, Failure> {
    std::env::var(variable).map_err(|_| {
        Failure::new(format!("{variable} names no program; start this by `cargo xtask`"))
    })
}

/// A port of the loopback address that nobody listens on.
fn free_port() -> Result<u16, Failure> {
    let bound = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(|error| Failure::new(format!("no port: {error}")))
}
