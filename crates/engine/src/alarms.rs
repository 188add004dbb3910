//! What the operator must know: every alarm there is. Each is a row, a line of the log, a count
//! among the metrics, and a message by mail and webhook where these are set up.

mod channels;
mod conditions;
mod heartbeat;
mod keep;
mod message;
mod raise;
mod send;
mod together;

pub use channels::{Channels, Tried};
pub(crate) use conditions::Conditions;
pub(crate) use heartbeat::Pulse;
pub use keep::Told;
pub(crate) use message::moment;

/// Counts alarms by name.
const ALARMS: &str = "coffer_alarms_total";
/// How many alarms of a name are not resolved.
const STANDING: &str = "coffer_alarms_standing";

/// Something that a person must look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alarm {
    /// A merchant's endpoint never took a callback.
    CallbackGivenUp,
    /// A reorganisation took back what had been final.
    PaymentReversed,
    /// A network was stopped: nothing on it is credited until a person says so.
    NetworkStopped,
    /// A node contradicts the catalogue about an asset.
    AssetRefused,
    /// A transfer was found that a request could not take in.
    TransferRefused,
    /// A network cannot be read up to now. Ends by itself.
    NetworkBehind,
    /// A network could not be read for a while and is read again: what was found.
    NetworkWasBlind,
    /// One of several endpoints of a network gives no answer. Ends by itself.
    EndpointDown,
    /// What one endpoint calls final is far below what another one does. Ends by itself.
    FinalBehind,
    /// Endpoints of a network tell different things of one block. Ends by itself.
    EndpointsDisagree,
    /// A coin has no price, so that it is not offered. Ends by itself.
    RatesStale,
    /// The heartbeat is not taken. Ends by itself.
    HeartbeatFailing,
    /// The books contradict themselves, or what requests say.
    BooksWrong,
}

/// How much it presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Money is at stake: now.
    Critical,
    /// Something does not work: today.
    Warning,
    /// Nothing is left to be done; worth knowing.
    Notice,
}

impl Severity {
    /// The word used in messages and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// One row of the table of alarms.
struct Row {
    name: &'static str,
    severity: Severity,
    ends_by_itself: bool,
    meaning: &'static str,
    what_to_do: &'static str,
}

impl Alarm {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::CallbackGivenUp,
        Self::PaymentReversed,
        Self::NetworkStopped,
        Self::AssetRefused,
        Self::TransferRefused,
        Self::NetworkBehind,
        Self::NetworkWasBlind,
        Self::EndpointDown,
        Self::FinalBehind,
        Self::EndpointsDisagree,
        Self::RatesStale,
        Self::HeartbeatFailing,
        Self::BooksWrong,
    ];

