//! Logs of pinned tokens: of one block by its hash, or of many at once while catching up. Providers
//! limit both; what one question would be too much for is asked in smaller ones.

use std::ops::RangeInclusive;

use alloy::primitives::{Address, Bloom, BloomInput};
use serde_json::{Value, json};

use super::{
    answer::{Hash, Log, NodeBlock, ReceiptLogs, Transaction},
    block::text,
    endpoint::Endpoint,
    fault::Fault,
    pinned::Pinned,
    token,
};

/// The logs of a row of blocks, fetched at once. Other blocks may stand at these heights by now, so
/// each block is compared with what was fetched for it.
#[derive(Default)]
pub(super) struct Fetched {
    heights: Option<RangeInclusive<u64>>,
    logs: Vec<Log>,
}

impl Fetched {
    /// Whether that height was asked for.
    pub(super) fn covers(&self, height: u64) -> bool {
        self.heights.as_ref().is_some_and(|heights| heights.contains(&height))
    }

    /// The logs of a block, where they are surely all of them: they bear its hash, or there are
    /// none and its bloom filter says so, too.
    pub(super) fn of(&self, block: &NodeBlock<Transaction>, pinned: &Pinned) -> Option<Vec<Log>> {
        if !self.covers(block.number.small()?) {
            return None;
        }
        let logs = self.logs.iter().filter(|log| log.block_number == block.number);
        let logs = logs.cloned().collect::<Vec<_>>();
        let surely = match logs.is_empty() {
            true => !may_have_logs(block, pinned),
            false => logs.iter().all(|log| log.block_hash == block.hash),
        };
        surely.then_some(logs)
    }
}

/// Fetches the logs of up to as many blocks as the endpoint gives at once, beginning with the
/// first. Nothing where it is better to ask for each block; that is no fault, because whoever reads
/// a block asks then, and hears what is wrong.
pub(super) async fn fetch(
    endpoint: &Endpoint,
    pinned: &Pinned,
    heights: RangeInclusive<u64>,
) -> Fetched {
    let (first, last) = heights.into_inner();
    let mut range = endpoint.log_range();
    while range > 1 && last > first && !pinned.tokens.is_empty() {
        let end = last.min(first.saturating_add(range - 1));
        let mut filter = filter(pinned.tokens.keys());
        filter["fromBlock"] = json!(format!("{first:#x}"));
        filter["toBlock"] = json!(format!("{end:#x}"));
        match endpoint.call::<Vec<Log>>("eth_getLogs", json!([filter])).await {
            Ok(logs) => return Fetched { heights: Some(first..=end), logs },
            Err(Fault::Unreachable(_)) => {
                endpoint.halve_log_range();
                break;
            }
            Err(_) => range = endpoint.halve_log_range(),
        }
    }
    Fetched::default()
}

/// The logs of one block. Where they are too many for one answer: from its receipts, or else token
/// by token.
pub(super) async fn of_block(
    endpoint: &Endpoint,
    pinned: &Pinned,
    block: &NodeBlock<Transaction>,
) -> Result<Vec<Log>, Fault> {
    let refused = match by_hash(endpoint, pinned.tokens.keys(), block.hash).await {
        Err(fault @ (Fault::TooMuch(_) | Fault::Refused(_))) => fault,
        answer => return answer,
    };
    let asked = json!([text(block.hash.0)]);
    let receipts = endpoint.call::<Option<Vec<ReceiptLogs>>>("eth_getBlockReceipts", asked).await;
    match receipts {
        Ok(Some(receipts)) if receipts.len() == block.transactions.len() => {
            let logs = receipts.into_iter().flat_map(|receipt| receipt.logs);
            return Ok(logs.filter(|log| is_ours(log, pinned)).collect());
        }
        Err(fault @ Fault::Unreachable(_)) => return Err(fault),
        Ok(_) | Err(_) => {}
    }
    if pinned.tokens.len() < 2 {
        return Err(refused);
    }
    let mut logs = Vec::new();
    for token in pinned.tokens.keys() {
        logs.extend(by_hash(endpoint, [token].into_iter(), block.hash).await?);
    }
    Ok(logs)
}

async fn by_hash(
    endpoint: &Endpoint,
    tokens: impl Iterator<Item = &Address>,
    block: Hash,
) -> Result<Vec<Log>, Fault> {
    let mut filter = filter(tokens);
    filter["blockHash"] = json!(text(block.0));
    endpoint.call("eth_getLogs", json!([filter])).await
}

fn filter<'a>(tokens: impl Iterator<Item = &'a Address>) -> Value {
    let contracts = tokens.map(|at| format!("{at:#x}")).collect::<Vec<_>>();
    json!({ "address": contracts, "topics": [text(token::TRANSFER)] })
}

fn is_ours(log: &Log, pinned: &Pinned) -> bool {
    pinned.tokens.contains_key(&log.address.0) && log.topics.first() == Some(&Hash(token::TRANSFER))
}

/// Whether a block may hold a log of a pinned token. Where its filter is missing or empty although
/// there are transactions, that is not known: some networks do not keep one.
fn may_have_logs(block: &NodeBlock<Transaction>, pinned: &Pinned) -> bool {
    let bloom = block.logs_bloom.as_ref().and_then(|it| <[u8; 256]>::try_from(it.0.as_ref()).ok());
    let Some(bloom) = bloom.map(Bloom::new) else { return true };
    if bloom.is_zero() {
        return !block.transactions.is_empty();
    }
    let has = |bytes: &[u8]| bloom.contains_input(BloomInput::Raw(bytes));
    has(token::TRANSFER.as_slice()) && pinned.tokens.keys().any(|token| has(token.as_slice()))
}
