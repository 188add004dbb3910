use bitcoin::{
    Amount, Network, ScriptBuf, TxOut, blockdata::constants::genesis_block, consensus::serialize,
    hashes::Hash,
};

use super::*;
use crate::utxo::rules::{ChainKind, Like};

fn reading() -> Reading {
    let asset = AssetId::new("BTC".parse().unwrap(), "bitcoin".parse().unwrap());
    Reading { asset, rules: NetworkRules::of(Like::Bitcoin, ChainKind::Main).unwrap() }
}

/// The first block with one more transaction, which pays these scripts, under a header that names
/// both.
fn block_that_pays(scripts: &[(Vec<u8>, u64)]) -> bitcoin::Block {
    let mut block = genesis_block(Network::Bitcoin);
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
    block
}

fn read(bytes: &[u8]) -> Result<Block, String> {
    read_raw_block(bytes, 5, reading(), &|_: &[u8]| true)
}

#[test]
fn outputs_to_watched_scripts_are_found_and_others_are_not_looked_up() {
    let key_hash = [vec![0, 20], vec![9; 20]].concat();
    let data = [vec![0x6a, 30], vec![1; 30]].concat();
    let long = vec![1; 35];
    let block =
        block_that_pays(&[(key_hash.clone(), 0), (long, 7), (key_hash.clone(), 1_000), (data, 0)]);
    let bytes = serialize(&block);
    let read = read_raw_block(&bytes, 5, reading(), &|script: &[u8]| {
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
        // In the header it is another block, of which the hash tells.
        match read(&changed) {
            Ok(other) => assert!(at < 80 && other.at.hash != read(&good).unwrap().at.hash, "{at}"),
            Err(_) => assert!(at >= 36, "{at}"),
        }
    }
    for length in 0..good.len() {
        assert!(read(&good[..length]).is_err());
    }
    assert!(read(&[good.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn what_a_miner_pays_himself_is_left_out() {
    let bytes = serialize(&genesis_block(Network::Bitcoin));
    assert_eq!(read(&bytes).unwrap().transfers, []);
}
