use bitcoin::{
    Amount, CompactTarget, Network, ScriptBuf, TxOut, blockdata::constants::genesis_block,
    consensus::serialize, hashes::Hash,
};

use super::*;
use crate::utxo::rules::{ChainKind, Like};

fn reading(chain: ChainKind) -> Reading {
    let asset = AssetId::new("BTC".parse().unwrap(), "bitcoin".parse().unwrap());
    Reading { asset, rules: NetworkRules::of(Like::Bitcoin, chain).unwrap() }
}

/// The first block with one more transaction, which pays these scripts, under a header that names
/// both and has the work of a chain of one's own.
fn block_that_pays(scripts: &[(Vec<u8>, u64)]) -> bitcoin::Block {
    let mut block = genesis_block(Network::Regtest);
    let mut paying = block.txdata[0].clone();
    paying.output = scripts
        .iter()
        .map(|(script, sats)| TxOut {
            value: Amount::from_sat(*sats),
            script_pubkey: ScriptBuf::from_bytes(script.clone()),
        })
        .collect();
    paying.input[0].previous_output.txid = bitcoin::Txid::from_byte_array([7; 32]);
    block.txdata.push(paying);
    block.header.merkle_root = block.compute_merkle_root().unwrap();
    while !block.header.target().is_met_by(block.block_hash()) {
        block.header.nonce += 1;
    }
    block
}

fn read(bytes: &[u8]) -> Result<Block, String> {
    read_raw_block(bytes, 5, reading(ChainKind::Regtest), &|_: &[u8]| true)
}

#[test]
fn outputs_to_watched_scripts_are_found_and_others_are_not_looked_up() {
    let key_hash = [vec![0, 20], vec![9; 20]].concat();
    let data = [vec![0x6a, 30], vec![1; 30]].concat();
    let long = vec![1; 35];
    let block =
        block_that_pays(&[(key_hash.clone(), 0), (long, 7), (key_hash.clone(), 1_000), (data, 0)]);
    let bytes = serialize(&block);
    let read = read_raw_block(&bytes, 5, reading(ChainKind::Regtest), &|script: &[u8]| {
        assert_eq!(script, key_hash);
        true
    });
    let read = read.unwrap();
    let [found] = read.transfers.as_slice() else { panic!("{:?}", read.transfers) };
    assert_eq!(found.reference.transaction, block.txdata[1].compute_txid().to_string());
    assert_eq!(found.reference.position, "2");
    assert_eq!(found.units, ChainUnits::Units(Units::new(1_000)));
    assert_eq!(found.to.account, key_hash);
    assert_eq!((read.at.height, read.at.hash), (5, block.block_hash().to_string()));
}

#[test]
fn bytes_that_do_not_prove_themselves_are_refused() {
    let good = serialize(&block_that_pays(&[(vec![0; 22], 5)]));
    assert!(read(&good).is_ok());
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1;
        // In the header it is another block, of which the hash tells, where it has the work at all.
        if let Ok(other) = read(&changed) {
            assert!(at < 80 && other.at.hash != read(&good).unwrap().at.hash, "{at}");
        }
    }
    for length in 0..good.len() {
        assert!(read(&good[..length]).is_err());
    }
    assert!(read(&[good.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn a_block_that_cost_no_work_is_refused() {
    let main = |block: &bitcoin::Block| {
        read_raw_block(&serialize(block), 900_000, reading(ChainKind::Main), &|_: &[u8]| true)
    };
    let mut forged = block_that_pays(&[(vec![0; 22], 100_000_000_000)]);
    for bits in [0, 0x1d00_ffff, 0x207f_ffff] {
        forged.header.bits = CompactTarget::from_consensus(bits);
        let refused = main(&forged).unwrap_err();
        assert_eq!(refused, "the block's header lacks the network's proof of work");
    }
    assert!(main(&genesis_block(Network::Bitcoin)).is_ok());
}

#[test]
fn what_a_miner_pays_himself_is_left_out() {
    let bytes = serialize(&genesis_block(Network::Bitcoin));
    assert_eq!(read(&bytes).unwrap().transfers, []);
}
