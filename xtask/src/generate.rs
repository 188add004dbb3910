//! Files that the program writes about itself and that are checked in: whoever reads the
//! repository sees them, and CI sees that they are true.

use std::fs;

use crate::{
    Failed, command,
    plan::TEST_POSTGRES,
    postgres::{Durability, Server},
    root,
};

/// A generated file.
#[derive(Debug)]
pub struct Generated {
    /// Its path from the root of the checkout.
    pub path: &'static str,
    /// What to ask the program for; it writes the file to its standard output.
    pub what: &'static str,
    /// Whether the program needs a PostgreSQL to make it.
    pub postgres: bool,
}

/// Every generated file.
pub const GENERATED: &[Generated] = &[
    Generated { path: "openapi.json", what: "openapi", postgres: false },
    Generated { path: "schema.sqlite.sql", what: "schema-sqlite", postgres: false },
    Generated { path: "schema.postgres.sql", what: "schema-postgres", postgres: true },
    Generated { path: "docs/configuration.md", what: "config", postgres: false },
    Generated { path: "docs/cli.md", what: "cli-help", postgres: false },
];

/// Writes every generated file that is not up to date.
///
/// # Errors
/// When the program fails or a file cannot be written.
pub fn write() -> Result<(), Failed> {
    for (file, text, same) in compared()? {
        if !same {
            fs::write(root().join(file.path), text)
                .map_err(|e| Failed(format!("{} cannot be written: {e}", file.path)))?;
        }
        println!("{} {}", if same { "unchanged" } else { "written  " }, file.path);
    }
    Ok(())
}

/// Sees that every generated file is up to date.
///
/// # Errors
/// When one is not.
pub fn check() -> Result<(), Failed> {
    let mut stale = Vec::new();
    for (file, _, same) in compared()? {
        println!("{} {}", if same { "up to date" } else { "stale     " }, file.path);
        if !same {
            stale.push(file.path);
        }
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(Failed(format!("run cargo xtask generate for {}", stale.join(", "))))
    }
}

/// What each file should say, and whether it says it.
fn compared() -> Result<Vec<(&'static Generated, String, bool)>, Failed> {
    let given = command::variable(TEST_POSTGRES);
    let server = match &given {
        Some(_) => None,
        None => Some(Server::start(Durability::ThrowAway)?),
    };
    let url = given.or_else(|| server.as_ref().map(|server| server.url().to_owned()));
    let mut compared = Vec::new();
    for file in GENERATED {
        let text = generated(file, url.as_deref().unwrap_or_default())?;
        let same = fs::read_to_string(root().join(file.path)).is_ok_and(|old| old == text);
        compared.push((file, text, same));
    }
    Ok(compared)
}

fn generated(file: &Generated, postgres: &str) -> Result<String, Failed> {
    let arguments =
        ["run", "--quiet", "--locked", "--package", "coffer", "--", "generate", file.what];
    let mut program = command::command(&command::cargo(), &arguments);
    if file.postgres {
        program.env("COFFER_STORE__URL", postgres);
    }
    command::output_of(program)
}
