//! Before a final payment is believed gone, the other endpoints are asked for its block: while one
//! has it, the endpoints disagree, and nothing is taken back (decision 0010).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use coffer_domain::{
    id::PaymentRequestId,
    ports::{Chain, ChainError},
    transfer::{BlockRef, Position},
};
use coffer_store::{error::DbError, tx::Tx};

use super::{Found, Step, stop::left_block};
use crate::error::EngineError;

/// Fails while an endpoint in step has one of these blocks on its chain.
///
/// # Errors
/// [`ChainError::EndpointsDisagree`], which leaves the network behind until they agree.
pub(super) async fn ask_others<'b>(
    chain: &Arc<dyn Chain>,
    blocks: impl IntoIterator<Item = &'b BlockRef>,
) -> Result<(), EngineError> {
    for block in blocks {
        if let Some(endpoint) = chain.named_by(block).await {
            let (network, height) = (chain.name(), block.height);
            let hash = &block.hash;
            let reason = format!("{endpoint} has {hash} there, another says that it is gone");
            return Err(ChainError::EndpointsDisagree { network, height, reason }.into());
        }
    }
    Ok(())
}

/// The blocks out of which a step takes final payments. Of those on the history that was read last
/// the lowest stands for all: whoever has one above it has it, too. What had left its block by an
/// earlier step is asked for where it was when it became final.
pub(super) async fn lost_blocks(
    tx: &mut Tx<'_>,
    step: &Step,
    seen: &BTreeMap<PaymentRequestId, Found>,
) -> Result<Vec<BlockRef>, DbError> {
    let (mut read_last, mut earlier) = (BTreeSet::new(), BTreeSet::new());
    for (request, found) in seen.iter().filter(|(_, found)| found.was_final) {
        let Some(stored) = tx.request(*request).await? else { continue };
        for look in &found.observations {
            if left_block(&stored.request, look, step).is_none() {
                continue;
            }
            let Some(known) = stored.request.transfer(&look.reference) else { continue };
            match &known.position {
                Position::Block { at, .. } => {
                    read_last.insert(at.clone());
                }
                Position::Pending | Position::Gone => {
                    earlier.extend(known.confirmed.as_ref().map(|confirmed| confirmed.at.clone()));
                }
            }
        }
    }
    Ok(read_last.into_iter().take(1).chain(earlier).collect())
}
