//! The stages of a payment request and everything that may move it from one to the next.

use super::{Effect, Fact, Needed, Policy, Quote, TrackedTransfer};
use crate::{
    callback::CallbackKind,
    code::NetworkName,
    id::{PaymentRequestId, QuoteId},
    merchant::Scope,
    money::{Money, Units},
    time::Timestamp,
    transfer::{Observation, TransferReference},
};

/// Who did something to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The merchant, by API or CLI.
    Merchant,
    /// The customer, on the page.
    Customer,
}

/// Where a payment request stands. Paid, failed, expired, cancelled and restricted are final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The customer has not chosen a coin.
    Created,
    /// A coin is chosen; the newest quote is the one shown.
    Processing,
    /// Covered by final transfers.
    Paid {
        /// When the last transfer it needed entered its block, by the chain's clock.
        at: Timestamp,
        /// The transfers that paid it.
        by: Vec<TransferReference>,
    },
    /// The window closed with too little, or grace ended with too little confirmed.
    Failed {
        /// When, by the clock that decided it.
        at: Timestamp,
    },
    /// The lifespan or the window ended with nothing seen.
    Expired {
        /// When, by the clock that decided it.
        at: Timestamp,
        /// Whether a rate had been fixed.
        with_rate: bool,
    },
    /// The merchant withdrew it.
    Cancelled {
        /// When.
        at: Timestamp,
        /// By whom.
        by: Actor,
    },
    /// Screening refused the payer's funds.
    Restricted {
        /// When.
        at: Timestamp,
        /// Why, for the merchant's eyes.
        why: String,
    },
}

impl Stage {
    /// The word used in the database, the API and callbacks (spec 4.3).
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Processing => "processing",
            Self::Paid { .. } => "paid",
            Self::Failed { .. } => "failed",
            Self::Expired { .. } => "expired",
            Self::Cancelled { .. } => "cancelled",
            Self::Restricted { .. } => "restricted",
        }
    }
}

/// The part of a payment request that decides.
///
/// It is read from the database, given one decision or some facts, and written back with the
/// effects in one transaction. Everything it must remember is in its fields, so all of them are
/// stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRequest {
    /// Identity.
    pub id: PaymentRequestId,
    /// Whose it is.
    pub scope: Scope,
    /// What the merchant wants to receive.
    pub price: Money,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its lifespan ends.
    pub valid_until: Timestamp,
    /// The merchant's policies at creation.
    pub policy: Policy,
    /// Every quote, in the order of commit; the last is the one shown.
    pub quotes: Vec<Quote>,
    /// Where it stands.
    pub stage: Stage,
    /// Every transfer ever reported to one of its addresses, by rising reference.
    pub transfers: Vec<TrackedTransfer>,
    /// How far each network of its quotes has been reported, by rising network. A store may keep
    /// these, or fill in the last watermark it has applied to this request.
    pub watermarks: Vec<(NetworkName, Timestamp)>,
    /// The quote that was paid; set together with [`Stage::Paid`].
    pub paid_quote: Option<QuoteId>,
    /// The surplus for which `Over` cases have been opened, in base units of the paid quote's
    /// asset.
    pub over_opened: Units,
    /// Sandbox only: the instant at which its lifespan and windows were made to end.
    pub window_cut: Option<Timestamp>,
}

/// What a payment request starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Identity.
    pub id: PaymentRequestId,
    /// Whose it is.
    pub scope: Scope,
    /// What the merchant wants to receive.
    pub price: Money,
    /// When it is created.
    pub created_at: Timestamp,
    /// When its lifespan ends.
    pub valid_until: Timestamp,
    /// The merchant's policies.
    pub policy: Policy,
}

/// A decision or fact that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The request has ended.
    #[error("the payment request has ended")]
    Ended,
    /// No coin has been chosen, so nothing can have been paid.
    #[error("no coin has been chosen for the payment request")]
    NoCoin,
    /// A transfer was seen, so the coin, price and request stand.
    #[error("a payment has been seen")]
    PaymentSeen,
    /// The lifespan is over.
    #[error("the payment request is no longer valid")]
    LifespanOver,
    /// The fact is about another request.
    #[error("the fact is not about this payment request")]
    NotOurs,
    /// The fact says another asset or address of a movement than an earlier one did.
    #[error("the fact contradicts what was reported of the same transfer")]
    Contradiction,
}

impl PaymentRequest {
    /// A request without a coin. In fixed mode [`Self::proceed`] follows at once.
    #[must_use]
    pub fn open(opening: Opening) -> Self {
        let Opening { id, scope, price, created_at, valid_until, policy } = opening;
        Self {
            id,
            scope,
            price,
            created_at,
            valid_until,
            policy,
            quotes: Vec::new(),
            stage: Stage::Created,
            transfers: Vec::new(),
            watermarks: Vec::new(),
            paid_quote: None,
            over_opened: Units::ZERO,
            window_cut: None,
        }
    }

    /// The customer proceeds with a coin, changes it, or takes a new price. Earlier quotes stay
    /// payable until their locks end.
    ///
    /// # Errors
    /// [`Refused::Ended`], [`Refused::PaymentSeen`], or [`Refused::LifespanOver`].
    pub fn proceed(&mut self, quote: Quote, now: Timestamp) -> Result<Vec<Effect>, Refused> {
        self.nothing_seen()?;
        if now >= self.lifespan_end() {
            return Err(Refused::LifespanOver);
        }
        self.quotes.push(quote);
        self.stage = Stage::Processing;
        Ok(vec![Effect::Callback(CallbackKind::RateFixed)])
    }

