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

/// How often a look asks for a view while blocks come.
const ASKED_AT_MOST: usize = 3;

/// Coin payments and plain token transfers in the node's pending block; none where the node shows
/// nothing that waits, so that an empty list would be no sign of "no payment". Three calls,
/// two more where a block is mined meanwhile.
///
/// A node without a view of its own answers with no block, or with the newest. One that only
/// forwards what it is sent may answer with an empty block for ever: where blocks come regularly an
/// empty one is believed only of a node that has shown somebody's transaction lately, and else the
/// blocks themselves say when a window may end. Where blocks come at any time, as on development
/// chains, they would not say so, and an empty view is believed.
pub(super) async fn read(
    endpoint: &Endpoint,
    pinned: &Pinned,
    regular: bool,
    watched: &Watched<'_>,
) -> Result<Option<Vec<ChainTransfer>>, Fault> {
    let Some(block) = view(endpoint).await? else { return Ok(None) };
    if !block.transactions.is_empty() {
        endpoint.note_shown();
    } else if regular && !endpoint.shows_pending() {
        return Ok(None);
    }
    let found = block.transactions.iter().filter_map(|transaction| {
        let transaction = serde_json::from_str::<PendingTransaction>(transaction.get()).ok()?;
        in_transaction(&transaction, pinned, watched)
    });
    Ok(Some(found.collect()))
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

/// The node's pending block, above all that is mined; none where it shows none. One that was mined
/// before it was asked for is no view. One that was mined while it was asked for may have been the
/// node's view or its newest block, so that it is asked again.
async fn view(endpoint: &Endpoint) -> Result<Option<PendingBlock>, Fault> {
    const NEWEST: &str = "eth_blockNumber";
    let mut before = endpoint.call::<Quantity>(NEWEST, json!([])).await?;
    for _ in 0..ASKED_AT_MOST {
        let asked = json!(["pending", true]);
        let block = endpoint.call::<Option<PendingBlock>>("eth_getBlockByNumber", asked).await;
        let block = match block {
            Ok(Some(block)) => block,
            // Of this look it says nothing; that the node has shown more stays known.
            Ok(None) | Err(Fault::Unsupported(_) | Fault::Refused(_) | Fault::Moved(_)) => {
                return Ok(None);
            }
            Err(fault) => return Err(fault),
        };
        let Some(number) = block.number.map(|number| number.0) else { return Ok(Some(block)) };
        if number <= before.0 {
            return Ok(None);
        }
        let after = endpoint.call::<Quantity>(NEWEST, json!([])).await?;
        if number > after.0 {
            return Ok(Some(block));
        }
        before = after;
    }
    Ok(None)
}
