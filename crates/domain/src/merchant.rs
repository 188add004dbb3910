//! Merchants and the two environments they work in.

use crate::{id::MerchantId, payment_request::Policy, time::Timestamp};

/// Whether real money moves. Stands on keys, requests, network rows and the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// Real networks, real money.
    Live,
    /// The sandbox chain (and test chains where they are enabled); nothing of value moves.
    Sandbox,
}

impl Environment {
    /// The word used in the database, the API and the logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Sandbox => "sandbox",
        }
    }

    /// The environment of that word, if there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "live" => Some(Self::Live),
            "sandbox" => Some(Self::Sandbox),
            _ => None,
        }
    }
}

/// Whose data a query may touch; every tenant query takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The merchant.
    pub merchant: MerchantId,
    /// The environment.
    pub environment: Environment,
}

/// A shop that takes payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// Identity.
    pub id: MerchantId,
    /// The name customers see.
    pub name: String,
    /// Where callbacks go; none are made while it is unset.
    pub callback_url: Option<String>,
    /// How a customer reaches the shop: an e-mail address or an https URL, shown on every page.
    pub support: Option<String>,
    /// Terms the customer accepts by proceeding.
    pub terms_url: Option<String>,
    /// The shop's privacy page.
    pub privacy_url: Option<String>,
    /// Origins that may embed the checkout in a frame.
    pub frame_ancestors: Vec<String>,
    /// Accent colour as `#rrggbb`.
    pub accent: Option<String>,
    /// The policies copied into each new payment request.
    pub policy: Policy,
    /// When it was added.
    pub created_at: Timestamp,
}
