//! Currencies as the payment request API says them: `{"iso":"EUR"}`, `{"iso":"USDT",
//! "network_name":"tron"}`.

use coffer_domain::{
    catalogue::Catalogue,
    code::{Iso, NetworkName},
    money::{AssetId, Currency},
    payment_request::PaymentCurrency,
};

use super::amount::Counted;
use crate::{
    error::FieldErrors,
    json::{Object, Value, quoted},
};

/// The names of a currency's fields in errors.
struct Fields {
    object: &'static str,
    iso: &'static str,
    network: &'static str,
}

const PRICE: Fields =
    Fields { object: "currency", iso: "currency.iso", network: "currency.network_name" };
const PAYMENT: Fields = Fields {
    object: "payment_currency",
    iso: "payment_currency.iso",
    network: "payment_currency.network_name",
};

/// A code that is known, or why it is not.
enum Known {
    Fiat(Counted),
    Coin(Iso),
}

/// Reads `currency`, the currency to receive, and its decimals. The decimals are known from the
/// code alone where all networks agree, so that the amount is judged even if the network is wrong.
pub(super) fn price(
    body: &Object<'_>,
    catalogue: &Catalogue,
    errors: &mut FieldErrors,
) -> (Option<Currency>, Option<Counted>) {
    if body.get(PRICE.object).is_none() {
        errors.required(PRICE.object);
    }
    let Some(object) = object(body, &PRICE, errors) else { return (None, None) };
    let network = object.get("network_name");
    match iso(object, &PRICE, catalogue, errors) {
        None => (None, None),
        Some(Known::Fiat(counted)) => {
            if network.is_some() {
                let sentence =
                    format!("{} is not a coin and has no network; leave it out.", counted.iso);
                errors.add(PRICE.network, sentence);
                return (None, Some(counted));
            }
            (Some(Currency::Fiat(counted.iso)), Some(counted))
        }
        Some(Known::Coin(iso)) => {
            if network.is_none() {
                let sentence = format!(
                    "The currency.network_name field is required for {iso}: {}.",
                    networks(catalogue, iso)
                );
                errors.add(PRICE.network, sentence);
            }
            let named = network.and_then(|value| on(value, iso, &PRICE, catalogue, errors));
            let coin = named.map(|network| AssetId { iso, network });
            let decimals = match coin {
                Some(id) => catalogue.asset(id).map(|asset| asset.decimals),
                None => agreed_decimals(catalogue, iso),
            };
            let counted = decimals.map(|decimals| Counted { iso, decimals });
            (coin.map(Currency::Coin), counted)
        }
    }
}

/// Reads `payment_currency`, the coin the customer shall pay in, if it is given.
pub(super) fn payment(
    body: &Object<'_>,
    catalogue: &Catalogue,
    errors: &mut FieldErrors,
) -> Option<PaymentCurrency> {
    let object = object(body, &PAYMENT, errors)?;
    match iso(object, &PAYMENT, catalogue, errors)? {
        Known::Fiat(Counted { iso, .. }) => {
            let sentence =
                format!("{iso} is not a coin; customers can only pay in coins, such as BTC.");
            errors.add(PAYMENT.iso, sentence);
            None
        }
        Known::Coin(iso) => {
            let network = match object.get("network_name") {
                None => None,
                Some(value) => Some(on(value, iso, &PAYMENT, catalogue, errors)?),
            };
            Some(PaymentCurrency { iso, network })
        }
    }
}

fn object<'o, 'b>(
    body: &'o Object<'b>,
    fields: &Fields,
    errors: &mut FieldErrors,
) -> Option<&'o Object<'b>> {
    match body.get(fields.object)? {
        Value::Object(object) => Some(object),
        _ => {
            let example = if fields.object == PRICE.object { "EUR" } else { "BTC" };
            let sentence = format!(
                "The {} must be an object, such as {{\"iso\":\"{example}\"}}.",
                crate::error::words(fields.object)
            );
            errors.add(fields.object, sentence);
            None
        }
    }
}

fn iso(
    object: &Object<'_>,
    fields: &Fields,
    catalogue: &Catalogue,
    errors: &mut FieldErrors,
) -> Option<Known> {
    let text = match object.get("iso") {
        Some(Value::Text(text)) => text,
        Some(_) => {
            errors.add(fields.iso, "The code must be a string, such as \"BTC\".");
            return None;
        }
        None => {
            errors.required(fields.iso);
            return None;
        }
    };
    let known = find(catalogue, text);
    if known.is_none() {
        let upper = text.to_ascii_uppercase();
        let sentence = match find(catalogue, &upper) {
            Some(_) => format!("{} is not known; write \"{upper}\".", quoted(text)),
            None => format!(
                "{} is neither a currency of ISO 4217 nor a coin that is known here.",
                quoted(text)
            ),
        };
        errors.add(fields.iso, sentence);
    }
    known
}

fn find(catalogue: &Catalogue, text: &str) -> Option<Known> {
    if let Some(fiat) = catalogue.fiat(text) {
        return Some(Known::Fiat(Counted { iso: fiat.iso, decimals: fiat.decimals }));
    }
    let iso = Iso::new(text).ok()?;
    catalogue.assets_of(iso).next().map(|_| Known::Coin(iso))
}

/// Reads `network_name` as a network that carries the coin.
fn on(
    value: &Value<'_>,
    iso: Iso,
    fields: &Fields,
    catalogue: &Catalogue,
    errors: &mut FieldErrors,
) -> Option<NetworkName> {
    let named = match value {
        Value::Text(text) => NetworkName::new(text).ok(),
        _ => None,
    };
    let network =
        named.filter(|network| catalogue.asset(AssetId { iso, network: *network }).is_some());
    if network.is_none() {
        let names = networks(catalogue, iso);
        let sentence = match value {
            Value::Text(text) => format!("{iso} is not on {}, but on {names}.", quoted(text)),
            _ => format!("The network name must be a string: for {iso} {names}."),
        };
        errors.add(fields.network, sentence);
    }
    network
}

/// The names of a coin's networks: `ethereum, solana or tron`.
fn networks(catalogue: &Catalogue, iso: Iso) -> String {
    let names: Vec<_> =
        catalogue.assets_of(iso).map(|asset| asset.id.network.to_string()).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

fn agreed_decimals(catalogue: &Catalogue, iso: Iso) -> Option<u8> {
    let mut decimals = catalogue.assets_of(iso).map(|asset| asset.decimals);
    let first = decimals.next()?;
    decimals.all(|other| other == first).then_some(first)
}
