//! What can be wrong with one endpoint's answer, and what remains of it when none did better.

use coffer_domain::{code::NetworkName, ports::ChainError, time::Timestamp};

use super::answer::Hash;
use crate::http::Unanswered;

/// Why one endpoint did not answer a question. Texts hold no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No answer in time, or a limit of the endpoint or of ours.
    Unreachable(String),
    /// An answer that cannot be true or cannot be read.
    Nonsense(String),
    /// Another chain than the settings say.
    OtherChain { expected: String, found: String },
    /// The endpoint no longer has the state of that block.
    Pruned(String),
    /// The answer would be more than the endpoint gives in one.
    TooMuch(String),
    /// The block was replaced while it was read.
    Moved(String),
    /// The endpoint's chain has no such block.
    Absent,
    /// The endpoint does not know the method.
    Unsupported(String),
    /// The endpoint refused this call for another reason.
    Refused(String),
    /// The endpoint's newest block is much older than another endpoint's.
    Lagging(String),
    /// The endpoint does not tell of calls inside transactions.
    Traceless,
    /// The endpoint tells no logs of that block, made at that time, although the block's own filter
    /// says otherwise, and no receipts that bear it out.
    Logless(Hash, Timestamp),
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
    /// What an error object of JSON-RPC means. Nodes agree on few codes, so the words decide.
    pub(super) fn of_error(code: i64, message: &str, shown: String) -> Self {
        let said = message.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
        let pruned = [
            "missing trie node",
            "pruned",
            "pruning",
            "historical state",
            "state is not available",
            "state not available",
            "no state available",
            "state unavailable",
            "archive",
        ];
        let moved = [
            "header not found",
            "header for hash not found",
            "unknown block",
            "block not found",
            "canonical",
        ];
        let too_much = [
            "block range",
            "blocks range",
            "range is too",
            "range too",
            "limited to",
            "too many results",
            "too many logs",
            "more than",
            "response size",
            "exceeds max",
            "too large",
        ];
        match code {
            _ if says(&too_much) => Self::TooMuch(shown),
            -32005 | 429 => Self::Unreachable(format!("limits our calls: {shown}")),
            _ if says(&["rate limit", "too many requests"]) => {
                Self::Unreachable(format!("limits our calls: {shown}"))
            }
            4444 => Self::Pruned(shown),
            _ if says(&pruned) => Self::Pruned(shown),
            // EIP-1898: no block of that hash.
            -32001 => Self::Moved(shown),
            _ if says(&moved) => Self::Moved(shown),
            -32601 | -32004 => Self::Unsupported(shown),
            _ if says(&["not supported", "unsupported", "does not exist/is not available"]) => {
                Self::Unsupported(shown)
            }
            _ => Self::Refused(shown),
        }
    }

    /// The words for a log line.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Unreachable(reason) | Self::Nonsense(reason) | Self::Pruned(reason) => {
                reason.clone()
            }
            Self::OtherChain { expected, found } => {
                format!("is on another chain: expected {expected}, found {found}")
            }
            Self::Moved(reason) => format!("the block was replaced while it was read: {reason}"),
            Self::Absent => "has no such block".to_owned(),
            Self::TooMuch(reason) => format!("gives no answer so large: {reason}"),
            Self::Unsupported(reason) => format!("does not know the method: {reason}"),
            Self::Refused(reason) => format!("refused the call: {reason}"),
            Self::Lagging(reason) => format!("lags behind: {reason}"),
            Self::Traceless => "gives no traces of calls inside transactions".to_owned(),
            Self::Logless(..) => "tells no logs of the block though its filter says that a pinned \
                                 token may have logged a transfer, and no receipts that show there \
                                 is none"
                .to_owned(),
        }
    }

    /// Whether the endpoint refused the call: for now, or for good without saying so.
    pub(super) const fn refuses(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Moved(_) | Self::Pruned(_))
    }

    /// Whether the endpoint itself is in doubt, so that it proves its identity before the next use.
    pub(super) const fn doubts_endpoint(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Nonsense(_) | Self::OtherChain { .. })
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

    /// Whether the endpoints that were asked have no such block, or another in its place.
    pub(super) fn block_moved(&self) -> bool {
        let gone = |fault: &Fault| matches!(fault, Fault::Absent | Fault::Moved(_));
        self.0.iter().any(|(_, fault)| gone(fault))
            && self.0.iter().all(|(_, fault)| gone(fault) || *fault == Fault::Traceless)
    }

    /// The block of which two endpoints tell no logs, against its own filter, and its time.
    pub(super) fn logless(&self) -> Option<(Hash, Timestamp)> {
        let mut told = self.0.iter().filter_map(|(_, fault)| match fault {
            Fault::Logless(block, time) => Some((*block, *time)),
            _ => None,
        });
        let first = told.next()?;
        told.any(|other| other == first).then_some(first)
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
        if self.0.iter().any(|(_, fault)| matches!(fault, Fault::Nonsense(_))) {
            return ChainError::Nonsense { network, reason };
        }
        if self.0.iter().any(|(_, fault)| matches!(fault, Fault::Pruned(_))) {
            return ChainError::StatePruned { network, height, reason };
        }
        ChainError::Unreachable { network, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(code: i64, message: &str) -> Fault {
        Fault::of_error(code, message, message.to_owned())
    }

    /// As geth, Erigon, Nethermind, Besu, reth and providers word it.
    #[test]
    fn missing_state_is_told_from_a_missing_block() {
        for message in [
            "missing trie node 5f1a (path ) state 0x5f1a is not available",
            "historical state 5f1a is not available",
            "No state available for block 0x10",
            "World state unavailable",
            "state at block #100 is pruned",
            "Archive requests are not available on your plan",
        ] {
            assert!(matches!(fault(-32000, message), Fault::Pruned(_)), "{message}");
        }
        for message in
            ["header not found", "unknown block", "Block not found", "header for hash not found"]
        {
            assert!(matches!(fault(-32000, message), Fault::Moved(_)), "{message}");
        }
    }

    #[test]
    fn limits_and_unknown_methods_are_recognised() {
        assert!(matches!(fault(-32005, "limit exceeded"), Fault::Unreachable(_)));
        assert!(matches!(fault(-32000, "Too many requests"), Fault::Unreachable(_)));
        assert!(matches!(fault(-32601, "no"), Fault::Unsupported(_)));
        assert!(matches!(fault(3, "execution reverted"), Fault::Refused(_)));
    }

    /// As Infura, Alchemy, QuickNode, Ankr, Base and Polygon's providers word it.
    #[test]
    fn an_answer_that_would_be_too_much_is_told_from_a_limit_of_calls() {
        for (code, message) in [
            (-32005, "query returned more than 10000 results"),
            (-32602, "Log response size exceeded. You can make eth_getLogs requests with up to"),
            (-32614, "eth_getLogs is limited to a 10,000 range"),
            (-32600, "block range is too wide"),
            (-32000, "block range greater than 10 max"),
            (-32012, "You cannot query logs for more than 500 blocks at once"),
        ] {
            assert!(matches!(fault(code, message), Fault::TooMuch(_)), "{message}");
        }
        assert!(matches!(fault(-32005, "limit exceeded"), Fault::Unreachable(_)));
    }
}
