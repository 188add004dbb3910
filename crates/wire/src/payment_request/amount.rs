//! Amounts: a string or a JSON number, exactly as it was spelled.

use coffer_domain::{
    code::Iso,
    money::{AmountRefused, Units, parse_decimal},
};

use crate::json::Value;

/// The most digits before the point: far above any price, far below what 128 bits hold.
const MAX_WHOLE: usize = 15;
/// Decimals that are surely enough to judge a number whose currency is unknown.
const MANY_DECIMALS: u8 = 18;

/// What an amount is counted in, as far as it is known.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    /// The currency's code.
    pub(super) iso: Iso,
    /// Its decimals.
    pub(super) decimals: u8,
}

/// Reads an amount above zero and gives it back as it was spelled too. Where the currency is
/// unknown only the number itself is judged.
///
/// # Errors
/// A sentence about the amount.
pub(super) fn read<'v>(
    value: &'v Value<'_>,
    counted: Option<Counted>,
) -> Result<(&'v str, Units), String> {
    let text = match value {
        Value::Number(text) => text,
        Value::Text(text) => text.as_ref(),
        _ => return Err("The amount must be a decimal number, such as \"100.50\".".to_owned()),
    };
    let shown = value.shown();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let needless_zero = whole.len() > 1 && whole.starts_with('0');
    if !digits(whole) || !digits(fraction) || needless_zero {
        return Err(format!("{shown} is not a plain decimal number, such as \"100.50\"."));
    }
    let zero = unsigned.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if zero || unsigned.len() < text.len() {
        return Err(format!("{shown} is not more than 0."));
    }
    let too_large =
        || format!("{shown} is too large; at most 15 digits may stand before the point.");
    if whole.len() > MAX_WHOLE {
        return Err(too_large());
    }
    let decimals = counted.map_or(MANY_DECIMALS, |counted| counted.decimals);
    match (parse_decimal(text, decimals), counted) {
        (Ok(units), _) => Ok((text, units)),
        (Err(AmountRefused::TooManyDecimals { max: 0 }), Some(Counted { iso, .. })) => {
            Err(format!("{shown} has decimals, and {iso} has none."))
        }
        (Err(AmountRefused::TooManyDecimals { max }), Some(Counted { iso, .. })) => {
            Err(format!("{shown} has more than the {max} decimals of {iso}."))
        }
        (Err(AmountRefused::TooManyDecimals { max }), None) => {
            Err(format!("{shown} has more than {max} decimals."))
        }
        (Err(AmountRefused::TooLarge), _) => Err(too_large()),
        (Err(AmountRefused::NotDecimal), _) => {
            Err(format!("{shown} is not a plain decimal number, such as \"100.50\"."))
        }
    }
}
