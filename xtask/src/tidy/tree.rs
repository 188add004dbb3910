//! What the checks look at: the files of the checkout and the packages of the workspace.

use std::fs;

use serde_json::Value;

use super::rust_text::RustText;
use crate::{Failed, command, root};

/// The checkout, as the checks see it.
#[derive(Debug, Default)]
pub struct Tree {
    /// Every file that is tracked or would be, by path.
    pub files: Vec<SourceFile>,
    /// Every package of the workspace.
    pub packages: Vec<Package>,
    /// Files that a command generates and that are checked in.
    pub generated: Vec<&'static str>,
}

/// A file; one that is not text has an empty text.
#[derive(Debug)]
pub struct SourceFile {
    /// Path from the root of the checkout, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
    /// The same, read as Rust; none for other languages.
    pub rust: Option<RustText>,
}

/// A package of the workspace.
#[derive(Debug, Default)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Path of its manifest from the root.
    pub manifest: String,
    /// Every dependency: its name, and whether only tests use it.
    pub dependencies: Vec<Dependency>,
    /// The features it declares.
    pub features: Vec<String>,
}

/// What a package depends on.
#[derive(Debug)]
pub struct Dependency {
    /// Name of the package depended on.
    pub name: String,
    /// `normal`, `dev` or `build`.
    pub kind: String,
}

impl SourceFile {
    /// A file of that path and text.
    pub fn new(path: &str, text: &str) -> Self {
        let rust = path.ends_with(".rs").then(|| RustText::read(text));
        Self { path: path.to_owned(), text: text.to_owned(), rust }
    }

    /// Whether all of it is test code: under `tests/`, or a `tests.rs` beside its module.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// The file's name without folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl Tree {
    /// The checkout this program was built from.
    ///
    /// # Errors
    /// When git or cargo cannot be asked.
    pub fn of_checkout() -> Result<Self, Failed> {
        let generated = crate::generate::GENERATED.iter().map(|file| file.path).collect();
        Ok(Self { files: files()?, packages: packages()?, generated })
    }

    /// The file of that path.
    pub fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }
}

fn files() -> Result<Vec<SourceFile>, Failed> {
    let listed =
        command::output("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let mut paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    // A file that was removed but not yet committed is still listed. A picture has no text.
    let read = |path: &str| {
        let bytes = fs::read(root().join(path)).ok()?;
        Some(SourceFile::new(path, &String::from_utf8(bytes).unwrap_or_default()))
    };
    Ok(paths.into_iter().filter_map(read).collect())
}

fn packages() -> Result<Vec<Package>, Failed> {
    let cargo = command::cargo();
    let text = command::output(&cargo, &["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_str(&text)
        .map_err(|e| Failed(format!("cargo metadata answered no JSON: {e}")))?;
    Ok(list(&metadata["packages"]).iter().map(package).collect())
}

fn package(value: &Value) -> Package {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let prefix = format!("{}/", root().display());
    let dependency = |value: &Value| Dependency {
        name: text(&value["name"]),
        kind: value["kind"].as_str().unwrap_or("normal").to_owned(),
    };
    Package {
        name: text(&value["name"]),
        manifest: text(&value["manifest_path"]).replacen(&prefix, "", 1),
        dependencies: list(&value["dependencies"]).iter().map(dependency).collect(),
        features: value["features"]
            .as_object()
            .map(|f| f.keys().cloned().collect())
            .unwrap_or_default(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
