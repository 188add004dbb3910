//! Real nodes that Debian packages in other suites than the one we run on. They are unpacked into
//! the cache with their libraries, libc included, so that the system stays as it is.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::Versions;
use crate::{Failed, cache, command};

/// Signs the packages of every suite.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Rises when what is unpacked changes, so that old folders are not taken for new ones.
const RECIPE: u32 = 1;

/// A package, the suite that has it, and its programs: the variable by which tests find each, and
/// where its binary lies.
struct Node {
    package: &'static str,
    suite: &'static str,
    programs: &'static [(&'static str, &'static str)],
}

/// No version is pinned: a testing suite drops a package as soon as there is a newer one.
const NODES: &[Node] = &[
    Node {
        package: "bitcoin-knots",
        suite: "forky",
        programs: &[
            ("COFFER_TEST_BITCOIND", "usr/bin/bitcoind"),
            ("COFFER_TEST_BITCOIN_CLI", "usr/bin/bitcoin-cli"),
        ],
    },
    Node {
        package: "litecoind",
        suite: "trixie",
        programs: &[
            ("COFFER_TEST_LITECOIND", "usr/lib/litecoin/litecoind"),
            ("COFFER_TEST_LITECOIN_CLI", "usr/bin/litecoin-cli"),
        ],
    },
];

/// Unpacks the nodes, unless they are in the cache.
///
/// # Errors
/// When a suite cannot be reached, has no such package, or a node does not start.
pub fn get() -> Result<Versions, Failed> {
    NODES.iter().map(version).collect()
}

/// The variables by which tests find the nodes; nothing while they are not there.
pub fn environment() -> Vec<(&'static str, String)> {
    let Ok(cache) = cache::folder() else { return Vec::new() };
    let programs = NODES.iter().flat_map(|node| {
        let folder = cache.join(node.folder());
        node.programs.iter().map(move |(variable, path)| (*variable, wrapper(&folder, path)))
    });
    let there = programs.filter(|(_, path)| path.is_file());
    there.map(|(variable, path)| (variable, path.display().to_string())).collect()
}

/// The node's name and what it says of its version, which shows that it starts.
fn version(node: &Node) -> Result<(String, String), Failed> {
    let folder = cache::fill_once(&node.folder(), |folder| node.unpack(folder))?;
    let (_, path) = node.programs[0];
    let program = wrapper(&folder, path);
    let said = command::output(&program.to_string_lossy(), &["--version"])?;
    let said = said.lines().next().unwrap_or_default();
    Ok((node.package.to_owned(), said.to_owned()))
}

impl Node {
    fn folder(&self) -> String {
        format!("{}-{}-{RECIPE}", self.package, self.suite)
    }

    fn unpack(&self, folder: &Path) -> Result<(), Failed> {
        let apt = Apt::new(folder, self.suite)?;
        let failed = |Failed(why): Failed| {
            Failed(format!("{} of Debian {} cannot be had: {why}", self.package, self.suite))
        };
        apt.update().map_err(failed)?;
        let packages = apt.with_libraries(self.package).map_err(failed)?;
        for file in apt.download(&packages).map_err(failed)? {
            let (file, folder) = (file.to_string_lossy(), folder.to_string_lossy());
            command::run(command::command("dpkg-deb", &["--extract", &file, &folder]))?;
        }
        apt.remove()?;
        let loader = loader(folder)?;
        for (_, path) in self.programs {
            write_wrapper(folder, &loader, path)?;
        }
        Ok(())
    }
}

/// An apt of its own: one suite, nothing installed, nothing of the system touched.
struct Apt {
    folder: PathBuf,
    options: Vec<String>,
}

impl Apt {
    fn new(parent: &Path, suite: &str) -> Result<Self, Failed> {
        let folder = parent.join("apt");
        for place in ["lists/partial", "cache/archives/partial", "packages"] {
            let place = folder.join(place);
            fs::create_dir_all(&place).map_err(|e| Failed(format!("{}: {e}", place.display())))?;
        }
        if !Path::new(KEYRING).is_file() {
            return Err(Failed(format!("{KEYRING} is missing; install debian-archive-keyring")));
        }
        write(&folder.join("status"), "")?;
        let source = format!("deb [signed-by={KEYRING}] {} {suite} main\n", mirror()?);
        write(&folder.join("sources.list"), &source)?;
        let at = folder.display();
        let options = [
            format!("Dir::Etc::SourceList={at}/sources.list"),
            "Dir::Etc::SourceParts=/dev/null".to_owned(),
            format!("Dir::State::Lists={at}/lists"),
            format!("Dir::State::Status={at}/status"),
            format!("Dir::Cache={at}/cache"),
            // The folder is ours alone, so the user that apt else downloads as cannot write it.
            "APT::Sandbox::User=".to_owned(),
            "APT::Install-Recommends=false".to_owned(),
            "APT::Update::Post-Invoke::=".to_owned(),
            "APT::Update::Error-Mode=any".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Debug::NoLocking=true".to_owned(),
        ];
        Ok(Self { folder, options: options.into() })
    }

