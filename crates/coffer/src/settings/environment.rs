//! The variables and places of the machine; nothing else reads the environment.

use std::path::{Path, PathBuf};

use super::{
    mistake::Mistake,
    node::{self, Origin, Table},
};

/// What the environment says, handed in so that tests say it themselves.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: Vec<(String, String)>,
}

/// The sections a variable may name.
const SECTIONS: [&str; 13] = [
    "server",
    "store",
    "secrets",
    "callbacks",
    "rates",
    "urls",
    "networks",
    "limits",
    "sandbox",
    "log",
    "metrics",
    "mail",
    "alarms",
];

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let variables = std::env::vars_os();
        let variables =
            variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self {
            variables: variables
                .filter(|(name, _)| name.starts_with("COFFER_") || PLACES.contains(&name.as_str()))
                .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
                .collect(),
        }
    }

    /// These variables and no others.
    #[must_use]
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self { variables: variables.iter().map(owned).collect() }
    }

    /// The settings among the variables: `COFFER_SECTION__KEY`. One that looks like a setting and
    /// has a single underscore where two belong is a mistake; other variables are not ours.
    pub(crate) fn settings(&self, mistakes: &mut Vec<Mistake>) -> Table {
        let mut table = Table::new();
        for (name, value) in &self.variables {
            let Some(rest) = name.strip_prefix("COFFER_") else { continue };
            let rest = rest.to_ascii_lowercase();
            let origin = Origin::Variable(name.as_str().into());
            if rest.contains("__") {
                let path: Vec<&str> = rest.split("__").collect();
                node::put(&mut table, &path, value.clone(), &origin);
                continue;
            }
            let meant = SECTIONS.iter().find_map(|section| {
                let key = rest.strip_prefix(section)?.strip_prefix('_')?;
                Some(format!("COFFER_{}__{}", section.to_uppercase(), key.to_uppercase()))
            });
            if let Some(meant) = meant {
                let text = format!("two underscores go between section and key: {meant}");
                mistakes.push(Mistake { path: name.clone(), origin: None, text });
            }
        }
        table
    }

    /// Where a user's own settings are kept.
    pub(crate) fn config_home(&self) -> Option<PathBuf> {
        self.place("XDG_CONFIG_HOME", ".config")
    }

    /// Where a user's own data is kept.
    pub(crate) fn data_home(&self) -> Option<PathBuf> {
        self.place("XDG_DATA_HOME", ".local/share")
    }

    /// Relative paths in these variables are to be ignored (XDG Base Directory Specification).
    fn place(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let absolute = |path: &str| Some(Path::new(path).to_owned()).filter(|p| p.is_absolute());
        let home = || self.get("HOME").and_then(absolute).map(|home| home.join(below_home));
        self.get(variable).and_then(absolute).or_else(home)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

const PLACES: [&str; 3] = ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"];
