//! A block as EVM networks have them, as a node tells it: about 300 transactions, 500 logs.

use std::fmt::Write as _;

use super::{chance::Chance, fill};

const TRANSACTIONS: u32 = 300;
const LOGS: u32 = 500;
/// One movement of so many goes to an address that is watched.
const ONE_HIT_IN: u32 = 50;
const TRANSFER: &str = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

/// A node's answers: the block with its transactions, and the logs of transfers in it.
pub(super) fn answers(chance: &mut Chance, addresses: u32) -> (Vec<u8>, Vec<u8>) {
    let hash = word(chance);
    let ids: Vec<String> = (0..TRANSACTIONS).map(|_| word(chance)).collect();
    let transactions: Vec<String> = (0..)
        .zip(&ids)
        .map(|(number, id)| transaction(chance, number, id, &hash, addresses))
        .collect();
    let block = format!(
        "{{\"baseFeePerGas\":\"0x3b9aca00\",\"difficulty\":\"0x0\",\"extraData\":\"0x\",\
         \"gasLimit\":\"0x2255100\",\"gasUsed\":\"0x1117a3c\",\"hash\":\"{hash}\",\
         \"logsBloom\":\"0x{}\",\"miner\":\"{}\",\"mixHash\":\"{}\",\"nonce\":\"0x0\",\
         \"number\":\"0x1500000\",\"parentHash\":\"{}\",\"receiptsRoot\":\"{}\",\
         \"size\":\"0x2a1b3\",\"stateRoot\":\"{}\",\"timestamp\":\"0x69b99cf2\",\
         \"transactions\":[{}],\"transactionsRoot\":\"{}\",\"uncles\":[]}}",
        hex(&chance.bytes::<256>()),
        account(chance, addresses),
        word(chance),
        word(chance),
        word(chance),
        word(chance),
        transactions.join(","),
        word(chance),
    );
    let logs: Vec<String> = (0..LOGS).map(|n| log(chance, n, &ids, &hash, addresses)).collect();
    (block.into_bytes(), format!("[{}]", logs.join(",")).into_bytes())
}

fn transaction(chance: &mut Chance, number: u32, id: &str, block: &str, addresses: u32) -> String {
    let input = match number % 3 {
        0 => String::new(),
        1 => hex(&chance.bytes::<68>()),
        _ => hex(&chance.bytes::<324>()),
    };
    format!(
        "{{\"accessList\":[],\"blockHash\":\"{block}\",\"blockNumber\":\"0x1500000\",\
         \"chainId\":\"0x1\",\"from\":\"{}\",\"gas\":\"0x3d090\",\"gasPrice\":\"0x4a817c800\",\
         \"hash\":\"{id}\",\"input\":\"0x{input}\",\"maxFeePerGas\":\"0x6fc23ac00\",\
         \"maxPriorityFeePerGas\":\"0x3b9aca00\",\"nonce\":\"{:#x}\",\"r\":\"{}\",\"s\":\"{}\",\
         \"to\":\"{}\",\"transactionIndex\":\"{number:#x}\",\"type\":\"0x2\",\"v\":\"0x1\",\
         \"value\":\"{:#x}\",\"yParity\":\"0x1\"}}",
        account(chance, 0),
        chance.below(90_000),
        word(chance),
        word(chance),
        account(chance, addresses),
        chance.next() | 1,
    )
}

fn log(chance: &mut Chance, number: u32, ids: &[String], block: &str, addresses: u32) -> String {
    let index = usize::try_from(number * TRANSACTIONS / LOGS).unwrap_or_default();
    let id = ids.get(index).map_or("", String::as_str);
    let padded = |account: String| account.replacen("0x", &format!("0x{}", "0".repeat(24)), 1);
    let token = hex(&[7 + u8::try_from(number % 4).unwrap_or_default(); 20]);
    format!(
        "{{\"address\":\"0x{token}\",\"blockHash\":\"{block}\",\"blockNumber\":\"0x1500000\",\
         \"data\":\"0x{:064x}\",\"logIndex\":\"{number:#x}\",\"removed\":false,\
         \"topics\":[\"{TRANSFER}\",\"{}\",\"{}\"],\"transactionHash\":\"{id}\",\
         \"transactionIndex\":\"{index:#x}\"}}",
        chance.next() | 1,
        padded(account(chance, 0)),
        padded(account(chance, addresses)),
    )
}

/// An account; now and then one of the first `addresses`.
fn account(chance: &mut Chance, addresses: u32) -> String {
    let hit = addresses > 0 && chance.below(ONE_HIT_IN) == 0;
    let bytes = match hit {
        true => fill::account(chance.below(addresses / 2) * 2 + 1),
        false => chance.bytes(),
    };
    format!("0x{}", hex(&bytes))
}

fn word(chance: &mut Chance) -> String {
    format!("0x{}", hex(&chance.bytes::<32>()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_block_is_read_and_some_of_it_is_to_watched_accounts() {
        let (block, logs) = answers(&mut Chance::new(7), 10);
        let ours = |account: &[u8]| (0..10).any(|number| fill::account(number) == account);
        let hits = coffer_chains::evm::count_hits(&block, &logs, &ours).unwrap();
        assert!((1..100).contains(&hits), "{hits}");
    }
}
