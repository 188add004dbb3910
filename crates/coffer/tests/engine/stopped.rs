//! A payment that had been final is gone: the network is stopped until a person has looked.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use coffer_domain::{code::NetworkName, inner_transfers::InnerTransfers};
use coffer_engine::{
    follow::{ChainState, ClearRefused, Progress},
    payment_request::{CreateRefused, ProceedRefused},
};
use coffer_store::chain_stop::StopKind;
use serde_json::json;

use crate::{
    house::{BTC, House, LTC, Made, PRICE, case, minutes},
    on_both,
    watched::{How, Meddling, change, to_the_tip},
};

impl House {
    /// How the sandbox is read.
    pub async fn chain_state(&self) -> ChainState {
        let states = self.engine().chain_states().await.unwrap();
        states.into_iter().next().unwrap()
    }

    pub async fn clear(&self) {
        self.engine().clear_chain(&self.world.chain(), None).await.unwrap();
    }

    /// A paid request whose payment is then taken off the chain for good, below others' blocks.
    async fn reversed(&self) -> Made {
        let made = self.chosen(BTC).await;
        let transaction = self.pay(&made, PRICE).await;
        self.blocks(3).await;
        assert_eq!(self.status(&made).await, "paid");
        self.reorganise(3, &[&transaction]).await;
        self.follow().await;
        made
    }
}

