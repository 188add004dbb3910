//! Rules of what a customer or merchant may do, and of the clock.

use super::situation::*;
use crate::{
    callback::CallbackKind,
    payment_request::{Actor, Fact, Needed, Policy, Refused, Stage},
    transfer::Observation,
};

#[test]
fn proceeding_fixes_the_rate_and_is_told() {
    let mut request = created(Policy::DEFAULT);
    let effects = request.proceed(quote(1, btc(), "here", 0), START).unwrap();
    assert_eq!(effects, [tells(CallbackKind::RateFixed)]);
    assert_eq!(request.status(), "processing");
    assert_eq!(request.window_end(), minute(60));
    assert_eq!(request.grace_end(), minute(60 + 24 * 60));
}

#[test]
fn the_coin_may_be_changed_while_nothing_was_seen() {
    let mut request = processing(Policy::DEFAULT);
    assert!(request.may_change_coin(minute(10)));
    let effects = request.proceed(quote(2, usdt(), "there", 10), minute(10)).unwrap();
    assert_eq!(effects, [tells(CallbackKind::RateFixed)]);
    assert_eq!(request.current_quote().unwrap().asset, usdt());
    assert_eq!(request.quotes.len(), 2);
    assert_eq!(request.window_end(), minute(70));
}

#[test]
fn an_earlier_quote_stays_payable_until_its_lock_ends() {
    let mut request = processing(Policy::DEFAULT);
    request.proceed(quote(2, usdt(), "there", 10), minute(10)).unwrap();
    let effects = request.reports(50, &[deep("a", 1_000, 1, 40)]);
    assert_eq!(effects, [tells(CallbackKind::Paid)]);
    assert_eq!(request.paying_quote().unwrap().asset, btc());
}

#[test]
fn the_coin_stands_once_a_payment_was_seen() {
    let mut request = processing(Policy::DEFAULT);
    request.apply(&Fact::Transfer(pending("a", 1, 1, 5))).unwrap();
    assert!(!request.may_change_coin(minute(10)));
    let before = request.clone();
    let again = request.proceed(quote(2, usdt(), "there", 10), minute(10));
    assert_eq!(again, Err(Refused::PaymentSeen));
    assert_eq!(request.cancel(Actor::Merchant, minute(10)), Err(Refused::PaymentSeen));
    assert_eq!(request, before);
}

#[test]
fn a_payment_that_has_gone_again_frees_the_coin() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(6, &[pending("a", 1_000, 1, 5), gone("a", 1_000, 2)]);
    assert!(request.may_change_coin(minute(10)));
    assert!(request.cancel(Actor::Merchant, minute(10)).is_ok());
}

#[test]
fn another_token_does_not_bind_the_coin() {
    let mut request = processing(Policy::DEFAULT);
    let wrong = to(asset("ORDI", "bitcoin"), "here", pending("a", 5, 1, 5));
    request.apply(&Fact::Transfer(wrong)).unwrap();
    assert!(request.may_change_coin(minute(10)));
}

#[test]
fn no_coin_is_chosen_after_the_lifespan() {
    let mut request = created(Policy::DEFAULT);
    let at = minute(LIFESPAN);
    assert!(!request.may_change_coin(at));
    let late = request.proceed(quote(1, btc(), "here", LIFESPAN), at);
    assert_eq!(late, Err(Refused::LifespanOver));
    assert_eq!(request.stage, Stage::Created);
}

#[test]
fn the_lifespan_of_a_request_without_a_coin_ends_by_our_clock() {
    let mut request = created(Policy::DEFAULT);
    let almost = Fact::Clock(minute(LIFESPAN).minus(crate::time::Span::from_millis(1)));
    assert_eq!(request.apply(&almost), Ok(vec![]));
    let effects = request.apply(&Fact::Clock(minute(LIFESPAN + 9))).unwrap();
    assert_eq!(effects, [tells(CallbackKind::ExpiredWithoutRate)]);
    let at = minute(LIFESPAN);
    assert_eq!(request.stage, Stage::Expired { at, with_rate: false });
    assert_eq!(request.apply(&Fact::Clock(minute(LIFESPAN + 10))), Ok(vec![]));
}

#[test]
fn our_clock_never_closes_a_window() {
    let mut request = processing(Policy::DEFAULT);
    assert_eq!(request.apply(&Fact::Clock(minute(100_000))), Ok(vec![]));
    assert_eq!(request.stage, Stage::Processing);
}

#[test]
fn a_request_may_be_cancelled_while_nothing_was_seen() {
    for mut request in [created(Policy::DEFAULT), processing(Policy::DEFAULT)] {
        let effects = request.cancel(Actor::Merchant, minute(7)).unwrap();
        assert_eq!(effects, [tells(CallbackKind::Cancelled)]);
        let (at, by) = (minute(7), Actor::Merchant);
        assert_eq!(request.stage, Stage::Cancelled { at, by });
    }
}

#[test]
fn screening_restricts_a_request_in_processing() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(6, &[pending("a", 1_000, 1, 5)]);
    let effects = request.restrict("listed".to_owned(), minute(7)).unwrap();
    assert_eq!(effects, [tells(CallbackKind::Restricted)]);
    assert_eq!(request.status(), "restricted");
}

