//! What the customer decides on the page, and the merchant meanwhile.

use coffer_domain::payment_request::Refused;
use coffer_engine::payment_request::{DecideRefused, Once, ProceedRefused};
use serde_json::json;

use crate::{
    house::{BTC, House, LTC, PRICE, minutes},
    on_both,
};

on_both! {
    async fn the_customer_proceeds_with_a_coin(house: House) {
        let made = house.chosen(BTC).await;
        assert_eq!(house.status(&made).await, "processing");
        assert_eq!(house.quote(&made).await.expected.get(), PRICE);
        assert_eq!(house.told(&made).await, ["rate_fixed"]);
    }

    async fn another_coin_gets_another_address_and_the_first_stays_payable(house: House) {
        let made = house.chosen(BTC).await;
        let first = house.quote(&made).await;
        house.choose(&made, LTC).await.unwrap();
        let second = house.quote(&made).await;
        assert_ne!(first.address, second.address);
        assert_eq!(house.told(&made).await, ["rate_fixed", "rate_fixed"]);
        house.send(first.asset, &first.address, PRICE).await;
        house.blocks(2).await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn the_same_coin_again_is_a_new_price_on_the_same_address(house: House) {
        let made = house.chosen(BTC).await;
        let first = house.quote(&made).await;
        house.pass(minutes(30));
        house.choose(&made, BTC).await.unwrap();
        let second = house.quote(&made).await;
        assert_eq!(first.address, second.address);
        assert_ne!(first.id, second.id);
        assert_eq!(second.locked_until.since(first.locked_until), minutes(30));
        assert_eq!(house.count("SELECT COUNT(*) FROM address").await, 1);
    }

    async fn two_paid_addresses_are_one_payment_and_one_case(house: House) {
        let made = house.chosen(BTC).await;
        let first = house.quote(&made).await;
        house.choose(&made, LTC).await.unwrap();
        let second = house.quote(&made).await;
        house.send(first.asset, &first.address, PRICE).await;
        house.send(second.asset, &second.address, second.expected.get()).await;
        house.blocks(6).await;
        assert_eq!(house.status(&made).await, "paid");
        let second = crate::house::case("second_address", second.expected.get());
        assert_eq!(house.cases(&made).await, [second]);
    }

    async fn once_a_payment_is_seen_the_coin_stands(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE / 2).await;
        house.follow().await;
        let refused = house.choose(&made, LTC).await.unwrap_err();
        assert!(matches!(refused, ProceedRefused::Refused(Refused::PaymentSeen)), "{refused:?}");
    }

    async fn a_coin_of_a_chain_that_cannot_be_read_is_not_offered(house: House) {
        let made = house.create().await;
        house.world.weather.set_down(true);
        house.engine().follow_once(&house.world.chain()).await.unwrap_err();
        let refused = house.choose(&made, BTC).await.unwrap_err();
        assert!(matches!(refused, ProceedRefused::Unavailable), "{refused:?}");
        house.world.weather.set_down(false);
        house.follow().await;
        house.choose(&made, BTC).await.unwrap();
    }

    async fn a_coin_other_than_the_merchant_asked_for_is_not_taken(house: House) {
        let made = house.try_create(json!({"payment_currency": {"iso": "BTC"}})).await.unwrap();
        let refused = house.choose(&made, LTC).await.unwrap_err();
        assert!(matches!(refused, ProceedRefused::Unavailable), "{refused:?}");
        house.choose(&made, BTC).await.unwrap();
    }

    async fn the_merchant_cancels_while_nothing_was_seen(house: House) {
        let made = house.chosen(BTC).await;
        let cancel = || house.engine().cancel(&house.caller, made.id, Once::default());
        cancel().await.unwrap();
        assert_eq!(house.status(&made).await, "cancelled");
        assert_eq!(house.told(&made).await, ["rate_fixed", "cancelled"]);
        let refused = cancel().await.unwrap_err();
        assert!(matches!(refused, DecideRefused::Refused(Refused::Ended)), "{refused:?}");
        house.pay(&made, PRICE).await;
        house.blocks(2).await;
        assert_eq!(house.told(&made).await, ["rate_fixed", "cancelled", "late_payment"]);
        assert_eq!(house.cases(&made).await, [crate::house::case("late", PRICE)]);
    }

    async fn a_payment_that_is_seen_cannot_be_cancelled(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.follow().await;
        let cancel = house.engine().cancel(&house.caller, made.id, Once::default());
        let refused = cancel.await.unwrap_err();
        assert!(matches!(refused, DecideRefused::Refused(Refused::PaymentSeen)), "{refused:?}");
    }

    async fn nobody_cancels_what_is_not_his(house: House) {
        let made = house.create().await;
        let policy = coffer_domain::payment_request::Policy::DEFAULT;
        let other = house.world.open_shop("other", policy).await.unwrap();
        let stranger = house.world.caller(&other).await.unwrap();
        let refused = house.engine().cancel(&stranger, made.id, Once::default()).await.unwrap_err();
        assert!(matches!(refused, DecideRefused::NotFound), "{refused:?}");
    }

    async fn an_address_left_on_the_page_is_kept_for_callbacks(house: House) {
        let made = house.create().await;
        let email = Some("guest@example.com".to_owned());
        house.engine().proceed(made.token, crate::house::asset(BTC), email).await.unwrap();
        house.deliver().await;
        let sent = house.world.endpoints.sent();
        let body = String::from_utf8(sent.first().unwrap().0.body.clone()).unwrap();
        assert!(body.contains("guest@example.com"), "{body}");
    }
}
