//! Tests do not sleep: they are driven by hand or wait for what they want to see.

use super::{Finding, Tree};

/// Test files that may sleep, each with the reason.
const ALLOWED: &[(&str, &str)] = &[];

/// Sleeps in test code outside of the list, and rows of the list that are not needed.
pub fn in_tests(tree: &Tree) -> Vec<Finding> {
    judge(tree, ALLOWED)
}

fn judge(tree: &Tree, allowed: &[(&str, &str)]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &tree.files {
        let lines = sleeps(tree, &file.path);
        let excused = allowed.iter().any(|(path, _)| *path == file.path);
        if !excused {
            let what = "a test does not sleep: drive the time, or wait for what it wants to see";
            found.extend(lines.into_iter().map(|line| Finding::at(&file.path, line, what)));
        }
    }
    for (path, _) in allowed.iter().filter(|(path, _)| sleeps(tree, path).is_empty()) {
        found.push(Finding::of(path, "does not sleep; take it off the list of tests that may"));
    }
    found
}

/// Lines of a file's test code that sleep.
fn sleeps(tree: &Tree, path: &str) -> Vec<usize> {
    let Some(file) = tree.file(path) else { return Vec::new() };
    let Some(rust) = &file.rust else { return Vec::new() };
    let in_test = |line: usize| file.is_test() || rust.test[line];
    let numbered = rust.code.iter().enumerate();
    numbered.filter(|(n, line)| in_test(*n) && calls_sleep(line)).map(|(n, _)| n + 1).collect()
}

fn calls_sleep(line: &str) -> bool {
    ["sleep(", "sleep_until("].iter().any(|call| {
        line.match_indices(call).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::SourceFile;

    const TEST: &str = "crates/engine/tests/look.rs";

    fn tree(path: &str, text: &str) -> Tree {
        Tree { files: vec![SourceFile::new(path, text)], ..Tree::default() }
    }

    #[test]
    fn a_sleep_in_a_test_is_found() {
        for call in ["std::thread::sleep(a);", "tokio::time::sleep(a).await;", "sleep_until(a);"] {
            assert_eq!(judge(&tree(TEST, call), &[]).len(), 1, "{call}");
            let inside = format!("#[cfg(test)]\nmod tests {{\nfn a() {{ {call} }}\n}}\n");
            assert_eq!(judge(&tree("crates/engine/src/look.rs", &inside), &[]).len(), 1, "{call}");
        }
    }

    #[test]
    fn a_worker_may_sleep() {
        let text = "async fn a() { tokio::time::sleep(b).await }\n#[cfg(test)]\nmod tests {}\n";
        assert_eq!(judge(&tree("crates/engine/src/workers.rs", text), &[]), []);
    }

    #[test]
    fn a_sleep_may_stand_on_the_list() {
        assert_eq!(judge(&tree(TEST, "std::thread::sleep(a);"), &[(TEST, "a reason")]), []);
    }

    #[test]
    fn a_row_of_the_list_that_is_not_needed_is_found() {
        assert_eq!(judge(&tree(TEST, "fn a() {}"), &[(TEST, "a reason")]).len(), 1);
        assert_eq!(judge(&Tree::default(), &[(TEST, "a reason")]).len(), 1);
    }

    #[test]
    fn words_that_end_in_sleep_are_no_sleep() {
        assert_eq!(judge(&tree(TEST, "let a = \"pg_sleep(1)\"; no_sleep();"), &[]), []);
    }
}