    /// The alarm of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alarm| alarm.name() == name)
    }

    /// Its name, in the log and among the metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// How much it presses.
    #[must_use]
    pub const fn severity(self) -> Severity {
        self.row().severity
    }

    /// Whether Coffer notices by itself when it is over.
    #[must_use]
    pub const fn ends_by_itself(self) -> bool {
        self.row().ends_by_itself
    }

    /// Whether one cause may raise it of many things at once, so that what is said of them goes out
    /// together.
    #[must_use]
    pub const fn comes_in_numbers(self) -> bool {
        matches!(
            self,
            Self::CallbackGivenUp
                | Self::PaymentReversed
                | Self::AssetRefused
                | Self::TransferRefused
        )
    }

    /// What has happened, in a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.row().meaning
    }

    /// What to do about it, in a sentence.
    #[must_use]
    pub const fn what_to_do(self) -> &'static str {
        self.row().what_to_do
    }

    const fn row(self) -> Row {
        match self {
            Self::CallbackGivenUp => Row {
                name: "callback_given_up",
                severity: Severity::Warning,
                ends_by_itself: false,
                meaning: "A merchant's endpoint took a callback neither within the schedule nor in \
                          the week after.",
                what_to_do: "Mend the merchant's endpoint, then `coffer callback resend` sends it \
                             again.",
            },
            Self::PaymentReversed => Row {
                name: "payment_reversed",
                severity: Severity::Critical,
                ends_by_itself: false,
                meaning: "A reorganisation took back a payment that had been final.",
                what_to_do: "Hold back what was not shipped yet, and ask the customer to pay \
                             again.",
            },
            Self::NetworkStopped => Row {
                name: "network_stopped",
                severity: Severity::Critical,
                ends_by_itself: true,
                meaning: "A payment that had been final is gone, or a network changed further back \
                          than Coffer remembers. Nothing on it is credited.",
                what_to_do: "Find out what became of the network and of your node, then `coffer \
                             chain clear`.",
            },
            Self::AssetRefused => Row {
                name: "asset_refused",
                severity: Severity::Warning,
                ends_by_itself: false,
                meaning: "A node says something else of a token's contract than the settings; the \
                          token is not offered.",
                what_to_do: "Compare the contract in the settings with its issuer's page, or \
                             change the node.",
            },
            Self::TransferRefused => Row {
                name: "transfer_refused",
                severity: Severity::Critical,
                ends_by_itself: false,
                meaning: "A transfer was found that its request could not take in; nothing was \
                          credited.",
                what_to_do: "Do what its detail says; where it says nothing, report it with the \
                             lines of the log around it.",
            },
            Self::BooksWrong => Row {
                name: "books_wrong",
                severity: Severity::Critical,
                ends_by_itself: false,
                meaning: "An account of the books is not the sum of its entries, or a payment \
                          request says something else than what is booked for it.",
                what_to_do: "`coffer books check` names all of it; keep a copy of the database \
                             and report it.",
            },
            Self::NetworkBehind
            | Self::NetworkWasBlind
            | Self::EndpointDown
            | Self::FinalBehind
            | Self::EndpointsDisagree
            | Self::RatesStale
            | Self::HeartbeatFailing => self.row_of_a_condition(),
        }
    }

    /// The rows of what is looked at again and again.
    const fn row_of_a_condition(self) -> Row {
        match self {
            Self::EndpointDown => Row {
                name: "endpoint_down",
                severity: Severity::Warning,
                ends_by_itself: true,
                meaning: "One of several endpoints of a network gives no answer; the others are \
                          used.",
                what_to_do: "Mend or replace the endpoint before the next one fails.",
            },
            Self::FinalBehind => Row {
                name: "final_behind",
                severity: Severity::Warning,
                ends_by_itself: true,
                meaning: "What one of several endpoints calls safe or final is far below what \
                          another one does. Payments wait for it, because no endpoint alone makes \
                          them final.",
                what_to_do: "Compare both with an explorer, and take the wrong one out of the \
                             settings.",
            },
            Self::EndpointsDisagree => Row {
                name: "endpoints_disagree",
                severity: Severity::Critical,
                ends_by_itself: true,
                meaning: "Endpoints of a network tell different things of one block: one of them \
                          lies or follows other rules. Nothing on it is credited.",
                what_to_do: "Compare both with an explorer, and take the wrong one out of the \
                             settings.",
            },
            Self::RatesStale => Row {
                name: "rates_stale",
                severity: Severity::Warning,
                ends_by_itself: true,
                meaning: "Coins have no price, because too few markets answer; they are not \
                          offered.",
                what_to_do: "Look whether this machine reaches the markets; the log says why each \
                             gives no rates.",
            },
            Self::HeartbeatFailing => Row {
                name: "heartbeat_failing",
                severity: Severity::Warning,
                ends_by_itself: true,
                meaning: "The sign of life is not taken, so the service that waits for it will \
                          hold Coffer for dead.",
                what_to_do: "Look at alarms.heartbeat_url and at the service behind it.",
            },
            Self::NetworkWasBlind => Row {
                name: "network_was_blind",
                severity: Severity::Notice,
                ends_by_itself: true,
                meaning: "A network could not be read for a while and is read again. Windows of \
                          its requests stood still meanwhile.",
                what_to_do: "Nothing. `coffer chain blind` lists every such span.",
            },
            _ => Row {
                name: "network_behind",
                severity: Severity::Warning,
                ends_by_itself: true,
                meaning: "A network cannot be read up to now. Windows of its requests stand still; \
                          nothing expires or fails meanwhile.",
                what_to_do: "Look at its node and its endpoints; `coffer doctor` says more.",
            },
        }
    }
}

/// Describes the metrics to whoever records them, and sets every name to nothing raised.
pub fn describe() {
    metrics::describe_counter!(ALARMS, "Alarms raised since the start, by name");
    metrics::describe_gauge!(STANDING, "Alarms that are not resolved, by name");
    for alarm in Alarm::ALL {
        metrics::counter!(ALARMS, "name" => alarm.name()).increment(0);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Alarm;

    #[test]
    fn every_alarm_has_a_name_of_its_own_and_says_what_to_do() {
        let names: HashSet<&str> = Alarm::ALL.into_iter().map(Alarm::name).collect();
        assert_eq!(names.len(), Alarm::ALL.len());
        for alarm in Alarm::ALL {
            assert_eq!(Alarm::named(alarm.name()), Some(alarm));
            for sentence in [alarm.meaning(), alarm.what_to_do()] {
                assert!(sentence.ends_with('.'), "{sentence}");
            }
        }
    }

    #[test]
    fn the_operators_page_lists_every_alarm() {
        let page = include_str!("../../../docs/operating.md");
        for alarm in Alarm::ALL {
            let row = format!("| `{}` | {} |", alarm.name(), alarm.severity().as_str());
            assert!(page.contains(&row), "docs/operating.md lacks: {row}");
        }
    }
}
