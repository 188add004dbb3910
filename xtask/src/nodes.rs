//! What tests need beside Rust: nodes, a browser, databases, and the tools that judge the
//! dependencies. Kept in the cache, so that getting them again takes no time.

mod debian;
mod deny;
mod npm;
mod unpacked;

use crate::{Failed, command};

pub use deny::check as deny;

/// A kind of thing that can be had: its name, and how to get it and learn its versions.
type Source = (&'static str, fn() -> Result<Versions, Failed>);

/// Names and versions of what is there.
type Versions = Vec<(String, String)>;

const SOURCES: &[Source] =
    &[("debian", debian::get), ("npm", npm::get), ("unpacked", unpacked::get), ("deny", deny::get)];

/// Gets what the tests need, or only the kinds named, and prints the versions.
///
/// # Errors
/// When something cannot be had; the rest is still tried.
pub fn get(only: &[&str]) -> Result<(), Failed> {
    if let Some(name) = only.iter().find(|name| !SOURCES.iter().any(|(known, _)| known == *name)) {
        let known: Vec<&str> = SOURCES.iter().map(|(known, _)| *known).collect();
        return Err(Failed(format!("no such kind: {name}; there are {}", known.join(", "))));
    }
    let mut missing = Vec::new();
    for (name, source) in SOURCES.iter().filter(|(name, _)| only.is_empty() || only.contains(name))
    {
        match source() {
            Ok(versions) => {
                for (what, version) in versions {
                    println!("{what:<32} {version}");
                }
            }
            Err(failed) => missing.push(format!("{name}: {failed}")),
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Failed(missing.join("; "))) }
}

/// The nodes that tests run on, as `docs/defences.md` calls them, with their versions.
pub fn node_versions() -> Vec<(&'static str, String)> {
    let known = unpacked::get().into_iter().chain(npm::get()).flatten();
    let called = |(what, version): (String, String)| match what.as_str() {
        "bitcoin-knots" => Some(("bitcoind", version)),
        "litecoind" => Some(("litecoind", version)),
        npm::ANVIL => Some(("anvil", version)),
        _ => None,
    };
    known.filter_map(called).collect()
}

/// The variables by which tests find what is there. One that the environment has already stays.
pub fn environment() -> Vec<(&'static str, String)> {
    let mut variables = npm::environment();
    variables.extend(unpacked::environment());
    variables.extend(debian::environment());
    variables.retain(|(name, _)| command::variable(name).is_none());
    variables
}
