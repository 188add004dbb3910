//! What the operator must know: a line of the log at level error with the alarm's name, and a
//! count of each name among the metrics.

use std::fmt::Display;

/// Counts alarms by name.
const ALARMS: &str = "coffer_alarms_total";

/// Something that a person must look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

impl Alarm {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::CallbackGivenUp,
        Self::PaymentReversed,
        Self::NetworkStopped,
        Self::AssetRefused,
        Self::TransferRefused,
    ];

    /// Its name, in the log and among the metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CallbackGivenUp => "callback_given_up",
            Self::PaymentReversed => "payment_reversed",
            Self::NetworkStopped => "network_stopped",
            Self::AssetRefused => "asset_refused",
            Self::TransferRefused => "transfer_refused",
        }
    }

    /// What to do about it, in a sentence.
    #[must_use]
    pub const fn what_to_do(self) -> &'static str {
        match self {
            Self::CallbackGivenUp => {
                "mend the merchant's endpoint, then `coffer callback resend` sends it again"
            }
            Self::PaymentReversed => {
                "hold back what was not shipped yet, and ask the customer to pay again"
            }
            Self::NetworkStopped => {
                "find out what became of the network and of your node, then `coffer chain clear`; \
                 nothing on it is credited meanwhile"
            }
            Self::AssetRefused => {
                "compare the contract in the settings with its issuer's page, or change the node"
            }
            Self::TransferRefused => "report it with the lines around it; nothing was credited",
        }
    }

    /// Raises it. `about` names the thing concerned and holds no personal data.
    pub(crate) fn raise(self, about: impl Display) {
        tracing::error!(alarm = self.name(), %about, "{}", self.what_to_do());
        metrics::counter!(ALARMS, "name" => self.name()).increment(1);
    }
}

/// Describes the metric to whoever records metrics, and sets every name to nothing raised.
pub fn describe() {
    metrics::describe_counter!(ALARMS, "Alarms raised since the start, by name");
    for alarm in Alarm::ALL {
        metrics::counter!(ALARMS, "name" => alarm.name()).increment(0);
    }
}
