//! What commands print: the only place that writes to standard output and error.

use std::{
    fmt,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
};

use serde_json::Value;
use zeroize::Zeroizing;

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

/// Questions on standard output, answered on standard input.
#[derive(Debug)]
pub struct Conversation {
    input: io::Stdin,
    screen: bool,
}

impl Conversation {
    /// With whoever runs the program.
    #[must_use]
    pub fn of_process() -> Self {
        Self { input: io::stdin(), screen: io::stdout().is_terminal() }
    }

    /// Whether what is said goes to a screen, and not into a file or another program.
    #[must_use]
    pub const fn has_screen(&self) -> bool {
        self.screen
    }

    /// Takes what was said off the screen, with what can be scrolled back to.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn clear(&self) -> Result<(), Failure> {
        if self.screen { print("\x1b[H\x1b[2J\x1b[3J") } else { Ok(()) }
    }

    /// Asks for a line; the answer without the spaces around it.
    ///
    /// # Errors
    /// When nobody answers any more.
    pub fn ask(&mut self, question: &str) -> Result<Zeroizing<String>, Failure> {
        let line = self.line(question)?;
        Ok(Zeroizing::new(line.trim().to_owned()))
    }

    /// Asks for a line that is not shown while it is typed; the answer as it is.
    ///
    /// # Errors
    /// When nobody answers any more, or the screen cannot be kept from showing it.
    pub fn ask_hidden(&mut self, question: &str) -> Result<Zeroizing<String>, Failure> {
        let hidden = Hidden::begin()?;
        let line = self.line(question)?;
        if hidden.is_some() {
            // The Enter was not shown either.
            print("\n")?;
        }
        Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn line(&mut self, question: &str) -> Result<Zeroizing<String>, Failure> {
        print(question)?;
        let mut line = Zeroizing::new(String::with_capacity(256));
        let read = self.input.lock().read_line(&mut line);
        match read {
            Ok(0) => Err(Failure::new("nobody answers, so nothing was made")),
            Ok(_) => Ok(line),
            Err(error) => Err(Failure::new(format!("standard input cannot be read: {error}"))),
        }
    }
}

/// While it lives, the terminal shows nothing of what is typed.
struct Hidden(rustix::termios::Termios);

impl Hidden {
    /// None where nothing is typed, as standard input is no terminal.
    fn begin() -> Result<Option<Self>, Failure> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let input = io::stdin();
        if !input.is_terminal() {
            return Ok(None);
        }
        let failed = |error| Failure::new(format!("the terminal shows what is typed: {error}"));
        let before = tcgetattr(&input).map_err(failed)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&input, OptionalActions::Flush, &quiet).map_err(failed)?;
        Ok(Some(Self(before)))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // A terminal that is gone needs nothing set back.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// How far something has come, in one line of standard error that is written over and over. Says
/// nothing where that is no terminal.
#[derive(Debug)]
pub struct ProgressLine {
    what: &'static str,
    from: u64,
    to: u64,
    shown: bool,
}

impl ProgressLine {
    /// Begins at `from`; done at `to`.
    #[must_use]
    pub fn new(what: &'static str, from: u64, to: u64) -> Self {
        Self { what, from, to, shown: io::stderr().is_terminal() }
    }

    /// Says how far it has come, with each per cent.
    pub fn at(&self, place: u64) {
        const WIDTH: u64 = 30;
        let whole = self.to.saturating_sub(self.from).saturating_add(1);
        let done = place.saturating_sub(self.from).saturating_add(1).min(whole);
        let per_cent = |done: u64| done.saturating_mul(100) / whole;
        if !self.shown || (per_cent(done) == per_cent(done - 1) && done < whole) {
            return;
        }
        let filled = usize::try_from(done.saturating_mul(WIDTH) / whole).unwrap_or(0);
        let bar: String = (0..30).map(|cell| if cell < filled { '#' } else { '.' }).collect();
        let (what, to, per_cent) = (self.what, self.to, per_cent(done));
        // Progress that cannot be shown is not worth failing for.
        let _ = write!(io::stderr().lock(), "\r[{bar}] {per_cent:3} %  {what} {place} of {to}");
    }

    /// Ends the line.
    pub fn end(&self) {
        if self.shown {
            let _ = writeln!(io::stderr().lock());
        }
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
