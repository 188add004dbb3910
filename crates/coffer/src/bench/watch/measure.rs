//! Taking times: each block with every number of addresses, and without any.

use std::{hint::black_box, time::Duration};

use coffer_chains::{
    evm,
    utxo::{self, ChainKind, Like, NetworkRules, Reading},
};
use coffer_domain::{catalogue::Catalogue, money::AssetId};

use super::{Failed, Watching, bitcoin_block, chance::Chance, evm_block, progress};
use crate::system::monotonic;

/// Blocks read before anything is measured.
const WARM_UP: u32 = 3;

/// How long a block took with so many addresses, and its bare parse: the median of all blocks.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) block: Duration,
    pub(super) parse: Duration,
}

/// What was measured of one kind of block: the parse, then each number of addresses.
struct Taken(Vec<Vec<Duration>>);

impl Taken {
    fn new(all: &[Watching]) -> Self {
        Self(vec![Vec::new(); all.len() + 1])
    }

    /// Takes the time of each in turn, another one first each time.
    fn turn(
        &mut self,
        number: u32,
        mut measured: impl FnMut(usize) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        let count = self.0.len();
        let first = usize::try_from(number).unwrap_or_default();
        for turn in 0..count {
            let which = (first + turn) % count;
            let clock = monotonic();
            measured(which)?;
            let took = clock();
            if let Some(taken) = self.0.get_mut(which).filter(|_| number >= WARM_UP) {
                taken.push(took);
            }
        }
        Ok(())
    }

    fn medians(self) -> Vec<Times> {
        let mut medians = self.0.into_iter().map(median);
        let parse = medians.next().unwrap_or_default();
        medians.map(|block| Times { block, parse }).collect()
    }
}

fn median(mut of: Vec<Duration>) -> Duration {
    of.sort_unstable();
    of.get(of.len() / 2).copied().unwrap_or_default()
}

/// Times of Bitcoin's blocks and of those of an EVM network, for each number of addresses.
pub(super) fn blocks(all: &[Watching], count: u32) -> Result<(Vec<Times>, Vec<Times>), Failed> {
    progress(&format!("reading {count} blocks of each family"));
    let mut chance = Chance::new(7);
    let (mut bitcoin, mut evm) = (Taken::new(all), Taken::new(all));
    let reading = reading()?;
    // What every engine watches, so that all find the same.
    let shared = all.iter().map(|one| one.addresses).min().unwrap_or_default();
    for number in 0..count + WARM_UP {
        let bytes = bitcoin_block::bytes(&mut chance, shared);
        bitcoin.turn(number, |which| read_bitcoin(all, which, &bytes, reading))?;
        let answers = evm_block::answers(&mut chance, shared);
        evm.turn(number, |which| read_evm(all, which, &answers))?;
    }
    Ok((bitcoin.medians(), evm.medians()))
}

/// Of the first nothing but the parse, of the others the block as an adapter reads it.
fn read_bitcoin(
    all: &[Watching],
    which: usize,
    bytes: &[u8],
    reading: Reading,
) -> Result<(), Failed> {
    let failed = Failed::because("a block of Bitcoin's kind");
    let Some(one) = which.checked_sub(1).and_then(|which| all.get(which)) else {
        let block: Result<bitcoin::Block, _> = bitcoin::consensus::deserialize(bytes);
        black_box(block.map_err(|error| failed(&error))?);
        return Ok(());
    };
    let block = one.engine.match_block(|watched| utxo::read_raw_block(bytes, 7, reading, watched));
    let block = block.map_err(|error| failed(&error))?;
    if block.transfers.is_empty() { Err(failed(&"nothing was found in it")) } else { Ok(()) }
}

fn read_evm(
    all: &[Watching],
    which: usize,
    (block, logs): &(Vec<u8>, Vec<u8>),
) -> Result<(), Failed> {
    let failed = Failed::because("a block of an EVM network");
    let Some(one) = which.checked_sub(1).and_then(|which| all.get(which)) else {
        let hits = evm::count_hits(block, logs, &|_: &[u8]| false);
        black_box(hits.map_err(|error| failed(&error))?);
        return Ok(());
    };
    let hits = one.engine.match_block(|watched| evm::count_hits(block, logs, watched));
    let hits = hits.map_err(|error| failed(&error))?;
    if hits == 0 { Err(failed(&"nothing was found in it")) } else { Ok(()) }
}

/// What is read: Bitcoin's coin, by the rules of a chain of one's own.
pub(super) fn reading() -> Result<Reading, Failed> {
    let asset: Option<AssetId> = Catalogue::builtin()
        .assets()
        .iter()
        .map(|asset| asset.id)
        .find(|id| id.network.as_str() == "bitcoin");
    let rules = NetworkRules::of(Like::Bitcoin, ChainKind::Regtest);
    asset
        .zip(rules)
        .map(|(asset, rules)| Reading { asset, rules })
        .ok_or_else(|| Failed("the catalogue has no bitcoin".to_owned()))
}
