//! What a payment waits for, by the request's total. Here litecoin waits for 2 blocks below 50 EUR.

use coffer_domain::{
    id::PaymentRequestId,
    payment_request::{Needed, Policy},
};
use coffer_engine::payment_request::Once;
use serde_json::{Value, json};

use crate::{
    house::{House, LTC, Made},
    on_both,
};

const ETH: (&str, &str) = ("ETH", "ethereum");

impl House {
    async fn priced(&self, amount: &str, currency: &str, coin: (&str, &str)) -> Made {
        self.try_create(fields(amount, currency, coin)).await.unwrap()
    }

    async fn needed(&self, amount: &str, currency: &str, coin: (&str, &str)) -> Needed {
        self.quote(&self.priced(amount, currency, coin).await).await.needed
    }
}

fn fields(amount: &str, currency: &str, coin: (&str, &str)) -> Value {
    json!({
        "amount": amount,
        "currency": {"iso": currency},
        "payment_currency": {"iso": coin.0, "network_name": coin.1},
    })
}

on_both! {
    async fn a_great_total_waits_for_more_blocks_than_a_small_one(house: House) {
        assert_eq!(house.needed("49.99", "EUR", LTC).await, Needed::Confirmations(2));
        assert_eq!(house.needed("50", "EUR", LTC).await, Needed::Confirmations(6));
        assert_eq!(house.needed("20", "USD", LTC).await, Needed::Confirmations(2));
        assert_eq!(house.needed("100", "USD", LTC).await, Needed::Confirmations(6));
    }

    async fn a_great_total_sent_in_small_pieces_waits_as_long(house: House) {
        let made = house.priced("60", "EUR", LTC).await;
        let expected = house.quote(&made).await.expected.get();
        house.pay(&made, expected / 2).await;
        house.pay(&made, expected - expected / 2).await;
        house.blocks(5).await;
        assert_eq!(house.status(&made).await, "processing");
        house.blocks(1).await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn a_small_total_is_paid_after_few_blocks(house: House) {
        let made = house.priced("20", "EUR", LTC).await;
        let expected = house.quote(&made).await.expected.get();
        house.pay(&made, expected).await;
        house.blocks(2).await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn where_the_chain_says_no_words_numbers_hold(house: House) {
        assert_eq!(house.needed("999", "EUR", ETH).await, Needed::Confirmations(12));
        assert_eq!(house.needed("1000", "EUR", ETH).await, Needed::Confirmations(40));
        assert_eq!(house.needed("50000", "EUR", ETH).await, Needed::Confirmations(75));
    }

    async fn a_merchant_may_ask_for_other_steps_and_they_stay_with_his_requests(house: House) {
        let mut policy = Policy::DEFAULT;
        policy.set_confirmations("litecoin".parse().unwrap(), "1<30,9".parse().ok());
        let shop = house.world.open_shop("careful", policy.clone()).await.unwrap();
        let caller = house.world.caller(&shop).await.unwrap();
        for (amount, coin, count) in [("20", LTC, 1), ("40", LTC, 9), ("20", ETH, 12)] {
            let new = house.fields(&fields(amount, "EUR", coin));
            let engine = house.engine();
            let answer = engine.create_request(&caller, new, Once::default()).await.unwrap();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            let id: PaymentRequestId = answer["data"]["id"].as_str().unwrap().parse().unwrap();
            let stored = house.read(async move |tx| tx.request(id).await).await.unwrap();
            assert_eq!(stored.request.policy, policy);
            let quote = stored.request.current_quote().unwrap();
            assert_eq!(quote.needed, Needed::Confirmations(count), "{amount} EUR");
        }
    }
}
