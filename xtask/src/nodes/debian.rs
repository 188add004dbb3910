//! Packages of Debian: PostgreSQL, a browser, and the tools that scripts and tests call.

use std::path::Path;

use super::Versions;
use crate::{Failed, command, postgres};

/// A package, what tells that it is there, and what tells its version.
struct Package {
    name: &'static str,
    version: fn() -> Option<String>,
}

const PACKAGES: &[Package] = &[
    Package { name: "postgresql", version: postgresql },
    Package { name: "chromium", version: || command::version("chromium", "--version") },
    Package { name: "fonts-liberation", version: fonts },
    Package { name: "strace", version: || command::version("strace", "--version") },
    Package { name: "curl", version: || command::version("curl", "--version") },
    Package { name: "openssl", version: || command::version("openssl", "version") },
];

/// Installs the packages that are missing; as root only.
///
/// # Errors
/// When something is missing and cannot be installed; the text says what to do.
pub fn get() -> Result<Versions, Failed> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|p| (p.version)().is_none()).map(|p| p.name).collect();
    if !missing.is_empty() {
        install(&missing)?;
    }
    let versions = PACKAGES.iter().map(|package| {
        let version = (package.version)();
        let version = version.ok_or_else(|| Failed(format!("{} is not there", package.name)))?;
        Ok((package.name.to_owned(), version))
    });
    versions.collect()
}

/// The variables by which tests find the browser.
pub fn environment() -> Option<(&'static str, String)> {
    let path = command::variable("PATH")?;
    let browser = path.split(':').map(|folder| format!("{folder}/chromium"));
    let browser = browser.into_iter().find(|browser| Path::new(browser).is_file())?;
    Some(("COFFER_TEST_CHROMIUM", browser))
}

fn install(packages: &[&str]) -> Result<(), Failed> {
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    if !postgres::is_root() {
        return Err(Failed(format!("as root: apt-get {}", arguments.join(" "))));
    }
    command::run(command::command("apt-get", &["update"]))?;
    let mut install = command::command("apt-get", &arguments);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    command::run(install)
}

fn postgresql() -> Option<String> {
    let server = postgres::programs()?.join("postgres");
    command::version(&server.to_string_lossy(), "--version")
}

fn fonts() -> Option<String> {
    let folders = ["/usr/share/fonts/truetype/liberation", "/usr/share/fonts/truetype/liberation2"];
    folders.iter().any(|folder| Path::new(folder).is_dir()).then(|| "present".to_owned())
}
