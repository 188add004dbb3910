//! Coin that contracts move inside a transaction: smart wallets, exchanges' batches, contracts that
//! end. It leaves no record in blocks; a node that keeps traces of calls tells of it.
//!
//! Two ways of asking are known, `trace_block` and `debug_traceBlockByHash`; an endpoint is asked
//! in the first that it answers. Both list the calls in the order in which they were made, but do
//! not agree on which of them get a number (calls of precompiled contracts). So a movement is told
//! apart by its receiver and its number among the transaction's movements to that receiver: that is
//! the same whoever is asked, and in whatever block the transaction ends up.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256, U256};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{json, value::RawValue};

use super::{
    answer::{Account, Hash, NodeBlock, Quantity, Transaction},
    block::text,
    endpoint::Endpoint,
    fault::Fault,
};

/// How an endpoint is asked for traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tracing {
    /// `trace_block`: a flat list (Erigon, Nethermind, Besu, Reth, anvil).
    TraceBlock,
    /// `debug_traceBlockByHash` with `callTracer`: a tree for each transaction (geth and its kin).
    CallTracer,
}

/// One movement of coin by a call inside a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inner {
    pub(super) transaction: B256,
    pub(super) to: Address,
    pub(super) units: U256,
    /// Its number among the transaction's inner movements to that receiver, from 0.
    pub(super) ordinal: u32,
}

impl Inner {
    /// What tells it apart from the transaction's other movements.
    pub(super) fn position(&self) -> String {
        format!("call/{:#x}/{}", self.to, self.ordinal)
    }
}

/// An item of `trace_block`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FlatCall {
    action: Action,
    block_hash: Hash,
    #[serde(default)]
    transaction_hash: Option<Hash>,
    trace_address: Vec<u32>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    error: Option<IgnoredAny>,
    #[serde(default)]
    result: Option<Made>,
}

/// What an item of `trace_block` did.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    call_type: Option<String>,
    from: Option<Account>,
    to: Option<Account>,
    value: Option<Quantity>,
    /// The contract that ended, who gets what it had, and how much.
    address: Option<Account>,
    refund_address: Option<Account>,
    balance: Option<Quantity>,
}

/// The contract that an item of `trace_block` made.
#[derive(Deserialize)]
struct Made {
    #[serde(default)]
    address: Option<Account>,
}

/// The tree of one transaction. Calls may lie a thousand deep, more than can be read in one go.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tree {
    #[serde(default)]
    tx_hash: Option<Hash>,
    result: Option<Box<RawValue>>,
}

/// One call of a tree.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type")]
    kind: String,
    from: Option<Account>,
    to: Option<Account>,
    value: Option<Quantity>,
    #[serde(default)]
    error: Option<IgnoredAny>,
    #[serde(borrow, default)]
    calls: Vec<&'a RawValue>,
}

/// A call that moved coin: its transaction, who gave, who got, how much.
type Moved = (B256, Address, Address, U256);

/// How the endpoint can be asked; none where it keeps no traces, as it says: it does not know the
/// methods, or answers null. A refusal says nothing for good: nodes behind one address may be a
/// block apart. Three calls at most.
pub(super) async fn probe(endpoint: &Endpoint) -> Result<Option<Tracing>, Fault> {
    let asked = json!(["latest", false]);
    let newest = endpoint.call::<NodeBlock<IgnoredAny>>("eth_getBlockByNumber", asked).await?;
    let number = json!([format!("{:#x}", newest.number.0)]);
    let tree = json!([text(newest.hash.0), { "tracer": "callTracer" }]);
    let mut refused = None;
    for (way, method, asked) in [
        (Tracing::TraceBlock, "trace_block", number),
        (Tracing::CallTracer, "debug_traceBlockByHash", tree),
    ] {
        match endpoint.call::<Option<Vec<IgnoredAny>>>(method, asked).await {
            Ok(Some(_)) => return Ok(Some(way)),
            Ok(None) | Err(Fault::Unsupported(_)) => {}
            Err(fault) if fault.refuses() => refused = Some(fault),
            Err(fault) => return Err(fault),
        }
    }
    refused.map_or(Ok(None), Err)
}

/// What moved inside the transactions of a block, in its order. What a call that failed moved came
/// back, and so did what the calls below it moved.
pub(super) async fn read(
    endpoint: &Endpoint,
    way: Tracing,
    block: &NodeBlock<Transaction>,
) -> Result<Vec<Inner>, Fault> {
    // Polygon's transactions of its bridge are sent by nobody and not traced; where a block holds
    // nothing else, endpoints have no traces of it.
    let is_traced = |transaction: &&Transaction| transaction.from.is_some_and(|it| !it.0.is_zero());
    let due = block.transactions.iter().filter(is_traced).collect::<Vec<_>>();
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let (moved, traced) = match way {
        Tracing::TraceBlock => flat(endpoint, block).await?,
        Tracing::CallTracer => trees(endpoint, block).await?,
    };
    if due.iter().any(|transaction| !traced.contains(&transaction.hash.0)) {
        return Err(Fault::Nonsense("the traces of a transaction are missing".to_owned()));
    }
    Ok(numbered(moved))
}

