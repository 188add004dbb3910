//! The number of a rate: reading, writing and exact arithmetic. Rounding is half-even throughout.

use std::{fmt, str};

use ruint::aliases::U256;

use super::{Rate, Side};
use crate::money::{Units, format_decimal};

/// 10^18, the scale of a rate.
pub(crate) const SCALE: u128 = 1_000_000_000_000_000_000;

/// The longest text that is read as a rate.
const MAX_TEXT: usize = 200;

/// Why a text is not a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateRefused {
    /// Not a JSON number or plain decimal.
    #[error("is not a decimal number")]
    NotDecimal,
    /// Zero, negative, or zero after rounding to 18 decimals.
    #[error("is not above zero")]
    NotPositive,
    /// More than fits.
    #[error("is too large")]
    TooLarge,
}

impl Rate {
    /// One for one.
    pub const ONE: Self = Self(SCALE);

    /// From the integer at scale 10^18; none for zero.
    #[must_use]
    pub const fn from_scaled(scaled: u128) -> Option<Self> {
        if scaled == 0 { None } else { Some(Self(scaled)) }
    }

    /// The integer at scale 10^18.
    #[must_use]
    pub const fn scaled(self) -> u128 {
        self.0
    }

    /// Reads a decimal, also one with an exponent (`1e-5`) as the JSON of exchanges may have it.
    /// Digits beyond the eighteenth decimal are rounded half-even.
    ///
    /// # Errors
    /// When the text is no number, is not above zero, or does not fit.
    pub fn parse(text: &str) -> Result<Self, RateRefused> {
        if text.len() > MAX_TEXT {
            return Err(RateRefused::NotDecimal);
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return Err(RateRefused::NotDecimal),
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if whole.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(RateRefused::NotDecimal);
        }
        let decimals = i32::try_from(fraction.len()).map_err(|_| RateRefused::NotDecimal)?;
        let scaled = shift(&digits, exponent.saturating_sub(decimals).saturating_add(18))?;
        match Self::from_scaled(scaled) {
            Some(rate) if !negative => Ok(rate),
            _ => Err(RateRefused::NotPositive),
        }
    }

    /// A rate written in the program itself, for constants and tables: digits with at most one
    /// point and at most 18 decimals.
    ///
    /// # Panics
    /// When the text is not such a number above zero; in a constant that is a compile error.
    #[must_use]
    pub const fn constant(text: &'static str) -> Self {
        let mut rest = text.as_bytes();
        let mut scaled = 0_u128;
        let mut decimals = 0;
        let mut after_point = false;
        while let [byte, others @ ..] = rest {
            if *byte == b'.' {
                assert!(!after_point, "one point at most");
                after_point = true;
            } else {
                assert!(byte.is_ascii_digit(), "a digit or a point");
                scaled = scaled * 10 + (*byte - b'0') as u128;
                decimals += after_point as u32;
            }
            rest = others;
        }
        assert!(scaled > 0 && decimals <= 18, "above zero, with at most 18 decimals");
        Self(scaled * 10_u128.pow(18 - decimals))
    }

    /// The price of the quote in the base: 1 divided by this, half-even at scale 18; none where
    /// that is zero.
    #[must_use]
    pub fn inverse(self) -> Option<Self> {
        let one = U256::from(SCALE) * U256::from(SCALE);
        div_half_even(one, U256::from(self.0)).and_then(Self::from_scaled)
    }

    /// The price over two pairs, half-even at scale 18; none where that is zero or does not fit.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        let product = U256::from(self.0) * U256::from(other.0);
        div_half_even(product, U256::from(SCALE)).and_then(Self::from_scaled)
    }

    /// The mean of two rates, half-even at scale 18.
    #[must_use]
    pub const fn mean(self, other: Self) -> Self {
        let floor = (self.0 & other.0) + ((self.0 ^ other.0) >> 1);
        let odd = (self.0 ^ other.0) & 1;
        Self(floor + (odd & floor & 1))
    }

    /// Whether this is further from `other` than so many parts per million of `other`.
    #[must_use]
    pub fn off(self, other: Self, ppm: u32) -> bool {
        let distance = U256::from(self.0.abs_diff(other.0)) * U256::from(1_000_000);
        distance > U256::from(other.0) * U256::from(ppm)
    }
}

/// The price on one side of the market.
pub(super) const fn on_side(bid: Rate, ask: Rate, side: Side) -> Rate {
    match side {
        Side::Bid => bid,
        Side::Mid => bid.mean(ask),
        Side::Ask => ask,
    }
}

/// The decimal without padding.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_decimal(Units::new(self.0), 18))
    }
}

impl str::FromStr for Rate {
    type Err = RateRefused;

    fn from_str(text: &str) -> Result<Self, RateRefused> {
        Self::parse(text)
    }
}

fn parse_exponent(text: &str) -> Result<i32, RateRefused> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(RateRefused::NotDecimal);
    }
    // Far beyond any rate either way, so that saturating changes nothing.
    let exponent = digits.iter().fold(0_i32, |exponent, digit| {
        exponent.saturating_mul(10).saturating_add(i32::from(digit.wrapping_sub(b'0'))).min(100_000)
    });
    Ok(if negative { exponent.saturating_neg() } else { exponent })
}

/// The integer of the digits times 10^`power`, rounded half-even where the power is negative.
fn shift(digits: &[u8], power: i32) -> Result<u128, RateRefused> {
    let first = digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
    let digits = digits.get(first..).unwrap_or_default();
    if digits.is_empty() {
        return Ok(0);
    }
    let dropped = usize::try_from(power.saturating_neg()).unwrap_or(0);
    let Some(kept) = digits.len().checked_sub(dropped) else {
        return Ok(0); // Below a tenth of the last place.
    };
    let (kept, rest) = digits.split_at(kept);
    let zeros = usize::try_from(power).unwrap_or(0);
    let mut value = 0_u128;
    for digit in kept.iter().copied().chain(std::iter::repeat_n(b'0', zeros)) {
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(u128::from(digit.wrapping_sub(b'0'))))
            .ok_or(RateRefused::TooLarge)?;
    }
    let up = match rest {
        [b'5', others @ ..] if others.iter().all(|digit| *digit == b'0') => value & 1 == 1,
        [first, ..] => *first >= b'5',
        [] => false,
    };
    value.checked_add(u128::from(up)).ok_or(RateRefused::TooLarge)
}

/// The quotient rounded half-even; none where it is beyond 128 bits.
fn div_half_even(numerator: U256, denominator: U256) -> Option<u128> {
    let (quotient, remainder) = numerator.div_rem(denominator);
    let floor = u128::try_from(quotient).ok()?;
    let twice = remainder << 1;
    let up = twice > denominator || (twice == denominator && floor & 1 == 1);
    floor.checked_add(u128::from(up))
}

#[cfg(test)]
mod tests;
