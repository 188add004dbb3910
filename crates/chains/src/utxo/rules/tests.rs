use bitcoin::{Network, blockdata::constants::genesis_block, consensus::deserialize, hex::FromHex};

use super::*;

/// Of block 1 of the main network, of January 2009.
const MAIN_1: &str = "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000\
                      982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e\
                      61bc6649ffff001d01e36299";
/// Of block 800,000 of the main network, of July 2023.
const MAIN_800_000: &str = "00601d34\
                            55bb9fbd966b3ea2dc42d0c22722e4c0c1729fad172101000000000000000000\
                            55087fab0c8f3f89f8bcfd4df26c504d81b0a88e04907161838c0c53001af091\
                            35edbd64943805175e955e06";

const CHAINS: [(ChainKind, Network); 5] = [
    (ChainKind::Main, Network::Bitcoin),
    (ChainKind::Test, Network::Testnet),
    (ChainKind::Test4, Network::Testnet4),
    (ChainKind::Signet, Network::Signet),
    (ChainKind::Regtest, Network::Regtest),
];

fn header(digits: &str) -> Header {
    deserialize(&Vec::from_hex(digits).unwrap()).unwrap()
}

fn takes(chain: ChainKind, header: &Header) -> bool {
    NetworkRules::of(Like::Bitcoin, chain).unwrap().check_work(header).is_ok()
}

#[test]
fn headers_of_real_blocks_have_the_work_of_their_networks() {
    for (chain, network) in CHAINS {
        assert!(takes(chain, &genesis_block(network).header), "{chain:?}");
    }
    assert!(takes(ChainKind::Main, &header(MAIN_800_000)));
}

#[test]
fn a_header_that_did_not_cost_what_it_claims_is_refused_on_every_network() {
    let worked = header(MAIN_800_000);
    let nonce = worked.nonce + 1;
    // Nothing, a number below zero, and one that does not fit.
    let claims = [0, 0x0100_3456, 0x1780_0001, 0xff7f_ffff].map(CompactTarget::from_consensus);
    for (chain, _) in CHAINS {
        assert!(takes(chain, &worked), "{chain:?}");
        assert!(!takes(chain, &Header { nonce, ..worked }), "{chain:?}");
        for bits in claims {
            assert!(!takes(chain, &Header { bits, ..worked }), "{chain:?} {bits:?}");
        }
    }
}

#[test]
fn a_header_that_claims_less_work_than_its_network_asks_for_is_refused() {
    let first = header(MAIN_1);
    assert!(takes(ChainKind::Test, &first));
    assert!(!takes(ChainKind::Main, &first), "it takes a second today");
    let mut easy = genesis_block(Network::Regtest).header;
    assert!(takes(ChainKind::Regtest, &easy));
    for (chain, _) in &CHAINS[..4] {
        assert!(!takes(*chain, &easy), "{chain:?}");
    }
    easy.bits = CompactTarget::from_consensus(0x2100_ffff);
    assert!(!takes(ChainKind::Regtest, &easy), "any hash would do");
}
