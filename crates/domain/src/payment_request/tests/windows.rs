//! Rules of the window: what closes it, what extends it, and the grace behind it.

use super::situation::*;
use crate::{
    callback::CallbackKind,
    payment_request::{CaseKind, Policy, Stage},
    time::Span,
};

#[test]
fn a_window_with_nothing_seen_expires_when_its_network_has_passed_its_end() {
    let mut request = processing(Policy::DEFAULT);
    assert_eq!(request.reports(59, &[]), []);
    assert_eq!(request.reports(60, &[]), [tells(CallbackKind::ExpiredWithRate)]);
    assert_eq!(request.stage, Stage::Expired { at: minute(60), with_rate: true });
    assert_eq!(request.reports(60, &[]), []);
}

#[test]
fn every_network_of_its_quotes_must_have_passed() {
    let mut request = processing(Policy::DEFAULT);
    request.proceed(quote(2, usdt(), "there", 10), minute(10)).unwrap();
    assert_eq!(request.apply(&mark("tron", 500)), Ok(vec![]));
    assert_eq!(request.reports(59, &[]), []);
    assert_eq!(request.reports(60, &[]), [tells(CallbackKind::ExpiredWithRate)]);
    assert_eq!(request.stage, Stage::Expired { at: minute(70), with_rate: true });
}

#[test]
fn a_block_is_early_only_where_it_was_certainly_made_before_its_address_was_shown() {
    let mut request = processing(Policy::DEFAULT);
    request.proceed(quote(2, usdt(), "there", 180), minute(180)).unwrap();
    request.proceed(quote(3, btc(), "here", 240), minute(240)).unwrap();
    // Bitcoin's blocks may be dated back by two hours.
    for (address, shown) in [("here", 0), ("there", 180), ("a sister's", 0)] {
        assert_eq!(request.shown_at(address), minute(shown), "{address}");
        assert!(!request.is_early(address, minute(shown - 120)), "{address}");
        assert!(request.is_early(address, minute(shown - 121)), "{address}");
    }
}

#[test]
fn an_older_watermark_changes_nothing() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(30, &[]);
    let before = request.clone();
    assert_eq!(request.reports(20, &[]), []);
    assert_eq!(request, before);
}

#[test]
fn too_little_extends_the_window_once() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(50, &[deep("a", 400, 1, 40)]);
    assert_eq!(request.window_end(), minute(120));
    request.reports(100, &[deep("b", 400, 2, 90)]);
    assert_eq!(request.window_end(), minute(120), "what came in the extension extends nothing");
    let effects = request.reports(110, &[deep("c", 200, 3, 105)]);
    assert_eq!(effects, [tells(CallbackKind::Paid)]);
}

#[test]
fn less_than_a_tenth_extends_nothing() {
    for (units, end) in [(99, 60), (100, 120)] {
        let mut request = processing(Policy::DEFAULT);
        request.reports(50, &[pending("a", units, 1, 40)]);
        assert_eq!(request.window_end(), minute(end), "{units}");
    }
}

#[test]
fn a_request_waits_for_the_network_with_the_longest_to_go_and_then_for_blocks() {
    let mut request = processing(Policy::DEFAULT);
    request.proceed(quote(2, usdt(), "there", 10), minute(10)).unwrap();
    let (bitcoin, tron) = (network("bitcoin"), network("tron"));
    assert_eq!(request.waits_for(), Some((tron, minute(70))));
    request.apply(&mark("tron", 75)).unwrap();
    assert_eq!(request.waits_for(), Some((bitcoin, minute(60))), "it is not reported that far");
    request.reports(59, &[block("a", 1_000, 1, 50, 1)]);
    assert_eq!(request.waits_for(), Some((bitcoin, minute(60 + 24 * 60))), "enough was seen");
    request.apply(&mark("bitcoin", 60 + 24 * 60)).unwrap();
    assert_eq!(request.waits_for(), None, "what is in a block becomes final or goes");
    assert_eq!(request.stage, Stage::Processing);
}

#[test]
fn too_little_at_the_end_fails_and_goes_back() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(50, &[deep("a", 400, 1, 40), deep("b", 100, 1, 41)]);
    assert_eq!(request.reports(119, &[]), []);
    let effects = request.reports(120, &[]);
    assert_eq!(effects, [tells(CallbackKind::Failed), opens_sum(CaseKind::Under, 500)]);
    assert_eq!(request.stage, Stage::Failed { at: minute(120) });
}

