//! The simulation's program; see `coffer::simulate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    coffer::simulate::command::main(std::env::args_os())
}
