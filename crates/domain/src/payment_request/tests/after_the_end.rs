//! Rules of what arrives too late, too much or at a second address.

use super::situation::*;
use crate::{
    callback::CallbackKind,
    payment_request::{Actor, CaseKind, Policy, Stage},
};

#[test]
fn a_late_payment_is_told_when_seen_and_offered_back_when_final() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(61, &[]);
    let effects = request.reports(70, &[pending("a", 1_000, 1, 69)]);
    assert_eq!(effects, [tells(CallbackKind::LatePayment)]);
    let effects = request.reports(80, &[deep("a", 1_000, 2, 70)]);
    assert_eq!(effects, [opens(CaseKind::Late, 1_000, "a")]);
    assert_eq!(request.reports(90, &[deep("a", 1_000, 3, 70)]), []);
    assert_eq!(request.status(), "expired");
}

#[test]
fn a_payment_to_a_cancelled_request_is_late() {
    let mut request = processing(Policy::DEFAULT);
    request.cancel(Actor::Merchant, minute(5)).unwrap();
    let effects = request.reports(10, &[deep("a", 1_000, 1, 9)]);
    let late = [tells(CallbackKind::LatePayment), opens(CaseKind::Late, 1_000, "a")];
    assert_eq!(effects, late);
    assert_eq!(request.status(), "cancelled");
}

#[test]
fn what_was_there_when_screening_refused_is_held_and_what_comes_later_is_late() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(6, &[pending("a", 1_000, 1, 5)]);
    request.restrict("listed".to_owned(), minute(7)).unwrap();
    assert_eq!(request.reports(9, &[deep("a", 1_000, 2, 8)]), []);
    let effects = request.reports(9, &[deep("b", 1_000, 3, 8)]);
    let late = [tells(CallbackKind::LatePayment), opens(CaseKind::Late, 1_000, "b")];
    assert_eq!(effects, late);
    assert_eq!(request.status(), "restricted");
}

#[test]
fn a_surplus_is_a_case_and_a_later_transfer_adds_to_it() {
    let mut request = processing(Policy::DEFAULT);
    let effects = request.reports(9, &[deep("a", 1_001, 1, 5)]);
    assert_eq!(effects, [tells(CallbackKind::Paid), opens_sum(CaseKind::Over, 1)]);
    let effects = request.reports(10, &[deep("b", 300, 2, 6)]);
    assert_eq!(effects, [tells(CallbackKind::LatePayment), opens_sum(CaseKind::Over, 300)]);
    assert_eq!(request.surplus().get(), 301);
    assert_eq!(request.over_opened.get(), 301);
}

#[test]
fn a_later_transfer_first_fills_what_tolerance_forgave() {
    let mut request = processing(Policy::DEFAULT);
    assert_eq!(request.reports(9, &[deep("a", 995, 1, 5)]), [tells(CallbackKind::Paid)]);
    let effects = request.reports(10, &[deep("b", 7, 2, 6)]);
    assert_eq!(effects, [tells(CallbackKind::LatePayment), opens_sum(CaseKind::Over, 2)]);
}

#[test]
fn a_second_transfer_known_before_the_request_was_paid_is_surplus_without_another_callback() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(6, &[pending("a", 1_000, 1, 5), pending("b", 1_000, 1, 5)]);
    assert_eq!(request.reports(9, &[deep("a", 1_000, 2, 6)]), [tells(CallbackKind::Paid)]);
    let effects = request.reports(10, &[deep("b", 1_000, 3, 6)]);
    assert_eq!(effects, [opens_sum(CaseKind::Over, 1_000)]);
}

#[test]
fn a_transfer_after_the_window_of_a_paid_request_is_late() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(9, &[deep("a", 1_000, 1, 5)]);
    let effects = request.reports(70, &[deep("b", 1_000, 2, 61)]);
    let late = [tells(CallbackKind::LatePayment), opens(CaseKind::Late, 1_000, "b")];
    assert_eq!(effects, late);
    assert_eq!(request.status(), "paid");
}

#[test]
fn two_paid_addresses_make_one_paid_request_and_one_case() {
    let mut request = processing(Policy::DEFAULT);
    request.proceed(quote(2, btc(), "there", 10), minute(10)).unwrap();
    let second = to(btc(), "there", deep("b", 1_000, 1, 15));
    let effects = request.reports(20, &[second, deep("a", 1_000, 1, 14)]);
    let expected = [tells(CallbackKind::Paid), opens(CaseKind::SecondAddress, 1_000, "b")];
    assert_eq!(effects, expected);
    assert_eq!(request.paid_quote, Some(request.quotes[0].id));
}

#[test]
fn an_older_price_of_the_paid_address_is_the_same_address() {
    let mut request = processing(Policy::DEFAULT);
    request.proceed(quote(2, btc(), "here", 30), minute(30)).unwrap();
    let effects = request.reports(41, &[deep("a", 100, 1, 20), deep("b", 1_000, 1, 40)]);
    assert_eq!(effects, [tells(CallbackKind::Paid), opens_sum(CaseKind::Over, 100)]);
}

#[test]
fn of_two_covered_quotes_the_first_by_the_chains_clock_is_paid() {
    let mut request = processing(Policy::DEFAULT);
    request.proceed(quote(2, btc(), "there", 10), minute(10)).unwrap();
    let second = to(btc(), "there", deep("b", 1_000, 1, 14));
    request.reports(20, &[deep("a", 1_000, 1, 15), second]);
    assert_eq!(request.paid_quote, Some(request.quotes[1].id));
}

#[test]
fn a_payment_in_parts_is_paid_by_the_part_that_completes_it() {
    let mut request = processing(Policy::DEFAULT);
    let parts = [deep("c", 500, 1, 30), deep("b", 500, 1, 20), deep("a", 500, 1, 40)];
    request.reports(50, &parts);
    let by = |name| look(name, 1, 1, crate::transfer::Position::Gone).reference;
    assert_eq!(request.stage, Stage::Paid { at: minute(30), by: vec![by("b"), by("c")] });
    assert_eq!(request.surplus().get(), 500);
}

#[test]
fn what_becomes_final_after_the_request_failed_goes_back_too() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(50, &[deep("a", 400, 1, 40), block("b", 100, 1, 41, 1)]);
    let effects = request.reports(120, &[]);
    assert_eq!(effects, [tells(CallbackKind::Failed), opens_sum(CaseKind::Under, 400)]);
    let effects = request.reports(130, &[deep("b", 100, 2, 41)]);
    assert_eq!(effects, [opens_sum(CaseKind::Under, 100)]);
}

#[test]
fn what_has_gone_is_not_offered_back() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(50, &[deep("a", 400, 1, 40)]);
    request.reports(51, &[gone("a", 400, 2)]);
    assert_eq!(request.reports(120, &[]), [tells(CallbackKind::ExpiredWithRate)]);
}
