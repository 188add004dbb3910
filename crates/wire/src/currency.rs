//! The v2 API about currencies: `/currencies/list` and `/currencies/rates` (spec 3.3 and 3.5), and
//! the answer to `/ping`.

use coffer_domain::{
    code::Iso,
    money::{Units, format_padded},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::{BodyRefused, selected_is_invalid},
    json::{Object, Value, read_object},
};

/// The body of `GET /api/v2/ping`.
pub const PONG: &str = "OK";

/// Decimals of amounts and rates in the v2 API, whatever the currency.
pub const V2_DECIMALS: u8 = 8;

/// What a currency is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CurrencyType {
    /// A coin or token.
    Crypto,
    /// A currency of ISO 4217.
    Fiat,
}

/// One row of `/currencies/list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CurrencyItem<'a> {
    /// Its number; below 2^31.
    #[schema(example = 1)]
    pub id: u32,
    /// Always `crypto`.
    #[serde(rename = "type")]
    pub kind: CurrencyType,
    /// Its code in the v2 API.
    #[schema(example = "BTC")]
    pub currency: &'a str,
    /// The smallest payment worth taking; see [`to_v2`].
    #[schema(example = "0.00020000")]
    pub minimum_amount: String,
    /// What Coffer keeps of a deposit: nothing.
    #[schema(example = "0.000000")]
    pub deposit_fee_percent: &'static str,
    /// What Coffer keeps of a withdrawal: nothing.
    #[schema(example = "0.000000")]
    pub withdrawal_fee_percent: &'static str,
    /// Decimals of the amounts here.
    pub precision: u8,
    /// Confirmations that make a deposit final by default.
    pub deposit_confirmations: u32,
}

impl<'a> CurrencyItem<'a> {
    /// A coin: its number, v2 code, least payment with its decimals, and confirmations.
    #[must_use]
    pub fn new(
        number: u32,
        code: &'a Iso,
        minimum: Units,
        decimals: u8,
        deposit_confirmations: u32,
    ) -> Self {
        Self {
            id: number,
            kind: CurrencyType::Crypto,
            currency: code.as_str(),
            minimum_amount: to_v2(minimum, decimals),
            deposit_fee_percent: "0.000000",
            withdrawal_fee_percent: "0.000000",
            precision: V2_DECIMALS,
            deposit_confirmations,
        }
    }
}

/// Where a price starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RateFrom<'a> {
    /// Its code in the v2 API.
    #[schema(example = "BTC")]
    pub currency: &'a str,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: CurrencyType,
    /// The smallest amount worth paying; see [`to_v2`].
    #[schema(example = "0.00010000")]
    pub min_amount: String,
    /// The same again, for coins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_amount_deposit_with_exchange: Option<String>,
}

/// Where a price ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RateTo<'a> {
    /// Its code in the v2 API.
    #[schema(example = "EUR")]
    pub currency: &'a str,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: CurrencyType,
}

/// One row of `/currencies/rates`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RateItem<'a> {
    /// What is priced.
    pub currency_from: RateFrom<'a>,
    /// What it is priced in.
    pub currency_to: RateTo<'a>,
    /// Always `1`.
    #[schema(example = "1")]
    pub rate_from: &'static str,
    /// The price of one, with 8 decimals.
    #[schema(example = "20693.84879354")]
    pub rate_to: String,
}

impl<'a> RateItem<'a> {
    /// The price of one coin: `rate_to` in units of 10^-8 of `to`.
    #[must_use]
    pub fn new(
        coin: &'a Iso,
        minimum: Units,
        decimals: u8,
        to: &'a Iso,
        to_type: CurrencyType,
        rate_to: Units,
    ) -> Self {
        let minimum = to_v2(minimum, decimals);
        Self {
            currency_from: RateFrom {
                currency: coin.as_str(),
                kind: CurrencyType::Crypto,
                min_amount: minimum.clone(),
                min_amount_deposit_with_exchange: Some(minimum),
            },
            currency_to: RateTo { currency: to.as_str(), kind: to_type },
            rate_from: "1",
            rate_to: format_padded(rate_to, V2_DECIMALS),
        }
    }
}

/// Which pairs `/currencies/rates` is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RatesRequest {
    /// Only prices of this v2 code.
    pub currency_from: Option<Iso>,
    /// Only prices in this v2 code.
    pub currency_to: Option<Iso>,
}

/// Reads the body of `/currencies/rates`. Whether the codes are known is for the caller to see, who
/// answers with [`selected_is_invalid`].
///
/// # Errors
/// [`BodyRefused`] when it is not JSON or a code is not a short text.
pub fn parse_rates(body: &[u8]) -> Result<RatesRequest, BodyRefused> {
    let body = read_object(body)?;
    let mut errors = crate::error::FieldErrors::default();
    let mut code = |field: &'static str| match body.get(field)? {
        Value::Text(text) if text.is_empty() => None,
        Value::Text(text) if Iso::new(text).is_ok() => Iso::new(text).ok(),
        _ => {
            errors.extend(selected_is_invalid(field));
            None
        }
    };
    let request =
        RatesRequest { currency_from: code("currency_from"), currency_to: code("currency_to") };
    if errors.is_empty() { Ok(request) } else { Err(BodyRefused::Fields(errors)) }
}

