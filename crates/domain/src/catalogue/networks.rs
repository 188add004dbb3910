//! The networks every installation knows. Others are added by settings.

use super::{Family, Network};
use crate::code::Code;

struct Row {
    name: &'static str,
    title: &'static str,
    family: Family,
    chain_id: Option<u64>,
    block_seconds: u32,
    confirmations: u32,
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
        confirmations: row.confirmations,
        final_by_name: false,
        test: false,
    }
}

const fn row(
    name: &'static str,
    title: &'static str,
    family: Family,
    block_seconds: u32,
    confirmations: u32,
) -> Row {
    Row { name, title, family, chain_id: None, block_seconds, confirmations }
}

const fn evm(
    name: &'static str,
    title: &'static str,
    chain_id: u64,
    block_seconds: u32,
    confirmations: u32,
) -> Row {
    let row = row(name, title, Family::Evm, block_seconds, confirmations);
    Row { chain_id: Some(chain_id), ..row }
}

/// Confirmations are what the market takes as final for ordinary amounts. Bitcoin SV is far above
/// that, since its chain has been rewritten a hundred blocks deep. On sequenced chains (Arbitrum,
/// Base, Optimism) the number stands for about a minute of the sequencer's word. Blocks faster
/// than a second count as one second here.
static ROWS: &[Row] = &[
    row("bitcoin", "Bitcoin", Family::Utxo, 600, 2),
    row("litecoin", "Litecoin", Family::Utxo, 150, 6),
    row("dogecoin", "Dogecoin", Family::Utxo, 60, 20),
    row("bitcoin_cash", "Bitcoin Cash", Family::Utxo, 600, 6),
    row("bitcoin_sv", "Bitcoin SV", Family::Utxo, 600, 100),
    evm("ethereum", "Ethereum", 1, 12, 12),
    evm("binance", "BNB Smart Chain", 56, 1, 25),
    evm("polygon", "Polygon", 137, 2, 127),
    evm("arbitrum", "Arbitrum One", 42_161, 1, 240),
    evm("base", "Base", 8_453, 2, 30),
    evm("optimism", "OP Mainnet", 10, 2, 30),
    evm("avalanche", "Avalanche C-Chain", 43_114, 2, 12),
    row("tron", "TRON", Family::Tron, 3, 19),
    row("solana", "Solana", Family::Other, 1, 32),
    row("cardano", "Cardano", Family::Other, 20, 15),
    row("ripple", "XRP Ledger", Family::Other, 4, 1),
    row("ton", "TON", Family::Other, 5, 10),
];
