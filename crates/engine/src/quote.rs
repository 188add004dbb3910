//! Quotes: what a customer is asked for in a coin, and until when.

use coffer_domain::{
    catalogue::Asset,
    code::Iso,
    confirmations::NamedBlocks,
    merchant::Environment,
    money::Units,
    payment_request::{Needed, PaymentRequest, Policy, RateSide},
    rate::{QuoteEvidence, Rate, Side, euro_cap},
    time::{Span, Timestamp},
};
use coffer_store::payment_request::QuoteRate;

use crate::engine::Engine;

/// The longest a rate is locked.
pub const LOCK_MAX: Span = Span::from_hours(1);

/// The currency in which tolerances and steps of confirmations are said.
const EURO: &str = "EUR";

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
            needed: self.needed(request, asset, expected, now),
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
        let Some(rate) = self.euro_price(environment, policy, asset, now) else {
            return Units::ZERO;
        };
        let cap = euro_cap(policy.tolerance.euro_cents, asset, rate);
        policy.tolerance.units(expected, cap)
    }

    /// What makes a transfer of this asset final: the step of the request's total in euros, of the
    /// merchant's own steps where he has some. A total that cannot be said in euros takes the
    /// strictest step; a word that the node does not say is replaced by its number.
    fn needed(
        &self,
        request: &PaymentRequest,
        asset: &Asset,
        expected: Units,
        now: Timestamp,
    ) -> Needed {
        let (environment, policy) = (request.scope.environment, &request.policy);
        let Some(network) = self.catalogue().network(asset.id.network) else {
            return Needed::Confirmations(u32::MAX);
        };
        let own = policy.confirmations_on(network.name);
        let steps = own.unwrap_or(&network.confirmations);
        let price = request.price;
        let in_euros = price.currency.iso().as_str() == EURO;
        let euro = if in_euros { None } else { self.euro_price(environment, policy, asset, now) };
        let step = steps.step(|euros| {
            let cents = euros.saturating_mul(100);
            match euro {
                _ if in_euros => price.units < Units::new(u128::from(cents)),
                Some(rate) => expected < euro_cap(cents, asset, rate),
                None => false,
            }
        });
        // Words are read only where the network's own steps ask for them.
        let chain = self.chain_of(environment, network.name).map(|chain| chain.name());
        let named = chain.map_or(NamedBlocks::default(), |chain| self.probes.named(chain));
        step.needed(named.and(network.confirmations.named()))
    }

    /// The price of a coin in euros, where it has one.
    fn euro_price(
        &self,
        environment: Environment,
        policy: &Policy,
        asset: &Asset,
        now: Timestamp,
    ) -> Option<Rate> {
        let euro = Iso::new(EURO).ok()?;
        let priced = self.price(environment, asset.id.iso, euro, side(policy), now).ok()?;
        Some(priced.rate)
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
