//! Money: an integer count of base units and what it is counted in. Exact, checked, never a float.

mod decimal;

use std::{fmt, str};

pub use decimal::{format_decimal, format_padded, parse_decimal};

use crate::code::{Iso, NetworkName};

/// A coin or token on one network; the same token on two networks is two assets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetId {
    /// Its code in the payment request API, such as `USDT`.
    pub iso: Iso,
    /// Its network, such as `tron`.
    pub network: NetworkName,
}

/// What an amount is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Currency {
    /// A currency of ISO 4217.
    Fiat(Iso),
    /// A coin or token.
    Coin(AssetId),
}

/// A count of base units (cents, satoshi, wei), 0 to 2^128-1. What they are is said beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Units(u128);

/// An amount with what it is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// What it is counted in.
    pub currency: Currency,
    /// How many base units.
    pub units: Units,
}

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountRefused {
    /// Not digits with at most one point between them.
    #[error("is not a decimal number")]
    NotDecimal,
    /// More decimals than the currency has.
    #[error("has more than {max} decimals")]
    TooManyDecimals {
        /// How many the currency has.
        max: u8,
    },
    /// More than fits.
    #[error("is too large")]
    TooLarge,
}

impl Units {
    /// None.
    pub const ZERO: Self = Self(0);

    /// So many base units.
    #[must_use]
    pub const fn new(units: u128) -> Self {
        Self(units)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u128 {
        self.0
    }

    /// The sum, unless it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// The difference, unless it would be negative.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// So many times as much, unless it does not fit.
    #[must_use]
    pub const fn checked_mul(self, factor: u128) -> Option<Self> {
        match self.0.checked_mul(factor) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The difference, or zero where it would be negative.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// The plain integer, as it is stored.
impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Reads the plain integer as it is stored: digits only, no sign, no needless leading zero.
impl str::FromStr for Units {
    type Err = AmountRefused;

    fn from_str(text: &str) -> Result<Self, AmountRefused> {
        if text.contains('.') {
            return Err(AmountRefused::NotDecimal);
        }
        parse_decimal(text, 0)
    }
}

impl AssetId {
    /// A coin on a network.
    #[must_use]
    pub const fn new(iso: Iso, network: NetworkName) -> Self {
        Self { iso, network }
    }
}

/// `USDT/tron`, for logs and messages.
impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.iso, self.network)
    }
}

impl Currency {
    /// The code: `EUR`, `USDT`.
    #[must_use]
    pub const fn iso(self) -> Iso {
        match self {
            Self::Fiat(iso) => iso,
            Self::Coin(id) => id.iso,
        }
    }

    /// The network of a coin; none for a fiat currency.
    #[must_use]
    pub const fn network(self) -> Option<NetworkName> {
        match self {
            Self::Fiat(_) => None,
            Self::Coin(id) => Some(id.network),
        }
    }
}

impl Money {
    /// So many base units of a currency.
    #[must_use]
    pub const fn new(currency: Currency, units: Units) -> Self {
        Self { currency, units }
    }
}

#[cfg(test)]
mod tests;
