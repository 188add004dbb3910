//! Reorganisations, shallow and deep, with the payment coming back or not.

use coffer_engine::follow::Progress;

use crate::{
    house::{BTC, House, LTC, PRICE, case, follow, minutes},
    on_both,
};

on_both! {
    async fn a_payment_reorganised_out_and_back_is_one_payment(house: House) {
        let made = house.chosen(LTC).await;
        let expected = house.quote(&made).await.expected.get();
        house.pay(&made, expected).await;
        house.blocks(2).await;
        house.reorganise(2, &[]).await;
        house.follow().await;
        let stored = house.stored(&made).await;
        assert_eq!(stored.request.transfers.len(), 1);
        assert_eq!(stored.request.transfers[0].confirmations(), 3);
        house.blocks(3).await;
        assert_eq!(house.status(&made).await, "paid");
        assert_eq!(house.told(&made).await, ["rate_fixed", "transaction", "paid"]);
        assert_eq!(house.cases(&made).await, []);
    }

    async fn a_payment_reorganised_away_before_it_was_final_is_not_there(house: House) {
        let made = house.chosen(LTC).await;
        let expected = house.quote(&made).await.expected.get();
        let transaction = house.pay(&made, expected).await;
        house.blocks(2).await;
        house.reorganise(2, &[&transaction]).await;
        house.follow().await;
        assert_eq!(house.status(&made).await, "processing");
        assert_eq!(house.told(&made).await, ["rate_fixed", "transaction", "transaction"]);
        house.pass(minutes(60));
        house.follow().await;
        assert_eq!(house.status(&made).await, "expired");
        assert_eq!(house.cases(&made).await, []);
    }

    async fn a_deep_reorganisation_after_paid_is_told_and_opens_a_case(house: House) {
        let made = house.chosen(BTC).await;
        let transaction = house.pay(&made, PRICE).await;
        house.blocks(3).await;
        assert_eq!(house.status(&made).await, "paid");
        house.reorganise(3, &[&transaction]).await;
        house.follow().await;
        assert_eq!(house.status(&made).await, "paid");
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid", "reversal"]);
        assert_eq!(house.cases(&made).await, [case("reversed", PRICE)]);
        let expected = ["payment_reversed", "network_stopped"].map(|name| (name.to_owned(), 1));
        assert_eq!(house.alarms().await, expected);
    }

    /// No real chain gets shorter: what is in the pool of one that does may be in its next block.
    async fn a_final_payment_in_the_pool_of_a_shorter_chain_is_followed_on(house: House) {
        let made = house.chosen(BTC).await;
        let transaction = house.pay(&made, PRICE).await;
        house.blocks(3).await;
        house.world.ledger().unwind(3).await.unwrap();
        house.follow().await;
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid"]);
        house.world.ledger().replace(&transaction).await.unwrap();
        house.follow().await;
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid", "reversal"]);
        assert_eq!(house.cases(&made).await, [case("reversed", PRICE)]);
    }

    async fn a_final_payment_that_comes_back_on_a_chain_that_got_shorter_has_moved(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.blocks(3).await;
        house.world.ledger().unwind(3).await.unwrap();
        house.follow().await;
        house.blocks(4).await;
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid"]);
        assert_eq!(house.cases(&made).await, []);
    }

    async fn a_reorganisation_deeper_than_a_step_loses_nothing_that_came_back_late(house: House) {
        let made = house.chosen(BTC).await;
        house.mine(1).await;
        house.pay(&made, PRICE).await;
        house.blocks(150).await;
        assert_eq!(house.status(&made).await, "paid");
        // The payment waits in the pool while others mine, and comes back at the very end.
        let ledger = house.world.ledger();
        ledger.unwind(140).await.unwrap();
        house.mine(200).await;
        let chain = house.world.chain();
        while house.engine().follow_once(&chain).await.unwrap() != Progress::AtTip {}
        house.follow().await;
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid"]);
        assert_eq!(house.cases(&made).await, []);
    }

    async fn a_shorter_chain_is_followed_down(house: House) {
        house.blocks(10).await;
        house.world.ledger().unwind(4).await.unwrap();
        house.follow().await;
        assert_eq!(house.count("SELECT height FROM chain_cursor").await, 6);
        assert_eq!(house.count("SELECT MAX(height) FROM chain_block").await, 6);
        house.blocks(1).await;
        assert_eq!(house.count("SELECT height FROM chain_cursor").await, 7);
    }

    async fn two_followers_take_in_every_block_once(house: House) {
        let other = house.world.another_engine(house.engine().store());
        let made = house.chosen(BTC).await;
        for round in 0..6 {
            house.pay(&made, PRICE / 4).await;
            house.mine(1).await;
            let both = futures_util::future::join(
                follow(&house.world, house.engine()),
                follow(&house.world, &other),
            );
            both.await;
            let stored = house.stored(&made).await;
            assert_eq!(stored.request.transfers.len(), round + 1);
        }
        assert_eq!(house.status(&made).await, "paid");
        let told = house.told(&made).await;
        assert_eq!(told.iter().filter(|kind| **kind == "paid").count(), 1, "{told:?}");
    }

    async fn who_begins_second_begins_where_the_first_stands(house: House) {
        house.blocks(3).await;
        let begun = house.count("SELECT COUNT(*) FROM chain_block").await;
        let other = house.world.another_engine(house.engine().store());
        follow(&house.world, &other).await;
        assert_eq!(house.count("SELECT COUNT(*) FROM chain_block").await, begun);
    }
}
