//! Tokens (ERC-20): what their logs say moved, and what of it arrived.
//!
//! A log is a contract's claim. Some tokens keep a fee of each transfer, some log transfers that
//! they did not make. So a claim counts only as far as the receiver's balance bears it out: between
//! the parent block and this one, the balance must have risen by what was logged in, less what was
//! logged out. Where it rose by less, the difference is taken from the last transfers of the block.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, U256, U512, b256};

use super::{
    answer::{Hash, Log},
    fault::Fault,
};

/// Topic of `Transfer(address,address,uint256)`.
pub(super) const TRANSFER: B256 =
    b256!("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
/// Selector of `balanceOf(address)`.
pub(super) const BALANCE_OF: [u8; 4] = [0x70, 0xa0, 0x82, 0x31];
/// Selector of `decimals()`.
pub(super) const DECIMALS: [u8; 4] = [0x31, 0x3c, 0xe5, 0x67];
/// Selector of `transfer(address,uint256)`.
const TRANSFER_CALL: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

/// One transfer that a token logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Movement {
    pub(super) token: Address,
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) units: U256,
    pub(super) transaction: B256,
    /// Its number among this token's transfers in this transaction, from 0. Unlike the log's number
    /// in the block, it stays the same when the transaction moves to another block, and unlike the
    /// log's number in the transaction, it is known before the transaction is in a block.
    pub(super) ordinal: u32,
    /// Its number in the block.
    pub(super) log_index: u64,
}

impl Movement {
    /// What tells it apart from the transaction's other movements.
    pub(super) fn position(&self) -> String {
        position(self.token, self.ordinal)
    }
}

/// The position of a token's transfer in its transaction.
pub(super) fn position(token: Address, ordinal: u32) -> String {
    format!("{token:#x}/{ordinal}")
}

/// The movements in a block's logs, in the block's order. `logs` is the answer to a question for
/// `Transfer` logs of pinned tokens in the block `hash`; any other log in it is a lie.
pub(super) fn movements(
    mut logs: Vec<Log>,
    hash: Hash,
    pinned: impl Fn(&Address) -> bool,
) -> Result<Vec<Movement>, Fault> {
    let nonsense = |what: &str| Err(Fault::Nonsense(format!("eth_getLogs: {what}")));
    logs.sort_by_key(|log| log.log_index.0);
    if logs.windows(2).any(|pair| pair[0].log_index == pair[1].log_index) {
        return nonsense("two logs have the same number");
    }
    let mut seen = BTreeMap::<(B256, Address), u32>::new();
    let mut movements = Vec::new();
    for log in logs {
        if log.block_hash != hash {
            return nonsense("a log of another block");
        }
        if log.removed {
            return nonsense("a log that was removed from the chain");
        }
        if !pinned(&log.address.0) || log.topics.first() != Some(&Hash(TRANSFER)) {
            return nonsense("a log that was not asked for");
        }
        let Some(log_index) = log.log_index.small() else {
            return nonsense("a log's number is too large");
        };
        let count = seen.entry((log.transaction_hash.0, log.address.0)).or_default();
        let ordinal = *count;
        *count = count.saturating_add(1);
        let Some((from, to, units)) = parties(&log) else { continue };
        let (token, transaction) = (log.address.0, log.transaction_hash.0);
        movements.push(Movement { token, from, to, units, transaction, ordinal, log_index });
    }
    Ok(movements)
}

/// Sender, receiver and amount of an ERC-20 log; other standards share the topic, not the shape.
fn parties(log: &Log) -> Option<(Address, Address, U256)> {
    let [_, from, to] = log.topics.as_slice() else { return None };
    let amount = <[u8; 32]>::try_from(log.data.0.as_ref()).ok()?;
    Some((account(from.0)?, account(to.0)?, U256::from_be_bytes(amount)))
}

/// The account in a word, whose first twelve bytes must be zero.
fn account(word: B256) -> Option<Address> {
    let (padding, _) = word.split_at(12);
    padding.iter().all(|byte| *byte == 0).then(|| Address::from_word(word))
}

/// What of the movements to one holder of one token arrived: each movement to the holder with the
/// units to credit, none with zero. `movements` are all of that token in the block, in its order.
pub(super) fn arrived(
    movements: &[Movement],
    holder: Address,
    before: U256,
    after: U256,
) -> Vec<(Movement, U256)> {
    let theirs = |movement: &&Movement| movement.from != movement.to;
    let sum = |of: &dyn Fn(&Movement) -> Address| {
        let mine = movements.iter().filter(theirs).filter(|movement| of(movement) == holder);
        mine.fold(U512::ZERO, |sum, movement| sum + U512::from(movement.units))
    };
    let (incoming, outgoing) = (sum(&|movement| movement.to), sum(&|movement| movement.from));
    let risen = (U512::from(after) + outgoing).saturating_sub(U512::from(before));
    let mut short = incoming.saturating_sub(risen);
    let incoming = movements.iter().filter(theirs).filter(|movement| movement.to == holder);
    let mut credits = Vec::new();
    for movement in incoming.rev() {
        let logged = U512::from(movement.units);
        let credit = logged.saturating_sub(short);
        short = short.saturating_sub(logged);
        if !credit.is_zero() {
            // Not above the logged units, which are 256 bits.
            credits.push((*movement, credit.wrapping_to::<U256>()));
        }
    }
    credits.reverse();
    credits
}

/// The movements to one holder of one token as they were logged, where nothing else is known and
/// the token's logs are as good as its balances.
pub(super) fn logged(movements: &[Movement], holder: Address) -> Vec<(Movement, U256)> {
    let theirs = movements.iter().filter(|movement| {
        movement.to == holder && movement.from != movement.to && !movement.units.is_zero()
    });
    theirs.map(|movement| (*movement, movement.units)).collect()
}

/// Receiver and amount of a plain `transfer` call.
pub(super) fn transfer_call(input: &[u8]) -> Option<(Address, U256)> {
    let arguments = input.strip_prefix(&TRANSFER_CALL)?;
    let to = account(B256::from_slice(arguments.get(..32)?))?;
    Some((to, U256::from_be_slice(arguments.get(32..64)?)))
}

/// The input of a call of `balanceOf`.
pub(super) fn balance_call(holder: Address) -> Vec<u8> {
    [BALANCE_OF.as_slice(), holder.into_word().as_slice()].concat()
}

#[cfg(test)]
mod tests;
