//! The program: which seeds, on which database, and what is said of them.

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, ValueEnum};
use serde_json::json;

use super::{Trouble, database::Kind, plant::Plant, run::Counts, seed};

/// The PostgreSQL that schemas may be made on.
const SERVER: &str = "COFFER_TEST_POSTGRES";

/// Lives a whole Coffer through seeded misfortunes and holds it against the truth.
///
/// Ends with 0 when everything held. Ends with 1 when something did not; with `--plant` that is
/// what is hoped for. Ends with 2 when the simulation itself could not run.
#[derive(Debug, Parser)]
#[command(name = "coffer-simulate")]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// On which database. On both, every seed must come to the same.
    #[arg(long, value_enum, default_value_t = Databases::Both)]
    store: Databases,
    /// Plants a bug, to see that it is found.
    #[arg(long, value_parser = plant_of)]
    plant: Option<Plant>,
    /// Says everything as one JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Databases {
    Sqlite,
    Postgres,
    Both,
}

impl Databases {
    const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Sqlite => &[Kind::Sqlite],
            Self::Postgres => &[Kind::Postgres],
            Self::Both => &[Kind::Sqlite, Kind::Postgres],
        }
    }
}

fn plant_of(text: &str) -> Result<Plant, String> {
    let known = Plant::ALL.map(Plant::as_str).join(", ");
    Plant::parse(text).ok_or_else(|| format!("no such bug; there are {known}"))
}

/// Runs the program.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = Arguments::parse_from(arguments);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(io::stderr(), "no runtime: {error}");
            return ExitCode::from(2);
        }
    };
    let mut said = Said { json: arguments.json, out: io::stdout().lock() };
    match runtime.block_on(run(&arguments, &mut said)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble::Broken(_)) => ExitCode::from(1),
        Err(Trouble::Outside(error)) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments, said: &mut Said<impl Write>) -> Result<(), Trouble> {
    let server = server();
    let mut counts = Counts::new();
    let end = arguments.from.saturating_add(arguments.seeds);
    for number in arguments.from..end {
        let mut digests = Vec::new();
        for kind in arguments.store.kinds() {
            let lived = seed::live(*kind, server.as_deref(), number, arguments.plant).await;
            match lived {
                Ok(lived) => {
                    said.seed(number, *kind, &lived.digest)?;
                    for (what, count) in lived.counts {
                        *counts.entry(what).or_default() += count;
                    }
                    digests.push(lived.digest);
                }
                Err(trouble) => {
                    said.trouble(number, *kind, &trouble)?;
                    return Err(trouble);
                }
            }
        }
        if digests.windows(2).any(|pair| pair.first() != pair.last()) {
            let trouble = Trouble::Broken("the databases disagree".to_owned());
            said.trouble(number, Kind::Postgres, &trouble)?;
            return Err(trouble);
        }
    }
    said.counts(arguments.seeds, &counts)
}

#[expect(clippy::disallowed_methods, reason = "a program for tests, told of their server by them")]
fn server() -> Option<String> {
    std::env::var(SERVER).ok()
}

struct Said<W> {
    json: bool,
    out: W,
}

impl<W: Write> Said<W> {
    fn seed(&mut self, seed: u64, kind: Kind, digest: &str) -> Result<(), Trouble> {
        let text = if self.json {
            json!({"seed": seed, "store": kind.to_string(), "digest": digest}).to_string()
        } else {
            format!("seed {seed} {kind} {digest}")
        };
        self.line(&text)
    }

    fn trouble(&mut self, seed: u64, kind: Kind, trouble: &Trouble) -> Result<(), Trouble> {
        let text = if self.json {
            let what = trouble.to_string();
            json!({"seed": seed, "store": kind.to_string(), "broken": what}).to_string()
        } else {
            format!(
                "seed {seed} {kind}: {trouble}\nagain: coffer-simulate --from {seed} --seeds 1 \
                 --store {kind}"
            )
        };
        self.line(&text)
    }

    fn counts(&mut self, seeds: u64, counts: &Counts) -> Result<(), Trouble> {
        if self.json {
            return self.line(&json!({"seeds": seeds, "counts": counts}).to_string());
        }
        for (what, count) in counts {
            self.line(&format!("{count:>8}  {what}"))?;
        }
        self.line(&format!("{seeds} seeds held"))
    }

    fn line(&mut self, text: &str) -> Result<(), Trouble> {
        writeln!(self.out, "{text}").map_err(Trouble::outside)
    }
}
