//! Quotes: what a customer is asked for in a coin, and until when.

use coffer_domain::{
    catalogue::Asset,
    code::Iso,
    merchant::Environment,
    money::Units,
    payment_request::{Needed, PaymentRequest, Policy, RateSide},
    rate::{QuoteEvidence, Side, euro_cap},
    time::{Span, Timestamp},
};
use coffer_store::payment_request::QuoteRate;

use crate::engine::Engine;

/// The longest a rate is locked.
pub const LOCK_MAX: Span = Span::from_hours(1);

/// A price in a coin, before an address is known.
#[derive(Clone, Debug)]
pub(crate) struct Priced {
    pub(crate) asset: Asset,
    pub(crate) expected: Units,
    pub(crate) tolerance: Units,
    pub(crate) needed: Needed,
    pub(crate) rate: QuoteRate,
}

/// Why a coin cannot be offered now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotQuote {
    /// No rate can be had.
    #[error("no rate can be had: {0}")]
    NoRate(String),
    /// The amount makes no sense in this coin.
    #[error("{0}")]
    Amount(String),
    /// Less than is worth sending on this network.
    #[error("the amount is below the smallest payment in this coin")]
    TooSmall,
}

impl Engine {
    /// What a request costs in a coin right now.
    pub(crate) fn quote(
        &self,
        request: &PaymentRequest,
        asset: &Asset,
        now: Timestamp,
    ) -> Result<Priced, CannotQuote> {
        let environment = request.scope.environment;
        let price = request.price;
        let priced_in = price.currency.iso();
        let rate = self
            .price(environment, asset.id.iso, priced_in, side(&request.policy), now)
            .map_err(|error| CannotQuote::NoRate(error.to_string()))?;
        let decimals = self
            .catalogue()
            .decimals(price.currency)
            .ok_or_else(|| CannotQuote::Amount(format!("{priced_in} is not in the catalogue")))?;
        let text = rate.rate.to_string();
        let spread = request.policy.spread_ppm;
        let evidence = QuoteEvidence::new(price, decimals, asset, rate.evidence, spread)
            .map_err(|error| CannotQuote::Amount(error.to_string()))?;
        let expected = evidence.expected();
        if expected < asset.minimum {
            return Err(CannotQuote::TooSmall);
        }
        Ok(Priced {
            asset: asset.clone(),
            expected,
            tolerance: self.tolerance(environment, &request.policy, asset, expected, now),
            needed: self.needed(asset),
            rate: QuoteRate { rate: text, evidence: evidence.to_text() },
        })
    }

    /// How much too little still pays. Where the coin has no price in euros, nothing does.
    fn tolerance(
        &self,
        environment: Environment,
        policy: &Policy,
        asset: &Asset,
        expected: Units,
        now: Timestamp,
    ) -> Units {
        if policy.tolerance.share_ppm == 0 || policy.tolerance.euro_cents == 0 {
            return Units::ZERO;
        }
        let Ok(euro) = Iso::new("EUR") else { return Units::ZERO };
        let Ok(rate) = self.price(environment, asset.id.iso, euro, side(policy), now) else {
            return Units::ZERO;
        };
        let cap = euro_cap(policy.tolerance.euro_cents, asset, rate.rate);
        policy.tolerance.units(expected, cap)
    }

    /// What makes a transfer of this asset final.
    fn needed(&self, asset: &Asset) -> Needed {
        match self.catalogue().network(asset.id.network) {
            Some(network) if network.final_by_name => Needed::Finalized,
            Some(network) => Needed::Confirmations(network.confirmations.max(1)),
            None => Needed::Confirmations(u32::MAX),
        }
    }
}

/// Until when a rate fixed now holds: an hour, or the rest of the lifespan if that is shorter.
pub(crate) fn locked_until(valid_until: Timestamp, now: Timestamp) -> Timestamp {
    now.plus(LOCK_MAX).min(valid_until)
}

const fn side(policy: &Policy) -> Side {
    match policy.rate_side {
        RateSide::Bid => Side::Bid,
        RateSide::Mid => Side::Mid,
    }
}