    fn get(&self, arguments: &[&str]) -> Command {
        let mut apt = command::command("apt-get", &["-q"]);
        for option in &self.options {
            apt.args(["-o", option]);
        }
        apt.args(arguments);
        apt
    }

    fn update(&self) -> Result<(), Failed> {
        command::run(self.get(&["-q", "update"]))
    }

    /// The package and every library that it needs, and that these need.
    fn with_libraries(&self, package: &str) -> Result<Vec<String>, Failed> {
        let listed = command::output_of(self.get(&["--yes", "--print-uris", "install", package]))?;
        let names = listed.lines().filter_map(|line| {
            let file = line.strip_prefix('\'')?.split(' ').nth(1)?;
            Some(file.split_once('_')?.0.to_owned())
        });
        let needed =
            |name: &String| name == package || name.starts_with("lib") || name.starts_with("zlib");
        Ok(names.filter(needed).collect())
    }

    fn download(&self, packages: &[String]) -> Result<Vec<PathBuf>, Failed> {
        let place = self.folder.join("packages");
        let mut download = self.get(&["-q", "download"]);
        download.args(packages).current_dir(&place);
        command::run(download)?;
        let files =
            fs::read_dir(&place).map_err(|e| Failed(format!("{}: {e}", place.display())))?;
        Ok(files.flatten().map(|file| file.path()).collect())
    }

    fn remove(self) -> Result<(), Failed> {
        let at = &self.folder;
        fs::remove_dir_all(at).map_err(|e| Failed(format!("{}: {e}", at.display())))
    }
}

/// The mirror of Debian that this system uses.
fn mirror() -> Result<String, Failed> {
    // Without its second word it tells only of those whose lists were fetched already.
    let targets = ["indextargets", "--no-release-info", "--format", "$(REPO_URI)"];
    let known = command::output("apt-get", &targets)?;
    let mirror = known.lines().find(|at| at.trim_end_matches('/').ends_with("/debian"));
    mirror.map(str::to_owned).ok_or_else(|| {
        Failed("apt names no mirror of Debian, by which other suites could be had".to_owned())
    })
}

/// The loader among the unpacked libraries; these lie beside it.
fn loader(folder: &Path) -> Result<PathBuf, Failed> {
    let libraries = folder.join("usr/lib");
    let places = fs::read_dir(&libraries).into_iter().flatten().flatten();
    let files = places.flat_map(|place| fs::read_dir(place.path()).into_iter().flatten().flatten());
    let mut loaders = files.map(|file| file.path()).filter(|file| {
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-linux"))
    });
    let found = loaders.next();
    found.ok_or_else(|| Failed(format!("no loader below {}", libraries.display())))
}

/// Where the script lies that starts a binary with the unpacked libraries.
fn wrapper(folder: &Path, program: &str) -> PathBuf {
    let name = Path::new(program).file_name().unwrap_or_default();
    folder.join("run").join(name)
}

/// The folder is renamed once it is whole, so the script finds the rest by its own place.
fn write_wrapper(folder: &Path, loader: &Path, program: &str) -> Result<(), Failed> {
    let failed = |e: std::io::Error| Failed(format!("{program}: {e}"));
    let loader = loader.strip_prefix(folder).unwrap_or(loader).display().to_string();
    let libraries = loader.rsplit_once('/').map_or("", |(libraries, _)| libraries);
    let script = format!(
        "#!/bin/sh\nat=$(cd \"$(dirname \"$(readlink -f \"$0\")\")/..\" && pwd)\n\
         exec \"$at/{loader}\" --library-path \"$at/{libraries}\" \"$at/{program}\" \"$@\"\n"
    );
    let path = wrapper(folder, program);
    fs::create_dir_all(folder.join("run")).map_err(failed)?;
    write(&path, &script)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(failed)
}

fn write(path: &Path, text: &str) -> Result<(), Failed> {
    fs::write(path, text).map_err(|e| Failed(format!("{}: {e}", path.display())))
}
