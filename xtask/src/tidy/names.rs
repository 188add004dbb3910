//! Names of files.

use super::{Finding, Tree};

/// Names that say nothing: a noun is missing where one of them would stand.
const BANNED: &[&str] =
    &["utils", "util", "common", "helpers", "helper", "types", "models", "core"];

/// Files and folders of source code with a name that says nothing, and `mod.rs`.
pub fn banned(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| is_source(&file.path)) {
        if file.name() == "mod.rs" {
            found.push(Finding::of(&file.path, "write thing.rs with thing/ beside it, no mod.rs"));
        }
        let mut parts = file.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        if let Some(name) = parts.find(|part| BANNED.contains(part)) {
            let what = format!("`{name}` names no thing; say what is in it");
            found.push(Finding::of(&file.path, what));
        }
    }
    found
}

/// Generated files that are not checked in.
pub fn generated(tree: &Tree) -> Vec<Finding> {
    let missing = tree.generated.iter().filter(|path| tree.file(path).is_none());
    missing.map(|path| Finding::of(path, "missing; run cargo xtask generate")).collect()
}

fn is_source(path: &str) -> bool {
    path.starts_with("crates/") || path.starts_with("xtask/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::SourceFile;

    fn tree(paths: &[&str]) -> Tree {
        let files = paths.iter().map(|path| SourceFile::new(path, "")).collect();
        Tree { files, ..Tree::default() }
    }

    #[test]
    fn a_name_that_says_nothing_is_found() {
        for path in [
            "crates/web/src/api/mod.rs",
            "crates/web/src/utils.rs",
            "crates/web/src/common/money.rs",
            "crates/store/src/models.rs",
            "crates/web/static/helpers.js",
        ] {
            assert_eq!(banned(&tree(&[path])).len(), 1, "{path}");
        }
    }

    #[test]
    fn a_name_that_only_contains_such_a_word_is_fine() {
        assert_eq!(banned(&tree(&["crates/web/src/core_dump.rs", "docs/types.md"])), []);
    }

    #[test]
    fn a_generated_file_that_is_not_checked_in_is_found() {
        let mut tree = tree(&["openapi.json"]);
        tree.generated = vec!["openapi.json", "schema.sqlite.sql"];
        let found = generated(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "schema.sqlite.sql");
    }
}
