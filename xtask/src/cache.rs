//! Where downloaded tools are kept: outside of the clone, so that every clone shares them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Failed, command};

/// The folder of the cache: `$XDG_CACHE_HOME/coffer`, else `~/.cache/coffer`.
///
/// # Errors
/// When neither variable is set or the folder cannot be made.
pub fn folder() -> Result<PathBuf, Failed> {
    let base = command::variable("XDG_CACHE_HOME").map(PathBuf::from);
    let home = command::variable("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let base = base.or(home).ok_or_else(|| Failed("set HOME or XDG_CACHE_HOME".to_owned()))?;
    let folder = base.join("coffer");
    make(&folder)?;
    Ok(folder)
}

/// Fills a folder of the cache that is not there yet, so that it is there whole or not at all.
///
/// # Errors
/// When `fill` fails; nothing stays behind then.
pub fn fill_once(
    name: &str,
    fill: impl FnOnce(&Path) -> Result<(), Failed>,
) -> Result<PathBuf, Failed> {
    let folder = folder()?;
    let whole = folder.join(name);
    if whole.is_dir() {
        return Ok(whole);
    }
    let partial = folder.join(format!("{name}.partial-{}", std::process::id()));
    make(&partial)?;
    let filled = fill(&partial).and_then(|()| {
        // Another xtask may have been quicker; its folder is as good.
        fs::rename(&partial, &whole)
            .or_else(|e| if whole.is_dir() { Ok(()) } else { Err(e) })
            .map_err(|e| Failed(format!("{} cannot be renamed: {e}", partial.display())))
    });
    if partial.is_dir() {
        let _ = fs::remove_dir_all(&partial);
    }
    filled.map(|()| whole)
}

fn make(folder: &Path) -> Result<(), Failed> {
    fs::create_dir_all(folder)
        .map_err(|e| Failed(format!("{} cannot be made: {e}", folder.display())))
}
