//! What is on its way to watched accounts, as far as the node tells. Shown to customers, never
//! credited.

use coffer_domain::{ports::Watched, transfer::ChainTransfer};
use serde_json::json;

use super::{
    answer::{PendingBlock, PendingTransaction, Quantity},
    block::{COIN_POSITION, text},
    endpoint::Endpoint,
    fault::Fault,
    pinned::Pinned,
    token,
};

/// Coin payments and plain token transfers in the node's pending block. Two calls.
pub(super) async fn read(
    endpoint: &Endpoint,
    pinned: &Pinned,
    watched: &Watched<'_>,
) -> Result<Vec<ChainTransfer>, Fault> {
    let mined = endpoint.call::<Quantity>("eth_blockNumber", json!([])).await?;
    let asked = json!(["pending", true]);
    let block = match endpoint.call::<Option<PendingBlock>>("eth_getBlockByNumber", asked).await {
        Ok(block) => block,
        Err(Fault::Unsupported(_) | Fault::Refused(_) | Fault::Moved(_)) => None,
        Err(fault) => return Err(fault),
    };
    // Nodes without a view of their own answer with the newest block.
    let block = block.filter(|block| block.number.is_none_or(|number| number.0 > mined.0));
    let transactions = block.map(|block| block.transactions).unwrap_or_default();
    let found = transactions.iter().filter_map(|transaction| {
        let transaction = serde_json::from_str::<PendingTransaction>(transaction.get()).ok()?;
        in_transaction(&transaction, pinned, watched)
    });
    Ok(found.collect())
}

/// What a transaction would move to a watched account if it succeeded.
fn in_transaction(
    transaction: &PendingTransaction,
    pinned: &Pinned,
    watched: &Watched<'_>,
) -> Option<ChainTransfer> {
    let called = transaction.to?.0;
    let (asset, position, to, units) = match pinned.tokens.get(&called) {
        Some(pinned_token) => {
            let (to, units) = token::transfer_call(&transaction.input.0)?;
            (pinned_token.asset, token::position(called, 0), to, units)
        }
        None => (pinned.coin?, COIN_POSITION.to_owned(), called, transaction.value.0),
    };
    let hit = !units.is_zero() && watched.watches(to.as_slice());
    hit.then(|| pinned.transfer(asset, text(transaction.hash.0), position, to, units))
}
