//! How fast payment requests are created, beside what would be possible; how soon a payment is seen
//! on its page; and how long a block takes however many addresses are watched.
//!
//! For the first, the bench starts this program again as a server, so that its memory is the
//! server's own, and drives it over TCP with requests that were signed beforehand, in a closed
//! loop: a connection sends its next request when the last one is answered. Every server lives
//! through a whole round, and within a round the stores take turns, so that what else the machine
//! does hits
//! all of them.

mod client;
mod database;
mod options;
mod process;
mod report;
mod requests;
mod round;
mod sample;
mod seen;
mod server;
mod watch;

use std::{ffi::OsString, io::Write as _, process::ExitCode};

use clap::Parser as _;

use self::options::{Command, Options};
use crate::{cli, nodes::installation::AS_COFFER};

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failed(String);

impl Failed {
    fn because(what: &str) -> impl Fn(&dyn std::fmt::Display) -> Self {
        move |error| Self(format!("{what}: {error}"))
    }
}

/// Runs the program `coffer-bench`.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|first| first == AS_COFFER) {
        arguments.remove(1);
        return cli::run(arguments);
    }
    let done = match Options::parse_from(arguments).command {
        Command::Create(create) => round::run(&create),
        Command::Seen(seen) => seen::run(&seen),
        Command::Watch(watch) => watch::run(&watch),
        Command::Serve(serve) => server::run(&serve),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            // Nobody is left to tell that the error cannot be told.
            let _ = writeln!(std::io::stderr(), "coffer-bench: {failed}");
            ExitCode::FAILURE
        }
    }
}
