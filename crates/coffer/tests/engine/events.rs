//! The feed: every change has an event, numbered after its commit.

use serde_json::Value;

use coffer_wire::{event::EventQuery, payment_request::SimulatedPayment};

use crate::{
    house::{BTC, House, PRICE},
    on_both,
};

on_both! {
    async fn events_are_numbered_after_commit_and_in_order(house: House) {
        let made = house.chosen(BTC).await;
        let other = house.chosen(BTC).await;
        assert!(house.events(&made).await.iter().all(|event| event.number.is_none()));
        house.engine().number_events().await.unwrap();
        house.pay(&made, PRICE).await;
        house.blocks(2).await;
        house.engine().number_events().await.unwrap();
        let numbers = |events: Vec<coffer_store::event::Event>| {
            events.into_iter().map(|event| event.number.unwrap()).collect::<Vec<_>>()
        };
        let first = numbers(house.events(&made).await);
        let second = numbers(house.events(&other).await);
        assert_eq!(first.len(), 2, "rate_fixed, paid");
        assert!(first.is_sorted() && first[1] > second[0], "{first:?} {second:?}");
        let query = EventQuery { after: 0, limit: 100 };
        let feed = house.engine().events(&house.caller, &query).await.unwrap();
        let feed: Value = serde_json::from_slice(&feed).unwrap();
        assert_eq!(feed["data"].as_array().unwrap().len(), 3, "{feed}");
    }

    async fn what_one_transaction_writes_is_listed_in_the_order_it_was_written(house: House) {
        for _ in 0..8 {
            let made = house.chosen(BTC).await;
            let once = coffer_engine::payment_request::Once::default();
            let over = SimulatedPayment::Over;
            house.engine().simulate(&house.caller, made.id, over, once).await.unwrap();
            let kinds: Vec<String> =
                house.events(&made).await.into_iter().map(|event| event.kind).collect();
            assert_eq!(kinds, ["rate_fixed", "transaction", "paid", "case_opened"]);
        }
    }
}
