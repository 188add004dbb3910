//! Starting other programs, from the root of the checkout.

use std::process::{Command, Stdio};

use crate::{Failed, root};

/// What cargo told this program of itself. A build script that watches them (ring's does) would see
/// another value than in a cargo started by hand, and everything above it would be built again.
const OF_THIS_PROGRAM: &[&str] = &[
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// The cargo that started us, so that the toolchain stays the same.
pub fn cargo() -> String {
    variable("CARGO").unwrap_or_else(|| "cargo".to_owned())
}

/// A variable of the environment, if it is set and not empty.
#[expect(clippy::disallowed_methods, reason = "xtask has no settings; this is its one place")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A command that starts in the root of the checkout.
pub fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    for name in OF_THIS_PROGRAM {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end, showing what it prints.
///
/// # Errors
/// When it cannot be started or does not succeed.
pub fn run(mut command: Command) -> Result<(), Failed> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|e| Failed(format!("{name} cannot be started: {e}")))?;
    if status.success() { Ok(()) } else { Err(Failed(format!("{name} ended with {status}"))) }
}

/// What a command writes to its standard output.
///
/// # Errors
/// When it cannot be started, does not succeed, or writes something that is not text.
pub fn output(program: &str, arguments: &[&str]) -> Result<String, Failed> {
    output_of(command(program, arguments))
}

/// What a command that is ready to start writes to its standard output.
///
/// # Errors
/// As [`output`].
pub fn output_of(mut command: Command) -> Result<String, Failed> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| Failed(format!("{program} cannot be started: {e}")))?;
    if !output.status.success() {
        return Err(Failed(format!("{program} ended with {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| Failed(format!("{program} wrote no text")))
}

/// The first line a program prints when asked for its version; none when there is no such program.
pub fn version(program: &str, argument: &str) -> Option<String> {
    let output = command(program, &[argument]).stdin(Stdio::null()).output().ok()?;
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let said = String::from_utf8_lossy(&said);
    Some(said.lines().next().unwrap_or_default().trim().to_owned())
}