    /// Withdraws the request while nothing was seen.
    ///
    /// # Errors
    /// [`Refused::Ended`] or [`Refused::PaymentSeen`].
    pub fn cancel(&mut self, by: Actor, now: Timestamp) -> Result<Vec<Effect>, Refused> {
        self.nothing_seen()?;
        self.know_what_is_there();
        self.stage = Stage::Cancelled { at: now, by };
        Ok(vec![Effect::Callback(CallbackKind::Cancelled)])
    }

    /// Screening has refused the payer's funds. What was seen until now is held and opens no case.
    ///
    /// # Errors
    /// [`Refused::Ended`], or [`Refused::NoCoin`] before a coin was chosen.
    pub fn restrict(&mut self, why: String, now: Timestamp) -> Result<Vec<Effect>, Refused> {
        match self.stage {
            Stage::Created => Err(Refused::NoCoin),
            Stage::Processing => {
                self.know_what_is_there();
                self.stage = Stage::Restricted { at: now, why };
                Ok(vec![Effect::Callback(CallbackKind::Restricted)])
            }
            _ => Err(Refused::Ended),
        }
    }

    /// Takes in a fact. A transfer is noted; a watermark decides on everything noted; the clock
    /// ends the lifespan of a request without a coin. A repeated fact changes nothing and has no
    /// effects. Our own clock has no say here: facts carry their time.
    ///
    /// # Errors
    /// [`Refused::NotOurs`] for a transfer to none of the request's addresses, and
    /// [`Refused::Contradiction`] where it cannot be the same movement. Nothing is changed then.
    pub fn apply(&mut self, fact: &Fact) -> Result<Vec<Effect>, Refused> {
        match fact {
            Fact::Transfer(seen) => self.note(seen).map(|()| Vec::new()),
            Fact::Watermark { network, through } => Ok(self.reported(*network, *through)),
            Fact::Clock(time) => Ok(self.lifespan_passed(*time)),
        }
    }

    /// Sandbox only: makes the lifespan and every window end at `at`, and takes back the extension.
    /// The window is still closed by the watermark, and a transfer up to `at` still counts, so `at`
    /// may lie a little ahead.
    ///
    /// # Errors
    /// [`Refused::Ended`].
    pub fn end_window(&mut self, at: Timestamp) -> Result<(), Refused> {
        if !self.is_open() {
            return Err(Refused::Ended);
        }
        self.window_cut = Some(self.window_cut.map_or(at, |cut| cut.min(at)));
        Ok(())
    }

    /// The word of its stage.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        self.stage.status()
    }

    /// The transfer of that reference, if one was reported.
    #[must_use]
    pub fn transfer(&self, reference: &TransferReference) -> Option<&TrackedTransfer> {
        let place = self.transfers.binary_search_by(|known| known.reference.cmp(reference)).ok()?;
        self.transfers.get(place)
    }

    fn nothing_seen(&self) -> Result<(), Refused> {
        match (self.is_open(), self.payment_seen()) {
            (false, _) => Err(Refused::Ended),
            (true, true) => Err(Refused::PaymentSeen),
            (true, false) => Ok(()),
        }
    }

    /// Joins one look at a transfer to what is known. A transfer of nothing is nothing: anybody can
    /// send those for free to unsettle a request.
    fn note(&mut self, seen: &Observation) -> Result<(), Refused> {
        let needed = self.needed_at(&seen.address).ok_or(Refused::NotOurs)?;
        if seen.units == Units::ZERO {
            return Ok(());
        }
        match self.transfers.binary_search_by(|known| known.reference.cmp(&seen.reference)) {
            Err(place) => self.transfers.insert(place, TrackedTransfer::new(seen, needed)),
            Ok(place) => {
                let known = self.transfers.get_mut(place).filter(|known| known.agrees(seen));
                known.ok_or(Refused::Contradiction)?.join(seen, needed);
            }
        }
        Ok(())
    }

    /// What makes a transfer to that address final: the strictest of its quotes, because which of
    /// them it counts for may still change. None where the address is not ours.
    #[must_use]
    pub fn needed_at(&self, address: &str) -> Option<Needed> {
        let quotes = self.quotes.iter().filter(|quote| quote.address == address);
        quotes.map(|quote| quote.needed).max()
    }

    fn reported(&mut self, network: NetworkName, through: Timestamp) -> Vec<Effect> {
        let quoted = self.quotes.iter().any(|quote| quote.asset.network == network);
        if quoted {
            match self.watermarks.binary_search_by_key(&network, |mark| mark.0) {
                Err(place) => self.watermarks.insert(place, (network, through)),
                Ok(place) => {
                    if let Some(mark) = self.watermarks.get_mut(place) {
                        mark.1 = mark.1.max(through);
                    }
                }
            }
        }
        // A coin sent on a sister network is decided on by that network's watermark.
        let moved = self.transfers.iter().any(|transfer| transfer.reference.network == network);
        if quoted || moved { self.settle() } else { Vec::new() }
    }

    fn lifespan_passed(&mut self, time: Timestamp) -> Vec<Effect> {
        let at = self.lifespan_end();
        if self.stage != Stage::Created || time < at {
            return Vec::new();
        }
        self.stage = Stage::Expired { at, with_rate: false };
        vec![Effect::Callback(CallbackKind::ExpiredWithoutRate)]
    }
}