/// Gives each movement its number. Moving nothing, or something to oneself, is no movement.
fn numbered(moved: Vec<Moved>) -> Vec<Inner> {
    let mut seen = BTreeMap::<(B256, Address), u32>::new();
    let real = moved.into_iter().filter(|(_, from, to, units)| !units.is_zero() && from != to);
    let number = |(transaction, _, to, units)| {
        let count = seen.entry((transaction, to)).or_default();
        let ordinal = *count;
        *count = count.saturating_add(1);
        Inner { transaction, to, units, ordinal }
    };
    real.map(number).collect()
}

async fn flat(
    endpoint: &Endpoint,
    block: &NodeBlock<Transaction>,
) -> Result<(Vec<Moved>, BTreeSet<B256>), Fault> {
    let asked = json!([format!("{:#x}", block.number.0)]);
    let calls = endpoint.call::<Option<Vec<FlatCall>>>("trace_block", asked).await?;
    let calls = calls.filter(|calls| !calls.is_empty()).ok_or(Fault::Absent)?;
    if calls.iter().any(|call| call.block_hash != block.hash) {
        return Err(Fault::Moved("its traces are of another block".to_owned()));
    }
    let (mut moved, mut traced) = (Vec::new(), BTreeSet::new());
    // Calls come before those below them.
    let mut failed: Option<(B256, Vec<u32>)> = None;
    for call in calls {
        // The rewards of those who make blocks have no transaction.
        let Some(Hash(transaction)) = call.transaction_hash else { continue };
        traced.insert(transaction);
        let below = failed
            .as_ref()
            .is_some_and(|(of, at)| *of == transaction && call.trace_address.starts_with(at));
        if below {
            continue;
        }
        if call.error.is_some() {
            failed = Some((transaction, call.trace_address));
            continue;
        }
        // The outermost call is the transaction's own value.
        if call.trace_address.is_empty() {
            continue;
        }
        if let Some((from, to, units)) = flat_movement(&call) {
            moved.push((transaction, from, to, units));
        }
    }
    Ok((moved, traced))
}

/// What a call of `trace_block` moved. Calls of other kinds borrow code and move nothing.
fn flat_movement(call: &FlatCall) -> Option<(Address, Address, U256)> {
    let action = &call.action;
    let (from, to, units) = match (call.kind.as_str(), action.call_type.as_deref()) {
        ("call", Some("call")) => (action.from, action.to, action.value),
        ("create", _) => (action.from, call.result.as_ref()?.address, action.value),
        ("suicide" | "selfdestruct", _) => (action.address, action.refund_address, action.balance),
        _ => return None,
    };
    Some((from?.0, to?.0, units?.0))
}

async fn trees(
    endpoint: &Endpoint,
    block: &NodeBlock<Transaction>,
) -> Result<(Vec<Moved>, BTreeSet<B256>), Fault> {
    let asked = json!([text(block.hash.0), { "tracer": "callTracer" }]);
    let trees = endpoint.call::<Option<Vec<Tree>>>("debug_traceBlockByHash", asked).await?;
    let trees = trees.ok_or(Fault::Absent)?;
    let same_number = trees.len() == block.transactions.len();
    let (mut moved, mut traced) = (Vec::new(), BTreeSet::new());
    for (place, tree) in trees.iter().enumerate() {
        // Older nodes do not name the transactions, and list all of them in the block's order.
        let by_place = block.transactions.get(place).filter(|_| same_number).map(|it| it.hash);
        let named = tree.tx_hash.or(by_place);
        let (Some(Hash(transaction)), Some(result)) = (named, &tree.result) else { continue };
        traced.insert(transaction);
        below(transaction, result, &mut moved)?;
    }
    Ok((moved, traced))
}

/// Collects what the calls of a tree moved, in the order in which they were made.
fn below(transaction: B256, tree: &RawValue, moved: &mut Vec<Moved>) -> Result<(), Fault> {
    let mut waiting = vec![(tree, true)];
    while let Some((text, outermost)) = waiting.pop() {
        let frame = serde_json::from_str::<Frame<'_>>(text.get());
        let frame =
            frame.map_err(|_| Fault::Nonsense("debug_traceBlockByHash: unreadable".to_owned()))?;
        if frame.error.is_some() {
            continue;
        }
        let moves = matches!(frame.kind.as_str(), "CALL" | "CREATE" | "CREATE2" | "SELFDESTRUCT");
        if let (Some(from), Some(to), Some(units)) = (frame.from, frame.to, frame.value)
            && moves
            && !outermost
        {
            moved.push((transaction, from.0, to.0, units.0));
        }
        waiting.extend(frame.calls.into_iter().rev().map(|call| (call, false)));
    }
    Ok(())
}
