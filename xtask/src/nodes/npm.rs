//! Packages of npm, pinned by `xtask/node/package-lock.json`: a real EVM node, a Solidity
//! compiler with the contracts to compile, and what drives a browser.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::Versions;
use crate::{Failed, cache, command, root};

/// The package of the EVM node.
pub const ANVIL: &str = "@foundry-rs/anvil-linux-amd64";

/// Installs the packages of the lock file, unless they are in the cache.
///
/// # Errors
/// When npm fails or a package lacks its version.
pub fn get() -> Result<Versions, Failed> {
    let folder = cache::fill_once(&name()?, install)?;
    let wanted = manifest(&root().join("xtask/node"))?;
    let names = wanted["dependencies"].as_object().into_iter().flatten().map(|(name, _)| name);
    let version = |name: &String| {
        let package = manifest(&folder.join("node_modules").join(name))?;
        Ok((name.clone(), package["version"].as_str().unwrap_or("unknown").to_owned()))
    };
    names.map(version).collect()
}

/// The variables by which tests find the packages; nothing while they are not there.
pub fn environment() -> Vec<(&'static str, String)> {
    let Some(modules) = modules().filter(|modules| modules.is_dir()) else { return Vec::new() };
    let anvil = modules.join(ANVIL).join("bin/anvil");
    vec![
        ("COFFER_TEST_ANVIL", anvil.display().to_string()),
        ("COFFER_TEST_NODE_MODULES", modules.display().to_string()),
    ]
}

fn modules() -> Option<PathBuf> {
    Some(cache::folder().ok()?.join(name().ok()?).join("node_modules"))
}

/// The folder's name follows the lock file, so that a change of it is a new folder.
fn name() -> Result<String, Failed> {
    let mut hasher = DefaultHasher::new();
    read(&root().join("xtask/node/package-lock.json"))?.hash(&mut hasher);
    Ok(format!("node-{:016x}", hasher.finish()))
}

fn install(folder: &Path) -> Result<(), Failed> {
    for file in ["package.json", "package-lock.json"] {
        fs::copy(root().join("xtask/node").join(file), folder.join(file))
            .map_err(|e| Failed(format!("{file} cannot be copied: {e}")))?;
    }
    let mut npm = command::command("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    npm.current_dir(folder);
    command::run(npm)
}

fn manifest(folder: &Path) -> Result<Value, Failed> {
    let path = folder.join("package.json");
    serde_json::from_str(&read(&path)?).map_err(|e| Failed(format!("{}: {e}", path.display())))
}

fn read(path: &Path) -> Result<String, Failed> {
    fs::read_to_string(path).map_err(|e| Failed(format!("{}: {e}", path.display())))
}
