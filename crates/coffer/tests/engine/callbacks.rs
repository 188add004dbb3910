//! The outbox: in order, by schedule, with the same bytes.

use coffer::simulate::ports::answered;
use coffer_domain::{
    callback::{DeliveryOutcome, FAILURES_THAT_BLOCK},
    time::Span,
};
use coffer_store::callback::{CallbackState, kind_word};
use coffer_wire::payment_request::SimulatedPayment;

use crate::{
    house::{BTC, House, LTC, Made, minutes},
    on_both,
};

/// The callbacks that were sent since the last call, as words, and whether they were taken.
async fn sent(house: &House, made: &Made) -> Vec<(&'static str, bool)> {
    let callbacks = house.callbacks(made).await;
    let sent = house.world.endpoints.sent();
    let words = sent.into_iter().filter_map(|(delivery, taken)| {
        let callback = callbacks.iter().find(|callback| callback.id == delivery.id)?;
        Some((kind_word(callback.kind), taken))
    });
    words.collect()
}

async fn states(house: &House, made: &Made) -> Vec<&'static str> {
    house.callbacks(made).await.iter().map(|callback| callback.state.as_str()).collect()
}

async fn paid(house: &House) -> Made {
    let made = house.chosen(BTC).await;
    let once = coffer_engine::payment_request::Once::default();
    let exact = SimulatedPayment::Exact;
    house.engine().simulate(&house.caller, made.id, exact, once).await.unwrap();
    made
}

