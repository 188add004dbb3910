//! Marks that may not stand in a file: work left undone, tests left out, places of one machine.

use super::{Finding, SourceFile, Tree};

/// Signs of work left undone. Put together here, so that this file does not find itself.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
/// Macros that stand for work left undone.
const UNFINISHED_CODE: &[&str] = &[concat!("todo", "!("), concat!("unimplemented", "!(")];
/// Attributes and fences by which a test is not run, or runs on a clock of its own.
const SKIPPED: &[&str] = &[concat!("#[ign", "ore"), concat!("start_", "paused")];
/// Folders of one machine.
const FOLDERS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp/ba", "sh_jobs")];
/// Hosts of package registries.
const REGISTRIES: &[&str] = &[
    concat!("registry.", "npmjs.org"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("py", "pi.org"),
    concat!("files.", "pythonhosted.org"),
    concat!("deb.", "debian.org"),
];
/// Files that a package manager writes.
const LOCK_FILES: &[&str] = &["Cargo.lock", "package-lock.json"];

/// Work left undone, said so in code, comment or text.
pub fn unfinished(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| !is_lock(file)) {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(mark) = UNFINISHED.iter().find(|mark| has_word(line, mark)) {
                found.push(Finding::at(&file.path, number + 1, format!("{mark}: finish it")));
            }
        }
        for (number, line) in code(file) {
            if UNFINISHED_CODE.iter().any(|mark| line.contains(mark)) {
                found.push(Finding::at(&file.path, number, "not written yet: finish it"));
            }
        }
    }
    found
}

/// Tests that do not run, or run on a clock that nobody else has.
pub fn skipped(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &tree.files {
        for (number, line) in code(file) {
            if SKIPPED.iter().any(|mark| line.contains(mark)) {
                let what = "every test runs, by hand-driven time: mend it or remove it";
                found.push(Finding::at(&file.path, number, what));
            }
        }
    }
    found
}

/// Folders of one machine, and addresses of package registries outside of lock files.
pub fn machine(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| !is_lock(file)) {
        for (number, line) in file.text.lines().enumerate() {
            let place = FOLDERS.iter().chain(REGISTRIES).find(|place| line.contains(*place));
            if let Some(place) = place {
                found.push(Finding::at(
                    &file.path,
                    number + 1,
                    format!("{place} is of one machine"),
                ));
            }
        }
    }
    found
}

fn is_lock(file: &SourceFile) -> bool {
    LOCK_FILES.contains(&file.name())
}

/// The numbered lines of a Rust file's code; nothing for other files.
fn code(file: &SourceFile) -> impl Iterator<Item = (usize, &String)> {
    file.rust.iter().flat_map(|rust| rust.code.iter().enumerate().map(|(n, line)| (n + 1, line)))
}

/// Whether the line has the mark as a word of its own; in quotes it is data.
fn has_word(line: &str, mark: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "_\"`".contains(c));
    line.match_indices(mark).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + mark.len()..].chars().next();
        !letter(before) && !letter(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, text: &str) -> Tree {
        Tree { files: vec![SourceFile::new(path, text)], ..Tree::default() }
    }

    #[test]
    fn work_left_undone_is_found_in_code_and_text() {
        for mark in UNFINISHED {
            let line = format!("// {mark}: later\n");
            assert_eq!(unfinished(&tree("crates/web/src/a.rs", &line)).len(), 1, "{mark}");
            assert_eq!(unfinished(&tree("docs/words.md", &line)).len(), 1, "{mark}");
        }
        for mark in UNFINISHED_CODE {
            let line = format!("fn a() {{ {mark}) }}\n");
            assert_eq!(unfinished(&tree("crates/web/src/a.rs", &line)).len(), 1, "{mark}");
        }
    }

    #[test]
    fn a_longer_word_is_no_mark() {
        let text = format!("{0}_1 A{1} \"{0}\"\n", UNFINISHED[2], UNFINISHED[0]);
        assert_eq!(unfinished(&tree("docs/words.md", &text)), []);
    }

    #[test]
    fn a_test_that_does_not_run_is_found() {
        let text = format!("#[test]\n{}]\nfn a() {{}}\n", SKIPPED[0]);
        assert_eq!(skipped(&tree("crates/web/src/a.rs", &text)).len(), 1);
    }

    #[test]
    fn a_test_on_a_clock_of_its_own_is_found() {
        let text = format!("#[tokio::test({} = true)]\nasync fn a() {{}}\n", SKIPPED[1]);
        assert_eq!(skipped(&tree("crates/web/src/a.rs", &text)).len(), 1);
    }

    #[test]
    fn a_place_of_one_machine_is_found_but_not_in_a_lock_file() {
        for place in FOLDERS.iter().chain(REGISTRIES) {
            let text = format!("see {place}x\n");
            assert_eq!(machine(&tree("docs/roadmap.md", &text)).len(), 1, "{place}");
            assert_eq!(machine(&tree("xtask/node/package-lock.json", &text)), [], "{place}");
        }
    }
}
