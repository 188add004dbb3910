//! Settings as `config check` shows them: in force, with where they come from, without secrets.

use super::node::{Node, Origin, Table, Value};

/// Settings that are shown to nobody.
const SECRETS: [&str; 3] = ["health.token", "mail.password", "alarms.webhook_secret"];

/// One setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// `section.key`
    pub path: String,
    /// Its value, without passwords and access keys.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Every value of a tree, what somebody said first.
pub(super) fn effective(table: &Table) -> Vec<Shown> {
    let mut shown = Vec::new();
    walk("", table, &mut shown);
    shown
}

/// Adds a value that is worked out where it is left out.
pub(super) fn add(shown: &mut Vec<Shown>, path: &str, value: &str) {
    if shown.iter().all(|known| known.path != path) {
        let (path, value) = (path.to_owned(), format!("{value:?}"));
        shown.push(Shown { path, value, origin: Origin::Default });
        shown.sort_by(|one, other| one.path.cmp(&other.path));
    }
}

fn walk(path: &str, table: &Table, shown: &mut Vec<Shown>) {
    for (key, node) in table {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match &node.value {
            Value::Table(table) => walk(&path, table, shown),
            Value::List(items) if items.iter().any(is_table) => {
                for (item, number) in items.iter().zip(1..) {
                    if let Value::Table(table) = &item.value {
                        walk(&format!("{path}[{number}]"), table, shown);
                    }
                }
            }
            value => {
                let value = match SECRETS.contains(&path.as_str()) {
                    true => "\"***\"".to_owned(),
                    false => in_force(value, &node.origin),
                };
                let origin = node.origin.clone();
                shown.push(Shown { path, value, origin });
            }
        }
    }
}

fn is_table(node: &Node) -> bool {
    matches!(node.value, Value::Table(_))
}

/// A variable holds nothing but texts; what stands for a flag or a number is shown as one.
fn in_force(value: &Value, origin: &Origin) -> String {
    match value {
        Value::Text(text) if matches!(origin, Origin::Variable(_)) && is_bare(text) => text.clone(),
        value => in_words(value),
    }
}

fn is_bare(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits || matches!(text, "true" | "false")
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{:?}", without_secrets(text)),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| in_words(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.in_words(),
    }
}

/// A URL keeps its scheme, its host and, where it is no endpoint with a key in it, its path; a
/// password and everything after `?` go.
fn without_secrets(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    if scheme == "sqlite" {
        return text.to_owned();
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let database = scheme.starts_with("postgres");
    let user = match user.split_once(':') {
        _ if user.is_empty() => String::new(),
        Some((name, _)) if database => format!("{name}:***@"),
        None if database => format!("{user}@"),
        _ => "***@".to_owned(),
    };
    let path = match path.split(['?', '#']).next().unwrap_or_default() {
        "" | "/" => "",
        path if database => path,
        _ => "/***",
    };
    format!("{scheme}://{user}{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn passwords_and_access_keys_are_not_shown() {
        let shown = [
            ("postgres://me:hush@db.example/coffer?x=hush", "postgres://me:***@db.example/coffer"),
            ("postgres://me:p@hush@db.example/coffer", "postgres://me:***@db.example/coffer"),
            ("https://eth.example/v3/hush?k=hush", "https://eth.example/***"),
            ("https://hush@eth.example", "https://***@eth.example"),
            ("http://127.0.0.1:8545/", "http://127.0.0.1:8545"),
            ("sqlite:///var/lib/coffer.db", "sqlite:///var/lib/coffer.db"),
            ("human", "human"),
        ];
        for (text, expected) in shown {
            assert_eq!(without_secrets(text), expected);
        }
    }
}
