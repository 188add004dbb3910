//! Creating a request.

use coffer_domain::merchant::Environment;
use coffer_engine::{
    address::{FIRST_MAX, WalletRefused},
    payment_request::{CreateRefused, Once},
};
use serde_json::json;

use crate::{
    house::{BTC, House, PRICE, TOLERANCE, asset},
    on_both,
};

on_both! {
    async fn a_request_whose_coin_is_chosen_later_has_no_quote_and_tells_nobody(house: House) {
        let made = house.create().await;
        let stored = house.stored(&made).await;
        assert_eq!(stored.request.status(), "created");
        assert!(stored.request.quotes.is_empty());
        assert_eq!(house.told(&made).await, [""; 0]);
    }

    async fn a_fixed_request_has_address_quote_and_callback_at_once(house: House) {
        let made = house.fixed(BTC).await;
        let stored = house.stored(&made).await;
        assert_eq!(stored.request.status(), "processing");
        let quote = house.quote(&made).await;
        assert_eq!(quote.asset, asset(BTC));
        assert_eq!((quote.expected.get(), quote.tolerance.get()), (PRICE, TOLERANCE));
        assert!(quote.address.starts_with("sandbox1"));
        assert_eq!(stored.rates.len(), 1);
        assert_eq!(house.told(&made).await, ["rate_fixed"]);
    }

    async fn a_fixed_request_that_is_refused_leaves_nothing_behind(house: House) {
        house.try_create(json!({"foreign_id": "order 1"})).await.unwrap();
        let fixed = json!({
            "foreign_id": "order 1", "end_user_email": "guest@example.com",
            "payment_currency": {"iso": "BTC", "network_name": "bitcoin"},
        });
        let refused = house.try_create(fixed).await.unwrap_err();
        assert!(matches!(refused, CreateRefused::Fields(_)), "{refused:?}");
        assert_eq!(house.count("SELECT COUNT(*) FROM payment_request").await, 1);
        assert_eq!(house.count("SELECT COUNT(*) FROM customer").await, 0);
        assert_eq!(house.count("SELECT COUNT(*) FROM address").await, 0);
        assert_eq!(house.count("SELECT COUNT(*) FROM callback").await, 0);
        assert_eq!(house.count("SELECT COUNT(*) FROM event").await, 0);
        let next = "SELECT MAX(next_number) FROM wallet";
        assert_eq!(house.count(next).await, 0, "an address number was used up");
    }

    async fn the_same_foreign_id_with_equal_fields_is_the_same_request(house: House) {
        let fields = json!({
            "foreign_id": "order 1", "end_user_email": "guest@example.com",
            "end_user_reference": "customer 1", "description": "Two books",
        });
        let first = house.try_create(fields.clone()).await.unwrap();
        let second = house.try_create(fields).await.unwrap();
        assert_eq!(first.answer, second.answer);
        assert_eq!(house.count("SELECT COUNT(*) FROM payment_request").await, 1);
        assert_eq!(house.count("SELECT COUNT(*) FROM customer").await, 1);
    }

    async fn a_repeated_fixed_request_keeps_its_address(house: House) {
        let fields = json!({
            "foreign_id": "order 1", "payment_currency": {"iso": "BTC", "network_name": "bitcoin"},
        });
        let first = house.try_create(fields.clone()).await.unwrap();
        house.pass(crate::house::minutes(5));
        let second = house.try_create(fields).await.unwrap();
        assert_eq!(first.answer, second.answer);
        assert_eq!(house.count("SELECT COUNT(*) FROM address").await, 1);
        assert_eq!(house.told(&first).await, ["rate_fixed"]);
    }

    async fn two_requests_of_one_customer_share_his_key(house: House) {
        for order in ["1", "2"] {
            let fields = json!({
                "foreign_id": order, "end_user_email": "guest@example.com",
                "end_user_reference": "customer 1",
            });
            house.try_create(fields).await.unwrap();
        }
        assert_eq!(house.count("SELECT COUNT(*) FROM customer").await, 1);
    }

    async fn an_idempotency_key_answers_the_same_bytes_again(house: House) {
        let once = Once { idempotency: Some(("key", b"body")), nonce: None };
        let fields = json!({"end_user_email": "guest@example.com"});
        let first = house.create_once(fields.clone(), once).await.unwrap();
        let second = house.create_once(fields, once).await.unwrap();
        assert_eq!(first.answer, second.answer);
        assert_eq!(house.count("SELECT COUNT(*) FROM payment_request").await, 1);
        let other = Once { idempotency: Some(("key", b"other")), nonce: None };
        let refused = house.create_once(json!({}), other).await.unwrap_err();
        assert!(matches!(refused, CreateRefused::KeyReused), "{refused:?}");
    }

    async fn twins_with_one_idempotency_key_get_one_request(house: House) {
        let once = Once { idempotency: Some(("key", b"body")), nonce: None };
        let twins = (0..8).map(|_| house.create_once(json!({}), once));
        let answers = futures_util::future::join_all(twins).await;
        let first = answers.first().unwrap().as_ref().unwrap().answer.clone();
        for answer in answers {
            assert_eq!(answer.unwrap().answer, first);
        }
        assert_eq!(house.count("SELECT COUNT(*) FROM payment_request").await, 1);
    }

    async fn a_nonce_is_taken_once(house: House) {
        let once = Once { idempotency: None, nonce: Some("nonce") };
        house.create_once(json!({}), once).await.unwrap();
        let refused = house.create_once(json!({}), once).await.unwrap_err();
        assert!(matches!(refused, CreateRefused::NonceUsed), "{refused:?}");
        assert_eq!(house.count("SELECT COUNT(*) FROM payment_request").await, 1);
    }

    async fn kept_answers_and_nonces_are_forgotten_after_their_time(house: House) {
        let once = Once { idempotency: Some(("key", b"body")), nonce: Some("nonce") };
        house.create_once(json!({}), once).await.unwrap();
        house.pass(crate::house::minutes(16));
        house.engine().forget().await.unwrap();
        assert_eq!(house.count("SELECT COUNT(*) FROM nonce").await, 0);
        assert_eq!(house.count("SELECT COUNT(*) FROM idempotency").await, 1);
        house.pass(crate::house::minutes(24 * 60));
        house.engine().forget().await.unwrap();
        assert_eq!(house.count("SELECT COUNT(*) FROM idempotency").await, 0);
    }

    async fn no_address_is_ever_shown_twice(house: House) {
        let creates = (0..64).map(|_| house.fixed(BTC));
        let made = futures_util::future::join_all(creates).await;
        let mut addresses = std::collections::BTreeSet::new();
        for made in &made {
            addresses.insert(house.quote(made).await.address);
        }
        assert_eq!(addresses.len(), 64);
        assert_eq!(house.count("SELECT COUNT(DISTINCT text) FROM address").await, 64);
        house.follow().await;
        assert_eq!(house.engine().addresses_watched(), 64);
    }

    async fn a_wallet_gives_out_no_address_below_its_first(house: House) {
        house.pass(crate::house::minutes(1));
        let network = "bitcoin".parse().unwrap();
        let add = |key, first| {
            house.engine().add_wallet(None, Environment::Sandbox, network, key, Some(first))
        };
        let refused = add("a second key", FIRST_MAX + 1).await.unwrap_err();
        assert!(matches!(refused, WalletRefused::First(_)), "{refused}");
        let told = add("a second key", 30).await.unwrap().addresses;
        for address in &told[..2] {
            let made = house.chosen(BTC).await;
            assert_eq!(house.quote(&made).await.address, address.text);
            house.pay(&made, PRICE).await;
            house.blocks(2).await;
            assert_eq!(house.status(&made).await, "paid");
        }
        assert_eq!(house.count("SELECT MIN(number) FROM address").await, 30);
        assert_eq!(house.count("SELECT MAX(next_number) FROM wallet").await, 32);
        let engine = house.engine();
        assert_eq!((engine.addresses_watched(), engine.addresses_issued()), (2, 2));
    }

    async fn a_wallet_begins_elsewhere_until_it_has_given_out_an_address(house: House) {
        house.pass(crate::house::minutes(1));
        let network = "bitcoin".parse().unwrap();
        let add = |first| {
            house.engine().add_wallet(None, Environment::Sandbox, network, "a second key", first)
        };
        let added = add(None).await.unwrap();
        assert_eq!((added.first, added.before), (0, None));
        for (first, before) in [(30, 0), (7, 30)] {
            let changed = add(Some(first)).await.unwrap();
            assert_eq!((changed.id, changed.before), (added.id, Some(before)));
        }
        for first in [None, Some(7)] {
            let refused = add(first).await.unwrap_err();
            assert!(matches!(refused, WalletRefused::Known), "{refused}");
        }
        let made = house.chosen(BTC).await;
        assert_eq!(house.count("SELECT MIN(number) FROM address").await, 7);
        let refused = add(Some(30)).await.unwrap_err();
        assert!(matches!(refused, WalletRefused::GivenOut { first: 7, count: 1 }), "{refused}");
        house.pay(&made, PRICE).await;
        house.blocks(2).await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn customers_who_choose_at_the_same_time_do_not_stand_in_each_others_way(house: House) {
        let creates = (0..64).map(|_| house.create());
        let made = futures_util::future::join_all(creates).await;
        let choices = made.iter().map(|made| house.choose(made, BTC));
        for chosen in futures_util::future::join_all(choices).await {
            chosen.unwrap();
        }
        assert_eq!(house.count("SELECT COUNT(DISTINCT text) FROM address").await, 64);
    }
}
