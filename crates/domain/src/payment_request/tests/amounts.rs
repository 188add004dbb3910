//! Rules of sums, tolerance and limits.

use super::situation::*;
use crate::{
    callback::CallbackKind,
    money::Units,
    payment_request::{CaseKind, Policy, Stage, Tolerance},
};
use proptest::prelude::*;

#[test]
fn tolerance_is_exact_to_the_unit() {
    let mut request = processing(Policy::DEFAULT);
    assert_eq!(request.reports(9, &[deep("a", 994, 1, 5)]), [tells(CallbackKind::Transaction)]);
    assert_eq!(request.remaining().get(), 6);
    assert_eq!(request.reports(9, &[deep("b", 1, 1, 5)]), [tells(CallbackKind::Paid)]);
    assert_eq!(request.confirmed(&request.quotes[0]).get(), 995);
}

#[test]
fn a_tolerance_of_everything_still_needs_something() {
    let mut request = created(Policy::DEFAULT);
    let mut free = quote(1, btc(), "here", 0);
    free.tolerance = free.expected;
    request.proceed(free, START).unwrap();
    assert_eq!(request.reports(5, &[]), []);
    assert_eq!(request.stage, Stage::Processing);
}

#[test]
fn a_sum_beyond_what_fits_stops_at_the_greatest_amount_and_pays() {
    let mut request = processing(Policy::DEFAULT);
    let looks = [deep("a", u128::MAX, 1, 5), deep("b", u128::MAX, 1, 5)];
    let over = opens_sum(CaseKind::Over, u128::MAX - EXPECTED);
    assert_eq!(request.reports(9, &looks), [tells(CallbackKind::Paid), over]);
}

#[test]
fn before_a_coin_is_chosen_nothing_is_missing_and_the_window_is_the_lifespan() {
    let request = created(Policy::DEFAULT);
    assert_eq!(request.remaining(), Units::ZERO);
    assert!(!request.full_amount_seen() && request.paying_quote().is_none());
    assert_eq!(request.window_end(), minute(LIFESPAN));
    assert_eq!(request.grace_end(), minute(LIFESPAN));
}

proptest! {
    #[test]
    fn tolerance_is_the_smaller_of_share_and_sum_rounded_down(
        expected: u128, ppm in 0_u32..=1_000_000, cap: u128,
    ) {
        use ruint::aliases::U256;
        let tolerance = Tolerance { share_ppm: ppm, euro_cents: 100 };
        let exact = U256::from(expected) * U256::from(ppm) / U256::from(1_000_000);
        let exact = exact.min(U256::from(cap));
        let units = tolerance.units(Units::new(expected), Units::new(cap));
        prop_assert_eq!(U256::from(units.get()), exact);
    }
}
