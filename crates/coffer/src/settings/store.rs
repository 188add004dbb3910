//! Where the database and the master keys are.

use std::path::PathBuf;

use coffer_store::store::StoreUrl;

use super::{Sources, section::Section};

/// The database.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Which one.
    pub url: StoreUrl,
    /// Most connections to PostgreSQL.
    pub postgres_connections: usize,
}

pub(super) fn read(mut section: Section<'_>, sources: &Sources<'_>) -> Option<StoreSettings> {
    let url = section.parsed("url", parse);
    let url = match (url, section.has("url")) {
        (None, false) => {
            let home = sources.environment.data_home();
            if home.is_none() {
                section.refuse("url", "is missing, and there is no HOME to keep a database in");
            }
            home.map(|home| StoreUrl::Sqlite(home.join("coffer").join("coffer.db")))
        }
        (url, _) => url,
    };
    let postgres_connections = section.number("postgres_connections", 1..=1_000);
    section.finish();
    Some(StoreSettings { url: url?, postgres_connections: postgres_connections? })
}

/// A file is named from the root: commands in another folder would work on another database.
fn parse(text: &str) -> Result<StoreUrl, String> {
    match StoreUrl::parse(text).map_err(|refused| refused.to_string())? {
        StoreUrl::Sqlite(path) if path.is_relative() => Err(format!(
            "{text:?} names no absolute path: write three slashes and the whole path, such as \
             sqlite:///var/lib/coffer/coffer.db"
        )),
        url => Ok(url),
    }
}

pub(super) fn read_key_file(
    mut section: Section<'_>,
    store: Option<&StoreSettings>,
    sources: &Sources<'_>,
) -> Option<PathBuf> {
    const NAME: &str = "coffer.key";
    let named = section.file("key_file");
    let beside = match store.map(|store| &store.url) {
        Some(StoreUrl::Sqlite(path)) => path.parent().map(|folder| folder.join(NAME)),
        Some(StoreUrl::Postgres(_)) if !section.has("key_file") => {
            let own = sources.environment.config_home();
            if own.is_none() {
                section.refuse("key_file", "is missing, and there is no HOME to keep keys in");
            }
            own.map(|home| home.join("coffer").join(NAME))
        }
        _ => None,
    };
    section.finish();
    named.or(beside)
}
