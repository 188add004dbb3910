//! The networks of real nodes, as an operator sets them up.

use std::fmt::Write as _;

use super::utxo::{Kind, PASSWORD};

/// An account that only tests pay to, as a descriptor for regtest.
pub const UTXO_ACCOUNT: &str = "wpkh(tpubDD1mtr8cB1zZEgXJJVKf39TKDoFjd2hi6Vi9nxwzzbpWUNrgU7hmJJswj4\
                                L9mqM2T3EYyxZ7orUXr2SHPnQcL4XMNQ7qBQBV8Q9M3sRQNAT/0/*)";
/// Another account of the same kind.
pub const OTHER_UTXO_ACCOUNT: &str = "wpkh(tpubDD1mtr8cB1zZEgXJJVKf39TKDoFjd2hi6Vi9nxwzzbpWUNrgU7hm\
                                      JJswj4L9mqM2T3EYyxZ7orUXr2SHPnQcL4XMNQ7qBQBV8Q9M3sRQNAT/1/*)";
/// The account m/44'/60'/1' of the mnemonic of development nodes ("test … junk"): none of the
/// accounts that the node pays from.
pub const EVM_ACCOUNT: &str = "xpub6Ce9NcJvTk372KjsGfWqbcex5DumjpNquQLApoeQUavSCjEc823BV1tb4rXUuP\
                               uht8h2hSxkg2EXUaKUJmniJvRZAELxypsCzBFdtosmV76";
/// The name of the EVM network.
pub const EVM_NAME: &str = "anvil";

/// A regtest network that is read at these addresses, one after the other. A coin is 60,000 USD.
#[must_use]
pub fn utxo(kind: Kind, addresses: &[&str], zmq: Option<&str>, confirmations: u32) -> String {
    let name = kind.name();
    let (iso, number) = match kind {
        Kind::Bitcoin => ("BTC", 90_011),
        Kind::Litecoin => ("LTC", 90_012),
    };
    let endpoints = addresses.iter().map(|at| format!("\"http://{PASSWORD}@{at}\""));
    let endpoints = endpoints.collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "[[networks.utxo]]\nname = \"{name}_regtest\"\nlike = \"{name}\"\nchain = \"regtest\"\n\
         title = \"{name} regtest\"\ntest = true\nblock_seconds = 600\n\
         confirmations = {confirmations}\nendpoints = [{endpoints}]\n"
    );
    if let Some(zmq) = zmq {
        // Writing to a text does not fail.
        let _ = writeln!(text, "zmq = \"{zmq}\"");
    }
    text + &format!(
        "[[networks.utxo.assets]]\niso = \"{iso}\"\ncode = \"{iso}REG\"\nnumber = {number}\n\
         decimals = 8\ndisplay_decimals = 8\nfixed_usd = \"60000\"\n"
    )
}

/// A development chain that is read at that address. An ether is 2,500 USD.
#[must_use]
pub fn evm(address: &str, chain_id: u64, confirmations: u32) -> String {
    format!(
        "[[networks.evm]]\nname = \"{EVM_NAME}\"\nchain_id = {chain_id}\ntest = true\n\
         confirmations = {confirmations}\nendpoints = [\"http://{address}\"]\n\
         [[networks.evm.assets]]\niso = \"ETH\"\ncode = \"ETHANVIL\"\nnumber = 90001\n\
         decimals = 18\nfixed_usd = \"2500\"\n"
    )
}
