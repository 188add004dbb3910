//! What waits for a block. A node tells the ids of all transactions that wait; each is fetched once
//! and its outputs are kept while it waits, because an address that is learned later may be paid by
//! it. This is a cache of the node's own words and nothing else: a transaction's id stands for its
//! contents, so what is kept cannot become wrong, and without it everything is fetched again.

use std::collections::{HashMap, HashSet, VecDeque};

use bitcoin::{OutPoint, Transaction, Txid, consensus::deserialize};
use coffer_domain::{
    ports::Watched,
    transfer::{BlockRef, ChainTransfer, TransferReference},
};
use serde_json::{json, value::RawValue};
use tokio::sync::Mutex;

use super::{
    block::Reading,
    fault::Fault,
    node::Node,
    verbose::{Output, VerboseTransaction},
};

/// Transactions fetched in one request.
const FETCHED_AT_ONCE: usize = 100;
/// Transactions that wait, of which more are not read: no node's mempool holds as many.
const WAITING_MAX: usize = 1_000_000;
/// Transactions that paid us and wait no more, whose inputs are remembered.
const LEFT_MAX: usize = 10_000;

/// What waits at a network's nodes.
#[derive(Default)]
pub(super) struct Pool(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: HashMap<Txid, Entry>,
    /// Those that paid us and wait no more, the oldest first.
    left: VecDeque<(Txid, Entry)>,
}

/// A transaction that waits.
struct Entry {
    /// The outputs that it spends.
    inputs: Box<[OutPoint]>,
    /// Its outputs that may pay somebody.
    outputs: Box<[Output]>,
    /// Whether every transaction that it spends from was in a block when this one was first seen.
    rooted: bool,
}

impl Pool {
    /// Everything that waits and pays a watched script.
    pub(super) async fn read(
        &self,
        node: &Node,
        reading: Reading,
        watched: &Watched<'_>,
    ) -> Result<Vec<ChainTransfer>, Fault> {
        let mut state = self.0.lock().await;
        let ids = node.waiting().await?;
        if ids.len() > WAITING_MAX {
            return Err(Fault::Nonsense(format!("{} transactions wait for a block", ids.len())));
        }
        state.update(node, reading, &ids, watched).await?;
        let mut found = Vec::new();
        for (id, entry) in &state.waiting {
            found.extend(entry.pays(*id, reading, watched));
        }
        found.sort_by(|one, other| order(&one.reference).cmp(&order(&other.reference)));
        Ok(found)
    }

    /// Which of these transactions, that wait no more and are in no block up to `tip`, never will
    /// be: another transaction spends what they were to spend. Where the tip has moved meanwhile
    /// they may be in the new block, and nothing is said.
    pub(super) async fn lost(
        &self,
        node: &Node,
        ids: &[Txid],
        tip: &BlockRef,
    ) -> Result<Vec<Txid>, Fault> {
        let state = self.0.lock().await;
        let mut lost = Vec::new();
        for id in ids {
            let entry = state.left.iter().rev().find(|(left, _)| left == id);
            let Some((_, entry)) = entry else { continue };
            if state.is_spent_by_waiting(entry) || is_spent_in_block(node, *id, entry).await? {
                lost.push(*id);
            }
        }
        let still = lost.is_empty() || node.best_block().await? == tip.hash;
        Ok(if still { lost } else { Vec::new() })
    }
}

impl State {
    /// Fetches what is new, and drops what waits no more.
    async fn update(
        &mut self,
        node: &Node,
        reading: Reading,
        ids: &[Txid],
        watched: &Watched<'_>,
    ) -> Result<(), Fault> {
        let mut old = std::mem::take(&mut self.waiting);
        let mut new = Vec::new();
        for id in ids {
            let back = self.left.iter().position(|(left, _)| left == id);
            let back = back.and_then(|place| self.left.remove(place)).map(|(_, entry)| entry);
            match old.remove(id).or(back) {
                Some(entry) => drop(self.waiting.insert(*id, entry)),
                None => new.push(*id),
            }
        }
        for (id, entry) in old {
            if !entry.pays(id, reading, watched).is_empty() {
                self.left.push_back((id, entry));
            }
        }
        let surplus = self.left.len().saturating_sub(LEFT_MAX);
        self.left.drain(..surplus);
        let here = ids.iter().copied().collect::<HashSet<_>>();
        for some in new.chunks(FETCHED_AT_ONCE) {
            for (id, mut entry) in fetch(node, reading, some).await? {
                entry.rooted = entry.inputs.iter().all(|input| !here.contains(&input.txid));
                self.waiting.insert(id, entry);
            }
        }
        Ok(())
    }

