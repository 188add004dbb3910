//! The server as a child process.

use std::{
    net::SocketAddr,
    os::unix::process::ExitStatusExt as _,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    sync::watch,
    task::JoinSet,
};

use super::soon;

/// What the server prints when it takes connections.
const READY: &str = "listening on http://";

/// A running server. It is killed when this is dropped.
pub struct Server {
    pub address: SocketAddr,
    child: Child,
    printed: Arc<Mutex<Vec<u8>>>,
    readers: JoinSet<()>,
}

impl Server {
    /// Starts it and waits until it takes connections.
    pub async fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let printed = Arc::new(Mutex::new(Vec::new()));
        let (ready, mut watched) = watch::channel(None);
        let mut readers = JoinSet::new();
        let ready = Arc::new(ready);
        let (out, errors) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        readers.spawn(keep(out, Arc::clone(&printed), Arc::clone(&ready)));
        readers.spawn(keep(errors, Arc::clone(&printed), ready));
        let address = {
            let listening = watched.wait_for(Option::is_some);
            let heard = soon("the server's ready line", listening).await;
            heard.ok().and_then(|address| *address)
        };
        let Some(address) = address else {
            let status = soon("the server's end", child.wait()).await.unwrap();
            panic!("the server ended with {status}:\n{}", text(&printed));
        };
        Self { address, child, printed, readers }
    }

    /// Everything it printed so far.
    pub fn printed(&self) -> String {
        text(&self.printed)
    }

    /// Ends it at once, as a power cut would.
    pub async fn kill(mut self) {
        self.child.start_kill().unwrap();
        let (status, printed) = self.ended().await;
        assert_eq!(status.signal(), Some(9), "it ended by itself with {status}:\n{printed}");
    }

    /// Asks it to end.
    pub async fn terminate(&self) {
        self.signal("TERM").await;
    }

    /// Sends it a signal, by its name without `SIG`.
    pub async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it has not ended").to_string();
        let mut kill = Command::new("kill");
        assert!(kill.args([&format!("-{name}"), &id]).status().await.unwrap().success());
    }

    /// Waits for its end: how it ended, and everything it printed.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let status = soon("the server's end", self.child.wait()).await.unwrap();
        while soon("the end of its output", self.readers.join_next()).await.is_some() {}
        (status, text(&self.printed))
    }

    /// Ends it in good order.
    pub async fn stop(self) -> String {
        self.terminate().await;
        let (status, printed) = self.ended().await;
        assert!(status.success(), "it ended with {status}:\n{printed}");
        printed
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

/// Keeps what a stream says, and looks for the ready line in it.
async fn keep(
    mut stream: impl AsyncRead + Unpin,
    printed: Arc<Mutex<Vec<u8>>>,
    ready: Arc<watch::Sender<Option<SocketAddr>>>,
) {
    let mut own = Vec::new();
    let mut piece = [0; 16 * 1024];
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        printed.lock().unwrap_or_else(PoisonError::into_inner).extend(&piece[..length]);
        if ready.borrow().is_none() {
            own.extend(&piece[..length]);
            if let Some(address) = ready_address(&String::from_utf8_lossy(&own)) {
                ready.send_replace(Some(address));
            }
        }
    }
}

/// The address in the ready line, once that line is whole.
fn ready_address(printed: &str) -> Option<SocketAddr> {
    let (_, rest) = printed.split_once(READY)?;
    let end = rest.find(|c: char| c.is_whitespace() || c == ',')?;
    rest[..end].parse().ok()
}

fn text(printed: &Mutex<Vec<u8>>) -> String {
    let printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&printed).into_owned()
}
