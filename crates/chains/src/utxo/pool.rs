//! What waits for a block. A node tells the ids of all transactions that wait; each is fetched once
//! and its outputs are kept while it waits, because an address that is learned later may be paid by
//! it. This is a cache of the node's own words and nothing else: a transaction's id stands for its
//! contents, so what is kept cannot become wrong, and without it everything is fetched again.
//!
//! On a busy network the list of ids has megabytes. So a long one is asked for seldom, and in
//! between the node is asked only for those that it has announced; up to when the list is whole is
//! said with it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use bitcoin::{OutPoint, Transaction, Txid, consensus::deserialize};
use coffer_domain::{
    ports::{Clock, Pending, Watched},
    time::{Span, Timestamp},
    transfer::{BlockRef, ChainTransfer, TransferReference},
};
use serde_json::{json, value::RawValue};
use tokio::sync::Mutex;

use super::{
    block::Reading,
    fault::Fault,
    node::Node,
    pace::pace,
    verbose::{Output, VerboseTransaction},
    zmq::Heard,
};

/// Transactions fetched in one request.
const FETCHED_AT_ONCE: usize = 100;
/// Transactions that wait, of which more are not read: no node's mempool holds as many.
const WAITING_MAX: usize = 1_000_000;
/// Transactions that paid us and wait no more, whose inputs are remembered.
const LEFT_MAX: usize = 10_000;

/// What waits at a network's nodes.
pub(super) struct Pool {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<Txid, Entry>,
    /// Of these, those that paid us when they were last looked at.
    paying: HashSet<Txid>,
    /// Of these, those that came after the last whole list.
    fresh: HashSet<Txid>,
    /// Those that paid us and wait no more, the oldest first.
    left: VecDeque<(Txid, Entry)>,
    /// Those that were announced and not asked for yet.
    announced: HashSet<Txid>,
    /// Whether the node announces what comes, and nothing of it was missed since the last whole
    /// list.
    hears: bool,
    list: Option<List>,
}