    fn is_spent_by_waiting(&self, lost: &Entry) -> bool {
        let mut waiting = self.waiting.values().flat_map(|entry| &entry.inputs);
        waiting.any(|input| lost.inputs.contains(input))
    }
}

impl Entry {
    fn pays(&self, id: Txid, reading: Reading, watched: &Watched<'_>) -> Vec<ChainTransfer> {
        let found = self.outputs.iter().filter_map(|output| {
            let Output { position, sats, script } = output;
            reading.transfer(|| id.to_string(), *position, script, *sats, watched)
        });
        found.collect()
    }
}

/// Whether a block holds another transaction that spends an input of this one. Only what came from
/// a block can tell: an output that was itself waiting may have vanished unspent. One that waits
/// again by now spends its inputs itself.
async fn is_spent_in_block(node: &Node, id: Txid, entry: &Entry) -> Result<bool, Fault> {
    if !entry.rooted {
        return Ok(false);
    }
    for input in &entry.inputs {
        if !node.is_unspent(input).await? {
            return node.is_waiting(id).await.map(|waits| !waits);
        }
    }
    Ok(false)
}

/// The transactions of these ids, but for those that wait no more by now.
async fn fetch(node: &Node, reading: Reading, ids: &[Txid]) -> Result<Vec<(Txid, Entry)>, Fault> {
    const METHOD: &str = "getrawtransaction";
    let raw = reading.rules.raw_blocks();
    let params = ids.iter().map(|id| json!([id.to_string(), u8::from(!raw)])).collect();
    let read = |result: &RawValue| match raw {
        true => of_bytes(&node.bytes(METHOD, node.rpc.read(METHOD, result)?)?),
        false => of_description(&node.rpc.read(METHOD, result)?),
    };
    let answers = node.rpc.call_each(METHOD, params, read).await?;
    let mut found = Vec::new();
    for (id, answer) in ids.iter().zip(answers) {
        match answer {
            Ok((told, entry)) if told.is_none_or(|told| told == *id) => found.push((*id, entry)),
            Ok(_) => return Err(Fault::Nonsense(format!("asked for {id}, got another"))),
            Err(Fault::Absent) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(found)
}

/// The id that the bytes have, and what is kept of them.
fn of_bytes(bytes: &[u8]) -> Result<(Option<Txid>, Entry), Fault> {
    let transaction = deserialize::<Transaction>(bytes);
    let transaction =
        transaction.map_err(|_| Fault::Nonsense("a transaction is unreadable".to_owned()))?;
    let outputs = transaction.output.iter().zip(0_u32..).filter_map(|(output, position)| {
        let (script, sats) = (output.script_pubkey.as_bytes(), output.value.to_sat());
        let kept = || Output { position, sats, script: script.to_vec() };
        Reading::may_pay(script, sats).then(kept)
    });
    let outputs = outputs.collect();
    let inputs = transaction.input.iter().map(|input| input.previous_output).collect();
    Ok((Some(transaction.compute_txid()), Entry { inputs, outputs, rooted: false }))
}

/// What is kept of a described transaction; its bytes are not Bitcoin's, so its id is believed.
fn of_description(described: &VerboseTransaction<'_>) -> Result<(Option<Txid>, Entry), Fault> {
    let outputs = described.outputs().map_err(Fault::Nonsense)?.into();
    let inputs = described.inputs().collect();
    Ok((None, Entry { inputs, outputs, rooted: false }))
}

/// Outputs of one transaction in their order.
fn order(reference: &TransferReference) -> (&str, u32) {
    (&reference.transaction, reference.position.parse().unwrap_or(u32::MAX))
}
