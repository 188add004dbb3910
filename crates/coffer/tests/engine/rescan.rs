//! What was missed in blocks is found by reading them again.

use std::sync::atomic::AtomicI64;

use coffer::simulate::database::Kind;
use coffer_engine::{
    engine::Engine,
    follow::{RescanRefused, Rescanned},
};

use crate::{
    house::{BTC, House, LTC, Made, PRICE, asset, case, minutes},
    on_both,
    watched::{How, Meddling, change, to_the_tip},
};

impl House {
    /// A payment in a block that is read without its being seen.
    async fn missed(&self) -> Made {
        let made = self.chosen(BTC).await;
        self.pay(&made, PRICE).await;
        self.mine(3).await;
        to_the_tip(self, &Meddling::before(self.world.chain(), How::Hiding)).await;
        assert_eq!(self.status(&made).await, "processing");
        made
    }

    /// Pays the address that the next request will be shown, which somebody else knows; it.
    async fn paid_before_it_is_shown(&self) -> String {
        let wallets = self.read(async |tx| tx.wallets().await).await;
        let (key, next) = (&wallets[0].public_key, wallets[0].next_number);
        let coin = asset(BTC);
        let address = self.world.chain().derive(coin.network, key, next).unwrap().text;
        self.send(coin, &address, PRICE).await;
        address
    }

    async fn rescan(&self, from: u64) -> Result<Rescanned, RescanRefused> {
        self.engine().rescan(&self.world.chain(), from, &|_| {}).await
    }
}

