//! When a window closes: by the chain's clock, and never while we cannot see.

use serde_json::json;

use crate::{
    house::{BTC, House, LTC, PRICE, TOLERANCE, case, minutes},
    on_both,
};

on_both! {
    async fn without_a_coin_our_clock_ends_the_lifespan(house: House) {
        let made = house.create().await;
        house.world.weather.set_down(true);
        house.pass(minutes(239));
        house.engine().end_windows().await.unwrap();
        assert_eq!(house.status(&made).await, "created");
        house.pass(minutes(1));
        house.engine().end_windows().await.unwrap();
        assert_eq!(house.status(&made).await, "expired");
        assert_eq!(house.told(&made).await, ["expired_without_rate"]);
    }

    async fn a_window_closes_by_the_watermark_of_a_live_tip(house: House) {
        let made = house.chosen(BTC).await;
        house.pass(minutes(59));
        house.follow().await;
        assert_eq!(house.status(&made).await, "processing");
        house.pass(minutes(1));
        house.follow().await;
        assert_eq!(house.status(&made).await, "expired");
        assert_eq!(house.told(&made).await, ["rate_fixed", "expired_with_rate"]);
    }

    async fn a_window_does_not_close_while_the_chain_cannot_be_reached(house: House) {
        let made = house.chosen(BTC).await;
        house.world.weather.set_down(true);
        for _ in 0..50 {
            house.pass(minutes(5));
            house.engine().follow_once(&house.world.chain()).await.unwrap_err();
            house.engine().end_windows().await.unwrap();
        }
        assert_eq!(house.status(&made).await, "processing");
        let behind = "SELECT COUNT(*) FROM chain_cursor WHERE behind_since IS NOT NULL";
        assert_eq!(house.count(behind).await, 1);
        let shown = house.engine().request(&house.caller, made.id).await.unwrap().unwrap();
        assert!(String::from_utf8(shown).unwrap().contains("read with delay"));
        house.world.weather.set_down(false);
        house.follow().await;
        assert_eq!(house.status(&made).await, "expired");
        assert_eq!(house.count(behind).await, 0);
    }

    async fn what_was_paid_in_the_window_during_an_outage_pays(house: House) {
        let made = house.chosen(BTC).await;
        house.world.weather.set_down(true);
        house.pass(minutes(30));
        house.pay(&made, PRICE).await;
        house.mine(1).await;
        house.pass(minutes(60));
        house.engine().follow_once(&house.world.chain()).await.unwrap_err();
        house.mine(5).await;
        house.pass(minutes(60));
        house.world.weather.set_down(false);
        house.follow().await;
        assert_eq!(house.status(&made).await, "paid");
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid"]);
    }

    async fn a_window_does_not_close_on_a_node_that_lags(house: House) {
        let made = house.chosen(BTC).await;
        house.blocks(3).await;
        house.pass(minutes(50));
        house.pay(&made, PRICE).await;
        house.mine(3).await;
        house.world.weather.set_lag(3);
        house.pass(minutes(120));
        house.follow().await;
        assert_eq!(house.status(&made).await, "processing");
        house.world.weather.set_lag(0);
        house.follow().await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn a_block_just_behind_the_window_counts_if_we_were_blind(house: House) {
        let made = house.chosen(BTC).await;
        house.world.weather.set_down(true);
        house.engine().follow_once(&house.world.chain()).await.unwrap_err();
        house.pass(minutes(69));
        house.pay(&made, PRICE).await;
        house.mine(2).await;
        house.world.weather.set_down(false);
        house.follow().await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn a_block_long_behind_the_window_is_late_even_if_we_were_blind(house: House) {
        let made = house.chosen(BTC).await;
        house.world.weather.set_down(true);
        house.engine().follow_once(&house.world.chain()).await.unwrap_err();
        house.pass(minutes(71));
        house.pay(&made, PRICE).await;
        house.mine(2).await;
        house.world.weather.set_down(false);
        house.follow().await;
        assert_eq!(house.status(&made).await, "expired");
        assert_eq!(house.cases(&made).await, [case("late", PRICE)]);
    }

    async fn what_we_saw_arrive_late_stays_late_however_blind_we_were_afterwards(house: House) {
        let made = house.chosen(BTC).await;
        let other = house.chosen(LTC).await;
        house.pass(minutes(50));
        house.pay(&other, 1).await;
        house.follow().await;
        house.pass(minutes(15));
        house.pay(&made, PRICE).await;
        house.follow().await;
        assert_eq!(house.status(&made).await, "expired");
        house.world.weather.set_down(true);
        house.engine().follow_once(&house.world.chain()).await.unwrap_err();
        house.mine(2).await;
        house.world.weather.set_down(false);
        house.follow().await;
        assert_eq!(house.cases(&made).await, [case("late", PRICE)]);
    }

    async fn two_transfers_make_one_payment_in_the_extension(house: House) {
        let made = house.chosen(BTC).await;
        house.pass(minutes(55));
        house.pay(&made, PRICE / 4).await;
        house.blocks(2).await;
        house.pass(minutes(55));
        house.follow().await;
        assert_eq!(house.status(&made).await, "processing");
        house.pay(&made, PRICE / 4 * 3 - TOLERANCE).await;
        house.blocks(2).await;
        assert_eq!(house.status(&made).await, "paid");
        let told = ["rate_fixed", "transaction", "transaction", "paid"];
        assert_eq!(&house.told(&made).await[..2], &told[..2]);
        assert_eq!(house.told(&made).await.last(), told.last());
    }

    async fn there_is_one_extension_and_then_it_fails(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE / 4).await;
        house.blocks(2).await;
        house.pass(minutes(119));
        house.follow().await;
        assert_eq!(house.status(&made).await, "processing");
        house.pass(minutes(1));
        house.follow().await;
        assert_eq!(house.status(&made).await, "failed");
        assert_eq!(house.cases(&made).await, [case("under", PRICE / 4)]);
    }

    async fn what_was_seen_in_the_window_may_confirm_within_a_day(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.follow().await;
        house.pass(minutes(60 * 24));
        house.follow().await;
        assert_eq!(house.status(&made).await, "processing");
        house.blocks(2).await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn what_was_seen_and_never_confirms_fails_after_the_grace(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.follow().await;
        house.pass(minutes(60 * 25));
        house.follow().await;
        assert_eq!(house.status(&made).await, "failed");
        assert_eq!(house.told(&made).await, ["rate_fixed", "transaction", "failed"]);
    }

    async fn a_chain_is_read_in_steps_and_behind_until_its_tip(house: House) {
        use coffer_engine::follow::Progress;
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.mine(120).await;
        let chain = house.world.chain();
        let behind = "SELECT COUNT(*) FROM chain_cursor WHERE behind_since IS NOT NULL";
        assert_eq!(house.engine().follow_once(&chain).await.unwrap(), Progress::More);
        assert_eq!(house.count(behind).await, 1);
        assert_eq!(house.engine().follow_once(&chain).await.unwrap(), Progress::More);
        assert_eq!(house.engine().follow_once(&chain).await.unwrap(), Progress::AtTip);
        assert_eq!(house.count(behind).await, 0);
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn a_watermark_never_goes_back(house: House) {
        let watermark = "SELECT watermark FROM chain_cursor";
        house.blocks(5).await;
        house.pass(minutes(30));
        house.follow().await;
        let before = house.count(watermark).await;
        house.reorganise(3, &[]).await;
        house.world.weather.set_lag(1);
        house.follow().await;
        assert!(house.count(watermark).await >= before);
    }

    async fn a_look_that_finds_nothing_new_writes_nothing(house: House) {
        let looks = "SELECT look FROM chain_cursor";
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.follow().await;
        let before = house.count(looks).await;
        for _ in 0..9 {
            house.pass(coffer_domain::time::Span::from_seconds(1));
            house.follow().await;
        }
        assert_eq!(house.count(looks).await, before);
        house.pass(coffer_domain::time::Span::from_seconds(1));
        house.follow().await;
        assert_eq!(house.count(looks).await, before + 1, "the watermark goes on");
    }

    async fn a_request_in_two_coins_waits_for_both_windows(house: House) {
        let made = house.chosen(BTC).await;
        let first = house.quote(&made).await;
        house.pass(minutes(30));
        house.choose(&made, LTC).await.unwrap();
        house.pass(minutes(45));
        house.follow().await;
        assert_eq!(house.status(&made).await, "processing", "{}", first.address);
        house.pass(minutes(15));
        house.follow().await;
        assert_eq!(house.status(&made).await, "expired");
    }

    async fn a_lifespan_shorter_than_an_hour_ends_the_lock(house: House) {
        let made = house.try_create(json!({"life_time_duration": 600})).await.unwrap();
        house.pass(minutes(5));
        house.choose(&made, BTC).await.unwrap();
        assert_eq!(house.quote(&made).await.locked_until.since(house.engine().now()), minutes(5));
    }
}
