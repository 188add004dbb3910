//! Amounts as people write them, to and from base units.

use super::{AmountRefused, Units};

/// Reads a plain decimal as base units of a currency with that many decimals.
///
/// The grammar is that of a JSON number without sign and exponent: digits, no needless leading
/// zero, and if there is a point, at least one digit on each side. Zeros at the end count as
/// decimals, so `1.000` is refused for a currency with two.
///
/// # Errors
/// When the text is no such number, has more decimals than the currency, or does not fit.
pub fn parse_decimal(text: &str, decimals: u8) -> Result<Units, AmountRefused> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(AmountRefused::NotDecimal),
        Some(parts) => parts,
        None => (text, ""),
    };
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || leading_zero || !all_digits(whole) || !all_digits(fraction) {
        return Err(AmountRefused::NotDecimal);
    }
    let missing = usize::from(decimals)
        .checked_sub(fraction.len())
        .ok_or(AmountRefused::TooManyDecimals { max: decimals })?;
    let digits = whole.bytes().chain(fraction.bytes()).map(|byte| byte.wrapping_sub(b'0'));
    let mut units = 0_u128;
    for digit in digits.chain(std::iter::repeat_n(0, missing)) {
        // Ends at the first digit that does not fit: 40,000 digits cost 40.
        units = units
            .checked_mul(10)
            .and_then(|units| units.checked_add(u128::from(digit)))
            .ok_or(AmountRefused::TooLarge)?;
    }
    Ok(Units::new(units))
}

/// Writes base units with no more digits than needed: `0.01`, `100`, `1.5`.
#[must_use]
pub fn format_decimal(units: Units, decimals: u8) -> String {
    let mut text = format_padded(units, decimals);
    if decimals > 0 {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    text
}

/// Writes base units with all the currency's decimals, as the v2 API does: `100.00000000`.
#[must_use]
pub fn format_padded(units: Units, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let mut text = format!("{:0>width$}", units.get(), width = decimals.saturating_add(1));
    if decimals > 0 {
        text.insert(text.len().saturating_sub(decimals), '.');
    }
    text
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
