use alloy::primitives::{Bytes, address, keccak256};

use super::*;
use crate::evm::answer::{Account, Data, Quantity};

const TOKEN: Address = address!("0xdAC17F958D2ee523a2206206994597C13D831ec7");
const PAYER: Address = address!("0x52908400098527886E0F7030069857D2E4169EE7");
const HOLDER: Address = address!("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359");

fn moved(from: Address, to: Address, units: u64, log_index: u64) -> Movement {
    let (units, transaction) = (U256::from(units), B256::ZERO);
    Movement { token: TOKEN, from, to, units, transaction, ordinal: 0, log_index }
}

/// The credited units by log number.
fn credited(movements: &[Movement], before: u64, after: u64) -> Vec<(u64, u64)> {
    let credits = arrived(movements, HOLDER, U256::from(before), U256::from(after));
    credits.iter().map(|(it, units)| (it.log_index, units.to::<u64>())).collect()
}

#[test]
fn what_was_logged_and_arrived_is_credited() {
    let logged = [moved(PAYER, HOLDER, 100, 1), moved(PAYER, HOLDER, 50, 2)];
    assert_eq!(credited(&logged, 7, 157), [(1, 100), (2, 50)]);
}

#[test]
fn what_arrived_without_a_log_is_not_credited() {
    assert_eq!(credited(&[moved(PAYER, HOLDER, 100, 1)], 0, 500), [(1, 100)]);
    assert_eq!(credited(&[], 0, 500), []);
}

#[test]
fn what_did_not_arrive_is_taken_from_the_last() {
    let logged = [moved(PAYER, HOLDER, 100, 1), moved(PAYER, HOLDER, 50, 2)];
    assert_eq!(credited(&logged, 0, 135), [(1, 100), (2, 35)]);
    assert_eq!(credited(&logged, 0, 100), [(1, 100)]);
    assert_eq!(credited(&logged, 0, 60), [(1, 60)]);
    assert_eq!(credited(&logged, 0, 1), [(1, 1)]);
}

#[test]
fn a_log_without_arrival_is_not_credited() {
    let logged = [moved(PAYER, HOLDER, 100, 1)];
    assert_eq!(credited(&logged, 40, 40), []);
    assert_eq!(credited(&logged, 40, 39), []);
}

#[test]
fn a_payment_that_is_moved_on_in_the_same_block_is_credited() {
    let logged = [moved(PAYER, HOLDER, 100, 1), moved(HOLDER, PAYER, 130, 2)];
    assert_eq!(credited(&logged, 30, 0), [(1, 100)]);
}

#[test]
fn a_transfer_to_oneself_brings_nothing() {
    assert_eq!(credited(&[moved(HOLDER, HOLDER, 100, 1)], 100, 100), []);
    let logged = [moved(HOLDER, HOLDER, 100, 1), moved(PAYER, HOLDER, 5, 2)];
    assert_eq!(credited(&logged, 100, 105), [(2, 5)]);
}

#[test]
fn sums_beyond_256_bits_do_not_wrap() {
    let most = Movement { units: U256::MAX, ..moved(PAYER, HOLDER, 0, 1) };
    let again = Movement { log_index: 2, ..most };
    let credits = arrived(&[most, again], HOLDER, U256::ZERO, U256::MAX);
    assert_eq!(credits, [(most, U256::MAX)]);
    assert_eq!(arrived(&[most, again], HOLDER, U256::from(3), U256::from(3)), []);
}

fn log(topics: &[B256], data: &[u8], log_index: u64) -> Log {
    Log {
        address: Account(TOKEN),
        topics: topics.iter().copied().map(Hash).collect(),
        data: Data(Bytes::copy_from_slice(data)),
        block_number: Quantity(U256::from(7)),
        block_hash: Hash(B256::repeat_byte(1)),
        transaction_hash: Hash(B256::repeat_byte(2)),
        log_index: Quantity(U256::from(log_index)),
        removed: false,
    }
}

fn good(log_index: u64) -> Log {
    log(&[TRANSFER, PAYER.into_word(), HOLDER.into_word()], &[0; 32], log_index)
}

fn read(logs: Vec<Log>) -> Result<Vec<Movement>, Fault> {
    movements(logs, Hash(B256::repeat_byte(1)), |contract| *contract == TOKEN)
}

#[test]
fn logs_of_another_shape_are_passed_over_but_counted() {
    let dirty = B256::repeat_byte(3);
    let logs = vec![
        good(1),
        log(&[TRANSFER, PAYER.into_word()], &[0; 64], 2),
        log(&[TRANSFER, PAYER.into_word(), HOLDER.into_word(), dirty], &[], 3),
        log(&[TRANSFER, PAYER.into_word(), HOLDER.into_word()], &[0; 31], 4),
        log(&[TRANSFER, PAYER.into_word(), HOLDER.into_word()], &[0; 33], 5),
        log(&[TRANSFER, PAYER.into_word(), dirty], &[0; 32], 6),
        good(7),
    ];
    let found = read(logs).map(|all| {
        all.iter().map(|movement| (movement.log_index, movement.ordinal)).collect::<Vec<_>>()
    });
    assert_eq!(found, Ok(vec![(1, 0), (7, 6)]));
}

#[test]
fn logs_are_put_in_the_order_of_the_block() {
    let found = read(vec![good(9), good(4)]);
    let found =
        found.map(|all| all.iter().map(|it| (it.log_index, it.ordinal)).collect::<Vec<_>>());
    assert_eq!(found, Ok(vec![(4, 0), (9, 1)]));
}

#[test]
fn a_log_that_was_not_asked_for_is_a_lie() {
    let lies = [
        Log { block_hash: Hash(B256::repeat_byte(9)), ..good(1) },
        Log { removed: true, ..good(1) },
        Log { address: Account(PAYER), ..good(1) },
        log(&[B256::repeat_byte(1), PAYER.into_word(), HOLDER.into_word()], &[0; 32], 1),
        log(&[], &[0; 32], 1),
        Log { log_index: Quantity(U256::MAX), ..good(1) },
    ];
    for lie in lies {
        assert!(matches!(read(vec![lie.clone()]), Err(Fault::Nonsense(_))), "{lie:?}");
    }
    assert!(matches!(read(vec![good(1), good(1)]), Err(Fault::Nonsense(_))));
}

#[test]
fn selectors_are_hashes_of_signatures() {
    let selector = |signature: &str| keccak256(signature).0[..4].to_vec();
    assert_eq!(TRANSFER, keccak256("Transfer(address,address,uint256)"));
    assert_eq!(BALANCE_OF.to_vec(), selector("balanceOf(address)"));
    assert_eq!(DECIMALS.to_vec(), selector("decimals()"));
    assert_eq!(TRANSFER_CALL.to_vec(), selector("transfer(address,uint256)"));
}

#[test]
fn only_a_whole_transfer_call_is_read() {
    let call = [TRANSFER_CALL.as_slice(), HOLDER.into_word().as_slice(), &[0; 31], &[9]].concat();
    assert_eq!(transfer_call(&call), Some((HOLDER, U256::from(9))));
    assert_eq!(transfer_call(&call[..67]), None);
    assert_eq!(transfer_call(&[]), None);
    let approve = [&[0x09, 0x5e, 0xa7, 0xb3], &call[4..]].concat();
    assert_eq!(transfer_call(&approve), None);
    let mut dirty = call;
    dirty[4] = 1;
    assert_eq!(transfer_call(&dirty), None);
}