on_both! {
    async fn a_missed_payment_is_taken_in_once(house: House) {
        let made = house.missed().await;
        house.follow().await;
        assert_eq!(house.status(&made).await, "processing");
        let found = house.rescan(0).await.unwrap();
        assert_eq!(found, Rescanned { from: 0, to: 3, seen: 1, missed: 1, early: 0 });
        assert_eq!(house.status(&made).await, "paid");
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid"]);
        let again = house.rescan(1).await.unwrap();
        assert_eq!(again, Rescanned { from: 1, to: 3, seen: 1, missed: 0, early: 0 });
        house.blocks(1).await;
        assert_eq!(house.told(&made).await, ["rate_fixed", "paid"]);
        assert_eq!(house.cases(&made).await, []);
    }

    async fn blocks_before_the_named_one_are_not_read(house: House) {
        let made = house.missed().await;
        assert_eq!(house.rescan(2).await.unwrap().seen, 0);
        assert_eq!(house.status(&made).await, "processing");
    }

    async fn a_missed_payment_that_is_not_final_yet_is_followed_on(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.mine(1).await;
        to_the_tip(house, &Meddling::before(house.world.chain(), How::Hiding)).await;
        assert_eq!(house.rescan(1).await.unwrap().missed, 1);
        assert_eq!(house.status(&made).await, "processing");
        assert_eq!(house.told(&made).await, ["rate_fixed", "transaction"]);
        house.blocks(1).await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn what_is_found_after_the_end_of_its_request_is_a_late_payment(house: House) {
        let made = house.missed().await;
        house.pass(minutes(120));
        house.mine(1).await;
        house.follow().await;
        assert_eq!(house.status(&made).await, "expired");
        assert_eq!(house.rescan(0).await.unwrap().missed, 1);
        assert_eq!(house.status(&made).await, "expired");
        let told = house.told(&made).await;
        assert_eq!(told, ["rate_fixed", "expired_with_rate", "late_payment"]);
        assert_eq!(house.cases(&made).await, [case("late", PRICE)]);
        assert_eq!(house.rescan(0).await.unwrap().missed, 0);
        assert_eq!(house.told(&made).await, told);
    }

    async fn what_was_paid_before_its_address_was_shown_pays_nothing(house: House) {
        let made = house.missed().await;
        change(house, "UPDATE quote SET locked_at = locked_at + 10800000").await;
        let found = house.rescan(0).await.unwrap();
        assert_eq!(found, Rescanned { from: 0, to: 3, seen: 1, missed: 0, early: 1 });
        assert_eq!(house.status(&made).await, "processing");
        assert_eq!(house.told(&made).await, ["rate_fixed"]);
        assert_eq!(house.cases(&made).await, []);
        house.rescan(0).await.unwrap();
        let told = house.engine().alarms(false, 100).await.unwrap();
        let alarm = &told[0].alarm;
        assert_eq!((told.len(), alarm.name.as_str(), alarm.times), (1, "transfer_refused", 2));
        let detail = &alarm.detail;
        assert!(detail.starts_with(&format!("payment request {}", made.id)), "{detail}");
        assert!(detail.ends_with("deliver or pay back by hand"), "{detail}");
        change(house, "UPDATE quote SET locked_at = locked_at - 7200000").await;
        assert_eq!(house.rescan(0).await.unwrap().missed, 1, "blocks may be dated back a little");
    }

    async fn what_had_been_read_when_an_address_was_shown_pays_nothing(house: House) {
        house.blocks(1).await;
        let address = house.paid_before_it_is_shown().await;
        house.blocks(2).await;
        let made = house.chosen(BTC).await;
        assert_eq!(house.quote(&made).await.address, address);
        house.pay(&made, PRICE / 10).await;
        house.blocks(1).await;
        let found = house.rescan(0).await.unwrap();
        assert_eq!(found, Rescanned { from: 0, to: 4, seen: 2, missed: 0, early: 1 });
        assert_eq!(house.status(&made).await, "processing");
        assert_eq!(house.told(&made).await, ["rate_fixed", "transaction"]);
        let told = house.engine().alarms(false, 100).await.unwrap();
        let alarm = &told[0].alarm;
        assert_eq!((told.len(), alarm.name.as_str()), (1, "transfer_refused"));
        let why = "came in block 2, and its address was shown once block 3 had been read";
        assert!(alarm.detail.contains(why), "{}", alarm.detail);
        // Of an address of before Coffer kept that, nobody knows.
        change(house, "UPDATE address SET shown_height = NULL").await;
        let again = house.world.another_engine(house.engine().store());
        let found = again.rescan(&house.world.chain(), 0, &|_| {}).await.unwrap();
        assert_eq!(found, Rescanned { from: 0, to: 4, seen: 2, missed: 1, early: 0 });
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn a_payment_in_a_block_that_takes_the_place_of_one_read_before_is_meant(house: House) {
        house.blocks(3).await;
        let made = house.chosen(BTC).await;
        house.world.ledger().unwind(2).await.unwrap();
        house.pay(&made, PRICE).await;
        house.mine(1).await;
        house.follow().await;
        house.blocks(4).await;
        let stored = house.stored(&made).await;
        let block = stored.request.transfers[0].confirmed.as_ref().unwrap().at.clone();
        assert_eq!(block.height, 2, "below the newest that had been read");
        assert_eq!(house.status(&made).await, "paid");
        let hiding = Meddling::before(house.world.chain(), How::Hiding);
        let other = house.chosen(BTC).await;
        house.world.ledger().unwind(3).await.unwrap();
        house.pay(&other, PRICE).await;
        house.mine(5).await;
        to_the_tip(house, &hiding).await;
        let found = house.rescan(4).await.unwrap();
        assert_eq!(found, Rescanned { from: 4, to: 8, seen: 1, missed: 1, early: 0 });
        assert_eq!(house.status(&other).await, "paid");
    }

    async fn a_block_that_was_replaced_makes_nothing_early_whoever_still_has_it(house: House) {
        for rescans in [false, true] {
            house.blocks(3).await;
            let made = house.chosen(BTC).await;
            let at = house.world.chain().tip().await.unwrap().at;
            house.world.ledger().unwind(1).await.unwrap();
            house.pay(&made, PRICE).await;
            house.mine(2).await;
            let replacing = |after| {
                let how = How::Replacing { at: at.clone(), after: AtomicI64::new(after) };
                Meddling::before(house.world.chain(), how)
            };
            if rescans {
                to_the_tip(house, &Meddling::before(house.world.chain(), How::Hiding)).await;
                let found = house.engine().rescan(&replacing(1), 0, &|_| {}).await.unwrap();
                assert_eq!((found.missed, found.early), (1, 0));
            } else {
                // Asked for to find where the branches part, and to be read.
                to_the_tip(house, &replacing(2)).await;
            }
            house.blocks(3).await;
            assert_eq!((house.status(&made).await, house.alarms().await), ("paid", Vec::new()));
        }
    }

    async fn what_is_read_again_after_a_stop_pays_nothing_if_it_was_there_before(house: House) {
        house.blocks(1).await;
        house.paid_before_it_is_shown().await;
        house.blocks(2).await;
        let made = house.chosen(BTC).await;
        let reversed = house.chosen(LTC).await;
        let transaction = house.pay(&reversed, PRICE).await;
        house.blocks(8).await;
        house.reorganise(8, &[&transaction]).await;
        house.follow().await;
        assert!(house.chain_state().await.stop.is_some());
        let chain = house.world.chain();
        house.engine().clear_chain(&chain, Some(1)).await.unwrap();
        house.follow().await;
        assert!(house.chain_state().await.stop.is_none());
        assert_eq!(house.status(&made).await, "processing");
        assert_eq!(house.told(&made).await, ["rate_fixed"]);
        let refused = house.alarms().await.into_iter().find(|(name, _)| name == "transfer_refused");
        assert_eq!(refused, Some(("transfer_refused".to_owned(), 1)));
        house.pay(&made, PRICE).await;
        house.blocks(3).await;
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn a_follower_takes_nothing_in_that_was_paid_before_its_address_was_shown(house: House) {
        let early = house.chosen(BTC).await;
        change(house, "UPDATE quote SET locked_at = locked_at + 10800000").await;
        let made = house.chosen(BTC).await;
        house.pay(&early, PRICE).await;
        house.pay(&made, PRICE).await;
        house.mine(3).await;
        house.follow().await;
        assert_eq!(house.status(&early).await, "processing");
        assert_eq!(house.told(&early).await, ["rate_fixed"]);
        assert_eq!(house.status(&made).await, "paid");
        house.blocks(2).await;
        assert_eq!(house.alarms().await, [("transfer_refused".to_owned(), 1)], "told once");
    }

    async fn what_came_early_is_counted_as_such_though_the_audit_has_booked_since(house: House) {
        let made = house.missed().await;
        house.pay(&made, PRICE / 10).await;
        house.blocks(1).await;
        // As if the audit had found it: of what is in blocks before, it may be a part.
        let audited = "UPDATE transfer SET tx = 'audit-' || address, place = '4'";
        change(house, audited).await;
        let later = "UPDATE quote SET locked_at = locked_at + 10800000";
        change(house, later).await;
        let found = house.rescan(0).await.unwrap();
        assert_eq!(found, Rescanned { from: 0, to: 4, seen: 2, missed: 0, early: 2 });
        let refused = |times| ("transfer_refused".to_owned(), times);
        assert_eq!(house.alarms().await, [refused(1), refused(1)]);
        change(house, "UPDATE quote SET locked_at = locked_at - 10800000").await;
        let found = house.rescan(0).await.unwrap();
        assert_eq!(found, Rescanned { from: 0, to: 4, seen: 2, missed: 0, early: 0 });
        assert_eq!(house.alarms().await, [refused(2), refused(2)], "one for each transfer");
        let told = house.engine().alarms(false, 100).await.unwrap();
        assert!(told.iter().all(|it| it.alarm.detail.contains("the balance audit has booked")));
    }

    async fn a_rescan_may_take_longer_than_what_is_remembered_of_the_chain(house: House) {
        let made = house.missed().await;
        let by = house.engine().clone();
        let chain = Meddling::before(house.world.chain(), How::GoesOn { by });
        let found = house.engine().rescan(&chain, 0, &|_| {}).await.unwrap();
        assert_eq!(found, Rescanned { from: 0, to: 3, seen: 1, missed: 1, early: 0 });
        assert_eq!(house.status(&made).await, "paid");
    }

    async fn only_what_was_read_can_be_read_again(house: House) {
        house.blocks(3).await;
        let refused = house.rescan(4).await.unwrap_err();
        assert_eq!(refused.to_string(), "sandbox has been read up to block 3 only");
        house.world.ledger().unwind(2).await.unwrap();
        house.mine(2).await;
        let refused = house.rescan(0).await.unwrap_err();
        assert!(matches!(refused, RescanRefused::Changed(_)), "{refused}");
    }
}

/// Requests whose payment was missed.
const MISSED: usize = 6;

/// Rescans in two processes at once, beside the follower of a third that reads new payments and a
/// reorganisation. Each may be told to run again; nothing is taken in twice or left out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rescans_in_two_processes_beside_a_follower_take_in_everything_once() {
    let house = House::on(Kind::Postgres).await;
    let mut missed = Vec::new();
    for _ in 0..MISSED {
        missed.push(house.missed().await);
    }
    let fresh = house.chosen(BTC).await;
    let (one, other) = (process(&house).await, process(&house).await);
    let both = futures_util::future::join(rescan_until_done(&one), rescan_until_done(&other));
    let beside = async {
        for round in 0..10 {
            house.pay(&fresh, PRICE / 10).await;
            house.blocks(1).await;
            if round % 3 == 1 {
                house.reorganise(1, &[]).await;
                house.follow().await;
            }
        }
        house.blocks(2).await;
    };
    let ((first, second), ()) = futures_util::future::join(both, beside).await;
    assert_eq!(first + second, MISSED, "{first} and {second}");
    for made in &missed {
        assert_eq!(house.told(made).await, ["rate_fixed", "paid"]);
        assert_eq!(house.stored(made).await.request.transfers.len(), 1);
        assert_eq!(house.cases(made).await, []);
    }
    assert_eq!(house.status(&fresh).await, "paid");
    let told = house.told(&fresh).await;
    assert_eq!(told.iter().filter(|kind| **kind == "paid").count(), 1, "{told:?}");
    assert_eq!(house.stored(&fresh).await.request.transfers.len(), 10);
    for engine in [one, other] {
        engine.store().close().await;
    }
    house.end().await;
}

/// Another process on the same database.
async fn process(house: &House) -> Engine {
    let store = house.world.database.open(None).await.unwrap();
    house.world.another_engine(&store)
}

/// Rescans until nothing is missed, a few times; how much was.
async fn rescan_until_done(engine: &Engine) -> usize {
    let chain = engine.chains().next().unwrap();
    let (mut missed, mut done) = (0, 0);
    while done < 5 {
        match engine.rescan(chain, 0, &|_| {}).await {
            Ok(found) => {
                missed += found.missed;
                done += 1;
            }
            Err(RescanRefused::Changed(_)) => {}
            Err(refused) => panic!("{refused}"),
        }
    }
    missed
}
