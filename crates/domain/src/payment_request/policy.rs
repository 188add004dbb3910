//! The policies of a merchant, copied into a request when it is created.

use crate::{code::NetworkName, confirmations::Confirmations, money::Units, time::Span};

/// What makes a request paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaidWhen {
    /// Seen inside the window; it may confirm within the grace.
    SeenInWindow,
    /// Confirmed inside the window, as CryptoProcessing does it.
    ConfirmedInWindow,
}

/// How much too little still pays: the smaller of a share and a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tolerance {
    /// Parts per million of the expected amount.
    pub share_ppm: u32,
    /// Hundredths of a euro, valued at the locked rate.
    pub euro_cents: u32,
}

/// What becomes of a payment after the request has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LatePolicy {
    /// Everything is offered back.
    Refund,
    /// Accepted within so long, if its value at arrival still covers the price. Kept with a
    /// request; acted on once refunds stand, until then it is as [`Refund`](Self::Refund).
    AcceptWithin(Span),
}

/// Which side of the market prices a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateSide {
    /// What buyers pay: the merchant can sell the coin for the price.
    Bid,
    /// The middle of bid and ask.
    Mid,
}

/// The policies of a merchant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// What makes a request paid.
    pub paid_when: PaidWhen,
    /// How much too little still pays.
    pub tolerance: Tolerance,
    /// How long after the window's end a transfer that was seen in it may still confirm.
    pub grace: Span,
    /// The one extension of the window once something has arrived; zero for none.
    pub extension: Span,
    /// What becomes of late payments.
    pub late: LatePolicy,
    /// Which side prices a quote.
    pub rate_side: RateSide,
    /// Added to the price of the coin, in parts per million of the amount.
    pub spread_ppm: u32,
    /// Networks on which the merchant waits for something else than the installation does.
    pub confirmations: Vec<(NetworkName, Confirmations)>,
}

impl Policy {
    /// Coffer's own defaults.
    pub const DEFAULT: Self = Self {
        paid_when: PaidWhen::SeenInWindow,
        tolerance: Tolerance { share_ppm: 5_000, euro_cents: 100 },
        grace: Span::from_hours(24),
        extension: Span::from_minutes(60),
        late: LatePolicy::Refund,
        rate_side: RateSide::Bid,
        spread_ppm: 0,
        confirmations: Vec::new(),
    };

    /// The behaviour of CryptoProcessing (`profile = "cryptoprocessing"`).
    pub const CRYPTOPROCESSING: Self = Self {
        paid_when: PaidWhen::ConfirmedInWindow,
        tolerance: Tolerance { share_ppm: 0, euro_cents: 0 },
        grace: Span::ZERO,
        extension: Span::ZERO,
        late: LatePolicy::Refund,
        rate_side: RateSide::Mid,
        spread_ppm: 0,
        confirmations: Vec::new(),
    };
}

impl Policy {
    /// The steps the merchant asks for on a network, where he does.
    #[must_use]
    pub fn confirmations_on(&self, network: NetworkName) -> Option<&Confirmations> {
        self.confirmations.iter().find(|(name, _)| *name == network).map(|(_, steps)| steps)
    }

    /// Asks for these steps on a network; for those of the installation where there are none.
    pub fn set_confirmations(&mut self, network: NetworkName, steps: Option<Confirmations>) {
        self.confirmations.retain(|(name, _)| *name != network);
        self.confirmations.extend(steps.map(|steps| (network, steps)));
        self.confirmations.sort_unstable_by_key(|(name, _)| *name);
    }
}

impl Tolerance {
    /// How much too little still pays. `euro_cap` is what [`Self::euro_cents`] is worth in the
    /// asset's base units at the locked rate; rounded down, so in favour of the merchant.
    #[must_use]
    pub fn units(self, expected: Units, euro_cap: Units) -> Units {
        const WHOLE: u128 = 1_000_000;
        // Whole millions and the rest apart, so that no product is too large for what it counts.
        let ppm = u128::from(self.share_ppm);
        let (millions, rest) = (expected.get() / WHOLE, expected.get() % WHOLE);
        let share = millions.saturating_mul(ppm);
        let rest = rest.saturating_mul(ppm) / WHOLE;
        Units::new(share.saturating_add(rest).min(euro_cap.get()))
    }
}
