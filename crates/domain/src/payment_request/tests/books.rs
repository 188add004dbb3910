//! The books of every life of a request: what is booked turn by turn.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use proptest::test_runner::TestCaseError;

use super::{
    properties::{LIVES, holds, in_every_life, same},
    scenario::{Scenario, note_all},
    situation::*,
};
use crate::{
    books::{AccountKind, Arrival, Cause, Entry, entries},
    money::AssetId,
    payment_request::{PaymentRequest, Policy, Stage},
};

type Balances = BTreeMap<(AccountKind, AssetId), i128>;

/// Takes entries into balances: what was debited less what was credited.
fn book(balances: &mut Balances, entries: &[Entry]) {
    for entry in entries {
        let units = i128::try_from(entry.units.get()).unwrap();
        assert!(units > 0, "an entry of nothing");
        for (kind, change) in [(entry.debit, units), (entry.credit, -units)] {
            *balances.entry((kind, entry.asset)).or_default() += change;
        }
    }
    balances.retain(|_, balance| *balance != 0);
}

/// What an account holds of an asset, on its own side.
fn held(balances: &Balances, kind: AccountKind, asset: AssetId) -> i128 {
    let balance = balances.get(&(kind, asset)).copied().unwrap_or_default();
    if kind.is_debit() { balance } else { -balance }
}

/// Tries a rule in every life whose sums can be counted here: some move all that 128 bits can say.
fn in_every_countable_life(rule: impl Fn(&Scenario) -> Result<(), TestCaseError>) {
    let countable = Cell::new(0_u32);
    in_every_life(|life| {
        let amounts = life.looks().into_iter().map(|seen| seen.units.get());
        let total = amounts.fold(0, u128::saturating_add);
        if total > u128::from(u64::MAX) {
            return Ok(());
        }
        countable.set(countable.get() + 1);
        rule(&life)
    });
    assert!(countable.get() > LIVES / 2, "{} lives could be counted", countable.get());
}

/// The request after everything and another watermark of every network, so that all is decided.
fn settled(life: &Scenario) -> PaymentRequest {
    let (mut request, _) = life.play();
    for name in ["bitcoin", "tron", "lightning"] {
        request.apply(&mark(name, 0)).unwrap();
    }
    request
}

/// The request after every turn, with the entries of the turn.
fn turns(life: &Scenario) -> Vec<(PaymentRequest, Vec<Entry>)> {
    let mut request = life.start();
    let mut turns = vec![(request.clone(), entries(None, &request))];
    let mut states = 0_u32;
    for segment in &life.segments {
        let before = request.clone();
        note_all(&mut request, &segment.looks);
        segment.turn.act(&mut request);
        turns.push((request.clone(), entries(Some(&before), &request)));
        states += 1;
    }
    assert!(states > 0);
    turns
}

#[test]
fn the_books_follow_from_the_state_whatever_led_to_it() {
    in_every_countable_life(|life| {
        let mut balances = Balances::new();
        for (request, booked) in turns(life) {
            book(&mut balances, &booked);
            let mut at_once = Balances::new();
            book(&mut at_once, &entries(None, &request));
            same(&balances, &at_once)?;
        }
        Ok(())
    });
}

#[test]
fn what_the_treasury_holds_is_what_is_final_and_belongs_to_somebody() {
    in_every_countable_life(|life| {
        let mut balances = Balances::new();
        for (request, booked) in turns(life) {
            book(&mut balances, &booked);
            let assets: BTreeSet<_> = request.transfers.iter().map(|one| one.asset).collect();
            for asset in assets {
                let of = |kind| held(&balances, kind, asset);
                let own = request.transfers.iter().filter(|one| one.asset == asset);
                let arrived = own.filter(|one| one.is_final()).map(|one| one.units.get());
                let arrived = i128::try_from(arrived.sum::<u128>()).unwrap();
                same(&of(AccountKind::Treasury), &arrived)?;
                same(&of(AccountKind::Incoming), &of(AccountKind::Pending))?;
                let claims = of(AccountKind::Undecided) + of(AccountKind::Available);
                let claims = claims + of(AccountKind::Owed) - of(AccountKind::ReorgLoss);
                same(&claims, &arrived)?;
                for kind in AccountKind::ALL {
                    holds(of(kind) >= 0, &format!("{kind:?} is {}", of(kind)))?;
                }
            }
        }
        Ok(())
    });
}

