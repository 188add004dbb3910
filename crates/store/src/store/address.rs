//! Where a database is: `sqlite:///path` or `postgres://…`.

use std::{fmt, path::PathBuf, str::FromStr};

use super::{Role, StoreOptions};
use crate::{error::OpenError, postgres};

/// The address of a database. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server, as libpq's connection URI. `options=-csearch_path%3Dname` chooses a schema.
    Postgres(Box<tokio_postgres::Config>),
}

impl StoreUrl {
    /// Reads `sqlite:///absolute/path`, `sqlite:relative/path`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// [`OpenError::Url`] when it is none of these.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        let refused = |reason: &str| OpenError::Url(reason.to_owned());
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            // The error of the parser may repeat parts of the text, and with it the password.
            let config = tokio_postgres::Config::from_str(text)
                .map_err(|_| refused("postgres://user:password@host:port/database is expected"))?;
            if config.get_hosts().is_empty() {
                return Err(refused("the PostgreSQL address names no host"));
            }
            return Ok(Self::Postgres(Box::new(config)));
        }
        let path = text
            .strip_prefix("sqlite:")
            .ok_or_else(|| refused("sqlite:///path/to/coffer.db or postgres://… is expected"))?;
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains(['?', '\0']) {
            return Err(refused("sqlite: needs the path of a file, without parameters"));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }

    /// The same place, but on PostgreSQL in a schema of its own, which is made if there is none;
    /// unless the address chooses a schema itself. A SQLite file has no schemas and stays.
    ///
    /// # Errors
    /// When the name is not of lower-case letters, digits and underscores, the server cannot be
    /// reached, or the schema may not be made.
    pub async fn in_schema(&self, schema: &str) -> Result<Self, OpenError> {
        let Self::Postgres(config) = self else { return Ok(self.clone()) };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if schema.is_empty() || !schema.bytes().all(plain) {
            return Err(OpenError::Url(format!("{schema:?} cannot name a schema")));
        }
        if config.get_options().is_some_and(|options| options.contains("search_path")) {
            return Ok(self.clone());
        }
        let options = StoreOptions::new(Role::Cli);
        let inside = postgres::in_schema(config, &options, schema).await?;
        Ok(Self::Postgres(Box::new(inside)))
    }
}

impl FromStr for StoreUrl {
    type Err = OpenError;

    fn from_str(text: &str) -> Result<Self, OpenError> {
        Self::parse(text)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(config) => {
                let host = match config.get_hosts().first() {
                    Some(tokio_postgres::config::Host::Tcp(name)) => name.clone(),
                    #[cfg(unix)]
                    Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
                    None => String::new(),
                };
                let database = config.get_dbname().unwrap_or_default();
                write!(f, "postgres://{host}/{database}")
            }
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_passwords_not_shown() {
        let file = StoreUrl::parse("sqlite:///var/lib/coffer.db").unwrap();
        assert_eq!(file.to_string(), "sqlite:///var/lib/coffer.db");
        assert_eq!(StoreUrl::parse("sqlite:a.db").unwrap(), StoreUrl::Sqlite("a.db".into()));
        let server = StoreUrl::parse("postgres://me:hush@db.example/coffer").unwrap();
        assert_eq!(
            format!("{server} {server:?}"),
            "postgres://db.example/coffer ".repeat(2).trim()
        );
        for bad in ["", "sqlite:", "sqlite://", "mysql://x", "postgres://me:hush@h:port/x"] {
            let error = StoreUrl::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
