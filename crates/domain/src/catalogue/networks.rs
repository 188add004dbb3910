//! The networks every installation knows. Others are added by settings.

use super::{Family, Network};
use crate::{
    code::Code,
    confirmations::{Confirmations, Step},
};

struct Row {
    name: &'static str,
    title: &'static str,
    family: Family,
    chain_id: Option<u64>,
    block_seconds: u32,
    /// Below how many euros each step but the last holds.
    steps: &'static [(u32, Step)],
    last: Step,
    final_seconds: Option<u32>,
}

/// The networks, in the order in which they are offered.
pub(super) fn builtin() -> Vec<Network> {
    ROWS.iter().map(network).collect()
}

fn network(row: &Row) -> Network {
    Network {
        name: Code::constant(row.name),
        title: row.title.to_owned(),
        family: row.family,
        chain_id: row.chain_id,
        block_seconds: row.block_seconds,
        confirmations: Confirmations::written(row.steps, row.last),
        final_seconds: row.final_seconds,
        test: false,
    }
}

const fn row(
    name: &'static str,
    title: &'static str,
    family: Family,
    block_seconds: u32,
    last: Step,
) -> Row {
    let (chain_id, final_seconds) = (None, None);
    Row { name, title, family, chain_id, block_seconds, steps: &[], last, final_seconds }
}

const fn utxo(
    name: &'static str,
    title: &'static str,
    block_seconds: u32,
    steps: &'static [(u32, Step)],
    last: u32,
) -> Row {
    let row = row(name, title, Family::Utxo, block_seconds, depth(last));
    Row { steps, ..row }
}

const fn evm(
    name: &'static str,
    title: &'static str,
    chain_id: u64,
    block_seconds: u32,
    last: Step,
) -> Row {
    let row = row(name, title, Family::Evm, block_seconds, last);
    Row { chain_id: Some(chain_id), ..row }
}

impl Row {
    const fn stepped(self, steps: &'static [(u32, Step)]) -> Self {
        Self { steps, ..self }
    }

    const fn final_within(self, seconds: u32) -> Self {
        Self { final_seconds: Some(seconds), ..self }
    }
}

const fn depth(depth: u32) -> Step {
    Step::depth_of(depth)
}

const fn safe(depth: u32) -> Step {
    Step::safe_or(depth)
}

const fn finalized(depth: u32) -> Step {
    Step::finalized_or(depth)
}

/// How long a sequencer's word is posted to Ethereum and final there, usually.
const POSTED: u32 = 18 * 60;

/// What the market takes as final, stepped by the request's total in euros. Where the network says
/// which blocks are safe or final, that is waited for; the number beside it holds where a node does
/// not tell. Bitcoin SV is far above the market, since its chain has been rewritten a hundred
/// blocks deep. On sequenced chains (Arbitrum, Base, Optimism) small totals wait for about a minute
/// of the sequencer's word. Blocks faster than a second count as one second here.
static ROWS: &[Row] = &[
    utxo("bitcoin", "Bitcoin", 600, &[(1_000, depth(1)), (50_000, depth(3))], 6),
    utxo("litecoin", "Litecoin", 150, &[(1_000, depth(2)), (50_000, depth(6))], 12),
    utxo("dogecoin", "Dogecoin", 60, &[(1_000, depth(20)), (50_000, depth(40))], 60),
    utxo("bitcoin_cash", "Bitcoin Cash", 600, &[(1_000, depth(3)), (50_000, depth(6))], 15),
    utxo("bitcoin_sv", "Bitcoin SV", 600, &[], 100),
    evm("ethereum", "Ethereum", 1, 12, finalized(75))
        .stepped(&[(1_000, depth(12)), (50_000, safe(40))]),
    evm("binance", "BNB Smart Chain", 56, 1, finalized(25)).final_within(3),
    evm("polygon", "Polygon", 137, 2, finalized(127)).final_within(6),
    evm("arbitrum", "Arbitrum One", 42_161, 1, finalized(4_800))
        .stepped(&[(1_000, depth(240))])
        .final_within(POSTED),
    evm("base", "Base", 8_453, 2, finalized(600))
        .stepped(&[(1_000, depth(30))])
        .final_within(POSTED),
    evm("optimism", "OP Mainnet", 10, 2, finalized(600))
        .stepped(&[(1_000, depth(30))])
        .final_within(POSTED),
    evm("avalanche", "Avalanche C-Chain", 43_114, 2, finalized(12)).final_within(3),
    row("tron", "TRON", Family::Tron, 3, depth(19)),
    row("solana", "Solana", Family::Other, 1, depth(32)),
    row("cardano", "Cardano", Family::Other, 20, depth(15)),
    row("ripple", "XRP Ledger", Family::Other, 4, depth(1)),
    row("ton", "TON", Family::Other, 5, depth(10)),
];
