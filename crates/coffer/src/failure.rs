//! Why a command did not do as asked, as a sentence for a person.

use coffer_domain::ports::SandboxRefused;
use coffer_engine::{address::WalletRefused, error::EngineError};
use coffer_store::{
    error::{DbError, OpenError},
    master_key::MasterKeyError,
    store::StoreUrl,
};

use crate::settings::Mistakes;

/// A sentence that says what went wrong and, where it can, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

impl Failure {
    /// A failure in these words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// Why a database was not opened: names it, never with its password.
    #[must_use]
    pub fn of_database(url: &StoreUrl, error: &OpenError) -> Self {
        match error {
            OpenError::Unreachable(reason) | OpenError::Db(DbError::Unavailable(reason)) => {
                Self(format!("the database {url} cannot be opened: {reason}"))
            }
            OpenError::Db(error) => Self(format!("the database {url} cannot be used: {error}")),
            OpenError::Behind(number) => Self(format!(
                "the database {url} lacks migration {number:04}; coffer migrate, or a start of the \
                 server, brings it up to date"
            )),
            told => Self(told.to_string()),
        }
    }
}

macro_rules! said_by {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        }
    )*};
}

said_by!(EngineError, DbError, OpenError, MasterKeyError, Mistakes, WalletRefused, SandboxRefused);