#[test]
fn an_arrival_is_booked_once_until_it_is_taken_back() {
    in_every_life(|life| {
        let mut standing = BTreeSet::new();
        let mut gone = BTreeSet::new();
        for entry in turns(&life).into_iter().flat_map(|(_, booked)| booked) {
            let Cause::Transfer(reference) = &entry.cause else { continue };
            if entry.arrival != Arrival::None {
                let again = entry.arrival == Arrival::Again;
                holds(again || !gone.contains(reference), "arrives again and does not say so")?;
                holds(standing.insert(reference.clone()), "booked twice")?;
            } else if entry.credit == AccountKind::Treasury {
                holds(entry.reverses, "taken out without saying so")?;
                holds(standing.remove(reference), "taken back and was not there")?;
                gone.insert(reference.clone());
            }
        }
        Ok(())
    });
}

#[test]
fn nothing_is_undecided_of_a_request_that_has_ended() {
    in_every_life(|life| {
        let request = settled(&life);
        if request.is_open() || matches!(request.stage, Stage::Restricted { .. }) {
            return Ok(());
        }
        let booked = entries(None, &request);
        let undecided = |entry: &Entry| entry.credit == AccountKind::Undecided;
        holds(!booked.iter().any(undecided), "something is undecided")
    });
}

#[test]
fn the_merchant_has_the_price_and_the_customer_is_owed_the_surplus() {
    in_every_countable_life(|life| {
        let request = settled(life);
        let (Stage::Paid { .. }, Some(paid)) = (
            &request.stage,
            request.quotes.iter().find(|quote| Some(quote.id) == request.paid_quote),
        ) else {
            return Ok(());
        };
        let mut balances = Balances::new();
        book(&mut balances, &entries(None, &request));
        let has = held(&balances, AccountKind::Available, paid.asset);
        let expected = i128::try_from(paid.expected.get()).unwrap();
        let tolerance = i128::try_from(paid.tolerance.get()).unwrap();
        holds(has <= expected, "the merchant keeps a surplus")?;
        holds(has >= expected - tolerance, "the merchant has less than the price")
    });
}

/// What an account holds of bitcoin after a request's books were written at once.
fn of(request: &PaymentRequest, kind: AccountKind) -> i128 {
    let mut balances = Balances::new();
    book(&mut balances, &entries(None, request));
    held(&balances, kind, btc())
}

#[test]
fn a_payment_made_again_after_a_reversal_leaves_no_loss() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(9, &[deep("a", EXPECTED, 1, 5)]);
    request.reports(10, &[gone("a", EXPECTED, 2)]);
    assert_eq!(of(&request, AccountKind::ReorgLoss), 1_000);
    request.reports(11, &[deep("b", EXPECTED, 3, 8)]);
    assert_eq!(of(&request, AccountKind::Available), 1_000);
    assert_eq!(of(&request, AccountKind::Treasury), 1_000);
    assert_eq!(of(&request, AccountKind::ReorgLoss), 0);
}

#[test]
fn a_payment_of_another_amount_in_another_block_is_no_loss() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(9, &[deep("a", 1_500, 1, 5)]);
    assert_eq!(of(&request, AccountKind::Owed), 500);
    request.reports(10, &[deep("a", 1_480, 2, 6)]);
    assert_eq!(of(&request, AccountKind::Owed), 480);
    assert_eq!(of(&request, AccountKind::Available), 1_000);
    assert_eq!(of(&request, AccountKind::ReorgLoss), 0);
}

#[test]
fn what_is_lost_is_never_more_than_the_merchant_had() {
    let mut request = processing(Policy::DEFAULT);
    request.reports(9, &[deep("a", 1_500, 1, 5)]);
    request.reports(10, &[gone("a", 1_500, 2)]);
    assert_eq!(of(&request, AccountKind::ReorgLoss), 1_000);
    request.reports(11, &[look("a", 300, 3, in_block(7, 1, false))]);
    for kind in AccountKind::ALL {
        assert!(of(&request, kind) >= 0, "{kind:?}");
    }
}