#[test]
fn without_a_coin_there_are_no_funds_to_refuse() {
    let mut request = created(Policy::DEFAULT);
    assert_eq!(request.restrict("listed".to_owned(), START), Err(Refused::NoCoin));
}

#[test]
fn nothing_is_decided_once_a_request_has_ended() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(61, &[]);
    let before = request.clone();
    assert!(!request.may_change_coin(minute(61)));
    let again = request.proceed(quote(2, btc(), "here", 61), minute(61));
    assert_eq!(again, Err(Refused::Ended));
    assert_eq!(request.cancel(Actor::Merchant, minute(61)), Err(Refused::Ended));
    assert_eq!(request.restrict(String::new(), minute(61)), Err(Refused::Ended));
    assert_eq!(request.end_window(minute(61)), Err(Refused::Ended));
    assert_eq!(request, before);
}

#[test]
fn a_transfer_to_another_address_is_not_ours() {
    let mut request = processing(Policy::DEFAULT);
    let before = request.clone();
    let foreign = to(btc(), "elsewhere", pending("a", 5, 1, 5));
    assert_eq!(request.apply(&Fact::Transfer(foreign)), Err(Refused::NotOurs));
    let early = created(Policy::DEFAULT).apply(&Fact::Transfer(pending("a", 5, 1, 5)));
    assert_eq!(early, Err(Refused::NotOurs));
    assert_eq!(request, before);
}

#[test]
fn one_movement_cannot_be_of_two_assets() {
    let mut request = processing(Policy::DEFAULT);
    request.apply(&Fact::Transfer(pending("a", 5, 1, 5))).unwrap();
    let before = request.clone();
    let other = Observation { asset: usdt(), ..pending("a", 5, 2, 5) };
    let other = Fact::Transfer(other);
    assert_eq!(request.apply(&other), Err(Refused::Contradiction));
    assert_eq!(request, before);
}

#[test]
fn what_a_block_delivers_counts_before_what_was_sent() {
    let sent = Fact::Transfer(pending("a", 100, 1, 5));
    let delivered = Fact::Transfer(block("a", 99, 2, 6, 1));
    let delivered_again = Fact::Transfer(block("a", 90, 4, 8, 1));
    let back_in_the_pool = Fact::Transfer(pending("a", 100, 3, 7));
    let facts = [sent, delivered, back_in_the_pool, delivered_again];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        let mut request = processing(Policy::DEFAULT);
        for place in order {
            request.apply(&facts[place]).unwrap();
        }
        assert_eq!(request.transfers[0].units.get(), 90, "in the order {order:?}");
    }
}

#[test]
fn a_transfer_of_nothing_is_nothing() {
    let mut request = processing(Policy::DEFAULT);
    assert_eq!(request.reports(6, &[deep("poison", 0, 1, 5)]), []);
    assert!(request.transfers.is_empty());
    assert!(request.cancel(Actor::Merchant, minute(7)).is_ok());
}

#[test]
fn a_watermark_of_another_network_does_nothing() {
    let mut request = processing(Policy::DEFAULT);
    let before = request.clone();
    assert_eq!(request.apply(&mark("tron", 100_000)), Ok(vec![]));
    assert_eq!(request, before);
}

#[test]
fn the_strictest_quote_of_an_address_says_when_a_transfer_is_final() {
    let mut request = processing(Policy::DEFAULT);
    let mut dearer = quote(2, btc(), "here", 10);
    dearer.needed = Needed::Confirmations(NEEDED + 1);
    request.proceed(dearer, minute(10)).unwrap();
    assert_eq!(request.reports(20, &[deep("a", 1_000, 1, 15)]), [tells(CallbackKind::Transaction)]);
    let effects = request.reports(30, &[block("a", 1_000, 2, 15, NEEDED + 1)]);
    assert_eq!(effects, [tells(CallbackKind::Paid)]);
    assert!(Needed::Finalized > Needed::Safe && Needed::Safe > Needed::Confirmations(u32::MAX));
}

#[test]
fn the_word_of_the_network_or_enough_blocks_make_a_transfer_final() {
    for (needed, depth, safe, finalized) in [
        (Needed::Confirmations(9), true, false, true),
        (Needed::Safe, false, true, true),
        (Needed::Finalized, false, false, true),
    ] {
        assert!(!needed.is_met(8, false, false));
        assert_eq!(needed.is_met(9, false, false), depth, "{needed:?}");
        assert_eq!(needed.is_met(1, true, false), safe, "{needed:?}");
        assert_eq!(needed.is_met(1, true, true), finalized, "{needed:?}");
    }
}

#[test]
fn the_sandbox_may_end_a_window_at_once_and_without_extension() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(6, &[deep("a", 400, 1, 5)]);
    assert_eq!(request.window_end(), minute(120));
    request.end_window(minute(10)).unwrap();
    request.end_window(minute(12)).unwrap();
    assert_eq!(request.window_end(), minute(10));
    assert!(!request.may_change_coin(minute(10)));
    assert_eq!(request.reports(9, &[]), []);
    assert_eq!(request.reports(10, &[])[0], tells(CallbackKind::Failed));
    let mut request = created(Policy::DEFAULT);
    request.end_window(minute(10)).unwrap();
    let effects = request.apply(&Fact::Clock(minute(10))).unwrap();
    assert_eq!(effects, [tells(CallbackKind::ExpiredWithoutRate)]);
}