#[test]
fn nothing_extends_a_window_in_which_nothing_or_enough_arrived() {
    let mut request = processing(Policy::DEFAULT);
    assert_eq!(request.window_end(), minute(60));
    request.reports(50, &[pending("a", 995, 1, 40)]);
    assert_eq!(request.window_end(), minute(60));
}

#[test]
fn enough_seen_in_the_window_may_confirm_in_the_grace() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(60, &[pending("a", 1_000, 1, 59)]);
    assert_eq!(request.reports(1_000, &[]), []);
    assert_eq!(request.stage, Stage::Processing);
    let effects = request.reports(1_100, &[deep("a", 1_000, 2, 1_050)]);
    assert_eq!(effects, [tells(CallbackKind::Paid)]);
}

#[test]
fn the_grace_ends() {
    let end = 60 + 24 * 60;
    let mut request = processing(Policy::DEFAULT);
    request.reports(60, &[pending("a", 1_000, 1, 59)]);
    assert_eq!(request.reports(end - 1, &[]), []);
    assert_eq!(request.reports(end, &[]), [tells(CallbackKind::Failed)]);
    assert_eq!(request.stage, Stage::Failed { at: minute(end) });
    let effects = request.reports(end + 9, &[deep("a", 1_000, 2, end + 1)]);
    let late = [tells(CallbackKind::LatePayment), opens(CaseKind::Late, 1_000, "a")];
    assert_eq!(effects, late);
}

#[test]
fn a_block_inside_the_grace_is_waited_for_until_it_is_final_or_gone() {
    let end = 60 + 24 * 60;
    let in_time = [pending("a", 1_000, 1, 59), block("a", 1_000, 2, end, 1)];
    let mut request = processing(Policy::DEFAULT);
    request.reports(end, &in_time);
    assert_eq!(request.reports(end + 60, &[]), []);
    assert_eq!(request.reports(end + 61, &[deep("a", 1_000, 3, end)]), [tells(CallbackKind::Paid)]);
    let mut request = processing(Policy::DEFAULT);
    request.reports(end, &in_time);
    let effects = request.reports(end + 60, &[gone("a", 1_000, 3)]);
    assert_eq!(effects, [tells(CallbackKind::ExpiredWithRate)]);
}

#[test]
fn what_comes_after_the_window_never_counts() {
    let mut request = processing(Policy::DEFAULT);
    let late = [pending("a", 1_000, 1, 61), deep("a", 1_000, 2, 62)];
    assert_eq!(request.reports(59, &late), [], "not told while the window is open");
    let effects = request.reports(60, &[]);
    let expected = [
        tells(CallbackKind::ExpiredWithRate),
        tells(CallbackKind::LatePayment),
        opens(CaseKind::Late, 1_000, "a"),
    ];
    assert_eq!(effects, expected);
}

#[test]
fn confirmed_in_the_window_knows_no_grace() {
    let mut request = processing(Policy::CRYPTOPROCESSING);
    request.reports(59, &[pending("a", 1_000, 1, 50)]);
    assert_eq!(request.grace_end(), minute(60));
    assert_eq!(request.reports(60, &[]), [tells(CallbackKind::Failed)]);
    let mut request = processing(Policy::CRYPTOPROCESSING);
    let outside = [pending("a", 1_000, 1, 50), deep("a", 1_000, 2, 61)];
    assert_eq!(request.reports(60, &outside)[0], tells(CallbackKind::Failed));
    let mut request = processing(Policy::CRYPTOPROCESSING);
    let effects = request.reports(70, &[deep("a", 1_000, 1, 60)]);
    assert_eq!(effects, [tells(CallbackKind::Paid)]);
}

#[test]
fn without_an_extension_too_little_fails_at_the_end_of_the_lock() {
    let mut request = processing(Policy { extension: Span::ZERO, ..Policy::DEFAULT });
    request.reports(50, &[deep("a", 400, 1, 40)]);
    let effects = request.reports(60, &[]);
    assert_eq!(effects, [tells(CallbackKind::Failed), opens_sum(CaseKind::Under, 400)]);
}

#[test]
fn a_network_that_stands_still_neither_expires_nor_fails_anything() {
    let mut request = processing(Policy::DEFAULT);
    for _ in 0..1_000 {
        assert_eq!(request.reports(59, &[]), []);
    }
    assert_eq!(request.reports(600, &[deep("a", 1_000, 1, 58)]), [tells(CallbackKind::Paid)]);
}
