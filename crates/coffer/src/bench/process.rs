//! A server to be measured, as a process of its own.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use serde::{Deserialize, Serialize};

use super::{Failed, options::Stored};

/// Microseconds of the unit of /proc, the same on every Linux (USER_HZ).
const TICK_MICROS: u64 = 10_000;

/// What a server says once it listens, as a line of JSON.
#[derive(Serialize, Deserialize)]
pub(super) struct Listening {
    pub(super) address: SocketAddr,
    /// Where requests are sent.
    pub(super) path: String,
    pub(super) key: String,
    pub(super) secret: String,
}

/// A running server. It ends when this is dropped.
pub(super) struct Server {
    child: Child,
    pub(super) listening: Listening,
}

impl Server {
    /// Starts this program again as a server.
    pub(super) fn start(stored: Stored, url: &str, folder: &Path) -> Result<Self, Failed> {
        let failed = Failed::because("a server does not start");
        let program = std::env::current_exe().map_err(|error| failed(&error))?;
        let mut child = Command::new(program)
            .args(["serve", "--stored", stored.name(), "--url", url, "--folder"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(&error))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(|error| failed(&error))?;
        }
        match serde_json::from_str(&line) {
            Ok(listening) => Ok(Self { child, listening }),
            Err(error) => {
                end(&mut child);
                Err(failed(&error))
            }
        }
    }

    /// Memory of the process in KiB, shared pages included.
    pub(super) fn memory(&self) -> Result<u64, Failed> {
        let failed = Failed::because("the server's memory");
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).map_err(|error| failed(&error))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| failed(&"/proc tells nothing of it"))
    }
}

impl Server {
    /// Time on processors that the process has used, in microseconds.
    pub(super) fn processor_time(&self) -> Result<u64, Failed> {
        let failed = Failed::because("the server's time on processors");
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = fs::read_to_string(path).map_err(|error| failed(&error))?;
        // The name in parentheses may hold anything; state is the first field behind it.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>());
        let ticks: u64 = ticks.sum::<Result<u64, _>>().map_err(|error| failed(&error))?;
        Ok(ticks * TICK_MICROS)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// A server ends by itself when its standard input does.
fn end(child: &mut Child) {
    drop(child.stdin.take());
    // A child that cannot be waited for has ended.
    let _ = child.wait();
}
