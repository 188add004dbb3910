//! Reading a table of settings: each key is asked for once, every mistake is collected, and a key
//! nobody asked for is one.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use super::{
    mistake::Mistake,
    node::{self, Node, Origin, Table, Value},
};

/// A table being read.
pub(crate) struct Section<'a> {
    path: String,
    table: Option<&'a Table>,
    origin: Option<Origin>,
    known: BTreeSet<&'static str>,
    mistakes: &'a RefCell<Vec<Mistake>>,
}

impl<'a> Section<'a> {
    /// The table of all settings.
    pub(crate) fn root(table: &'a Table, mistakes: &'a RefCell<Vec<Mistake>>) -> Self {
        Self {
            path: String::new(),
            table: Some(table),
            origin: None,
            known: BTreeSet::new(),
            mistakes,
        }
    }

    /// A table in this one; an empty one where there is none.
    pub(crate) fn section(&mut self, key: &'static str) -> Section<'a> {
        let node = self.take(key);
        let table = node.and_then(|node| match &node.value {
            Value::Table(table) => Some(table),
            _ => {
                self.wrong(key, Some(node), "a table of settings is expected");
                None
            }
        });
        let origin = node.map(|node| node.origin.clone());
        Section {
            path: self.path_of(key),
            table,
            origin,
            known: BTreeSet::new(),
            mistakes: self.mistakes,
        }
    }

    /// Reads each table of a list with `read`. A variable holds the list as one line of TOML.
    pub(crate) fn tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(Section<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = self.take(key) else { return Vec::new() };
        let inline = match &node.value {
            Value::Text(text) => inline_list(text, &node.origin),
            _ => None,
        };
        let items = match (&inline, &node.value) {
            (Some(items), _) | (None, Value::List(items)) => items,
            _ => {
                self.wrong(key, Some(node), "a list of tables is expected");
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for (item, number) in items.iter().zip(1..) {
            let path = format!("{}[{number}]", self.path_of(key));
            let Value::Table(table) = &item.value else {
                self.mistake(path, Some(item), "a table is expected");
                continue;
            };
            let section = Section {
                path,
                table: Some(table),
                origin: Some(item.origin.clone()),
                known: BTreeSet::new(),
                mistakes: self.mistakes,
            };
            found.extend(read(section));
        }
        found
    }

    /// Reads each text of a table whose keys are names, such as `{ ETH = "1" }`.
    pub(crate) fn named<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str, &str) -> Result<T, String>,
    ) -> Vec<T> {
        let section = self.section(key);
        let mut found = Vec::new();
        for (name, node) in section.table.into_iter().flatten() {
            let Value::Text(text) = &node.value else {
                section.wrong(name, Some(node), "a text in quotes is expected");
                continue;
            };
            match read(name, text) {
                Ok(value) => found.push(value),
                Err(reason) => section.refuse(name, &reason),
            }
        }
        found
    }

    /// A text, where there is one.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        let node = self.take(key)?;
        if let Value::Text(text) = &node.value {
            return Some(text.clone());
        }
        self.wrong(key, Some(node), "a text in quotes is expected");
        None
    }

    /// A text that must be there.
    pub(crate) fn required(&mut self, key: &'static str) -> Option<String> {
        if !self.has(key) {
            self.known.insert(key);
            let origin = self.origin.clone();
            let (path, text) = (self.path_of(key), "is missing".to_owned());
            self.mistakes.borrow_mut().push(Mistake { path, origin, text });
        }
        self.text(key)
    }

