//! What commands print: the only place that writes to standard output and error.

use std::{
    fmt,
    io::{self, Write as _},
};

use serde_json::Value;

use crate::failure::Failure;

/// How a command answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Whether answers are JSON, for scripts.
    pub json: bool,
}

impl Terminal {
    /// Answers with one object for scripts, or with lines for people.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn answer(
        self,
        object: impl FnOnce() -> Value,
        lines: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json { print(&format!("{}\n", object())) } else { print(&lines()) }
    }
}

/// Writes to standard output. That nobody reads any more is no failure.
///
/// # Errors
/// When it cannot be written, as on a full disk.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Tells a failure on standard error.
pub fn complain(failure: &dyn fmt::Display) {
    // There is nobody left to tell that telling failed.
    let _ = writeln!(io::stderr().lock(), "coffer: {failure}");
}

/// Says on standard error what is done all the same and hardly meant.
pub fn warn(warning: &dyn fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "coffer: warning: {warning}");
}

/// Columns side by side, the first row as their heads.
#[must_use]
pub fn columns(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = width(column).unwrap_or(0);
            line += &format!("{cell:width$}  ");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}
