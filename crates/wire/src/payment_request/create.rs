//! The body of "create a payment request" (spec 4.1).

use coffer_domain::{
    catalogue::Catalogue, merchant_url::MerchantUrl, money::Money,
    payment_request::NewPaymentRequest, time::Timestamp,
};

use super::{amount, coin, is_email, lifetime, sender, text::TextRule};
use crate::{
    error::{BodyRefused, FieldErrors, words},
    json::{Object, Value, read_object},
};

/// What the rules depend on besides the body.
#[derive(Clone, Copy, Debug)]
pub struct CreateContext<'a> {
    /// The networks and assets that are known.
    pub catalogue: &'a Catalogue,
    /// The time now; lifetimes and dates of birth are measured against it.
    pub now: Timestamp,
    /// Whether `url_*` may be http on loopback (a sandbox key, and `urls.allow_loopback`).
    pub allow_loopback: bool,
}

const END_USER_REFERENCE: TextRule = id("end_user_reference");
const FOREIGN_ID: TextRule = id("foreign_id");
const DESCRIPTION: TextRule =
    TextRule { name: "description", field: "description", max: 1_000, lines: true };

const fn id(name: &'static str) -> TextRule {
    TextRule { name, field: name, max: 255, lines: false }
}

/// Reads the body and checks every rule of spec 4.1 that can be checked without the store. `null`
/// is absent, unknown fields are ignored, and all mistakes are told at once.
///
/// # Errors
/// [`BodyRefused::Content`] when the body is not JSON or not an object, [`BodyRefused::Fields`]
/// with one sentence for each wrong field otherwise.
pub fn parse_create(
    body: &[u8],
    context: &CreateContext<'_>,
) -> Result<NewPaymentRequest, BodyRefused> {
    let body = read_object(body)?;
    let mut errors = FieldErrors::default();
    match read(&body, context, &mut errors) {
        Some(new) if errors.is_empty() => Ok(new),
        _ => Err(BodyRefused::Fields(errors)),
    }
}

/// The `foreign_id` that a body names, whatever else is wrong with it.
#[must_use]
pub fn foreign_id_of(body: &[u8]) -> Option<String> {
    let body = read_object(body).ok()?;
    FOREIGN_ID.read(&body, &mut FieldErrors::default()).map(str::to_owned)
}

fn read(
    body: &Object<'_>,
    context: &CreateContext<'_>,
    errors: &mut FieldErrors,
) -> Option<NewPaymentRequest> {
    let given_amount = body.get("amount");
    if given_amount.is_none() {
        errors.required("amount");
    }
    let mut currency_errors = FieldErrors::default();
    let (currency, counted) = coin::price(body, context.catalogue, &mut currency_errors);
    let amount = given_amount.and_then(|value| {
        amount::read(value, counted).map_err(|sentence| errors.add("amount", sentence)).ok()
    });
    errors.extend(currency_errors);
    let lifetime = lifetime::read(body, context.now, errors);
    let payment_currency = coin::payment(body, context.catalogue, errors);
    let end_user_email = email(body, errors);
    let end_user_reference = END_USER_REFERENCE.read(body, errors).map(str::to_owned);
    let sender = sender::read(body, context.now, errors);
    let description = description(body, errors);
    let foreign_id = FOREIGN_ID.read(body, errors).map(str::to_owned);
    let [url_store, url_success, url_failed] = ["url_store", "url_success", "url_failed"]
        .map(|field| url(body, field, context.allow_loopback, errors));
    let (price_text, units) = amount?;
    Some(NewPaymentRequest {
        price: Money { currency: currency?, units },
        price_text: price_text.to_owned(),
        lifetime: lifetime?,
        payment_currency,
        end_user_email,
        end_user_reference,
        sender,
        description,
        foreign_id,
        url_store,
        url_success,
        url_failed,
    })
}

/// The address is personal data: the sentence does not repeat it.
fn email(body: &Object<'_>, errors: &mut FieldErrors) -> Option<String> {
    match body.get("end_user_email")? {
        Value::Text(text) if is_email(text) => Some(text.clone().into_owned()),
        _ => {
            errors.add("end_user_email", "The end user email must be a valid email address.");
            None
        }
    }
}

/// Shops send an empty description where they have none; it is taken as absent.
fn description(body: &Object<'_>, errors: &mut FieldErrors) -> Option<String> {
    match body.get(DESCRIPTION.name)? {
        Value::Text(text) if text.is_empty() => None,
        _ => DESCRIPTION.read(body, errors).map(str::to_owned),
    }
}

fn url(
    body: &Object<'_>,
    field: &'static str,
    allow_loopback: bool,
    errors: &mut FieldErrors,
) -> Option<MerchantUrl> {
    let Value::Text(text) = body.get(field)? else {
        errors.add(field, format!("The {} must be a string.", words(field)));
        return None;
    };
    match MerchantUrl::parse(text, allow_loopback) {
        Ok(url) => Some(url),
        Err(refused) => {
            errors.add(field, format!("The {} {refused}.", words(field)));
            None
        }
    }
}

#[cfg(test)]
mod tests;
