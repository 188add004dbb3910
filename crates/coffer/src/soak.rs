//! The soak: Coffer as a process beside bitcoind, litecoind and anvil, with payments, replacements,
//! reorganisations and restarts, minute after minute. Afterwards every address's total on the chain
//! must be what Coffer holds for it.

mod chains;
mod check;
mod course;
mod sink;

use std::{
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser;

use self::course::Course;
use crate::{cli, failure::Failure, nodes::installation::AS_COFFER};

/// Lets a whole Coffer live beside real nodes, and compares what it holds with what is on the
/// chains.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask soak")]
struct Options {
    /// How long. Payments, reorganisations, replacements and restarts grow with it.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    minutes: u32,
    /// What its chances follow from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the program `coffer-soak`.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|first| first == AS_COFFER) {
        arguments.remove(1);
        return cli::run(arguments);
    }
    let options = Options::parse_from(arguments);
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to tell that the error cannot be told.
            let _ = writeln!(io::stderr(), "coffer-soak: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("no threads can be started: {error}")))?;
    runtime.block_on(async {
        let mut course = Course::begin(options.seed).await?;
        course.live(options.minutes).await?;
        course.come_to_rest().await?;
        let checked = check::totals(&course).await?;
        let booked = check::books(&course)?;
        let (minutes, counts) = (options.minutes, &course.counts);
        let line = format!("soak: {minutes} minutes, {counts}; {checked}; {booked}\n");
        io::stdout()
            .write_all(line.as_bytes())
            .map_err(|error| Failure::new(format!("printing: {error}")))
    })
}
