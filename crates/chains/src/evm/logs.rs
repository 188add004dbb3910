//! Logs of pinned tokens: of one block by its hash, or of many at once while catching up. Providers
//! limit both; what one question would be too much for is asked in smaller ones.

use std::ops::RangeInclusive;

use alloy::primitives::{Address, Bloom, BloomInput};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use super::{
    answer::{Hash, Log, NodeBlock, ReceiptLogs, Transaction},
    block::{CALLS_AT_ONCE, text, timestamp},
    endpoint::Endpoint,
    fault::Fault,
    pinned::Pinned,
    token,
};

/// Where an endpoint does not give the receipts of a block in one answer, those of up to so many
/// transactions are asked for one by one.
const SINGLE_RECEIPTS_MAX: usize = 32;

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
/// by token. That there are none is believed where the block's own filter says the same, or says
/// nothing, or the block is the one of which another endpoint said so, too, when it was not new any
/// more; else its receipts must bear it out. An endpoint's index of logs may lag behind its blocks,
/// and two addresses of one provider may share it.
pub(super) async fn of_block(
    endpoint: &Endpoint,
    pinned: &Pinned,
    block: &NodeBlock<Transaction>,
    logless: Option<Hash>,
) -> Result<Vec<Log>, Fault> {
    let refused = match by_hash(endpoint, pinned.tokens.keys(), block.hash).await {
        Ok(logs) if !logs.is_empty() || logless == Some(block.hash) => return Ok(logs),
        Ok(_) => return none_of_block(endpoint, pinned, block).await,
        Err(fault @ (Fault::TooMuch(_) | Fault::Refused(_))) => fault,
        Err(fault) => return Err(fault),
    };
    if let Some(logs) = of_receipts(endpoint, block).await? {
        return Ok(logs.into_iter().filter(|log| is_ours(log, pinned)).collect());
    }
    if pinned.tokens.len() < 2 {
        return Err(refused);
    }
    let mut logs = Vec::new();
    for token in pinned.tokens.keys() {
        logs.extend(by_hash(endpoint, [token].into_iter(), block.hash).await?);
    }
    match logs.is_empty() && logless != Some(block.hash) {
        true => none_of_block(endpoint, pinned, block).await,
        false => Ok(logs),
    }
}

/// What a block holds of which an endpoint tells no logs. Filters of busy blocks err often, so that
/// what sets one off is looked for in the receipts: all that were logged must set off as much.
async fn none_of_block(
    endpoint: &Endpoint,
    pinned: &Pinned,
    block: &NodeBlock<Transaction>,
) -> Result<Vec<Log>, Fault> {
    let Some(bloom) = bloom(block) else { return Ok(Vec::new()) };
    let tokens = named_in(&bloom, pinned).collect::<Vec<_>>();
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let logs = match of_receipts(endpoint, block).await? {
        Some(logs) => Some(logs),
        None => of_each_receipt(endpoint, block).await?,
    };
    let logless = Fault::Logless(block.hash, timestamp(block)?);
    let Some(logs) = logs else { return Err(logless) };
    if logs.iter().any(|log| log.block_hash != block.hash) {
        return Err(Fault::Moved("its receipts are of another block".to_owned()));
    }
    let mut told = Bloom::ZERO;
    for log in &logs {
        let topics = log.topics.iter().map(|topic| topic.0).collect::<Vec<_>>();
        told.accrue_raw_log(log.address.0, &topics);
    }
    let explained = named_in(&told, pinned).collect::<Vec<_>>();
    if !tokens.iter().all(|token| explained.contains(token)) {
        return Err(logless);
    }
    Ok(logs.into_iter().filter(|log| is_ours(log, pinned)).collect())
}

/// All logs of a block by its receipts; none where the endpoint does not give these in one answer.
async fn of_receipts(
    endpoint: &Endpoint,
    block: &NodeBlock<Transaction>,
) -> Result<Option<Vec<Log>>, Fault> {
    let asked = json!([text(block.hash.0)]);
    let receipts = endpoint.call::<Option<Vec<ReceiptLogs>>>("eth_getBlockReceipts", asked).await;
    match receipts {
        Ok(Some(receipts)) if receipts.len() == block.transactions.len() => {
            Ok(Some(receipts.into_iter().flat_map(|receipt| receipt.logs).collect()))
        }
        Err(fault @ Fault::Unreachable(_)) => Err(fault),
        Ok(_) | Err(_) => Ok(None),
    }
}

/// The same by the receipts of its transactions, asked for one by one; none where they are too many
/// for that, or one is not to be had.
async fn of_each_receipt(
    endpoint: &Endpoint,
    block: &NodeBlock<Transaction>,
) -> Result<Option<Vec<Log>>, Fault> {
    if block.transactions.len() > SINGLE_RECEIPTS_MAX {
        return Ok(None);
    }
    let calls = block.transactions.iter().map(|transaction| {
        let asked = json!([text(transaction.hash.0)]);
        endpoint.call::<Option<ReceiptLogs>>("eth_getTransactionReceipt", asked)
    });
    let calls = calls.collect::<Vec<_>>();
    match stream::iter(calls).buffered(CALLS_AT_ONCE).try_collect::<Vec<_>>().await {
        Ok(receipts) => {
            let receipts = receipts.into_iter().collect::<Option<Vec<_>>>();
            Ok(receipts.map(|all| all.into_iter().flat_map(|receipt| receipt.logs).collect()))
        }
        Err(fault @ Fault::Unreachable(_)) => Err(fault),
        Err(_) => Ok(None),
    }
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

/// Whether a block may hold a log of a pinned token, as far as it says.
fn may_have_logs(block: &NodeBlock<Transaction>, pinned: &Pinned) -> bool {
    bloom(block).is_none_or(|bloom| named_in(&bloom, pinned).next().is_some())
}

/// The filter of a block's logs. None where it says nothing: some networks keep none, and leave it
/// empty although there are transactions, or set all of it.
fn bloom(block: &NodeBlock<Transaction>) -> Option<Bloom> {
    let bytes = block.logs_bloom.as_ref()?.0.as_ref();
    let bloom = Bloom::new(<[u8; 256]>::try_from(bytes).ok()?);
    let empty = bloom.is_zero() && !block.transactions.is_empty();
    let full = bloom.iter().all(|byte| *byte == u8::MAX);
    (!empty && !full).then_some(bloom)
}

/// The pinned tokens of which a filter says that a transfer may have been logged.
fn named_in<'a>(bloom: &'a Bloom, pinned: &'a Pinned) -> impl Iterator<Item = &'a Address> {
    let has = |bytes: &[u8]| bloom.contains_input(BloomInput::Raw(bytes));
    let transfers = has(token::TRANSFER.as_slice());
    pinned.tokens.keys().filter(move |token| transfers && has(token.as_slice()))
}
