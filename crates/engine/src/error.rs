//! Why a use case did not do as asked.

use coffer_store::error::DbError;

/// An error of the engine that is nobody's mistake but the installation's state.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database.
    #[error(transparent)]
    Store(#[from] DbError),
    /// The sandbox chain's ledger.
    #[error(transparent)]
    Sandbox(#[from] coffer_domain::ports::SandboxRefused),
    /// A chain gave no answer.
    #[error(transparent)]
    Chain(#[from] coffer_domain::ports::ChainError),
    /// Something stored cannot be opened with the keys at hand.
    #[error("stored data cannot be opened: {0}")]
    Sealed(String),
    /// The stored rows contradict each other.
    #[error("inconsistent: {0}")]
    Inconsistent(String),
}

impl EngineError {
    /// Whether the same call may well succeed a little later; nothing was written.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_unavailable(),
            Self::Sandbox(_) | Self::Chain(_) => true,
            Self::Sealed(_) | Self::Inconsistent(_) => false,
        }
    }
}
