//! A block as Bitcoin's are: about 4,000 transactions with 8,000 outputs, 1.4 MB. Its proof of work
//! is that of a chain of one's own, where a few attempts are enough.

use bitcoin::{
    Amount, Block, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn,
    TxMerkleNode, TxOut, Txid, Witness,
    absolute::LockTime,
    block::{Header, Version},
    consensus,
    hashes::Hash as _,
    transaction,
};

use super::{chance::Chance, fill};

const TRANSACTIONS: usize = 4_000;
/// One output of so many is to an address that is watched.
const ONE_HIT_IN: u32 = 400;

/// The bytes of a block that pays some of the first `addresses` addresses.
pub(super) fn bytes(chance: &mut Chance, addresses: u32) -> Vec<u8> {
    let mut txdata = vec![transaction(chance, 0, addresses)];
    txdata.extend((1..TRANSACTIONS).map(|_| {
        let inputs = 1 + chance.below(2) + chance.below(2);
        transaction(chance, inputs, addresses)
    }));
    let mut block = Block {
        header: Header {
            version: Version::TWO,
            prev_blockhash: BlockHash::from_byte_array(chance.bytes()),
            merkle_root: TxMerkleNode::all_zeros(),
            time: 1_773_768_946,
            bits: CompactTarget::from_consensus(0x207f_ffff),
            nonce: 0,
        },
        txdata,
    };
    if let Some(root) = block.compute_merkle_root() {
        block.header.merkle_root = root;
    }
    while !block.header.target().is_met_by(block.block_hash()) {
        block.header.nonce = block.header.nonce.wrapping_add(1);
    }
    consensus::serialize(&block)
}

/// With no inputs it is the one that pays the miner.
fn transaction(chance: &mut Chance, inputs: u32, addresses: u32) -> Transaction {
    let input = match inputs {
        0 => vec![TxIn { script_sig: ScriptBuf::from_bytes(vec![3; 8]), ..TxIn::default() }],
        _ => (0..inputs).map(|_| spend(chance)).collect(),
    };
    let output = (0..2).map(|_| pay(chance, addresses)).collect();
    Transaction { version: transaction::Version::TWO, lock_time: LockTime::ZERO, input, output }
}

fn spend(chance: &mut Chance) -> TxIn {
    let (signature, key): ([u8; 71], [u8; 33]) = (chance.bytes(), chance.bytes());
    let txid = Txid::from_byte_array(chance.bytes());
    TxIn {
        previous_output: OutPoint { txid, vout: chance.below(3) },
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::from_slice(&[signature.as_slice(), key.as_slice()]),
    }
}

fn pay(chance: &mut Chance, addresses: u32) -> TxOut {
    let script = if chance.below(ONE_HIT_IN) == 0 {
        fill::script(chance.below(addresses / 2) * 2).to_vec()
    } else {
        let mut script = vec![0, 20];
        script.extend(chance.bytes::<20>());
        script
    };
    let value = Amount::from_sat(u64::from(chance.below(u32::MAX)) + 1);
    TxOut { value, script_pubkey: ScriptBuf::from_bytes(script) }
}

#[cfg(test)]
mod tests {
    use coffer_chains::utxo::read_raw_block;

    use super::*;
    use crate::bench::watch::measure;

    #[test]
    fn a_made_block_is_read_and_some_of_it_is_to_watched_scripts() {
        let block = bytes(&mut Chance::new(7), 10);
        let ours = |script: &[u8]| (0..10).any(|number| fill::script(number) == script);
        let read = read_raw_block(&block, 7, measure::reading().unwrap(), &ours).unwrap();
        assert!((1..100).contains(&read.transfers.len()), "{}", read.transfers.len());
    }
}
