//! What one endpoint is not believed for becomes final once a second one has the block that makes
//! it so deep.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use coffer_domain::time::Span;
use coffer_engine::follow::Progress;
use serde_json::json;

use crate::{
    house::{BTC, House, LTC, PRICE},
    on_both,
    watched::{How, Meddling, to_the_tip},
};

const BEHIND: &str = "SELECT COUNT(*) FROM chain_cursor WHERE behind_since IS NOT NULL";

on_both! {
    async fn a_large_amount_is_final_once_a_second_endpoint_has_the_block(house: House) {
        let second = Arc::new(AtomicI64::new(0));
        let how = How::Capped { above: PRICE - 1, second: Arc::clone(&second) };
        let chain = Meddling::before(house.world.chain(), how);
        let look = async || house.engine().follow_once(&chain).await;
        let made = house.chosen(BTC).await;
        to_the_tip(house, &chain).await;
        house.pay(&made, PRICE).await;
        house.mine(1).await;
        to_the_tip(house, &chain).await;
        assert_eq!(house.count(BEHIND).await, 0, "it is not deep enough yet");
        house.mine(2).await;
        let height = house.world.chain().tip().await.unwrap().at.height;
        // It may have it in a moment, and other payments wait no longer than that.
        for _ in 0..2 {
            assert_eq!(look().await.unwrap(), Progress::Unsettled);
            assert_eq!((house.status(&made).await, house.count(BEHIND).await), ("processing", 0));
            house.pass(Span::from_seconds(30));
        }
        house.pass(Span::from_seconds(1));
        for _ in 0..2 {
            let error = look().await.unwrap_err().to_string();
            assert!(error.contains("a second endpoint must confirm: block"), "{error}");
            assert!(error.ends_with(&format!("block {}", height - 1)), "{error}");
            assert_eq!(house.status(&made).await, "processing");
            assert_eq!(house.count(BEHIND).await, 1);
        }
        // The newest block makes nothing final, so that nobody need have it.
        second.store(i64::try_from(height - 1).unwrap(), Ordering::SeqCst);
        to_the_tip(house, &chain).await;
        assert_eq!((house.status(&made).await, house.count(BEHIND).await), ("paid", 0));
    }

    async fn what_is_sent_while_a_second_endpoint_is_waited_for_is_not_late(house: House) {
        let second = Arc::new(AtomicI64::new(0));
        let how = How::Capped { above: PRICE, second: Arc::clone(&second) };
        let chain = Meddling::before(house.world.chain(), how);
        let (large, made) = (house.chosen(BTC).await, house.chosen(BTC).await);
        house.pay(&large, PRICE + 1).await;
        house.mine(1).await;
        house.pass(Span::from_seconds(3_600 - 10));
        to_the_tip(house, &chain).await;
        house.mine(2).await;
        // It is listed at once, by looks that are let go; then its window ends.
        house.pass(Span::from_seconds(5));
        house.pay(&made, PRICE).await;
        for _ in 0..2 {
            let look = house.engine().follow_once(&chain).await;
            assert_eq!(look.unwrap(), Progress::Unsettled);
            house.pass(Span::from_seconds(5));
        }
        second.store(i64::MAX, Ordering::SeqCst);
        to_the_tip(house, &chain).await;
        while house.engine().end_windows().await.unwrap() {}
        assert_eq!(house.status(&made).await, "processing");
        house.mine(3).await;
        to_the_tip(house, &chain).await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn one_endpoint_makes_a_small_amount_final(house: House) {
        let second = Arc::new(AtomicI64::new(0));
        let how = How::Capped { above: PRICE, second };
        let chain = Meddling::before(house.world.chain(), how);
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.mine(2).await;
        to_the_tip(house, &chain).await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn small_amounts_of_one_block_are_large_together(house: House) {
        let second = Arc::new(AtomicI64::new(0));
        let how = How::Capped { above: PRICE, second: Arc::clone(&second) };
        let chain = Meddling::before(house.world.chain(), how);
        let (one, other) = (house.chosen(BTC).await, house.chosen(BTC).await);
        house.pay(&one, PRICE).await;
        house.pay(&other, PRICE).await;
        house.mine(2).await;
        assert_eq!(house.engine().follow_once(&chain).await.unwrap(), Progress::Unsettled);
        second.store(i64::MAX, Ordering::SeqCst);
        to_the_tip(house, &chain).await;
        for made in [&one, &other] {
            assert_eq!(house.status(made).await, "paid");
        }
    }
    async fn what_a_rescan_finds_is_no_deeper_than_a_second_endpoint_says(house: House) {
        let second = Arc::new(AtomicI64::new(0));
        let made = house.chosen(BTC).await;
        house.follow().await;
        house.pay(&made, PRICE).await;
        house.mine(4).await;
        to_the_tip(house, &Meddling::before(house.world.chain(), How::Hiding)).await;
        let how = How::Capped { above: PRICE - 1, second: Arc::clone(&second) };
        let chain = Meddling::before(house.world.chain(), how);
        assert_eq!(house.engine().rescan(&chain, 0, &|_| {}).await.unwrap().missed, 1);
        assert_eq!(house.status(&made).await, "processing");
        assert_eq!(house.engine().follow_once(&chain).await.unwrap(), Progress::Unsettled);
        second.store(i64::MAX, Ordering::SeqCst);
        to_the_tip(house, &chain).await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn a_large_amount_is_final_while_a_network_catches_up(house: House) {
        let asked = Arc::new(AtomicI64::new(0));
        let how = How::Finalizing(Arc::clone(&asked));
        let chain = Meddling::before(house.world.chain(), how);
        let made = house.chosen(BTC).await;
        to_the_tip(house, &chain).await;
        let at = house.world.chain().tip().await.unwrap().at.height;
        house.mine(49).await;
        house.pay(&made, PRICE).await;
        house.mine(30).await;
        assert_eq!(house.engine().follow_once(&chain).await.unwrap(), Progress::More);
        // The network calls a block final that is far above all that was read.
        assert_eq!(asked.load(Ordering::SeqCst), i64::try_from(at + 50).unwrap());
        assert_eq!(house.status(&made).await, "paid");
        to_the_tip(house, &chain).await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn what_was_final_before_counts_to_what_its_block_pays(house: House) {
        let second = Arc::new(AtomicI64::new(0));
        // They wait for 2 blocks and for 6.
        let mut paid = Vec::new();
        for amount in ["20", "60"] {
            let coin = json!({"iso": LTC.0, "network_name": LTC.1});
            let currency = json!({"iso": "EUR"});
            let fields = json!({"amount": amount, "currency": currency, "payment_currency": coin});
            let made = house.try_create(fields).await.unwrap();
            let units = house.quote(&made).await.expected.get();
            paid.push((made, units));
        }
        let [(early, little), (late, more)] = &paid[..] else { unreachable!() };
        let how = How::Capped { above: little + more - 1, second: Arc::clone(&second) };
        let chain = Meddling::before(house.world.chain(), how);
        house.pay(early, *little).await;
        house.pay(late, *more).await;
        house.mine(2).await;
        let height = house.world.chain().tip().await.unwrap().at.height;
        second.store(i64::try_from(height).unwrap(), Ordering::SeqCst);
        to_the_tip(house, &chain).await;
        assert_eq!((house.status(early).await, house.status(late).await), ("paid", "processing"));
        house.mine(4).await;
        assert_eq!(house.engine().follow_once(&chain).await.unwrap(), Progress::Unsettled);
        assert_eq!(house.status(late).await, "processing");
        second.store(i64::MAX, Ordering::SeqCst);
        to_the_tip(house, &chain).await;
        assert_eq!(house.status(late).await, "paid");
    }
}
