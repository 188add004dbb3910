//! The fields a request was created from, as one text: equal requests have equal texts.

use coffer_domain::payment_request::{Lifetime, NewPaymentRequest, Sender};

/// Every parsed field in fixed order, so that equal requests have equal texts.
pub(super) fn fields_text(new: &NewPaymentRequest) -> Vec<u8> {
    let lifetime = match new.lifetime {
        Lifetime::Duration(span) => format!("for {}", span.millis()),
        Lifetime::Until(at) => format!("until {}", at.millis()),
    };
    let sender = match &new.sender {
        None => String::new(),
        Some(Sender::Natural { first_name, last_name, date_of_birth }) => {
            format!("natural\0{first_name}\0{last_name}\0{date_of_birth:?}")
        }
        Some(Sender::Legal { legal_name, country_of_registration }) => {
            format!("legal\0{legal_name}\0{country_of_registration}")
        }
    };
    format!(
        "{:?}\0{lifetime}\0{:?}\0{:?}\0{:?}\0{sender}\0{:?}\0{:?}\0{:?}\0{:?}",
        new.price,
        new.payment_currency,
        new.end_user_email,
        new.end_user_reference,
        new.description,
        new.url_store,
        new.url_success,
        new.url_failed,
    )
    .into_bytes()
}
