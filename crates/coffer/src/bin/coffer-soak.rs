//! The soak, started by `cargo xtask soak`.

use std::process::ExitCode;

fn main() -> ExitCode {
    coffer::soak::main(std::env::args_os())
}
