//! A node's process.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
};

use tokio::sync::oneshot;

use crate::failure::Failure;

/// A running node. It is killed when this is dropped.
pub(super) struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts it and waits until it says a line with that in it; the line.
    pub(super) async fn start(
        mut command: Command,
        ready: &'static str,
    ) -> Result<(Self, String), Failure> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let spawned = command.spawn();
        let mut child =
            spawned.map_err(|error| Failure::new(format!("{name} does not start: {error}")))?;
        let lines = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        let (say, said) = oneshot::channel();
        // Reads on to the end: a node stops when nobody reads what it says.
        thread::spawn(move || {
            let mut say = Some(say);
            let mut last = String::new();
            for line in lines.into_iter().flatten().map_while(Result::ok) {
                let Some(waiting) = say.take_if(|_| line.contains(ready)) else {
                    last = line;
                    continue;
                };
                // Nobody waits any more when the start was given up.
                let _ = waiting.send(Ok(line));
            }
            if let Some(waiting) = say {
                let _ = waiting.send(Err(last));
            }
        });
        let process = Self { name, child };
        match said.await {
            Ok(Ok(line)) => Ok((process, line)),
            Ok(Err(last)) => Err(Failure::new(format!("{}: {last}", process.name))),
            Err(_) => Err(Failure::new(format!("{} says nothing", process.name))),
        }
    }

    /// Asks it to end, and waits until it has.
    pub(super) fn terminate(self) -> Result<ExitStatus, Failure> {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        asked.map_err(|error| Failure::new(format!("kill {id}: {error}")))?;
        self.wait()
    }

    /// Waits for its end, which was asked for.
    pub(super) fn wait(mut self) -> Result<ExitStatus, Failure> {
        let ended = self.child.wait();
        ended.map_err(|error| Failure::new(format!("{} does not end: {error}", self.name)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
