//! The version of a page.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::view::{CheckoutState, CheckoutView};

/// 16 hexadecimal digits over everything shown but the time, and whether the time is over.
/// Equal views have equal versions; after an upgrade of the program they may change once, which
/// costs one more fetch.
pub(super) fn of(view: &CheckoutView) -> String {
    let CheckoutView {
        shop,
        order,
        reference,
        price,
        state,
        language: _,
        language_asked: _,
        now,
        token: _,
        urls,
        sandbox,
        network_behind,
    } = view;
    let mut hasher = DefaultHasher::new();
    (shop, order, reference, price).hash(&mut hasher);
    (state, urls, sandbox, network_behind).hash(&mut hasher);
    let until = match state {
        CheckoutState::Pay(pay) => Some(pay.until),
        CheckoutState::PartPaid(part) => Some(part.rest.until),
        _ => None,
    };
    until.is_some_and(|until| until <= *now).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
