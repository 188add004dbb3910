//! Reads one block as Bitcoin writes it: which outputs pay watched scripts. The bytes prove
//! themselves: the header has the block's hash and cost the network's work, and every transaction
//! is in the header's merkle root. So an endpoint can keep a block back, but cannot put anything
//! into it, and making one up costs what mining it would.
//!
//! Transactions are read one after the other. Of each its id is kept, and the outputs that an
//! address can stand for, until all of them are compared with ours at once.

use bitcoin::{
    ScriptBuf, Transaction, TxMerkleNode, VarInt,
    block::Header,
    consensus::{Decodable, encode::deserialize_hex},
    merkle_tree,
};
use coffer_domain::{
    money::{AssetId, Units},
    ports::{Block, Watched},
    time::Timestamp,
    transfer::{BlockRef, ChainTransfer, ChainUnits, TransferReference},
};

use super::{address, rules::NetworkRules};

/// Lengths of the output scripts that addresses stand for; others are not looked up.
const SCRIPT_BYTES: std::ops::RangeInclusive<usize> = 22..=34;
/// The least bytes of a transaction, so that a count cannot ask for memory that nothing fills.
const TRANSACTION_BYTES_MIN: usize = 60;

/// What is read on a network: its coin, and how addresses are spelled.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The coin.
    pub asset: AssetId,
    /// The network's formats.
    pub rules: &'static NetworkRules,
}

impl Reading {
    /// Whether an output may pay somebody: it moves something, to a script that an address can
    /// stand for.
    pub(super) fn may_pay(script: &[u8], sats: u64) -> bool {
        sats > 0 && SCRIPT_BYTES.contains(&script.len())
    }

    /// The transfer that an output is, where its script is watched.
    pub(super) fn transfer(
        &self,
        transaction: impl Fn() -> String,
        output: u32,
        script: &[u8],
        sats: u64,
        watched: &Watched<'_>,
    ) -> Option<ChainTransfer> {
        if !Self::may_pay(script, sats) || !watched.watches(script) {
            return None;
        }
        self.to_us(transaction(), output, script, sats)
    }

    /// The transfer that an output to one of our scripts is.
    fn to_us(
        self,
        transaction: String,
        output: u32,
        script: &[u8],
        sats: u64,
    ) -> Option<ChainTransfer> {
        let reference = TransferReference {
            network: self.asset.network,
            transaction,
            position: output.to_string(),
        };
        let to = address::of_script(script, self.rules)?;
        let units = ChainUnits::Units(Units::new(sats.into()));
        Some(ChainTransfer { reference, asset: self.asset, to, units })
    }
}

/// Reads the bytes of a block. What a miner pays himself is left out: nobody can spend it for a
/// hundred blocks.
///
/// # Errors
/// When the bytes are no block, or do not prove themselves; the text says what is wrong.
pub fn read_raw_block(
    bytes: &[u8],
    height: u64,
    reading: Reading,
    watched: &Watched<'_>,
) -> Result<Block, String> {
    let unreadable = |what: &str| format!("the block is unreadable: {what}");
    let mut rest = bytes;
    let header = Header::consensus_decode(&mut rest).map_err(|_| unreadable("its header"))?;
    reading.rules.check_work(&header)?;
    let count = VarInt::consensus_decode(&mut rest).map_err(|_| unreadable("its length"))?;
    let count = usize::try_from(count.0).unwrap_or(usize::MAX);
    if count > rest.len() / TRANSACTION_BYTES_MIN {
        return Err(unreadable("its length"));
    }
    let mut outputs = Vec::new();
    let mut ids = Vec::with_capacity(count);
    for number in 0..count {
        let transaction = Transaction::consensus_decode_from_finite_reader(&mut rest)
            .map_err(|_| unreadable("a transaction"))?;
        let id = transaction.compute_txid();
        ids.push(TxMerkleNode::from_raw_hash(id.to_raw_hash()));
        if number > 0 {
            outputs.extend(Output::of(number, transaction));
        }
    }
    if !rest.is_empty() {
        return Err(unreadable("bytes are left over"));
    }
    let transfers = transfers(&outputs, &ids, reading, watched);
    if merkle_tree::calculate_root_inline(&mut ids) != Some(header.merkle_root) {
        return Err("the block's transactions are not those its header names".to_owned());
    }
    Ok(block(&header, height, transfers))
}

/// An output that may pay somebody.
struct Output {
    /// The place of its transaction in the block.
    transaction: usize,
    position: u32,
    script: ScriptBuf,
    sats: u64,
}

impl Output {
    fn of(number: usize, transaction: Transaction) -> impl Iterator<Item = Self> {
        let outputs = transaction.output.into_iter().zip(0_u32..);
        outputs.filter_map(move |(output, position)| {
            let (script, sats) = (output.script_pubkey, output.value.to_sat());
            let may_pay = Reading::may_pay(script.as_bytes(), sats);
            may_pay.then_some(Self { transaction: number, position, script, sats })
        })
    }
}

/// Those of a block's outputs that pay us.
fn transfers(
    outputs: &[Output],
    ids: &[TxMerkleNode],
    reading: Reading,
    watched: &Watched<'_>,
) -> Vec<ChainTransfer> {
    let scripts: Vec<&[u8]> = outputs.iter().map(|output| output.script.as_bytes()).collect();
    let ours = outputs.iter().zip(watched.watches_each(&scripts)).filter(|(_, ours)| *ours);
    let transfer = |(output, _): (&Output, bool)| {
        let id = ids.get(output.transaction)?.to_string();
        reading.to_us(id, output.position, output.script.as_bytes(), output.sats)
    };
    ours.filter_map(transfer).collect()
}

/// The header of the best block, whose hash was named, from hex digits.
pub(super) fn read_header(digits: &str, hash: &str) -> Result<Header, String> {
    let header = deserialize_hex::<Header>(digits.trim()).ok();
    let header = header.filter(|header| header.block_hash().to_string() == hash);
    header.ok_or_else(|| "its best block has another header".to_owned())
}

/// What the engine wants to know of a block.
pub(super) fn block(header: &Header, height: u64, transfers: Vec<ChainTransfer>) -> Block {
    Block {
        at: BlockRef { height, hash: header.block_hash().to_string() },
        parent: header.prev_blockhash.to_string(),
        time: Timestamp::from_seconds(header.time.into()),
        transfers,
    }
}

#[cfg(test)]
mod tests;
