//! Which movements of a block go to watched accounts: what is asked of every block, before anything
//! more is asked of a node.

use coffer_domain::ports::Watched;

use super::{
    answer::{Log, NodeBlock, Transaction},
    token::{self, Movement},
};

/// Whether a transaction carries the coin to a watched account.
pub(super) fn carries(transaction: &Transaction, watched: &Watched<'_>) -> bool {
    let arrives = !transaction.value.0.is_zero() && transaction.from != transaction.to;
    arrives && transaction.to.is_some_and(|to| watched.watches(to.0.as_slice()))
}

/// Whether a token's movement goes to a watched account.
pub(super) fn arrives(movement: &Movement, watched: &Watched<'_>) -> bool {
    let moves = !movement.units.is_zero() && movement.from != movement.to;
    moves && watched.watches(movement.to.as_slice())
}

/// How many movements to watched accounts are in a block, by a node's answers to
/// `eth_getBlockByNumber` with transactions and to `eth_getLogs` for `Transfer` of pinned tokens.
/// The benchmark measures it.
///
/// # Errors
/// When the answers are not what a node says; the text says which.
pub fn count_hits(block: &[u8], logs: &[u8], watched: &Watched<'_>) -> Result<usize, String> {
    let block: NodeBlock<Transaction> =
        serde_json::from_slice(block).map_err(|error| format!("the block: {error}"))?;
    let logs: Vec<Log> =
        serde_json::from_slice(logs).map_err(|error| format!("the logs: {error}"))?;
    let movements = token::movements(logs, block.hash, |_| true);
    let movements = movements.map_err(|fault| format!("the logs: {fault:?}"))?;
    let coins = block.transactions.iter().filter(|one| carries(one, watched)).count();
    Ok(coins + movements.iter().filter(|one| arrives(one, watched)).count())
}