on_both! {
    async fn callbacks_of_a_request_come_in_order(house: House) {
        let made = paid(house).await;
        house.deliver().await;
        let expected = [("rate_fixed", true), ("transaction", true), ("paid", true)];
        assert_eq!(sent(house, &made).await, expected);
        assert_eq!(states(house, &made).await, ["delivered"; 3]);
        assert_eq!(house.engine().next_callback_due().await.unwrap(), None);
    }

    async fn a_later_one_waits_for_at_most_three_failures(house: House) {
        house.world.endpoints.behave(|_| answered(500));
        let made = paid(house).await;
        for failures in 1..FAILURES_THAT_BLOCK {
            house.deliver().await;
            assert_eq!(sent(house, &made).await, [("rate_fixed", false)], "after {failures}");
            house.pass(minutes(5));
        }
        house.deliver().await;
        let third = [("rate_fixed", false), ("transaction", false)];
        assert_eq!(sent(house, &made).await, third);
    }

    async fn a_state_older_than_one_that_was_taken_is_not_sent_any_more(house: House) {
        house.world.endpoints.behave(|delivery| {
            let body = String::from_utf8_lossy(&delivery.body);
            answered(if body.contains(r#""status":"paid""#) { 200 } else { 500 })
        });
        let made = paid(house).await;
        for _ in 0..2 * FAILURES_THAT_BLOCK {
            house.deliver().await;
            house.pass(minutes(5));
        }
        assert_eq!(sent(house, &made).await.last(), Some(&("paid", true)));
        assert_eq!(states(house, &made).await, ["superseded", "superseded", "delivered"]);
        house.world.endpoints.behave(|_| answered(200));
        house.pass(minutes(600));
        house.deliver().await;
        assert_eq!(sent(house, &made).await, []);
    }

    async fn only_200_is_taken(house: House) {
        for status in [201, 204, 302, 404, 500] {
            house.world.endpoints.behave(move |_| answered(status));
            let made = house.chosen(BTC).await;
            house.deliver().await;
            assert_eq!(states(house, &made).await, ["due"], "{status}");
            let answer = house.callbacks(&made).await[0].answer.clone().unwrap();
            assert_eq!(answer, format!("HTTP {status}"));
        }
    }

    async fn what_an_endpoint_says_is_kept_sealed_and_opens_for_the_operator(house: House) {
        let said = "no order 4711 of ada@example.com\n";
        house.world.endpoints.behave(move |_| DeliveryOutcome::Answered {
            status: 422,
            body: said.to_owned(),
        });
        let made = house.chosen(BTC).await;
        house.deliver().await;
        let stored = house.callbacks(&made).await.remove(0);
        let sealed = stored.said.unwrap();
        assert!(!sealed.windows(4).any(|bytes| bytes == b"4711"), "it is not sealed");
        let shown = house.engine().callback_with_said(stored.id).await.unwrap().unwrap();
        assert_eq!(shown.1.as_deref(), Some(said.trim()));
        // The next attempt takes the place of the last.
        house.world.endpoints.behave(|_| answered(200));
        house.pass(minutes(1));
        house.deliver().await;
        let shown = house.engine().callback_with_said(stored.id).await.unwrap().unwrap();
        assert_eq!((shown.0.state, shown.1), (CallbackState::Delivered, None));
    }

    async fn requests_do_not_wait_for_each_other(house: House) {
        let first = house.chosen(BTC).await;
        let second = house.chosen(LTC).await;
        let slow = first.id;
        house.world.endpoints.behave(move |delivery| {
            answered(if delivery.request == slow { 500 } else { 200 })
        });
        house.deliver().await;
        assert_eq!(states(house, &first).await, ["due"]);
        assert_eq!(states(house, &second).await, ["delivered"]);
    }

    async fn after_the_whole_schedule_it_is_given_up_and_can_be_sent_again(house: House) {
        house.world.endpoints.behave(|_| answered(503));
        let made = house.chosen(BTC).await;
        let mut attempts = 0;
        while let Some(due) = house.engine().next_callback_due().await.unwrap() {
            house.pass(due.since(house.engine().now()));
            house.deliver().await;
            attempts += 1;
        }
        assert_eq!(attempts, 1 + 12 + 28);
        assert_eq!(states(house, &made).await, ["abandoned"]);
        let days = house.engine().now().since(house.callbacks(&made).await[0].created_at);
        assert_eq!(days, Span::from_minutes(24 * 60 + 21 + 7 * 24 * 60));
        house.world.endpoints.behave(|_| answered(200));
        let id = house.callbacks(&made).await[0].id;
        assert!(house.engine().resend_callback(id).await.unwrap());
        house.deliver().await;
        assert_eq!(states(house, &made).await, ["delivered"]);
    }

    async fn sent_again_it_has_the_same_bytes(house: House) {
        let made = house.chosen(BTC).await;
        house.deliver().await;
        let first = house.world.endpoints.sent();
        house.pass(minutes(5));
        let id = house.callbacks(&made).await[0].id;
        house.engine().resend_callback(id).await.unwrap();
        house.deliver().await;
        let second = house.world.endpoints.sent();
        assert_eq!((first.len(), second.len()), (1, 1));
        assert_eq!(first[0].0.body, second[0].0.body);
        assert_eq!(first[0].0.id, second[0].0.id);
        assert!(second[0].0.at > first[0].0.at);
    }

    async fn a_disabled_key_is_replaced_by_the_newest_active_one(house: House) {
        house.chosen(BTC).await;
        house.chosen(LTC).await;
        house.pass(minutes(1));
        let scope = house.caller.scope;
        let middle = house.engine().add_key(scope).await.unwrap();
        house.pass(minutes(1));
        let newest = house.engine().add_key(scope).await.unwrap();
        assert_ne!(middle.key, newest.key);
        house.world.endpoints.behave(|_| answered(500));
        house.deliver().await;
        for (delivery, _) in house.world.endpoints.sent() {
            assert_eq!(delivery.key, house.shop.key.key, "the key that created the request");
        }
        house.engine().disable_key(house.shop.key.id).await.unwrap();
        house.pass(minutes(1));
        house.deliver().await;
        let sent = house.world.endpoints.sent();
        assert_eq!(sent.len(), 2);
        for (delivery, _) in sent {
            assert_eq!(delivery.key, newest.key);
            assert_eq!(delivery.secret, newest.secret);
            assert_eq!(delivery.webhook_secret, newest.webhook_secret);
        }
    }

    async fn a_superseded_callback_stays_so_whatever_its_last_attempt_came_to(house: House) {
        let made = paid(house).await;
        let first = house.callbacks(&made).await[0].clone();
        let (id, at) = (made.id, house.engine().now());
        let store = house.engine().store();
        let done = store.write(async move |tx: &mut coffer_store::tx::Tx<'_>| {
            tx.supersede_callbacks(id, 2).await?;
            tx.record_attempt(&first, CallbackState::Due, at, ("HTTP 500", None), at).await
        });
        assert!(!done.await.unwrap());
        assert_eq!(states(house, &made).await, ["superseded", "due", "due"]);
    }

    async fn a_merchant_without_an_endpoint_has_events_and_no_outbox(house: House) {
        let mut merchant = house.shop.merchant.clone();
        merchant.callback_url = None;
        house.engine().set_merchant(merchant).await.unwrap();
        let made = paid(house).await;
        assert_eq!(house.told(&made).await, [""; 0]);
        let kinds: Vec<String> = house.events(&made).await.into_iter().map(|e| e.kind).collect();
        assert_eq!(kinds, ["rate_fixed", "transaction", "paid"]);
    }
}
