//! What can be wrong with one endpoint's answer, and what remains of it when none did better.

use coffer_domain::{code::NetworkName, ports::ChainError};

use crate::http::Unanswered;

/// Why one endpoint did not answer a question. Texts hold no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No answer in time, or a limit of the endpoint or of ours.
    Unreachable(String),
    /// The node does not accept who we say we are, or we cannot say it.
    NoAccess(String),
    /// An answer that cannot be true or cannot be read.
    Nonsense(String),
    /// Another chain than the settings say.
    OtherChain { expected: String, found: String },
    /// The endpoint no longer has that block.
    Pruned(String),
    /// The block was replaced while it was read.
    Moved(String),
    /// The endpoint's chain has no such block, or its mempool no such transaction.
    Absent,
    /// The endpoint shows no transactions that wait for a block.
    Unseen,
    /// Another endpoint tells something else of that block, or a second one is needed and missing.
    Disputed(String),
    /// The endpoint refused this call for another reason.
    Refused(String),
}

impl From<Unanswered> for Fault {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Unreachable(reason) => Self::Unreachable(reason),
            Unanswered::Nonsense(reason) => Self::Nonsense(reason),
        }
    }
}

impl Fault {
    /// What an error object of Bitcoin's JSON-RPC means.
    pub(super) fn of_error(code: i64, message: &str, shown: String) -> Self {
        let said = message.to_ascii_lowercase();
        let pruned = said.contains("pruned") || said.contains("not found on disk");
        match code {
            // RPC_INVALID_ADDRESS_OR_KEY (no such transaction or block), RPC_INVALID_PARAMETER
            // (height out of range).
            -5 | -8 => Self::Absent,
            -1 if pruned => Self::Pruned(shown),
            // RPC_IN_WARMUP
            -28 => Self::Unreachable(format!("is starting: {shown}")),
            _ => Self::Refused(shown),
        }
    }

    /// The words for a log line.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Unreachable(reason)
            | Self::NoAccess(reason)
            | Self::Nonsense(reason)
            | Self::Pruned(reason)
            | Self::Disputed(reason) => reason.clone(),
            Self::OtherChain { expected, found } => {
                format!("is on another chain: expected {expected}, found {found}")
            }
            Self::Moved(reason) => format!("the block was replaced while it was read: {reason}"),
            Self::Absent => "has no such block".to_owned(),
            Self::Unseen => "shows nothing that waits for a block".to_owned(),
            Self::Refused(reason) => format!("refused the call: {reason}"),
        }
    }

    /// Whether the endpoint itself is in doubt, so that it proves its identity before the next use.
    pub(super) const fn doubts_endpoint(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::NoAccess(_) | Self::Nonsense(_) | Self::OtherChain { .. }
        )
    }

    /// Whether it belongs to the ordinary life of an endpoint, so that nobody is told.
    pub(super) const fn is_ordinary(&self) -> bool {
        matches!(self, Self::Absent | Self::Unseen | Self::Pruned(_))
    }
}

/// What every endpoint answered when none answered well, each with its label.
#[derive(Debug)]
pub(super) struct Failure(pub(super) Vec<(String, Fault)>);

impl Failure {
    /// Whether all endpoints agree that there is no such block.
    pub(super) fn all_absent(&self) -> bool {
        self.0.iter().all(|(_, fault)| *fault == Fault::Absent)
    }

    /// The gravest fault decides the kind of the error; all of them are told.
    pub(super) fn into_error(self, network: NetworkName, height: u64) -> ChainError {
        let told = self.0.iter().map(|(label, fault)| format!("{label}: {}", fault.reason()));
        let reason = told.collect::<Vec<_>>().join("; ");
        let other = self.0.iter().find_map(|(_, fault)| match fault {
            Fault::OtherChain { expected, found } => Some((expected.clone(), found.clone())),
            _ => None,
        });
        if let Some((expected, found)) = other {
            return ChainError::OtherChain { network, expected, found };
        }
        let any = |is: fn(&Fault) -> bool| self.0.iter().any(|(_, fault)| is(fault));
        if any(|fault| matches!(fault, Fault::Disputed(_))) {
            return ChainError::EndpointsDisagree { network, height, reason };
        }
        if any(|fault| matches!(fault, Fault::Nonsense(_))) {
            return ChainError::Nonsense { network, reason };
        }
        if any(|fault| matches!(fault, Fault::Pruned(_))) {
            return ChainError::BlockPruned { network, height, reason };
        }
        if any(|fault| *fault == Fault::Unseen) {
            return ChainError::PendingUnseen { network };
        }
        if any(|fault| matches!(fault, Fault::NoAccess(_))) {
            return ChainError::NoAccess { network, reason };
        }
        ChainError::Unreachable { network, reason }
    }
}
