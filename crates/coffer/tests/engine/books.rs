//! The books: what is booked of every state of a payment.

use coffer_domain::{
    books::{
        Account,
        AccountKind::{Available, Incoming, Owed, Pending, ReorgLoss, Treasury, Undecided},
        Arrival, Cause, Entry,
    },
    id::{Id, JournalId},
    money::Units,
    transfer::TransferReference,
};
use coffer_store::{books::Journal, error::DbError, tx::Tx};

use crate::{
    house::{BTC, House, LTC, PRICE, asset, minutes},
    on_both,
};

on_both! {
    async fn a_payment_is_booked_when_seen_and_the_merchants_when_final(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.follow().await;
        assert_eq!(house.held(Incoming, BTC).await, PRICE.to_string());
        assert_eq!(house.held(Pending, BTC).await, PRICE.to_string());
        assert_eq!(house.held(Treasury, BTC).await, "0");
        house.blocks(3).await;
        assert_eq!(house.held(Incoming, BTC).await, "0");
        assert_eq!(house.held(Pending, BTC).await, "0");
        assert_eq!(house.held(Treasury, BTC).await, PRICE.to_string());
        assert_eq!(house.held(Available, BTC).await, PRICE.to_string());
    }

    async fn a_part_is_nobodys_until_the_request_has_ended_and_then_the_customers(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE / 2).await;
        house.blocks(3).await;
        assert_eq!(house.held(Undecided, BTC).await, (PRICE / 2).to_string());
        house.pass(minutes(180));
        house.blocks(1).await;
        assert_eq!(house.status(&made).await, "failed");
        assert_eq!(house.held(Undecided, BTC).await, "0");
        assert_eq!(house.held(Owed, BTC).await, (PRICE / 2).to_string());
    }

    async fn the_customer_is_owed_what_is_beyond_the_price(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE + 500).await;
        house.blocks(3).await;
        assert_eq!(house.held(Available, BTC).await, PRICE.to_string());
        assert_eq!(house.held(Owed, BTC).await, "500");
        assert_eq!(house.held(Treasury, BTC).await, (PRICE + 500).to_string());
    }

    async fn the_customer_is_owed_what_comes_late(house: House) {
        let made = house.chosen(BTC).await;
        house.pass(minutes(65));
        house.blocks(1).await;
        assert_eq!(house.status(&made).await, "expired");
        house.pay(&made, PRICE).await;
        house.blocks(3).await;
        assert_eq!(house.held(Owed, BTC).await, PRICE.to_string());
        assert_eq!(house.held(Available, BTC).await, "0");
    }

    async fn a_reversed_payment_is_a_loss_and_its_surplus_is_owed_to_nobody(house: House) {
        let made = house.chosen(BTC).await;
        let transaction = house.pay(&made, PRICE + 500).await;
        house.blocks(3).await;
        house.reorganise(3, &[&transaction]).await;
        house.follow().await;
        assert_eq!(house.held(Treasury, BTC).await, "0");
        assert_eq!(house.held(Owed, BTC).await, "0");
        assert_eq!(house.held(Available, BTC).await, PRICE.to_string());
        assert_eq!(house.held(ReorgLoss, BTC).await, PRICE.to_string());
    }

    async fn a_payment_that_comes_back_is_booked_again_and_no_loss(house: House) {
        let made = house.chosen(BTC).await;
        let transaction = house.pay(&made, PRICE).await;
        house.blocks(3).await;
        house.reorganise(3, &[&transaction]).await;
        house.follow().await;
        assert_eq!(house.held(ReorgLoss, BTC).await, PRICE.to_string());
        house.engine().clear_chain(&house.world.chain(), None).await.unwrap();
        write(house, "UPDATE sandbox_transfer SET replaced = 0").await;
        house.blocks(5).await;
        assert_eq!(house.held(ReorgLoss, BTC).await, "0");
        assert_eq!(house.held(Treasury, BTC).await, PRICE.to_string());
        let arrivals = "SELECT COUNT(*) FROM entry WHERE arrival IS NOT NULL";
        assert_eq!(house.count(arrivals).await, 2);
    }

    async fn what_was_seen_and_has_gone_is_booked_back(house: House) {
        let made = house.chosen(LTC).await;
        let expected = house.quote(&made).await.expected.get();
        let transaction = house.pay(&made, expected).await;
        house.blocks(2).await;
        assert_eq!(house.held(Pending, LTC).await, expected.to_string());
        house.reorganise(2, &[&transaction]).await;
        house.follow().await;
        assert_eq!(house.held(Pending, LTC).await, "0");
        assert_eq!(house.held(Incoming, LTC).await, "0");
        assert_eq!(house.count("SELECT COUNT(*) FROM entry WHERE reverses = 1").await, 1);
    }

    async fn the_payments_of_a_block_stand_on_one_account(house: House) {
        for _ in 0..3 {
            let made = house.chosen(BTC).await;
            house.pay(&made, PRICE).await;
        }
        house.blocks(3).await;
        assert_eq!(house.held(Available, BTC).await, (3 * PRICE).to_string());
    }

    async fn two_that_move_one_account_at_once_are_both_on_it(house: House) {
        let scope = house.caller.scope;
        let book = |number: u8| {
            let (engine, journal) = (house.engine().clone(), moved(house, number, 5));
            async move {
                let write = async move |tx: &mut Tx<'_>| tx.book(&journal).await;
                engine.store().write_committed(write).await
            }
        };
        let both: (Result<(), DbError>, Result<(), DbError>) = tokio::join!(book(1), book(2));
        let both = [both.0, both.1];
        let done = both.iter().filter(|one| one.is_ok()).count();
        assert!(both.iter().all(|one| matches!(one, Ok(()) | Err(DbError::Conflict))), "{both:?}");
        let account = Account { scope, kind: Available, asset: asset(BTC) };
        let balance = house.read(async move |tx| tx.account(account).await).await;
        assert_eq!(balance.unwrap().credited.to_string(), (5 * done).to_string());
        forget(house).await;
    }

    async fn what_a_part_that_failed_has_booked_is_on_no_account(house: House) {
        let (one, other) = (moved(house, 1, 5), moved(house, 2, 7));
        let store = house.engine().store();
        let done = store.write(async move |tx: &mut Tx<'_>| {
            tx.book(&one).await?;
            let failed = tx.nested(async |tx: &mut Tx<'_>| {
                tx.book(&other).await?;
                Err::<(), DbError>(DbError::Reference { constraint: String::new() })
            });
            assert!(failed.await.is_err());
            Ok::<_, DbError>(())
        });
        done.await.unwrap();
        assert_eq!(house.held(Available, BTC).await, "5");
        forget(house).await;
    }

    async fn a_movement_is_booked_once_whoever_books_it(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.blocks(3).await;
        let stored = house.stored(&made).await;
        let entries = coffer_domain::books::entries(None, &stored.request);
        let id: JournalId = Id::new(house.engine().now(), [9; 10]);
        let journal = Journal {
            id,
            key: "another watcher".to_owned(),
            scope: stored.request.scope,
            request: Some(made.id),
            booked_at: house.engine().now(),
            entries,
        };
        let again = house.engine().store();
        let again = again.write(async move |tx: &mut Tx<'_>| tx.book(&journal).await).await;
        assert_eq!(again, Err(DbError::Unique { constraint: "entry(arrival)".to_owned() }));
        assert_eq!(house.held(Treasury, BTC).await, PRICE.to_string());
    }

    async fn a_network_whose_step_cannot_be_booked_is_behind_and_says_why(house: House) {
        let made = house.chosen(BTC).await;
        let transaction = house.pay(&made, PRICE).await;
        let mut taken = moved(house, 7, 1);
        let network = asset(BTC).network;
        let reference = TransferReference { network, transaction, position: "0".to_owned() };
        taken.entries[0].cause = Cause::Transfer(reference);
        taken.entries[0].arrival = Arrival::First;
        let store = house.engine().store();
        let booked = store.write(async move |tx: &mut Tx<'_>| tx.book(&taken).await).await;
        assert_eq!(booked, Ok::<_, DbError>(()));
        house.mine(3).await;
        let refused = house.engine().follow_once(&house.world.chain()).await.unwrap_err();
        assert!(refused.to_string().contains("entry(arrival)"), "{refused}");
        let chain = house.world.chain().name();
        let cursor = house.read(async move |tx| tx.cursor(chain).await).await.unwrap();
        assert!(cursor.behind_reason.unwrap().contains("entry(arrival)"));
        forget(house).await;
        house.follow().await;
        assert_eq!(house.status(&made).await, "paid");
        forget(house).await;
        write(house, "UPDATE payment_request SET booked = 0").await;
        house.engine().open_books().await.unwrap();
    }

    async fn what_was_there_before_the_books_is_opened_in_them(house: House) {
        let (first, second) = (house.chosen(BTC).await, house.chosen(BTC).await);
        house.pay(&first, PRICE + 500).await;
        house.pay(&second, PRICE / 2).await;
        house.blocks(3).await;
        forget(house).await;
        write_many(house, "UPDATE payment_request SET booked = 0", 2).await;
        assert_eq!(house.engine().check_books().await.unwrap().unopened, 2);
        house.pay(&second, PRICE / 2).await;
        house.blocks(1).await;
        assert_eq!(house.held(Treasury, BTC).await, (PRICE / 2).to_string());
        assert_eq!(house.held(Pending, BTC).await, (PRICE / 2).to_string());
        while house.engine().open_books().await.unwrap() {}
        house.blocks(2).await;
        assert_eq!(house.held(Treasury, BTC).await, (2 * PRICE + 500).to_string());
        assert_eq!(house.held(Owed, BTC).await, "500");
        let report = house.engine().check_books().await.unwrap();
        assert_eq!((report.requests, report.unopened), (2, 0));
    }

    async fn a_check_finds_an_account_that_is_not_the_sum_of_its_entries(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.blocks(3).await;
        set_treasury(house, "1").await;
        let report = house.engine().check_books().await.unwrap();
        assert_eq!(report.findings.len(), 3, "{:?}", report.findings);
        assert!(report.findings[0].contains("stands at 1 debited"), "{:?}", report.findings);
        assert!(report.findings[1].starts_with("of BTC/bitcoin (sandbox) "));
        set_treasury(house, &PRICE.to_string()).await;
    }
}

/// As a database was before it had books.
async fn forget(house: &House) {
    let store = house.engine().store();
    let forgotten = store.write(async |tx: &mut Tx<'_>| {
        for sql in ["DELETE FROM entry", "DELETE FROM journal", "DELETE FROM account"] {
            tx.exec(sql, &[]).await?;
        }
        Ok::<_, DbError>(())
    });
    forgotten.await.unwrap();
}

/// A journal of so much for the merchant.
fn moved(house: &House, number: u8, units: u128) -> Journal {
    Journal {
        id: Id::new(house.engine().now(), [number; 10]),
        key: format!("moved {number}"),
        scope: house.caller.scope,
        request: None,
        booked_at: house.engine().now(),
        entries: vec![Entry {
            cause: Cause::Surplus,
            debit: Treasury,
            credit: Available,
            asset: asset(BTC),
            units: Units::new(units),
            reverses: false,
            arrival: Arrival::None,
        }],
    }
}

async fn set_treasury(house: &House, debited: &str) {
    let sql = format!("UPDATE account SET debited = '{debited}' WHERE kind = 'treasury'");
    let sql: &'static str = sql.leak();
    write(house, sql).await;
}

async fn write(house: &House, sql: &'static str) {
    write_many(house, sql, 1).await;
}

async fn write_many(house: &House, sql: &'static str, rows: u64) {
    let store = house.engine().store();
    let done = store.write(async move |tx: &mut Tx<'_>| tx.exec(sql, &[]).await).await;
    assert_eq!(done, Ok::<_, DbError>(rows), "{sql}");
}