on_both! {
    async fn nothing_is_credited_on_a_stopped_network_until_a_person_clears_it(house: House) {
        let other = house.chosen(BTC).await;
        let reversed = house.reversed().await;
        assert_eq!(house.told(&reversed).await, ["rate_fixed", "paid", "reversal"]);
        assert_eq!(house.cases(&reversed).await, [case("reversed", PRICE)]);
        house.pay(&other, PRICE).await;
        house.blocks(10).await;
        assert_eq!(house.status(&other).await, "processing");
        assert_eq!(house.told(&other).await, ["rate_fixed"]);
        house.clear().await;
        house.follow().await;
        assert_eq!(house.alarms().await, [("payment_reversed".to_owned(), 1)]);
        assert_eq!(house.status(&other).await, "paid");
        assert_eq!(house.told(&reversed).await, ["rate_fixed", "paid", "reversal"]);
        assert_eq!(house.cases(&reversed).await, [case("reversed", PRICE)]);
    }

    async fn a_final_payment_that_waits_again_is_reversed_at_once_and_told_once_back(house: House) {
        let waits = Arc::new(AtomicBool::new(false));
        let chain = Meddling::before(house.world.chain(), How::Waiting(Arc::clone(&waits)));
        let (made, other) = (house.chosen(BTC).await, house.chosen(LTC).await);
        house.pay(&made, PRICE).await;
        house.mine(3).await;
        to_the_tip(house, &chain).await;
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid"]);
        house.reorganise(3, &[]).await;
        waits.store(true, Ordering::SeqCst);
        house.engine().follow_once(&chain).await.unwrap();
        assert_eq!(house.engine().follow_once(&chain).await.unwrap(), Progress::Stopped);
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid", "reversal"]);
        assert_eq!(house.cases(&made).await, [case("reversed", PRICE)]);
        assert_eq!(house.told(&other).await, ["rate_fixed"], "nothing was lost by it");
        house.clear().await;
        to_the_tip(house, &chain).await;
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid", "reversal"], "it waits still");
        assert!(house.chain_state().await.stop.is_none());
        waits.store(false, Ordering::SeqCst);
        house.reorganise(4, &[]).await;
        to_the_tip(house, &chain).await;
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid", "reversal", "late_payment"]);
        assert!(house.chain_state().await.stop.is_none());
        assert_eq!(house.cases(&made).await, [case("reversed", PRICE)]);
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn the_step_that_stops_a_network_credits_nothing(house: House) {
        let made = house.chosen(BTC).await;
        let transaction = house.pay(&made, PRICE).await;
        house.blocks(3).await;
        house.world.ledger().unwind(3).await.unwrap();
        house.world.ledger().replace(&transaction).await.unwrap();
        house.pay(&made, PRICE).await;
        house.blocks(4).await;
        assert!(house.chain_state().await.stop.is_some());
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid", "reversal"]);
        let final_ones = "SELECT COUNT(*) FROM transfer WHERE confirmed_height IS NOT NULL";
        assert_eq!(house.count(final_ones).await, 1, "the one that is gone");
        house.clear().await;
        house.follow().await;
        assert_eq!(house.count(final_ones).await, 2);
        assert!(house.chain_state().await.stop.is_none());
    }

    async fn a_stop_says_what_happened_and_health_tells_of_it(house: House) {
        let height = house.chain_state().await.cursor.unwrap().at.height + 3;
        let reversed = house.reversed().await;
        let state = house.chain_state().await;
        let stop = state.stop.unwrap();
        assert_eq!((stop.kind, stop.height), (StopKind::Reversed, height));
        assert!(stop.reason.starts_with("a payment that had been final is gone: bitcoin:"));
        assert!(stop.reason.ends_with(&format!(":0 of payment request {}", reversed.id.text())));
        assert_eq!(state.cursor.unwrap().at.height, height, "the cursor stays where it was");
        let health = house.engine().health().await;
        assert!(!health.is_well());
        assert!(health.chains[0].behind.as_ref().unwrap().starts_with("stopped: a payment"));
        let again = house.engine().follow_once(&house.world.chain()).await;
        assert_eq!(again.unwrap(), Progress::Stopped);
    }

    async fn a_stopped_network_is_not_offered(house: House) {
        house.reversed().await;
        let made = house.create().await;
        let refused = house.choose(&made, LTC).await.unwrap_err();
        assert!(matches!(refused, ProceedRefused::Unavailable), "{refused:?}");
        let coin = json!({"iso": "BTC", "network_name": "bitcoin"});
        let refused = house.try_create(json!({"payment_currency": coin})).await.err().unwrap();
        let CreateRefused::Engine(error) = refused else { panic!("{refused:?}") };
        assert!(error.is_unavailable(), "{error}");
        assert!(error.to_string().contains("is behind: stopped"), "{error}");
        house.clear().await;
        house.follow().await;
        house.choose(&made, LTC).await.unwrap();
    }

    async fn windows_stand_still_on_a_stopped_network(house: House) {
        let unpaid = house.chosen(BTC).await;
        let paid = house.chosen(BTC).await;
        house.reversed().await;
        house.pay(&paid, PRICE).await;
        house.mine(1).await;
        house.pass(minutes(120));
        house.mine(1).await;
        house.follow().await;
        assert_eq!(house.status(&unpaid).await, "processing");
        house.clear().await;
        house.follow().await;
        assert_eq!(house.status(&unpaid).await, "expired");
        assert_eq!(house.status(&paid).await, "paid", "it was sent in time");
    }

    async fn a_reversed_payment_that_comes_back_after_a_stop_is_there_again(house: House) {
        let made = house.chosen(BTC).await;
        let transaction = house.pay(&made, PRICE).await;
        house.blocks(3).await;
        let quote = house.quote(&made).await;
        house.reorganise(3, &[&transaction]).await;
        house.follow().await;
        house.clear().await;
        house.send(quote.asset, &quote.address, PRICE).await;
        house.blocks(2).await;
        assert_eq!(house.status(&made).await, "paid");
        let told = house.told(&made).await;
        assert_eq!(told.iter().filter(|kind| **kind == "reversal").count(), 1, "{told:?}");
        assert!(house.chain_state().await.stop.is_none());
    }

    async fn what_is_cleared_looks_at_payments_in_many_blocks_page_by_page(house: House) {
        // Three of them, each in as many blocks as are read from the database at a time.
        let mut requests = Vec::new();
        for _ in 0..3 {
            let made = house.chosen(LTC).await;
            for _ in 0..70 {
                house.pay(&made, 1_000_000).await;
                house.mine(1).await;
            }
            house.follow().await;
            requests.push(made);
        }
        house.world.ledger().unwind(209).await.unwrap();
        house.mine(300).await;
        let chain = house.world.chain();
        house.engine().follow_once(&chain).await.unwrap_err();
        let refused = house.engine().clear_chain(&chain, Some(205)).await.unwrap_err();
        assert!(matches!(refused, ClearRefused::Parted { height: 204, .. }), "{refused}");
        let refused = house.engine().clear_chain(&chain, Some(10)).await.unwrap_err();
        assert!(matches!(refused, ClearRefused::Gone { count: 8, height: 2, .. }), "{refused}");
        change(house, "DELETE FROM chain_block WHERE height > 1").await;
        let refused = house.engine().clear_chain(&chain, Some(207)).await.unwrap_err();
        assert!(matches!(refused, ClearRefused::Gone { count: 205, height: 2, .. }), "{refused}");
        house.engine().clear_chain(&chain, Some(2)).await.unwrap();
        house.follow().await;
        assert!(house.chain_state().await.stop.is_none());
    }

    async fn only_what_is_stopped_can_be_cleared(house: House) {
        let name: NetworkName = house.world.chain().name();
        let refused = house.engine().clear_chain(&house.world.chain(), None).await.unwrap_err();
        assert!(matches!(refused, ClearRefused::NotStopped(of) if of == name), "{refused}");
    }

    async fn a_reorganisation_below_all_that_is_remembered_stops_the_chain(house: House) {
        house.blocks(230).await;
        house.world.ledger().unwind(229).await.unwrap();
        house.mine(300).await;
        let chain = house.world.chain();
        let error = house.engine().follow_once(&chain).await.unwrap_err();
        assert!(error.to_string().contains("reorganised below every block"), "{error}");
        assert_eq!(house.engine().follow_once(&chain).await.unwrap(), Progress::Stopped);
        assert_eq!(house.chain_state().await.stop.unwrap().kind, StopKind::TooDeep);
        assert!(!house.engine().health().await.is_well());
        house.clear().await;
        house.follow().await;
        assert_eq!(house.chain_state().await.cursor.unwrap().at.height, 301);
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.blocks(2).await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn blocks_are_read_again_in_parts_of_which_none_is_judged(house: House) {
        let (paid, gone, open) =
            (house.chosen(BTC).await, house.chosen(BTC).await, house.chosen(BTC).await);
        house.blocks(1).await;
        house.pay(&paid, PRICE).await;
        let transaction = house.pay(&gone, PRICE).await;
        house.blocks(229).await;
        house.world.ledger().unwind(229).await.unwrap();
        house.world.ledger().replace(&transaction).await.unwrap();
        house.mine(1).await;
        house.pay(&open, PRICE).await;
        house.mine(299).await;
        let chain = house.world.chain();
        house.engine().follow_once(&chain).await.unwrap_err();
        house.engine().clear_chain(&chain, Some(2)).await.unwrap();
        let before = house.chain_state().await.cursor.unwrap();
        let kept = "SELECT COUNT(*) FROM block_again";
        for part in 1..=5 {
            // Each by a process that knows of the others' nothing but what is stored.
            let process = house.world.another_engine(house.engine().store());
            let asked = Arc::new(AtomicI64::new(0));
            let counted = Meddling::before(house.world.chain(), How::Counted(Arc::clone(&asked)));
            assert_eq!(process.follow_once(&counted).await.unwrap(), Progress::More);
            let asked = asked.load(Ordering::SeqCst);
            assert!(part == 1 || asked <= 50 + 5, "each is asked for once: {asked}");
            while process.end_windows().await.unwrap() {}
            assert_eq!(house.count(kept).await, part * 50);
            let cursor = house.chain_state().await.cursor.unwrap();
            assert_eq!((&cursor.at, cursor.watermark), (&before.at, before.watermark));
            assert!(cursor.behind_reason.unwrap().ends_with(&format!("{} of 280", part * 50 + 1)));
            let refused = house.choose(&house.create().await, LTC).await.unwrap_err();
            assert!(matches!(refused, ProceedRefused::Unavailable), "{refused:?}");
            for made in [&paid, &gone] {
                assert_eq!(house.told(made).await, ["rate_fixed", "paid"]);
            }
            assert_eq!(house.told(&open).await, ["rate_fixed"]);
            if part == 3 {
                // What is kept above is on the chain no more.
                house.world.ledger().unwind(200).await.unwrap();
                house.mine(200).await;
                let dropped = house.engine().follow_once(&chain).await.unwrap();
                assert_eq!(dropped, Progress::Unsettled, "it goes on after a pause");
                assert_eq!(house.count(kept).await, 100);
                assert_eq!(house.engine().follow_once(&chain).await.unwrap(), Progress::More);
                assert_eq!(house.count(kept).await, 150);
            }
        }
        house.follow().await;
        assert_eq!(house.chain_state().await.stop.unwrap().kind, StopKind::Reversed);
        assert_eq!(house.told(&gone).await, ["rate_fixed", "paid", "reversal"]);
        house.clear().await;
        house.follow().await;
        assert!(house.chain_state().await.stop.is_none());
        assert_eq!(house.told(&paid).await, ["rate_fixed", "paid"], "it is in another block");
        assert_eq!(house.told(&open).await.last(), Some(&"paid"));
        assert_eq!(house.count(kept).await, 0);
        assert_eq!(house.count("SELECT COUNT(*) FROM chain_block").await, 201);
    }

    async fn what_was_read_again_is_read_anew_in_another_way(house: House) {
        house.blocks(1).await;
        house.blocks(229).await;
        house.world.ledger().unwind(229).await.unwrap();
        house.mine(300).await;
        let found = |how| Meddling::before(house.world.chain(), How::Found(how));
        let (old, new) = (found(InnerTransfers::Off), found(InnerTransfers::Traces));
        house.engine().follow_once(&old).await.unwrap_err();
        house.engine().clear_chain(&old, Some(2)).await.unwrap();
        let kept = "SELECT COUNT(*) FROM block_again";
        for (chain, count) in [(&old, 50), (&old, 100), (&new, 50), (&new, 100)] {
            assert_eq!(house.engine().follow_once(chain).await.unwrap(), Progress::More);
            assert_eq!(house.count(kept).await, count);
        }
    }

    async fn a_chain_does_not_go_on_from_a_block_that_was_replaced(house: House) {
        let other = house.chosen(LTC).await;
        let made = house.chosen(BTC).await;
        let lost = house.pay(&other, house.quote(&other).await.expected.get()).await;
        house.blocks(1).await;
        let transaction = house.pay(&made, PRICE).await;
        house.blocks(3).await;
        assert_eq!(house.status(&made).await, "paid");
        assert_eq!(house.status(&other).await, "processing");
        house.reorganise(4, &[&transaction, &lost]).await;
        house.follow().await;
        let chain = house.world.chain();
        let refused = house.engine().clear_chain(&chain, Some(4)).await.unwrap_err();
        assert!(matches!(refused, ClearRefused::Parted { height: 3, .. }), "{refused}");
        let refused = house.engine().clear_chain(&chain, Some(5)).await.unwrap_err();
        assert!(matches!(refused, ClearRefused::Beyond { height: 4, .. }), "{refused}");
        house.engine().clear_chain(&chain, Some(1)).await.unwrap();
        house.follow().await;
        house.blocks(6).await;
        assert_eq!(house.status(&other).await, "processing", "it was never paid");
    }

    async fn a_chain_does_not_go_on_above_a_payment_whose_block_is_gone(house: House) {
        let made = house.chosen(BTC).await;
        house.blocks(1).await;
        house.pay(&made, PRICE).await;
        house.blocks(229).await;
        assert_eq!(house.status(&made).await, "paid");
        house.world.ledger().unwind(229).await.unwrap();
        house.mine(300).await;
        let chain = house.world.chain();
        house.engine().follow_once(&chain).await.unwrap_err();
        let refused = house.engine().clear_chain(&chain, None).await.unwrap_err();
        assert!(matches!(refused, ClearRefused::Gone { count: 1, height: 2, .. }), "{refused}");
        house.engine().clear_chain(&chain, Some(2)).await.unwrap();
        house.follow().await;
        assert_eq!(house.told(&made).await.last(), Some(&"paid"), "it is in another block");
        assert!(house.chain_state().await.stop.is_none());
    }

    async fn a_chain_goes_on_from_the_block_that_a_person_names(house: House) {
        house.blocks(230).await;
        house.world.ledger().unwind(229).await.unwrap();
        house.mine(300).await;
        let chain = house.world.chain();
        house.engine().follow_once(&chain).await.unwrap_err();
        let refused = house.engine().clear_chain(&chain, Some(1_000)).await.unwrap_err();
        assert_eq!(refused.to_string(), "sandbox has no block 999 to go on from");
        house.engine().clear_chain(&chain, Some(3)).await.unwrap();
        let lowest = "SELECT MIN(height) FROM chain_block";
        assert_eq!(house.count(lowest).await, 2);
        house.follow().await;
        assert_eq!(house.chain_state().await.cursor.unwrap().at.height, 301);
    }
}
