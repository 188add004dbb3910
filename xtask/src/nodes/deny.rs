//! cargo-deny, which judges the dependencies by `deny.toml`.

use std::path::Path;

use super::Versions;
use crate::{Failed, cache, command};

/// The version everybody uses, so that everybody gets the same verdict.
const VERSION: &str = "0.20.2";

/// Builds cargo-deny (two or three minutes on two cores), unless it is in the cache.
///
/// # Errors
/// When it cannot be built.
pub fn get() -> Result<Versions, Failed> {
    let program = program()?;
    let said = command::version(&program, "--version").unwrap_or_default();
    Ok(vec![("cargo-deny".to_owned(), said)])
}

/// Judges bans, licences and sources. Advisories are not asked for: their database is fetched from
/// the network, and a build must not change its verdict overnight.
///
/// # Errors
/// When a dependency is refused.
pub fn check() -> Result<(), Failed> {
    let arguments = ["--all-features", "check", "bans", "licenses", "sources"];
    command::run(command::command(&program()?, &arguments))
}

fn program() -> Result<String, Failed> {
    let folder = cache::fill_once(&format!("cargo-deny-{VERSION}"), build)?;
    Ok(folder.join("bin/cargo-deny").display().to_string())
}

fn build(folder: &Path) -> Result<(), Failed> {
    let place = folder.display().to_string();
    let install = ["install", "--locked", "--version", VERSION, "--root", &place, "cargo-deny"];
    let mut cargo = command::command(&command::cargo(), &install);
    // Its build stays out of the clone and goes with the folder's other leftovers.
    let target = folder.join("target");
    command::run({
        cargo.env("CARGO_TARGET_DIR", &target);
        cargo
    })?;
    std::fs::remove_dir_all(&target).map_err(|e| Failed(format!("{}: {e}", target.display())))
}
