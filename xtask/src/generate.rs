//! Files that the program writes about itself and that are checked in: whoever reads the
//! repository sees them, and CI sees that they are true.

use std::fs;

use crate::{Failed, command, root};

/// A generated file.
#[derive(Debug)]
pub struct Generated {
    /// Its path from the root of the checkout.
    pub path: &'static str,
    /// What to ask the program for; it writes the file to its standard output.
    pub arguments: &'static [&'static str],
}

/// Every generated file.
pub const GENERATED: &[Generated] = &[];

/// Writes every generated file that is not up to date.
///
/// # Errors
/// When the program fails or a file cannot be written.
pub fn write() -> Result<(), Failed> {
    for file in GENERATED {
        let (text, same) = compare(file)?;
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
    for file in GENERATED {
        let (_, same) = compare(file)?;
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

/// What the file should say, and whether it says it.
fn compare(file: &Generated) -> Result<(String, bool), Failed> {
    let mut arguments = vec!["run", "--quiet", "--locked", "--package", "coffer", "--"];
    arguments.extend(file.arguments);
    let text = command::output(&command::cargo(), &arguments)?;
    let same = fs::read_to_string(root().join(file.path)).is_ok_and(|old| old == text);
    Ok((text, same))
}
