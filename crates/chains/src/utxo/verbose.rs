//! Blocks and transactions as a node describes them in JSON, where their bytes are not Bitcoin's
//! (Litecoin's extension blocks, MWEB). The description is checked as far as it can be: the header
//! it names has the block's hash, the ids of its transactions have the header's merkle root, and
//! the bytes of a transaction that pays us have its id and say the same.
//!
//! What moves inside of extension blocks is not shown to anybody. What leaves them is an ordinary
//! output of the block's last transaction (HogEx).

use std::str::FromStr;

use bitcoin::{
    BlockHash, CompactTarget, OutPoint, Transaction, TxMerkleNode, Txid,
    block::{Header, Version},
    consensus::deserialize,
    hashes::Hash,
    hex::FromHex,
    merkle_tree,
};
use coffer_domain::{
    money::parse_decimal,
    ports::{Block, Watched},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    block::{self, Reading},
    link::COIN_DECIMALS,
};

/// A block with its transactions (`getblock HASH 2`).
#[derive(Deserialize)]
pub(super) struct VerboseBlock<'a> {
    height: u64,
    version: i32,
    previousblockhash: Option<String>,
    merkleroot: String,
    time: u32,
    bits: String,
    nonce: u32,
    #[serde(borrow)]
    tx: Vec<VerboseTransaction<'a>>,
}

/// A transaction (`getrawtransaction ID 1`).
#[derive(Deserialize)]
pub(super) struct VerboseTransaction<'a> {
    txid: String,
    #[serde(default)]
    vin: Vec<VerboseInput>,
    #[serde(borrow, default)]
    vout: Vec<VerboseOutput<'a>>,
    #[serde(default)]
    hex: &'a str,
}

/// An input; of an extension block without `txid`.
#[derive(Deserialize)]
struct VerboseInput {
    txid: Option<String>,
    vout: Option<u32>,
}

/// An output; of an extension block without a script.
#[derive(Deserialize)]
struct VerboseOutput<'a> {
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    n: Option<u32>,
    #[serde(rename = "scriptPubKey")]
    script: Option<VerboseScript<'a>>,
}

#[derive(Deserialize)]
struct VerboseScript<'a> {
    hex: &'a str,
}

/// An output that can be matched.
pub(super) struct Output {
    pub(super) position: u32,
    pub(super) sats: u64,
    pub(super) script: Vec<u8>,
}

/// Reads a described block.
pub(super) fn read_block(
    described: &VerboseBlock<'_>,
    height: u64,
    reading: Reading,
    watched: &Watched<'_>,
) -> Result<Block, String> {
    let header = header(described).ok_or("the block's header is unreadable")?;
    if described.height != height {
        return Err(format!("asked for block {height}, got {}", described.height));
    }
    let ids = described.tx.iter().map(|transaction| Txid::from_str(&transaction.txid));
    let ids = ids.collect::<Result<Vec<_>, _>>().map_err(|_| "a transaction's id is unreadable")?;
    let leaves = ids.iter().map(|id| TxMerkleNode::from_raw_hash(id.to_raw_hash()));
    let mut leaves = leaves.collect::<Vec<_>>();
    if merkle_tree::calculate_root_inline(&mut leaves) != Some(header.merkle_root) {
        return Err("the block's transactions are not those its header names".to_owned());
    }
    let mut transfers = Vec::new();
    for (transaction, id) in described.tx.iter().zip(&ids).skip(1) {
        let mut hit = false;
        for output in transaction.outputs()? {
            let name = || transaction.txid.clone();
            let Output { position, sats, script } = output;
            let found = reading.transfer(name, position, &script, sats, watched);
            hit |= found.is_some();
            transfers.extend(found);
        }
        if hit {
            transaction.prove(*id)?;
        }
    }
    Ok(block::block(&header, height, transfers))
}

fn header(described: &VerboseBlock<'_>) -> Option<Header> {
    let parent = described.previousblockhash.as_deref().map(BlockHash::from_str);
    Some(Header {
        version: Version::from_consensus(described.version),
        // Only the first block has none.
        prev_blockhash: parent.transpose().ok()?.unwrap_or_else(BlockHash::all_zeros),
        merkle_root: TxMerkleNode::from_str(&described.merkleroot).ok()?,
        time: described.time,
        bits: CompactTarget::from_unprefixed_hex(&described.bits).ok()?,
        nonce: described.nonce,
    })
}

impl VerboseTransaction<'_> {
    /// Its outputs that may pay somebody.
    pub(super) fn outputs(&self) -> Result<Vec<Output>, String> {
        let ordinary = self.vout.iter().filter_map(|output| {
            let position = output.n?;
            Some((position, output.value?, output.script.as_ref()?.hex))
        });
        let mut outputs = Vec::new();
        for (position, value, script) in ordinary {
            let sats = parse_decimal(value.get(), COIN_DECIMALS).ok();
            let sats = sats.and_then(|units| u64::try_from(units.get()).ok());
            let sats = sats.ok_or("an output's value is unreadable")?;
            // Two digits a byte.
            if !Reading::may_pay(script.as_bytes().get(..script.len() / 2).unwrap_or(&[]), sats) {
                continue;
            }
            let script = Vec::from_hex(script).map_err(|_| "an output's script is unreadable")?;
            outputs.push(Output { position, sats, script });
        }
        Ok(outputs)
    }

    /// The outputs of others that it spends, but for those of extension blocks.
    pub(super) fn inputs(&self) -> impl Iterator<Item = OutPoint> {
        self.vin.iter().filter_map(|input| {
            let txid = Txid::from_str(input.txid.as_deref()?).ok()?;
            Some(OutPoint { txid, vout: input.vout? })
        })
    }

    /// Checks that the transaction's own bytes have its id and pay what is described.
    fn prove(&self, id: Txid) -> Result<(), String> {
        let bytes = Vec::from_hex(self.hex).map_err(|_| "a transaction's bytes are unreadable")?;
        let transaction = deserialize::<Transaction>(&without_extension(bytes));
        let transaction = transaction.map_err(|_| "a transaction's bytes are unreadable")?;
        let same = self.outputs()?.iter().all(|described| {
            let position = usize::try_from(described.position).ok();
            let output = position.and_then(|position| transaction.output.get(position));
            output.is_some_and(|output| {
                output.value.to_sat() == described.sats
                    && output.script_pubkey.as_bytes() == described.script
            })
        });
        match same && transaction.compute_txid() == id {
            true => Ok(()),
            false => Err(format!("the bytes of transaction {id} say something else")),
        }
    }
}

/// A transaction's bytes without the mark of an extension (flag 8) and the empty extension behind
/// its inputs and outputs. Only HogEx has one in a block, and no witnesses with it.
fn without_extension(bytes: Vec<u8>) -> Vec<u8> {
    const LOCK_TIME: usize = 4;
    if bytes.len() <= 7 + LOCK_TIME || bytes[4..6] != [0, 8] {
        return bytes;
    }
    let (body, lock_time) = bytes.split_at(bytes.len() - LOCK_TIME);
    [&body[..4], &body[6..body.len() - 1], lock_time].concat()
}