/// Reads the body of `/currencies/list`: the older `visible`, true (or nothing) for what is enabled
/// and false for what is not, in every spelling clients send (spec 2.3 and 9).
///
/// # Errors
/// [`BodyRefused`] when it is not JSON or `visible` is no boolean.
pub fn parse_currencies(body: &[u8]) -> Result<bool, BodyRefused> {
    let body = read_object(body)?;
    match flag(&body, "visible") {
        Some(visible) => Ok(visible),
        None => Err(BodyRefused::Fields(crate::error::FieldErrors::one(
            "visible",
            "The visible field must be true or false.",
        ))),
    }
}

fn flag(body: &Object<'_>, name: &str) -> Option<bool> {
    match body.get(name) {
        None => Some(true),
        Some(Value::Bool(value)) => Some(*value),
        Some(Value::Number("1")) => Some(true),
        Some(Value::Number("0")) => Some(false),
        Some(Value::Text(text)) => match text.as_ref() {
            "1" | "true" => Some(true),
            "" | "0" | "false" => Some(false),
            _ => None,
        },
        Some(_) => None,
    }
}

/// The body of a list: `{"data":[…]}`.
#[must_use]
pub fn render_data<T: Serialize>(items: &[T]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Data<'a, T> {
        data: &'a [T],
    }
    serde_json::to_vec(&Data { data: items }).unwrap_or_default()
}

/// A minimum with the 8 decimals of the v2 API, rounded up, so that it is enough as shown.
#[must_use]
pub fn to_v2(minimum: Units, decimals: u8) -> String {
    let scale = |digits: u8| 10_u128.checked_pow(digits.into());
    let units = match V2_DECIMALS.checked_sub(decimals) {
        Some(missing) => scale(missing).and_then(|factor| minimum.get().checked_mul(factor)),
        None => scale(decimals.saturating_sub(V2_DECIMALS)).map(|by| minimum.get().div_ceil(by)),
    };
    format_padded(Units::new(units.unwrap_or(u128::MAX)), V2_DECIMALS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimums_have_eight_decimals_and_are_rounded_up() {
        for (units, decimals, text) in [
            (20_000, 8, "0.00020000"),
            (5_000_000, 6, "5.00000000"),
            (10_000_000_000_000_000, 18, "0.01000000"),
            (1, 18, "0.00000001"),
            (10_000_000_001, 18, "0.00000002"),
            (0, 18, "0.00000000"),
            (7, 0, "7.00000000"),
        ] {
            assert_eq!(to_v2(Units::new(units), decimals), text);
        }
    }

    #[test]
    fn rows_have_the_documented_fields_in_their_order() {
        let (btc, eur) = (Iso::new("BTC").unwrap(), Iso::new("EUR").unwrap());
        let list = render_data(&[CurrencyItem::new(1, &btc, Units::new(20_000), 8, 2)]);
        assert_eq!(
            String::from_utf8(list).unwrap(),
            "{\"data\":[{\"id\":1,\"type\":\"crypto\",\"currency\":\"BTC\",\
             \"minimum_amount\":\"0.00020000\",\"deposit_fee_percent\":\"0.000000\",\
             \"withdrawal_fee_percent\":\"0.000000\",\"precision\":8,\
             \"deposit_confirmations\":2}]}"
        );
        let rate = Units::new(2_069_384_879_354);
        let row = RateItem::new(&btc, Units::new(10_000), 8, &eur, CurrencyType::Fiat, rate);
        assert_eq!(
            String::from_utf8(render_data(&[row])).unwrap(),
            "{\"data\":[{\"currency_from\":{\"currency\":\"BTC\",\"type\":\"crypto\",\
             \"min_amount\":\"0.00010000\",\
             \"min_amount_deposit_with_exchange\":\"0.00010000\"},\
             \"currency_to\":{\"currency\":\"EUR\",\"type\":\"fiat\"},\
             \"rate_from\":\"1\",\"rate_to\":\"20693.84879354\"}]}"
        );
    }

    #[test]
    fn pairs_are_chosen_or_all() {
        for body in ["{}", "[]", "null", r#"{"currency_from":null,"currency_to":""}"#] {
            assert_eq!(parse_rates(body.as_bytes()), Ok(RatesRequest::default()), "{body}");
        }
        let request = parse_rates(br#"{"currency_to":"EUR","other":1}"#).unwrap();
        assert_eq!(request.currency_to, Some(Iso::new("EUR").unwrap()));
        let refused = parse_rates(br#"{"currency_from":1,"currency_to":"TOO LONG FOR A CODE"}"#);
        let BodyRefused::Fields(errors) = refused.unwrap_err() else { panic!("no fields") };
        assert_eq!(errors.get("currency_from"), Some("The selected currency from is invalid."));
        assert_eq!(errors.get("currency_to"), Some("The selected currency to is invalid."));
    }

    #[test]
    fn visible_is_taken_in_every_spelling() {
        for (value, visible) in [
            ("true", true),
            ("1", true),
            ("\"1\"", true),
            ("null", true),
            ("false", false),
            ("0", false),
            ("\"0\"", false),
            ("\"\"", false),
        ] {
            let body = format!(r#"{{"visible":{value}}}"#);
            assert_eq!(parse_currencies(body.as_bytes()), Ok(visible), "{value}");
        }
        for body in ["{}", "[]", "null"] {
            assert_eq!(parse_currencies(body.as_bytes()), Ok(true), "{body}");
        }
        assert!(parse_currencies(br#"{"visible":"perhaps"}"#).is_err());
        assert!(parse_currencies(b"").is_err());
    }
}
