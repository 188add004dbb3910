//! The version of a page.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::view::{CheckoutState, CheckoutView};

/// 16 hexadecimal digits over everything shown but the time, and whether the time is over. Of a
/// list of coins its rows and what was typed are left out: they change without being news.
/// Equal views have equal versions; after an upgrade of the program they may change once, which
/// costs one more fetch.
pub(super) fn of(view: &CheckoutView) -> String {
    let CheckoutView {
        shop,
        order,
        reference,
        price,
        state,
        uncounted,
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
    (urls, sandbox, network_behind, uncounted).hash(&mut hasher);
    match state {
        CheckoutState::Choose(choose) => {
            (state.word(), choose.open_until, &choose.changing_from).hash(&mut hasher);
        }
        _ => state.hash(&mut hasher),
    }
    let until = match state {
        CheckoutState::Pay(pay) => Some(pay.until),
        CheckoutState::PartPaid(part) => Some(part.rest.until),
        _ => None,
    };
    until.is_some_and(|until| until <= *now).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
