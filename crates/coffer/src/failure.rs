//! Why a command did not do as asked, as a sentence for a person.

use coffer_domain::ports::SandboxRefused;
use coffer_engine::{address::WalletRefused, error::EngineError};
use coffer_store::{
    error::{DbError, OpenError},
    seal::KeyFileError,
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

said_by!(EngineError, DbError, OpenError, KeyFileError, Mistakes, WalletRefused, SandboxRefused);
