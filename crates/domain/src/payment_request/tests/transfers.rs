//! Rules of one transfer: its time, its position, when it is final, and what is told of it.

use super::situation::*;
use crate::{
    callback::CallbackKind,
    payment_request::{BLIND_MARGIN, CaseKind, Fact, PaymentRequest, Policy, Settled, Stage, Told},
    time::Timestamp,
    transfer::Observation,
};

fn only(request: &PaymentRequest) -> &crate::payment_request::TrackedTransfer {
    request.transfers.first().unwrap()
}

#[test]
fn a_new_transfer_is_told_once() {
    let mut request = processing(Policy::DEFAULT);
    let seen = pending("a", 1_000, 1, 5);
    assert_eq!(request.reports(6, std::slice::from_ref(&seen)), [tells(CallbackKind::Transaction)]);
    assert_eq!(request.reports(6, std::slice::from_ref(&seen)), []);
    assert_eq!(request.reports(7, &[seen]), []);
    assert!(request.full_amount_seen());
}

#[test]
fn growing_confirmations_are_not_told() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(6, &[block("a", 1_000, 1, 5, 1)]);
    assert_eq!(request.reports(7, &[block("a", 1_000, 2, 5, 2)]), []);
    assert_eq!(only(&request).confirmations(), 2);
    assert!(!only(&request).is_final());
}

#[test]
fn enough_confirmations_pay() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(6, &[block("a", 1_000, 1, 5, 1)]);
    assert_eq!(request.reports(9, &[deep("a", 1_000, 3, 5)]), [tells(CallbackKind::Paid)]);
    let by = vec![only(&request).reference.clone()];
    assert_eq!(request.stage, Stage::Paid { at: minute(5), by });
    assert_eq!(only(&request).settled, Some(Settled::Payment));
}

#[test]
fn a_block_the_network_calls_final_is_final() {
    let mut request = processing(Policy::DEFAULT);
    let effects = request.reports(6, &[look("a", 1_000, 1, in_block(5, 1, true))]);
    assert_eq!(effects, [tells(CallbackKind::Paid)]);
}

#[test]
fn a_transfer_that_goes_and_comes_back_is_told_each_time() {
    let mut request = processing(Policy::DEFAULT);
    let told = [tells(CallbackKind::Transaction)];
    assert_eq!(request.reports(6, &[pending("a", 1_000, 1, 5)]), told);
    assert_eq!(request.reports(7, &[gone("a", 1_000, 2)]), told);
    assert_eq!(request.reports(7, &[gone("a", 1_000, 2)]), []);
    assert_eq!(request.remaining().get(), 1_000);
    assert_eq!(request.reports(8, &[block("a", 1_000, 3, 7, 1)]), told);
    assert_eq!(only(&request).first_time, minute(5));
}

#[test]
fn a_transfer_that_came_and_went_between_two_watermarks_is_not_told() {
    let mut request = processing(Policy::DEFAULT);
    assert_eq!(request.reports(6, &[gone("a", 1_000, 2), pending("a", 1_000, 1, 5)]), []);
    assert_eq!(only(&request).told, Told::Nothing);
}

#[test]
fn two_transfers_at_once_are_told_by_one_callback() {
    let mut request = processing(Policy::DEFAULT);
    let looks = [pending("a", 300, 1, 5), pending("b", 300, 1, 5)];
    assert_eq!(request.reports(6, &looks), [tells(CallbackKind::Transaction)]);
    assert_eq!(request.remaining().get(), 400);
}

#[test]
fn its_time_is_the_earlier_of_first_observed_and_block_time() {
    let mut request = processing(Policy::DEFAULT);
    let seen = |observed: i64, number| Observation {
        observed_at: minute(observed),
        ..block("a", 1_000, number, 30, 1)
    };
    request.reports(31, &[seen(40, 1)]);
    assert_eq!(only(&request).first_time, minute(30));
    request.reports(31, &[seen(20, 2)]);
    assert_eq!(only(&request).first_time, minute(20));
    request.reports(31, &[pending("a", 1_000, 0, 10)]);
    assert_eq!(only(&request).first_time, minute(10));
}

#[test]
fn an_older_look_does_not_move_a_transfer_back() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(6, &[block("a", 1_000, 5, 5, 2), pending("a", 1_000, 4, 4)]);
    assert_eq!(only(&request).confirmations(), 2);
}

#[test]
fn a_reorg_to_fewer_confirmations_does_not_take_finality_back() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(9, &[deep("a", 400, 1, 5), block("a", 400, 2, 7, 1)]);
    assert!(only(&request).is_final());
    assert_eq!(only(&request).confirmations(), NEEDED);
    assert_eq!(only(&request).block_time(), Some(minute(5)));
}

#[test]
fn a_final_transfer_that_has_gone_before_it_paid_does_not_pay() {
    let mut request = processing(Policy::DEFAULT);
    let effects = request.reports(9, &[deep("a", 1_000, 1, 5), gone("a", 1_000, 2)]);
    let expected = [tells(CallbackKind::Reversal), opens(CaseKind::Reversed, 1_000, "a")];
    assert_eq!(effects, expected);
    assert_eq!(request.stage, Stage::Processing);
    assert_eq!(request.reports(9, &[deep("a", 1_000, 3, 8)]), [tells(CallbackKind::Paid)]);
}

