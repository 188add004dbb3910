//! What the world tells a payment request.

use crate::{code::NetworkName, time::Timestamp, transfer::Observation};

/// A fact. Transfers are only noted; the request decides when a watermark is applied. Transfers
/// between two watermarks may arrive late, twice and in any order; the outcome is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "made one at a time, and not kept")]
pub enum Fact {
    /// A look at a transfer to one of the request's addresses.
    Transfer(Observation),
    /// Everything that happened on this chain up to `through`, by the chain's clock, has been
    /// reported. Only this decides: it must follow the transfers of each step of a cursor, also
    /// when `through` has not moved. A cursor that is blind to what is pending reports its block's
    /// time less [`BLIND_MARGIN`](super::BLIND_MARGIN), because so much later a transfer still
    /// counts.
    Watermark {
        /// The network (of the quotes, not the name of a cursor).
        network: NetworkName,
        /// How far.
        through: Timestamp,
    },
    /// Our own clock; ends the lifespan of a request without a coin.
    Clock(Timestamp),
}
