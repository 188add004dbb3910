//! Every statement of this crate, prepared on both databases.

use std::{
    fs,
    path::{Path, PathBuf},
};

use coffer_store::{
    dialect::{Dialect, rises},
    store::{Role, Store, StoreOptions},
};

use crate::{on_both, place::Place};

/// Fewer statements than this and the search below has gone blind.
const AT_LEAST: usize = 40;

/// A statement in the source.
#[derive(Debug)]
struct Found {
    place: String,
    sqlite: String,
    postgres: String,
}

on_both! {
    async fn every_statement_is_taken(place: &Place) {
        let found = all();
        assert!(found.len() >= AT_LEAST, "only {} statements found", found.len());
        let store = Store::open(&place.url, &StoreOptions::new(Role::Cli)).await.unwrap();
        for statement in found {
            let sql = match store.dialect() {
                Dialect::Sqlite => statement.sqlite,
                Dialect::Postgres => statement.postgres,
            };
            assert!(rises(&sql), "{}: {sql}", statement.place);
            if let Err(error) = store.prepare(sql).await {
                panic!("{}: {error}", statement.place);
            }
        }
    }
}

/// Every `sql!(…)` under `src`, but for the file that defines it.
fn all() -> Vec<Found> {
    let mut found = Vec::new();
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        if file.ends_with("dialect.rs") {
            continue;
        }
        for (at, _) in text.match_indices("sql!(") {
            let before = text[..at].lines().next_back().unwrap_or_default().trim_start();
            if before.starts_with("//") {
                continue;
            }
            let place = format!("{}:{}", file.display(), text[..at].lines().count().max(1));
            let rest = &text[at + "sql!(".len()..];
            let read = |rest| statements(&text, at, rest).unwrap_or_else(|| unread(&place));
            match named(rest, "sqlite:") {
                None => {
                    let sqls = read(rest);
                    found.extend(sqls.into_iter().map(|sql| Found {
                        place: place.clone(),
                        sqlite: sql.clone(),
                        postgres: sql,
                    }));
                }
                Some(sqlite) => {
                    let end = sqlite.find("postgres:").unwrap_or_else(|| unread(&place));
                    let postgres = &sqlite[end + "postgres:".len()..];
                    for (sqlite, postgres) in read(sqlite).into_iter().zip(read(postgres)) {
                        found.push(Found { place: place.clone(), sqlite, postgres });
                    }
                }
            }
        }
    }
    found
}

fn unread<T>(place: &str) -> T {
    panic!("{place}: this test understands sql!(\"…\") and sql!(concat!(\"…\", $part)) only")
}

/// The statements that stand at the start of `rest`: a literal, or a `concat!` whose `$part` is
/// filled in from every use of the macro around it.
fn statements(file: &str, at: usize, rest: &str) -> Option<Vec<String>> {
    let Some(parts) = named(rest, "concat!(") else { return Some(vec![literal(rest)?.0]) };
    let mut rest = parts.trim_start();
    let (mut before, mut after, mut open) = (String::new(), String::new(), false);
    while !rest.starts_with(')') {
        if let Some(variable) = rest.strip_prefix('$') {
            if open {
                return None;
            }
            open = true;
            rest = variable.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        } else {
            let (text, end) = literal(rest)?;
            if open { &mut after } else { &mut before }.push_str(&text);
            rest = &rest[end..];
        }
        rest = rest.trim_start().trim_start_matches(',').trim_start();
    }
    if !open {
        return Some(vec![before]);
    }
    let (_, name) = file[..at].rsplit_once("macro_rules! ")?;
    let name = name.split_whitespace().next()?;
    let call = format!("{name}!(");
    let uses = file.match_indices(&call).map(|(at, call)| &file[at + call.len()..]);
    uses.map(|part| Some(format!("{before}{}{after}", literal(part)?.0))).collect()
}

fn named<'a>(rest: &'a str, name: &str) -> Option<&'a str> {
    rest.trim_start().strip_prefix(name)
}

/// A string literal at the start of the text, without its escapes, and where it ends.
fn literal(text: &str) -> Option<(String, usize)> {
    let start = text.len() - text.trim_start().len();
    let mut letters = text[start..].char_indices().peekable();
    letters.next_if(|(_, letter)| *letter == '"')?;
    let mut value = String::new();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, start + at + 1)),
            '\\' => match letters.next()?.1 {
                '\n' => while letters.next_if(|(_, letter)| letter.is_whitespace()).is_some() {},
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push(path);
        }
    }
    all.sort();
    all
}