#[test]
fn a_deep_reorg_after_paid_is_a_reversal_and_the_request_stays_paid() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(9, &[deep("a", 1_000, 1, 5)]);
    let stage = request.stage.clone();
    let effects = request.reports(10, &[gone("a", 1_000, 2)]);
    let expected = [tells(CallbackKind::Reversal), opens(CaseKind::Reversed, 1_000, "a")];
    assert_eq!(effects, expected);
    assert_eq!(request.reports(10, &[gone("a", 1_000, 3)]), []);
    assert_eq!(request.stage, stage);
}

#[test]
fn a_reversed_payment_that_is_final_again_is_told_once_and_may_be_reversed_again() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(9, &[deep("a", 1_000, 1, 5)]);
    let reversal = [tells(CallbackKind::Reversal), opens(CaseKind::Reversed, 1_000, "a")];
    assert_eq!(request.reports(10, &[gone("a", 1_000, 2)]), reversal);
    assert_eq!(request.reports(11, &[pending("a", 1_000, 3, 11)]), []);
    let back = [tells(CallbackKind::LatePayment)];
    assert_eq!(request.reports(14, &[deep("a", 1_000, 4, 12)]), back);
    assert_eq!(request.reports(15, &[deep("a", 1_000, 5, 12)]), []);
    assert_eq!(request.reports(16, &[gone("a", 1_000, 6)]), reversal);
}

#[test]
fn another_token_opens_a_case_once_final_and_never_counts() {
    let mut request = processing(Policy::DEFAULT);
    let wrong = |seen| to(asset("ORDI", "bitcoin"), "here", seen);
    assert_eq!(request.reports(6, &[wrong(block("a", 1_000, 1, 5, 1))]), []);
    let effects = request.reports(6, &[wrong(deep("a", 1_000, 2, 5))]);
    assert_eq!(effects.len(), 1);
    assert!(matches!(&effects[0], crate::payment_request::Effect::OpenCase(case)
        if case.kind == CaseKind::WrongToken && case.asset == asset("ORDI", "bitcoin")));
    assert_eq!(request.reports(6, &[wrong(deep("a", 1_000, 3, 5))]), []);
    assert_eq!(request.reports(61, &[]), [tells(CallbackKind::ExpiredWithRate)]);
}

#[test]
fn a_coin_on_a_sister_network_is_another_token_and_decided_by_its_own_watermark() {
    let mut request = processing(Policy::DEFAULT);
    let sister = to(asset("BTC", "lightning"), "here", deep("a", 1_000, 1, 5));
    request.apply(&Fact::Transfer(sister)).unwrap();
    assert_eq!(request.apply(&mark("lightning", 6)).unwrap().len(), 1);
    assert_eq!(only(&request).settled, Some(Settled::Case(CaseKind::WrongToken)));
    assert!(request.watermarks.is_empty());
}

#[test]
fn a_block_soon_after_the_window_counts_if_we_were_blind_when_it_was_sent() {
    let margin = BLIND_MARGIN.seconds() / 60;
    for (blind, at, counts) in
        [(true, 60 + margin, true), (true, 61 + margin, false), (false, 61, false)]
    {
        let mut request = processing(Policy::DEFAULT);
        let effects = request.reports(59, &[Observation { blind, ..deep("a", 1_000, 1, at) }]);
        let paid = effects == [tells(CallbackKind::Paid)];
        assert_eq!(paid, counts, "blind {blind} at {at}");
        assert_eq!(only(&request).first_time, minute(at));
    }
}

#[test]
fn what_may_have_been_sent_in_the_window_is_not_late_though_it_was_seen_after_it() {
    for (since, counts) in [(Some(59), true), (Some(60), true), (Some(61), false), (None, false)] {
        let unseen_since = since.map_or(Timestamp::MAX, minute);
        let pending = Observation { unseen_since, ..pending("a", 1_000, 1, 62) };
        let in_block = Observation { unseen_since, ..block("a", 1_000, 1, 62, 1) };
        for first in [pending, in_block] {
            let mut request = processing(Policy::DEFAULT);
            request.reports(59, &[first]);
            let effects = request.reports(63, &[deep("a", 1_000, 2, 63)]);
            let paid = effects == [tells(CallbackKind::Paid)];
            assert_eq!(paid, counts, "{since:?}");
            assert_eq!(only(&request).first_time, minute(62), "it takes no older price");
        }
    }
}

#[test]
fn a_transfer_before_every_quote_of_its_address_counts_for_the_oldest() {
    let mut request = processing(Policy::DEFAULT);
    request.proceed(quote(2, btc(), "here", 30), minute(30)).unwrap();
    let early = [pending("a", 1, 1, -5), pending("b", 2, 1, 29), pending("c", 4, 1, 30)];
    request.reports(31, &early);
    let seen = |place: usize| request.seen(&request.quotes[place]).get();
    assert_eq!((seen(0), seen(1)), (3, 4));
}

#[test]
fn the_words_of_the_database_are_read_back() {
    for told in Told::ALL {
        assert_eq!(Told::parse(told.as_str()), Some(told));
    }
    for kind in CaseKind::ALL {
        assert_eq!(CaseKind::parse(kind.as_str()), Some(kind));
        let case = Settled::Case(kind);
        assert_eq!(Settled::parse(case.as_str()), Some(case));
    }
    assert_eq!(Settled::parse("payment"), Some(Settled::Payment));
    assert_eq!((Told::parse(""), Settled::parse("")), (None, None));
}
