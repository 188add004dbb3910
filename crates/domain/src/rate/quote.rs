//! From a price and a rate to the integer a customer is asked for, and back.
//!
//! What is owed is rounded up, what is credited or forgiven is rounded down. The arithmetic is
//! exact: 512 bits hold every product of these factors, so nothing is rounded before the end.

use ruint::aliases::U512;

use super::{Evidence, EvidenceRefused, Rate, evidence::other_result, number::SCALE};
use crate::{
    catalogue::Asset,
    money::{Money, Units},
};

const MILLION: u32 = 1_000_000;

/// Why a price comes to no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuoteRefused {
    /// There is nothing to pay.
    #[error("the price is zero")]
    Nothing,
    /// More than fits.
    #[error("the amount is too large")]
    TooLarge,
    /// The rate is not the price of this asset in the currency of the price.
    #[error("the rate is of another pair")]
    OtherPair,
}

/// How many base units of the asset a price comes to, rounded up to the asset's
/// `display_decimals`.
///
/// `rate` is the price of one whole asset in the price currency; `spread_ppm` is added to the
/// amount, in parts per million. A price in the same coin is the amount itself: no rate, no spread,
/// and no rounding beyond the asset's own base unit, since the merchant named those very digits.
///
/// # Errors
/// When the price is zero or the amount does not fit.
pub fn expected_units(
    price: Money,
    price_decimals: u8,
    asset: &Asset,
    rate: Rate,
    spread_ppm: u32,
) -> Result<Units, QuoteRefused> {
    let rate = if same(price, asset) { Rate::ONE } else { rate };
    QuoteTerms::new(price, price_decimals, asset, spread_ppm).expected(rate)
}

/// What so many euro cents are worth in the asset's base units, rounded down; the cap of
/// [`Tolerance::units`](crate::payment_request::Tolerance::units). `euro_rate` is the price of one
/// whole asset in EUR.
#[must_use]
pub fn euro_cap(euro_cents: u32, asset: &Asset, euro_rate: Rate) -> Units {
    let Some(unit) = power(asset.decimals) else { return Units::ZERO };
    let numerator = U512::from(euro_cents) * unit * U512::from(SCALE);
    let denominator = U512::from(100) * U512::from(euro_rate.scaled());
    Units::new(u128::try_from(numerator / denominator).unwrap_or(u128::MAX))
}

/// What so many base units of an asset with `decimals` are worth in a currency with
/// `price_decimals`, rounded down; none where that does not fit. `rate` is the price of one whole
/// asset in that currency.
#[must_use]
pub fn value_of(units: Units, decimals: u8, rate: Rate, price_decimals: u8) -> Option<Units> {
    let numerator = U512::from(units.get()) * U512::from(rate.scaled()) * power(price_decimals)?;
    let denominator = power(decimals)? * U512::from(SCALE);
    u128::try_from(numerator / denominator).ok().map(Units::new)
}

/// The numbers beside the rate that an amount is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct QuoteTerms {
    price: Units,
    price_decimals: u8,
    decimals: u8,
    display_decimals: u8,
    spread_ppm: u32,
}

impl QuoteTerms {
    fn new(price: Money, price_decimals: u8, asset: &Asset, spread_ppm: u32) -> Self {
        let same = same(price, asset);
        Self {
            price: price.units,
            price_decimals,
            decimals: asset.decimals,
            display_decimals: if same { asset.decimals } else { asset.display_decimals },
            spread_ppm: if same { 0 } else { spread_ppm },
        }
    }

    fn expected(self, rate: Rate) -> Result<Units, QuoteRefused> {
        if self.price.is_zero() {
            return Err(QuoteRefused::Nothing);
        }
        let spread = U512::from(u64::from(MILLION).saturating_add(u64::from(self.spread_ppm)));
        let numerator = U512::from(self.price.get())
            * power(self.decimals).ok_or(QuoteRefused::TooLarge)?
            * U512::from(SCALE)
            * spread;
        let price_unit = power(self.price_decimals).ok_or(QuoteRefused::TooLarge)?;
        let denominator = price_unit * U512::from(rate.scaled()) * U512::from(MILLION);
        let hidden = self.decimals.saturating_sub(self.display_decimals);
        let step = power(hidden).ok_or(QuoteRefused::TooLarge)?;
        let steps = numerator.div_ceil(denominator * step);
        let units = steps.checked_mul(step).and_then(|units| u128::try_from(units).ok());
        units.map(Units::new).ok_or(QuoteRefused::TooLarge)
    }
}