    /// A text that means something else.
    pub(crate) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(key)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.refuse(key, &reason);
                None
            }
        }
    }

    /// A file, named from the root: relative to the folder a command is started in, the same
    /// settings would mean another file.
    pub(crate) fn file(&mut self, key: &'static str) -> Option<PathBuf> {
        self.parsed(key, |text| match Path::new(text) {
            path if path.is_absolute() => Ok(path.to_owned()),
            _ => Err(format!(
                "{text:?} is no absolute path: write the whole path, such as /var/lib/coffer/FILE; \
                 in another folder it would be another file"
            )),
        })
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.parsed(key, |text| {
            let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
            let all: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            found.ok_or_else(|| format!("{text:?} is not known: write {}", all.join(" or ")))
        })
    }

    /// A flag; false where it is left out or wrong.
    pub(crate) fn flag(&mut self, key: &'static str) -> bool {
        let Some(node) = self.take(key) else { return false };
        match &node.value {
            Value::Flag(flag) => *flag,
            Value::Text(text) if from_outside(node) && text == "true" => true,
            Value::Text(text) if from_outside(node) && text == "false" => false,
            _ => {
                self.wrong(key, Some(node), "true or false is expected");
                false
            }
        }
    }

    /// A whole number of a range, where there is one.
    pub(crate) fn number<T: TryFrom<u64>>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Option<T> {
        let node = self.take(key)?;
        let digits = match &node.value {
            Value::Number(digits) => digits,
            Value::Text(text) if from_outside(node) => text,
            _ => "",
        };
        let number = digits.parse::<u64>().ok().filter(|number| range.contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            let (low, high) = (range.start(), range.end());
            self.wrong(key, Some(node), &format!("a number from {low} to {high} is expected"));
        }
        number
    }

    /// A number, a text, or a list of them: what was written, with commas between.
    pub(crate) fn phrase(&mut self, key: &'static str) -> Option<String> {
        let node = self.take(key)?;
        let inline = match &node.value {
            Value::Text(text) if from_outside(node) => inline_list(text, &node.origin),
            _ => None,
        };
        let part = |node: &Node| match &node.value {
            Value::Number(text) | Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        let phrase = match (&inline, &node.value) {
            (Some(items), _) | (None, Value::List(items)) => {
                items.iter().map(part).collect::<Option<Vec<_>>>().map(|parts| parts.join(", "))
            }
            _ => part(node),
        };
        if phrase.is_none() {
            self.wrong(key, Some(node), "a number, a text or a list of texts is expected");
        }
        phrase
    }

    /// A list of texts; a variable holds them with commas between, or as TOML.
    pub(crate) fn texts(&mut self, key: &'static str) -> Vec<String> {
        let Some(node) = self.take(key) else { return Vec::new() };
        let items = match &node.value {
            Value::List(items) => items.clone(),
            Value::Text(text) if from_outside(node) => match inline_list(text, &node.origin) {
                Some(items) => items,
                None => {
                    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
                    return words.map(str::to_owned).collect();
                }
            },
            _ => Vec::from([Node { value: Value::Other(""), origin: node.origin.clone() }]),
        };
        let texts: Option<Vec<String>> = items
            .into_iter()
            .map(|item| if let Value::Text(text) = item.value { Some(text) } else { None })
            .collect();
        if texts.is_none() {
            self.wrong(key, Some(node), "a list of texts is expected, such as [\"a\", \"b\"]");
        }
        texts.unwrap_or_default()
    }

    /// Whether a key was written at all.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Where a key was written, or else its table.
    fn origin_of(&self, key: &str) -> Option<Origin> {
        let node = self.table.and_then(|table| table.get(key));
        node.map(|node| node.origin.clone()).or_else(|| self.origin.clone())
    }

    /// Says that a key's value cannot be used.
    pub(crate) fn refuse(&self, key: &str, reason: &str) {
        let (path, origin) = (self.path_of(key), self.origin_of(key));
        self.mistakes.borrow_mut().push(Mistake { path, origin, text: reason.to_owned() });
    }

    /// Says that the table as a whole cannot be used.
    pub(crate) fn refuse_all(&self, reason: &str) {
        let (path, origin) = (self.path.clone(), self.origin.clone());
        self.mistakes.borrow_mut().push(Mistake { path, origin, text: reason.to_owned() });
    }

    /// Complains about every key that was not asked for.
    pub(crate) fn finish(&self) {
        let Some(table) = self.table else { return };
        for (key, node) in table {
            if self.known.contains(key.as_str()) {
                continue;
            }
            let near = self.known.iter().min_by_key(|known| distance(known, key));
            let near = near.filter(|known| distance(known, key) <= key.len().max(3) / 3);
            let text = match near {
                Some(near) => format!("there is no such setting; did you mean {near}?"),
                None => {
                    let all: Vec<&str> = self.known.iter().copied().collect();
                    format!("there is no such setting; here stand {}", all.join(", "))
                }
            };
            self.mistake(self.path_of(key), Some(node), &text);
        }
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        self.known.insert(key);
        self.table.and_then(|table| table.get(key))
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn wrong(&self, key: &str, node: Option<&Node>, expected: &str) {
        let found = node.map_or_else(String::new, |node| node.value.in_words());
        self.mistake(self.path_of(key), node, &format!("{expected}, not {found}"));
    }

    fn mistake(&self, path: String, node: Option<&Node>, text: &str) {
        let origin = node.map(|node| node.origin.clone());
        self.mistakes.borrow_mut().push(Mistake { path, origin, text: text.to_owned() });
    }
}

/// Whether a text may stand for another kind of value: variables hold nothing but texts.
fn from_outside(node: &Node) -> bool {
    matches!(node.origin, Origin::Variable(_))
}

fn inline_list(text: &str, origin: &Origin) -> Option<Vec<Node>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    let mut table = node::parse(&format!("list = {text}"), &|_| origin.clone()).ok()?;
    match table.remove("list")?.value {
        Value::List(items) => Some(items),
        _ => None,
    }
}

/// How many letters differ (Levenshtein).
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (letter, number) in one.chars().zip(1..) {
        let mut next = vec![number];
        for ((other, above), diagonal) in other.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or(number);
            let same = diagonal + usize::from(*other != letter);
            next.push(same.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