/// The last whole list.
struct List {
    /// Whose it is, and what its best block was.
    of: (usize, BlockRef),
    asked_at: Timestamp,
    /// How long the answer took.
    took: Span,
    len: usize,
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
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { state: Mutex::default(), clock }
    }

    /// Takes note of what was announced, for the next reading.
    pub(super) async fn hear(&self, heard: Heard) {
        let mut state = self.state.lock().await;
        state.announced.extend(heard.ids);
        state.hears &= heard.all;
    }

    /// What waits and pays a watched script, at the node of that number whose best block is `tip`.
    /// The list is asked for where the last one is of another node or tip, or too old for its
    /// length.
    pub(super) async fn read(
        &self,
        node: &Node,
        (number, tip): (usize, &BlockRef),
        reading: Reading,
        watched: &Watched<'_>,
    ) -> Result<Pending, Fault> {
        let mut state = self.state.lock().await;
        let asked_at = self.clock.now();
        let of = (number, tip.clone());
        let whole = state.is_due(&of, asked_at);
        if whole {
            // All of them are in the list, or wait no more.
            state.announced.clear();
            let ids = node.waiting().await?;
            if ids.len() > WAITING_MAX {
                return Err(Fault::Nonsense(format!(
                    "{} transactions wait for a block",
                    ids.len()
                )));
            }
            let took = self.clock.now().since(asked_at);
            state.update(node, reading, &ids, watched).await?;
            state.list = Some(List { of, asked_at, took, len: ids.len() });
            state.hears = true;
        } else {
            state.fetch_announced(node, reading).await?;
        }
        let transfers = state.found(whole, reading, watched);
        let list_of = state.list.as_ref().map(|list| list.asked_at);
        Ok(Pending { transfers, through: list_of.filter(|_| !whole) })
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
        let state = self.state.lock().await;
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
    /// Whether the whole list is wanted. A clock that was set back does not put it off.
    fn is_due(&self, of: &(usize, BlockRef), now: Timestamp) -> bool {
        self.list.as_ref().is_none_or(|list| {
            let age = now.since(list.asked_at);
            list.of != *of || age < Span::ZERO || age >= pace(list.len, list.took, self.hears)
        })
    }

    /// Fetches what is new in a whole list, and drops what waits no more.
    async fn update(
        &mut self,
        node: &Node,
        reading: Reading,
        ids: &[Txid],
        watched: &Watched<'_>,
    ) -> Result<(), Fault> {
        let here = ids.iter().copied().collect::<HashSet<_>>();
        for (id, entry) in self.waiting.extract_if(|id, _| !here.contains(id)) {
            if !entry.pays(id, reading, watched).is_empty() {
                self.left.push_back((id, entry));
            }
        }
        for (id, entry) in std::mem::take(&mut self.left) {
            match here.contains(&id) {
                true => drop(self.waiting.insert(id, entry)),
                false => self.left.push_back((id, entry)),
            }
        }
        let surplus = self.left.len().saturating_sub(LEFT_MAX);
        self.left.drain(..surplus);
        let new = ids.iter().filter(|id| !self.waiting.contains_key(*id)).copied();
        let new = new.collect::<Vec<_>>();
        for some in new.chunks(FETCHED_AT_ONCE) {
            for (id, mut entry) in fetch(node, reading, some).await? {
                entry.rooted = entry.inputs.iter().all(|input| !here.contains(&input.txid));
                self.waiting.insert(id, entry);
            }
        }
        Ok(())
    }

    /// Fetches what was announced and is not known. Nodes let nothing wait beside what spends the
    /// same, so that what paid us and is spent elsewhere by one of these waits no more.
    async fn fetch_announced(&mut self, node: &Node, reading: Reading) -> Result<(), Fault> {
        self.announced.retain(|id| !self.waiting.contains_key(id));
        let new = self.announced.iter().copied().collect::<Vec<_>>();
        for some in new.chunks(FETCHED_AT_ONCE) {
            for (id, mut entry) in fetch(node, reading, some).await? {
                let waits =
                    |id: &Txid| self.announced.contains(id) || self.waiting.contains_key(id);
                entry.rooted = entry.inputs.iter().all(|input| !waits(&input.txid));
                self.replace_by(&entry);
                self.left.retain(|(left, _)| *left != id);
                self.fresh.insert(id);
                self.waiting.insert(id, entry);
            }
        }
        self.announced.clear();
        Ok(())
    }

    /// Lets go of what paid us and is spent elsewhere.
    fn replace_by(&mut self, new: &Entry) {
        let spent = |old: &Entry| old.inputs.iter().any(|input| new.inputs.contains(input));
        let replaced = self.paying.iter().filter(|id| self.waiting.get(*id).is_some_and(spent));
        for id in replaced.copied().collect::<Vec<_>>() {
            self.paying.remove(&id);
            self.left.extend(self.waiting.remove(&id).map(|entry| (id, entry)));
        }
    }

    /// What waits and pays a watched script. Between whole lists only that is looked at which paid
    /// one before, or came since.
    fn found(
        &mut self,
        whole: bool,
        reading: Reading,
        watched: &Watched<'_>,
    ) -> Vec<ChainTransfer> {
        let looked_at: Vec<Txid> = match whole {
            true => self.waiting.keys().copied().collect(),
            false => self.paying.union(&self.fresh).copied().collect(),
        };
        self.paying.clear();
        if whole {
            self.fresh.clear();
        }
        let mut found = Vec::new();
        for id in looked_at {
            let pays = self.waiting.get(&id).map(|entry| entry.pays(id, reading, watched));
            let pays = pays.unwrap_or_default();
            if !pays.is_empty() {
                self.paying.insert(id);
            }
            found.extend(pays);
        }
        found.sort_by(|one, other| order(&one.reference).cmp(&order(&other.reference)));
        found
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
