//! A PostgreSQL server that a test may stop and start.

use std::{
    fs::File,
    net::TcpListener,
    os::unix::fs::chown,
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{pg_program, until};

/// A cluster of the test's own. It ends, and its data goes, when this is dropped.
pub struct OwnPostgres {
    folder: TempDir,
    port: u16,
    server: Option<Child>,
}

impl OwnPostgres {
    pub async fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            chown(folder.path(), id(&["-u", "postgres"]), id(&["-g", "postgres"])).unwrap();
        }
        let mut init = as_its_user(&pg_program("initdb"), folder.path());
        init.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]);
        let made = init.arg(folder.path().join("data")).output().unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut postgres = Self { folder, port, server: None };
        postgres.start().await;
        postgres
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it, and waits until it takes connections.
    pub async fn start(&mut self) {
        let folder = self.folder.path();
        let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
        let port = self.port.to_string();
        let mut start = as_its_user(&pg_program("postgres"), folder);
        start.arg("-D").arg(folder.join("data")).args(["-p", &port, "-k"]).arg(folder);
        start.args(["-c", "listen_addresses=127.0.0.1"]);
        start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.server = Some(start.spawn().unwrap());
        let program = pg_program("pg_isready");
        until("PostgreSQL", || {
            let mut ask = Command::new(&program);
            let asked = ask.args(["-q", "-h", "127.0.0.1", "-U", "postgres", "-p", &port]).status();
            async move { asked.unwrap().success().then_some(()) }
        })
        .await;
    }

    /// Stops it at once: connections break, what is committed stays.
    pub fn stop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        // QUIT also ends the processes that the server started.
        let id = server.id().to_string();
        let told = Command::new("kill").args(["-QUIT", &id]).status();
        if told.is_ok_and(|status| status.success()) {
            let _ = server.wait();
        }
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// PostgreSQL refuses to run as root; then it runs as the user its package made. However our
/// process ends, it ends with it.
fn as_its_user(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "QUIT"]).arg(program).current_dir(folder);
    command
}

fn is_root() -> bool {
    id(&["-u"]) == Some(0)
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}
