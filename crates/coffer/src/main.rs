//! The program.

use std::process::ExitCode;

fn main() -> ExitCode {
    coffer::cli::run(std::env::args_os())
}
