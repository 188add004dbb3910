//! How long a file may be and how wide a line.

use super::{Finding, SourceFile, Tree};

/// Lines of a file that are not tests.
const LINES_MAX: usize = 400;
/// Columns of a line of Rust.
const COLUMNS_MAX: usize = 100;

/// Source files that are too long: a noun is missing.
pub fn lengths(tree: &Tree) -> Vec<Finding> {
    let source = |file: &&SourceFile| file.path.ends_with(".rs") || file.path.ends_with(".js");
    let mut found = Vec::new();
    for file in tree.files.iter().filter(source).filter(|file| !file.is_test()) {
        let lines = file.text.lines().count();
        let tests = file.rust.as_ref().map_or(0, |r| r.test.iter().filter(|t| **t).count());
        let counted = lines - tests.min(lines);
        if counted > LINES_MAX {
            let what = format!("{counted} lines without tests; at most {LINES_MAX}");
            found.push(Finding::of(&file.path, what));
        }
    }
    found
}

/// Lines of Rust that are too wide. Data inside a string is as wide as it is, and what has no blank
/// cannot be broken.
pub fn widths(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &tree.files {
        let Some(rust) = &file.rust else { continue };
        for (number, line) in file.text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX && !rust.verbatim[number] && breakable(line) {
                let what = format!("{columns} columns; at most {COLUMNS_MAX}");
                found.push(Finding::at(&file.path, number + 1, what));
            }
        }
    }
    found
}

fn breakable(line: &str) -> bool {
    line.trim().trim_start_matches(['/', '!']).trim().contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, text: &str) -> Tree {
        Tree { files: vec![SourceFile::new(path, text)], ..Tree::default() }
    }

    #[test]
    fn a_file_that_grows_too_long_is_found() {
        let text = "let a = 1;\n".repeat(LINES_MAX);
        assert_eq!(lengths(&tree("crates/web/src/router.rs", &text)), []);
        let found = lengths(&tree("crates/web/src/router.rs", &(text + "let b = 1;\n")));
        assert_eq!(found[0].what, "401 lines without tests; at most 400");
    }

    #[test]
    fn tests_do_not_count() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    a();\n".repeat(900));
        let text = "let a = 1;\n".repeat(LINES_MAX);
        assert_eq!(lengths(&tree("crates/web/src/router.rs", &(text + &tests))), []);
        for path in ["crates/web/tests/api.rs", "crates/web/src/router/tests.rs"] {
            assert_eq!(lengths(&tree(path, &"a();\n".repeat(900))), [], "{path}");
        }
    }

    #[test]
    fn code_behind_a_test_module_counts() {
        let text = "#[cfg(test)]\nmod tests {\n}\n".to_owned() + &"a();\n".repeat(LINES_MAX + 1);
        assert_eq!(lengths(&tree("crates/web/src/router.rs", &text)).len(), 1);
    }

    #[test]
    fn a_wide_line_is_found() {
        let wide = format!("let a = 1;\nlet b = 1; // {}\n", "wide ".repeat(20));
        let found = widths(&tree("crates/web/src/router.rs", &wide));
        assert_eq!((found.len(), found[0].line), (1, Some(2)));
    }

    #[test]
    fn data_and_links_are_as_wide_as_they_are() {
        let data = format!("let a = r#\"\n{{\"a\": \"{}\"}}\n\"#;\n", "b ".repeat(80));
        assert_eq!(widths(&tree("a.rs", &data)), []);
        let link = format!("/// <https://example.com/{}>\n", "a".repeat(100));
        assert_eq!(widths(&tree("a.rs", &link)), []);
    }
}