/// Everything an expected amount was computed from; kept with the quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteEvidence {
    terms: QuoteTerms,
    expected: Units,
    rate: Evidence,
}

impl QuoteEvidence {
    /// Computes the amount and keeps what it was computed from. `rate` is the evidence of the
    /// price of one whole asset in the price currency.
    ///
    /// # Errors
    /// As [`expected_units`], and when the evidence is about another pair.
    pub fn new(
        price: Money,
        price_decimals: u8,
        asset: &Asset,
        rate: Evidence,
        spread_ppm: u32,
    ) -> Result<Self, QuoteRefused> {
        if (rate.base, rate.quote) != (asset.id.iso, price.currency.iso()) {
            return Err(QuoteRefused::OtherPair);
        }
        let terms = QuoteTerms::new(price, price_decimals, asset, spread_ppm);
        let expected = terms.expected(rate.result)?;
        Ok(Self { terms, expected, rate })
    }

    /// The amount the customer is asked for, in base units of the asset.
    #[must_use]
    pub const fn expected(&self) -> Units {
        self.expected
    }

    /// The spread that is in it, in parts per million.
    #[must_use]
    pub const fn spread_ppm(&self) -> u32 {
        self.terms.spread_ppm
    }

    /// What the rate was made from.
    #[must_use]
    pub const fn rate(&self) -> &Evidence {
        &self.rate
    }

    /// Computes rate and amount again from the recorded prices alone.
    ///
    /// # Errors
    /// When they make no rate or not the recorded numbers.
    pub fn recompute(&self) -> Result<Units, EvidenceRefused> {
        let rate = self.rate.recompute()?;
        match self.terms.expected(rate) {
            Ok(found) if found == self.expected => Ok(found),
            Ok(found) => Err(other_result(self.expected, found)),
            Err(refused) => Err(other_result(self.expected, refused)),
        }
    }

    /// The text form, for storage: a line of the quote's own numbers before the rate's evidence.
    #[must_use]
    pub fn to_text(&self) -> String {
        let QuoteTerms { price, price_decimals, decimals, display_decimals, spread_ppm } =
            self.terms;
        let numbers = format!("{price} {price_decimals} {decimals} {display_decimals}");
        format!("quote 1 {numbers} {spread_ppm} {}\n{}", self.expected, self.rate.to_text())
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// When a line makes no sense.
    pub fn parse(text: &str) -> Result<Self, EvidenceRefused> {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let (terms, expected) = read(first).ok_or(EvidenceRefused::NotEvidence { line: 1 })?;
        let rate = Evidence::parse(rest).map_err(|refused| match refused {
            EvidenceRefused::NotEvidence { line } => {
                EvidenceRefused::NotEvidence { line: line.saturating_add(1) }
            }
            other => other,
        })?;
        Ok(Self { terms, expected, rate })
    }
}

/// Whether the price is in the coin itself, on whatever network.
fn same(price: Money, asset: &Asset) -> bool {
    price.currency.iso() == asset.id.iso
}

/// 10 to that power; none where it is beyond 128 bits, as no currency's is.
fn power(decimals: u8) -> Option<U512> {
    10_u128.checked_pow(u32::from(decimals)).map(U512::from)
}

fn read(line: &str) -> Option<(QuoteTerms, Units)> {
    let fields: Vec<&str> = line.split(' ').collect();
    let ["quote", "1", price, price_decimals, decimals, display, spread, expected] =
        fields.as_slice()
    else {
        return None;
    };
    let terms = QuoteTerms {
        price: price.parse().ok()?,
        price_decimals: price_decimals.parse().ok()?,
        decimals: decimals.parse().ok()?,
        display_decimals: display.parse().ok()?,
        spread_ppm: spread.parse().ok()?,
    };
    Some((terms, expected.parse().ok()?))
}

#[cfg(test)]
mod tests;
