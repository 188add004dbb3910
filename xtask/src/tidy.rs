//! The checks of the house that no other tool makes: who may know whom, how long a file may be,
//! that migrations come in pairs, and what may not stand in a file.
//!
//! Each check is a function from a [`Tree`] to findings, so that its test can hand it a small tree
//! and see it fail.

mod arrows;
mod links;
mod marks;
mod migrations;
mod names;
mod rust_text;
mod size;
mod sleeps;
mod tree;

use std::fmt;

pub use tree::{Package, SourceFile, Tree};

use crate::Failed;

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// File or package.
    pub place: String,
    /// Line, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong and what would be right.
    pub what: String,
}

impl Finding {
    fn of(place: &str, what: impl Into<String>) -> Self {
        Self { place: place.to_owned(), line: None, what: what.into() }
    }

    fn at(place: &str, line: usize, what: impl Into<String>) -> Self {
        Self { place: place.to_owned(), line: Some(line), what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.place, self.what),
            None => write!(f, "{}: {}", self.place, self.what),
        }
    }
}

/// A check: everything it finds in a tree.
type Check = fn(&Tree) -> Vec<Finding>;

/// Every check, with the name of the rule it holds.
const CHECKS: &[(&str, Check)] = &[
    ("arrows between rooms", arrows::rooms),
    ("rooms that stay pure", arrows::purity),
    ("no cargo features", arrows::features),
    ("shared lints", arrows::lints),
    ("file length", size::lengths),
    ("line width", size::widths),
    ("file names", names::banned),
    ("migration twins", migrations::twins),
    ("generated files", names::generated),
    ("links of documents", links::dead),
    ("unfinished work", marks::unfinished),
    ("skipped tests", marks::skipped),
    ("places of one machine", marks::machine),
    ("sleeps in tests", sleeps::in_tests),
];

/// Everything every check finds, in the order of the files.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    let mut all: Vec<Finding> = CHECKS.iter().flat_map(|(_, check)| check(tree)).collect();
    all.sort();
    all
}

/// Runs every check over the checkout and prints what it finds.
///
/// # Errors
/// When anything was found, or the checkout cannot be read.
pub fn run() -> Result<(), Failed> {
    let tree = Tree::of_checkout()?;
    let found = findings(&tree);
    for finding in &found {
        println!("{finding}");
    }
    let (rules, files) = (CHECKS.len(), tree.files.len());
    println!("tidy: {rules} rules, {files} files, {} findings", found.len());
    if found.is_empty() { Ok(()) } else { Err(Failed(format!("{} findings", found.len()))) }
}

#[cfg(test)]
mod tests;
