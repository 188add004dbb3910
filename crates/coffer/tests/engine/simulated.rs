//! Every payment that `simulate` knows ends as documented, and the merchant is told in order.

use coffer_engine::payment_request::{Once, SimulateRefused};
use coffer_wire::payment_request::SimulatedPayment;

use crate::{
    house::{BTC, House, Made, PRICE, case},
    on_both,
};

async fn simulate(house: &House, payment: SimulatedPayment) -> Made {
    let made = house.chosen(BTC).await;
    house.engine().simulate(&house.caller, made.id, payment, Once::default()).await.unwrap();
    made
}

on_both! {
    async fn exact_is_paid(house: House) {
        let made = simulate(house, SimulatedPayment::Exact).await;
        assert_eq!(house.status(&made).await, "paid");
        assert_eq!(house.told(&made).await, ["rate_fixed", "transaction", "paid"]);
        assert_eq!(house.cases(&made).await, []);
    }

    async fn under_fails_with_a_case(house: House) {
        let made = simulate(house, SimulatedPayment::Under).await;
        assert_eq!(house.status(&made).await, "failed");
        assert_eq!(house.told(&made).await, ["rate_fixed", "transaction", "failed"]);
        assert_eq!(house.cases(&made).await, [case("under", PRICE / 10 * 6)]);
    }

    async fn over_is_paid_with_a_case_for_the_surplus(house: House) {
        let made = simulate(house, SimulatedPayment::Over).await;
        assert_eq!(house.status(&made).await, "paid");
        assert_eq!(house.told(&made).await, ["rate_fixed", "transaction", "paid"]);
        assert_eq!(house.cases(&made).await, [case("over", PRICE / 10)]);
    }

    async fn late_expires_and_is_told_as_late(house: House) {
        let made = simulate(house, SimulatedPayment::Late).await;
        assert_eq!(house.status(&made).await, "expired");
        let told = ["rate_fixed", "expired_with_rate", "late_payment"];
        assert_eq!(house.told(&made).await, told);
        assert_eq!(house.cases(&made).await, [case("late", PRICE)]);
    }

    async fn a_double_spend_expires(house: House) {
        let made = simulate(house, SimulatedPayment::DoubleSpend).await;
        assert_eq!(house.status(&made).await, "expired");
        assert_eq!(house.told(&made).await, ["rate_fixed", "transaction", "expired_with_rate"]);
        assert_eq!(house.cases(&made).await, []);
    }

    async fn a_reorganised_payment_that_comes_back_is_paid(house: House) {
        let made = simulate(house, SimulatedPayment::Reorg).await;
        assert_eq!(house.status(&made).await, "paid");
        assert_eq!(house.told(&made).await, ["rate_fixed", "transaction", "paid"]);
        assert_eq!(house.cases(&made).await, []);
    }

    async fn the_wrong_token_expires_with_a_case(house: House) {
        let made = simulate(house, SimulatedPayment::WrongToken).await;
        assert_eq!(house.status(&made).await, "expired");
        assert_eq!(house.told(&made).await, ["rate_fixed", "expired_with_rate"]);
        let cases = house.cases(&made).await;
        let kinds: Vec<_> = cases.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["wrong_token"]);
    }

    async fn a_simulated_payment_is_made_once(house: House) {
        let made = house.chosen(BTC).await;
        let once = Once { idempotency: Some(("key", b"body")), nonce: None };
        let pay = || {
            house.engine().simulate(&house.caller, made.id, SimulatedPayment::Exact, once)
        };
        assert_eq!(pay().await.unwrap(), pay().await.unwrap());
        assert_eq!(house.count("SELECT COUNT(*) FROM sandbox_transfer").await, 1);
    }

    async fn nothing_is_simulated_before_a_coin_is_chosen(house: House) {
        let made = house.create().await;
        let pay = house.engine().simulate(
            &house.caller, made.id, SimulatedPayment::Exact, Once::default(),
        );
        let refused = pay.await.unwrap_err();
        assert!(matches!(refused, SimulateRefused::Fields(_)), "{refused:?}");
    }

    async fn the_miner_finishes_what_waits_and_then_rests(house: House) {
        let made = house.chosen(BTC).await;
        house.pay(&made, PRICE).await;
        house.follow().await;
        let mut mined = 0;
        while house.engine().mine_sandbox().await.unwrap() {
            mined += 1;
            house.follow().await;
        }
        assert_eq!((mined, house.status(&made).await), (2, "paid"));
    }
}
