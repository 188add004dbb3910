//! Rust source, read just far enough to tell code from strings, comments and tests.

use std::ops::Range;

/// A Rust file: its code with strings and comments blanked out, and which lines are tests.
#[derive(Debug)]
pub struct RustText {
    /// The lines, with the inside of strings and comments replaced by blanks.
    pub code: Vec<String>,
    /// For each line, whether it stands in an item that exists only in tests.
    pub test: Vec<bool>,
    /// For each line, whether it begins inside a string, so that its width is data.
    pub verbatim: Vec<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Code,
    LineComment,
    BlockComment(usize),
    String,
    RawString(usize),
}

impl RustText {
    /// Reads a file.
    pub fn read(text: &str) -> Self {
        let (code, verbatim) = blank(text);
        let lines: Vec<String> = code.split('\n').map(str::to_owned).collect();
        let mut test = vec![false; lines.len()];
        for range in test_items(&code) {
            let first = code[..range.start].matches('\n').count();
            let last = code[..range.end].matches('\n').count();
            test[first..=last].fill(true);
        }
        Self { code: lines, test, verbatim }
    }
}

/// The text with strings and comments blanked (newlines kept), and for each line whether it begins
/// inside a string.
fn blank(text: &str) -> (String, Vec<bool>) {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut verbatim = vec![false];
    let mut mode = Mode::Code;
    let mut at = 0;
    while at < chars.len() {
        let (next, taken, show) = step(mode, &chars, at);
        for c in &chars[at..at + taken] {
            match c {
                '\n' => {
                    out.push('\n');
                    verbatim.push(matches!(next, Mode::String | Mode::RawString(_)));
                }
                c if show => out.push(*c),
                _ => out.push(' '),
            }
        }
        at += taken;
        mode = next;
    }
    (out, verbatim)
}

/// What the next characters are: the mode after them, how many they are, and whether they are code.
fn step(mode: Mode, chars: &[char], at: usize) -> (Mode, usize, bool) {
    let rest = &chars[at..];
    let starts = |text: &str| text.chars().enumerate().all(|(i, c)| rest.get(i) == Some(&c));
    match mode {
        Mode::Code if starts("//") => (Mode::LineComment, 2, false),
        Mode::Code if starts("/*") => (Mode::BlockComment(1), 2, false),
        Mode::Code => code_step(chars, at),
        Mode::LineComment if rest[0] == '\n' => (Mode::Code, 1, false),
        Mode::BlockComment(depth) if starts("/*") => (Mode::BlockComment(depth + 1), 2, false),
        Mode::BlockComment(1) if starts("*/") => (Mode::Code, 2, false),
        Mode::BlockComment(depth) if starts("*/") => (Mode::BlockComment(depth - 1), 2, false),
        Mode::String if rest[0] == '\\' => (Mode::String, 2.min(rest.len()), false),
        Mode::String if rest[0] == '"' => (Mode::Code, 1, true),
        Mode::RawString(hashes) if rest[0] == '"' && hashes_from(&rest[1..]) >= hashes => {
            (Mode::Code, 1 + hashes, true)
        }
        other => (other, 1, false),
    }
}

/// The same inside code: strings, raw strings, characters and lifetimes begin here.
fn code_step(chars: &[char], at: usize) -> (Mode, usize, bool) {
    let rest = &chars[at..];
    let in_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match rest[0] {
        '"' => (Mode::String, 1, true),
        'r' if !in_word || chars[at - 1] == 'b' => {
            let hashes = hashes_from(&rest[1..]);
            match rest.get(1 + hashes) {
                Some('"') => (Mode::RawString(hashes), 2 + hashes, true),
                _ => (Mode::Code, 1, true),
            }
        }
        '\'' => match character(rest) {
            Some(length) => (Mode::Code, length, false),
            None => (Mode::Code, 1, true),
        },
        _ => (Mode::Code, 1, true),
    }
}

fn hashes_from(rest: &[char]) -> usize {
    rest.iter().take_while(|c| **c == '#').count()
}

/// The length of the character literal that begins here; none for a lifetime.
fn character(rest: &[char]) -> Option<usize> {
    if rest.get(1) == Some(&'\\') {
        let end = rest.iter().skip(3).position(|c| *c == '\'')?;
        return Some(end + 4);
    }
    (rest.get(2) == Some(&'\'')).then_some(3)
}

/// Where the items under a `#[cfg(test)]` or `#[test]` stand in blanked code.
fn test_items(code: &str) -> Vec<Range<usize>> {
    let mut items: Vec<Range<usize>> = Vec::new();
    for mark in ["#[cfg(test)]", "#[cfg(all(test", "#[test]", "#[tokio::test"] {
        for (start, _) in code.match_indices(mark) {
            items.push(start..item_end(code, start));
        }
    }
    items
}

/// The end of the item whose attributes begin at `start`: its closing brace, or its semicolon.
fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    let mut brackets = 0_usize;
    for (at, c) in code[start..].char_indices() {
        match c {
            '[' | '(' => brackets += 1,
            ']' | ')' => brackets = brackets.saturating_sub(1),
            '{' => depth += 1,
            '}' if depth <= 1 => return start + at,
            '}' => depth -= 1,
            ';' if depth == 0 && brackets == 0 => return start + at,
            _ => {}
        }
    }
    code.len().saturating_sub(1).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        RustText::read(text).code.join("\n")
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        let text = "let a = \"sleep(\\\"1\\\")\"; // sleep(2)\n/* sleep( /* 3 */ */ let b = 'x';";
        assert!(!code(text).contains("sleep"));
        assert!(code(text).contains("let b ="));
    }

    #[test]
    fn raw_strings_end_where_they_end() {
        let text = "let a = r#\"a \" b\"#; sleep();\nlet b = br\"\\\"; sleep();";
        assert_eq!(code(text).matches("sleep()").count(), 2);
    }

    #[test]
    fn a_lifetime_is_no_character() {
        assert!(
            code("fn f<'a>(x: &'a str) { let c = '\"'; sleep('\\'', '\\u{7f}') }")
                .contains("sleep")
        );
    }

    #[test]
    fn a_test_module_is_told_from_the_rest() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\" }\n}\nfn c() {}\n";
        let read = RustText::read(text);
        assert_eq!(read.test, [false, true, true, true, true, false, false]);
    }

    #[test]
    fn a_test_module_in_its_own_file_ends_at_the_semicolon() {
        let read = RustText::read("#[cfg(test)]\nmod tests;\nfn a() {}\n");
        assert_eq!(read.test, [true, true, false, false]);
    }

    #[test]
    fn a_line_inside_a_string_is_data() {
        let read = RustText::read("let a = r#\"\nlong\n\"#;\nlet b = 1;");
        assert_eq!(read.verbatim, [false, true, true, false]);
    }
}
