//! The benchmark, started by `cargo xtask bench`.

use std::process::ExitCode;

fn main() -> ExitCode {
    coffer::bench::main(std::env::args_os())
}
