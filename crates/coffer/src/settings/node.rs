//! Settings as they were written, each with where it came from.

use std::{collections::BTreeMap, fmt, path::Path, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::mistake::Mistake;

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The embedded defaults.
    Default,
    /// The settings that the demo brings along.
    Demo,
    /// A line of a file.
    File {
        /// The file.
        path: Arc<Path>,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the environment.
    Variable(Arc<str>),
}

/// A setting, or a table of them.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// What was written.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Flag(bool),
    /// The digits as written, with a sign perhaps.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Table(Table),
    /// Something no setting is made of.
    Other(&'static str),
}

pub(crate) type Table = BTreeMap<String, Node>;

/// Reads a TOML text. `origin` gets the line, from 1.
pub(crate) fn parse(text: &str, origin: &dyn Fn(usize) -> Origin) -> Result<Table, Mistake> {
    let line_of = |at: usize| text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    let origin = |at: usize| origin(line_of(at));
    match DeTable::parse(text) {
        Ok(table) => Ok(read_table(table.get_ref(), &origin)),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let text = format!("this is not TOML: {}", error.message());
            Err(Mistake { path: String::new(), origin: Some(origin(at)), text })
        }
    }
}

/// Lays one table over another: tables are joined, everything else is replaced.
pub(crate) fn lay_over(below: &mut Table, above: Table) {
    for (key, node) in above {
        match (below.get_mut(&key), node) {
            (
                Some(Node { value: Value::Table(below), .. }),
                Node { value: Value::Table(above), .. },
            ) => lay_over(below, above),
            (_, node) => {
                below.insert(key, node);
            }
        }
    }
}

/// Puts a text under a path of keys.
pub(crate) fn put(table: &mut Table, path: &[&str], text: String, origin: &Origin) {
    let node = |value| Node { value, origin: origin.clone() };
    match path {
        [] => {}
        [key] => {
            table.insert((*key).to_owned(), node(Value::Text(text)));
        }
        [key, rest @ ..] => {
            let below = table.entry((*key).to_owned());
            let below = below.or_insert_with(|| node(Value::Table(Table::new())));
            if !matches!(below.value, Value::Table(_)) {
                *below = node(Value::Table(Table::new()));
            }
            if let Value::Table(below) = &mut below.value {
                put(below, rest, text, origin);
            }
        }
    }
}

fn read_table(table: &DeTable<'_>, origin: &dyn Fn(usize) -> Origin) -> Table {
    table
        .iter()
        .map(|(key, value)| {
            let mut node = read(value, origin);
            if !matches!(node.value, Value::List(_)) {
                node.origin = origin(key.span().start);
            }
            (key.get_ref().to_string(), node)
        })
        .collect()
}

fn read(value: &Spanned<DeValue<'_>>, origin: &dyn Fn(usize) -> Origin) -> Node {
    let read_value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Value::Number(number.to_string()),
        DeValue::Integer(_) => Value::Other("a number that is not decimal"),
        DeValue::Float(_) => Value::Other("a number with a point"),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(items) => Value::List(items.iter().map(|item| read(item, origin)).collect()),
        DeValue::Table(table) => Value::Table(read_table(table, origin)),
    };
    Node { value: read_value, origin: origin(value.span().start) }
}

impl Value {
    /// The value in words, for a mistake.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Flag(flag) => flag.to_string(),
            Self::Number(digits) => digits.clone(),
            Self::Text(text) => format!("{text:?}"),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
            Self::Other(what) => (*what).to_owned(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Demo => f.write_str("demo"),
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Variable(name) => f.write_str(name),
        }
    }
}
