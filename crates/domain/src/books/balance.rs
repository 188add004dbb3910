//! What stands on an account: sums that no number of movements of 128 bits outgrows.

use std::{fmt, str};

use ruint::aliases::U256;

use super::AccountKind;
use crate::{
    merchant::Scope,
    money::{AssetId, Units},
};

/// An account: one for each merchant, environment, kind and asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// Whose it is.
    pub scope: Scope,
    /// What it is for.
    pub kind: AccountKind,
    /// What it is counted in.
    pub asset: AssetId,
}

/// A sum of base units. 2^128 amounts fit, each as large as can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Total(U256);

/// A text that is no sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a sum of base units: digits only are expected")]
pub struct TotalRefused;

/// Both sides of an account. Either only rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Balance {
    /// Everything that was debited.
    pub debited: Total,
    /// Everything that was credited.
    pub credited: Total,
}

/// What an account holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// So much on the side of its kind; zero included.
    Right(Total),
    /// So much on the other side: it lacks that.
    Lacks(Total),
}

impl Total {
    /// Nothing.
    pub const ZERO: Self = Self(U256::ZERO);

    /// The sum with an amount; at the greatest that fits it stays there.
    #[must_use]
    pub fn plus(self, units: Units) -> Self {
        Self(self.0.saturating_add(U256::from(units.get())))
    }

    /// The sum of two sums; at the greatest that fits it stays there.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, or zero where it would be negative.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The amount, unless it is beyond 128 bits.
    #[must_use]
    pub fn units(self) -> Option<Units> {
        u128::try_from(self.0).ok().map(Units::new)
    }

    /// Written as a decimal with that many digits behind the point, without needless zeros.
    #[must_use]
    pub fn decimal(self, decimals: u8) -> String {
        let behind = usize::from(decimals);
        let mut text = format!("{:0>width$}", self.0.to_string(), width = behind.saturating_add(1));
        if behind > 0 {
            text.insert(text.len().saturating_sub(behind), '.');
            text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
        }
        text
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl str::FromStr for Total {
    type Err = TotalRefused;

    fn from_str(text: &str) -> Result<Self, TotalRefused> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = plain.then(|| U256::from_str_radix(text, 10).ok()).flatten();
        number.map(Self).ok_or(TotalRefused)
    }
}

impl Balance {
    /// What an account of that kind holds.
    #[must_use]
    pub fn held(&self, kind: AccountKind) -> Held {
        let (own, other) = if kind.is_debit() {
            (self.debited.0, self.credited.0)
        } else {
            (self.credited.0, self.debited.0)
        };
        match own.checked_sub(other) {
            Some(held) => Held::Right(Total(held)),
            None => Held::Lacks(Total(other.saturating_sub(own))),
        }
    }
}

impl Held {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Self::Right(Total::ZERO)
    }

    /// Written as a decimal with that many digits behind the point; with a minus where it lacks.
    #[must_use]
    pub fn decimal(self, decimals: u8) -> String {
        match self {
            Self::Right(total) => total.decimal(decimals),
            Self::Lacks(total) => format!("-{}", total.decimal(decimals)),
        }
    }
}

/// With a minus where it lacks.
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Right(total) => fmt::Display::fmt(total, f),
            Self::Lacks(total) => write!(f, "-{total}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_outgrows_an_amount_and_is_read_as_it_was_written() {
        let most = Units::new(u128::MAX);
        let total = Total::ZERO.plus(most).plus(most);
        assert_eq!(total.units(), None);
        assert_eq!(total.to_string(), "680564733841876926926749214863536422910");
        assert_eq!(total.to_string().parse(), Ok(total));
        assert_eq!(total.decimal(38), "6.8056473384187692692674921486353642291");
        assert_eq!(Total::ZERO.plus(Units::new(1_200)).decimal(2), "12");
        assert_eq!(Total::ZERO.plus(Units::new(5)).decimal(3), "0.005");
        assert_eq!(Total::ZERO.decimal(0), "0");
        for text in ["", "-1", "+1", "0x1", "1_0", " 1"] {
            assert_eq!(text.parse::<Total>(), Err(TotalRefused), "{text}");
        }
    }

    #[test]
    fn an_account_holds_what_its_own_side_has_more() {
        let one = Total::ZERO.plus(Units::new(1));
        let balance = Balance { debited: one, credited: one.and(one) };
        assert_eq!(balance.held(AccountKind::Owed), Held::Right(one));
        assert_eq!(balance.held(AccountKind::Treasury), Held::Lacks(one));
        assert_eq!(balance.held(AccountKind::Treasury).to_string(), "-1");
    }
}
