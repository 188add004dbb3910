//! What makes a payment final, as answers show it.

use coffer_domain::payment_request::Needed;
use serde::Serialize;
use utoipa::ToSchema;

/// What makes a payment to the chosen coin final: so many confirmations, or the network's own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Finality)]
pub struct FinalityView {
    /// So many confirmations; `null` where the network must say it.
    #[schema(required = true, example = 3)]
    pub confirmations: Option<u32>,
    /// What the network must call the payment's block, `safe` or `finalized`; `null` where
    /// confirmations are counted.
    #[schema(required = true)]
    pub called: Option<&'static str>,
    /// How many seconds that usually takes from the payment's first block on; `null` where the
    /// network is not in the catalogue any more.
    #[schema(required = true, example = 36)]
    pub usual_seconds: Option<u32>,
}

impl FinalityView {
    /// What is waited for, and how many seconds it usually takes.
    #[must_use]
    pub const fn new(needed: Needed, usual_seconds: Option<u32>) -> Self {
        let (confirmations, called) = match needed {
            Needed::Confirmations(depth) => (Some(depth), None),
            Needed::Safe => (None, Some("safe")),
            Needed::Finalized => (None, Some("finalized")),
        };
        Self { confirmations, called, usual_seconds }
    }
}
