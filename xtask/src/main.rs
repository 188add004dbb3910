//! The project's own commands: `cargo xtask`.
//!
//! It tidies, generates, checks, gets what tests need, and builds and starts the programs of the
//! workspace. It depends on no room of it, so it compiles in seconds and works when they do not.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people to read")]

mod cache;
mod ci;
mod command;
mod defences;
mod generate;
mod nodes;
mod plan;
mod postgres;
mod programs;
mod tidy;

use std::{
    fmt,
    path::{Path, PathBuf},
    process::ExitCode,
};

const USAGE: &str = "\
cargo xtask COMMAND

  check                 what every commit must pass: format, tidy, clippy, fast tests
  ci                    everything that CI runs; gets what it needs first
  tidy                  the rules of the house that no other tool checks
  test [ARGS]           cargo test with a throw-away PostgreSQL and the nodes at hand
  generate [--check]    write the generated files, or see that they are up to date
  nodes [--only NAMES]  get what tests need (debian, npm, unpacked, deny), print the versions
  postgres              a throw-away PostgreSQL, until its input ends
  bench [ARGS]          build and run the benchmark with a durable PostgreSQL
  simulate [ARGS]       build and run the simulation with a throw-away PostgreSQL
  soak [ARGS]           build and run the soak beside real nodes
";

/// Why a command did not succeed, as a sentence for a person; empty when all has been said.
#[derive(Debug)]
pub struct Failed(pub String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            if !failed.0.is_empty() {
                eprintln!("xtask: {failed}");
            }
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[&str]) -> Result<(), Failed> {
    match arguments {
        ["check"] => ci::check(),
        ["ci"] => ci::ci(),
        ["tidy"] => tidy::run(),
        ["test", rest @ ..] => programs::test(rest),
        ["generate"] => generate::write(),
        ["generate", "--check"] => generate::check(),
        ["nodes"] => nodes::get(&[]),
        ["nodes", "--only", names @ ..] if !names.is_empty() => nodes::get(names),
        ["postgres"] => programs::postgres(),
        ["bench", rest @ ..] => programs::bench(rest),
        ["simulate", rest @ ..] => programs::simulate(rest),
        ["soak", rest @ ..] => programs::soak(rest),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(Failed(format!("no such command: {}\n\n{USAGE}", other.join(" ")))),
    }
}
