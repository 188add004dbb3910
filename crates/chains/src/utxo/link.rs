//! Payment links (BIP 321).

use coffer_domain::money::{Units, format_decimal};

/// Decimals of every coin of Bitcoin's kind.
pub(super) const COIN_DECIMALS: u8 = 8;

/// A link that fills in receiver and amount.
pub(super) fn payment_link(scheme: &str, address: &str, units: Units) -> String {
    format!("{scheme}:{address}?amount={}", format_decimal(units, COIN_DECIMALS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_the_amount_in_whole_coins() {
        for (units, amount) in [(1, "0.00000001"), (150_000_000, "1.5"), (2_100_000_000, "21")] {
            assert_eq!(
                payment_link("litecoin", "ltc1q", Units::new(units)),
                format!("litecoin:ltc1q?amount={amount}")
            );
        }
    }
}
