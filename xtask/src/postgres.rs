//! A PostgreSQL server of our own, that lives as long as the command that needs it.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::{Failed, command};

/// The oldest version of PostgreSQL that Coffer supports.
const VERSION_MIN: u32 = 15;
/// How long a start may take, in steps of [`STEP`].
const STEPS_MAX: u32 = 600;
const STEP: Duration = Duration::from_millis(50);
/// What the folders of clusters are called, before the id of the process that made them.
const PREFIX: &str = "coffer-postgres-";

/// Whether what a server commits must survive the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// For tests: quick, nothing is kept.
    ThrowAway,
    /// For measurements: as in production, on a real disk.
    Durable,
}

impl Durability {
    const fn settings(self) -> &'static [&'static str] {
        match self {
            Self::ThrowAway => &["fsync=off", "synchronous_commit=off", "full_page_writes=off"],
            Self::Durable => &["fsync=on", "synchronous_commit=on", "shared_buffers=256MB"],
        }
    }

    /// `/tmp` may be memory; `/var/tmp` outlives a restart of the machine, so it is a disk.
    fn parent(self) -> PathBuf {
        match self {
            Self::ThrowAway => std::env::temp_dir(),
            Self::Durable => PathBuf::from("/var/tmp"),
        }
    }
}

/// A running server; it ends, and its data goes, when this is dropped or our process dies.
#[derive(Debug)]
pub struct Server {
    child: Child,
    folder: PathBuf,
    url: String,
}

impl Server {
    /// Makes a cluster in a folder of its own and starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, too old, or does not start.
    pub fn start(durability: Durability) -> Result<Self, Failed> {
        let programs = programs()
            .ok_or_else(|| Failed("PostgreSQL is missing; run cargo xtask nodes".to_owned()))?;
        sweep(&durability.parent());
        let folder = durability.parent().join(format!("{PREFIX}{}", std::process::id()));
        make_folder(&folder)?;
        let server = Self::start_in(&programs, folder.clone(), durability);
        if server.is_err() {
            let _ = fs::remove_dir_all(&folder);
        }
        server
    }

    fn start_in(programs: &Path, folder: PathBuf, durability: Durability) -> Result<Self, Failed> {
        let data = folder.join("data");
        let mut init = as_its_user(&programs.join("initdb"), false);
        init.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]);
        init.arg(&data).current_dir(&folder).stdout(Stdio::null());
        command::run(init)?;

        let port = free_port()?;
        let log = fs::File::create(folder.join("log")).map_err(|e| Failed(e.to_string()))?;
        let mut start = as_its_user(&programs.join("postgres"), true);
        start.arg("-D").arg(&data).args(["-p", &port.to_string(), "-k"]).arg(&folder);
        start.args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"]);
        for setting in durability.settings() {
            start.args(["-c", setting]);
        }
        start.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = start.spawn().map_err(|e| Failed(format!("PostgreSQL does not start: {e}")))?;
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let mut server = Self { child, folder, url };
        server.wait(programs, port)?;
        Ok(server)
    }

    /// The URL of its database `postgres`.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn wait(&mut self, programs: &Path, port: u16) -> Result<(), Failed> {
        let log = |folder: &Path| fs::read_to_string(folder.join("log")).unwrap_or_default();
        for _ in 0..STEPS_MAX {
            let ended = self.child.try_wait().map_err(|e| Failed(e.to_string()))?;
            if let Some(status) = ended {
                let log = log(&self.folder);
                return Err(Failed(format!("PostgreSQL ended with {status}:\n{log}")));
            }
            let mut ask = Command::new(programs.join("pg_isready"));
            ask.args(["-q", "-h", "127.0.0.1", "-U", "postgres", "-p", &port.to_string()]);
            if ask.status().is_ok_and(|status| status.success()) {
                return Ok(());
            }
            sleep(STEP);
        }
        Err(Failed(format!("PostgreSQL does not answer:\n{}", log(&self.folder))))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // QUIT ends the server's own children too, and gives its shared memory back.
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        for _ in 0..STEPS_MAX {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            sleep(STEP);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of PostgreSQL's own programs: the newest that is new enough.
pub fn programs() -> Option<PathBuf> {
    let configured = command::version("pg_config", "--bindir").map(PathBuf::from);
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let packaged = versions.map(|version| version.path().join("bin"));
    let found =
        configured.into_iter().chain(packaged).filter(|folder| folder.join("initdb").is_file());
    let versioned = found.filter_map(|folder| Some((major(&folder)?, folder)));
    let newest = versioned.filter(|(major, _)| *major >= VERSION_MIN).max();
    newest.map(|(_, folder)| folder)
}

fn major(programs: &Path) -> Option<u32> {
    let said = command::version(&programs.join("postgres").to_string_lossy(), "--version")?;
    let number = said.split(' ').nth(2)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// PostgreSQL refuses to run as root; then it runs as the user its package made.
fn as_its_user(program: &Path, bound_to_us: bool) -> Command {
    let mut setpriv = Command::new("setpriv");
    if bound_to_us {
        // However our process ends, the server ends with it.
        setpriv.args(["--pdeathsig", "QUIT"]);
    }
    if is_root() {
        setpriv.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    } else if command::version("setpriv", "--version").is_none() {
        return Command::new(program);
    }
    setpriv.arg(program);
    setpriv
}

fn make_folder(folder: &Path) -> Result<(), Failed> {
    let failed = |e: std::io::Error| Failed(format!("{}: {e}", folder.display()));
    fs::create_dir(folder).map_err(failed)?;
    if is_root() {
        let user = id(&["-u", "postgres"]);
        let group = id(&["-g", "postgres"]);
        chown(folder, user, group).map_err(failed)?;
    }
    Ok(())
}

/// Removes what processes left behind that were killed before they could.
fn sweep(parent: &Path) {
    let running = Path::new("/proc");
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let gone = |maker| running.join("self").exists() && !running.join(maker).exists();
        if maker.is_some_and(gone) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether we run as root.
pub fn is_root() -> bool {
    id(&["-u"]) == Some(0)
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

fn free_port() -> Result<u16, Failed> {
    let address = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    address.map(|a| a.port()).map_err(|e| Failed(format!("no free port: {e}")))
}
