//! What tells one network of Bitcoin's kind from another: how its addresses are spelled, how its
//! blocks are written, and with which block it begins.

use bitcoin::{CompactTarget, NetworkKind, Target, block::Header};

/// The easiest proof of work that is believed on Bitcoin's main network: a difficulty of 2^43, or
/// 8.8e12. All its blocks have had more since October 2019, and those of 2026 more than ten times
/// as much. What the network took at its beginning is made in a second today.
const BITCOIN_MAIN: u32 = 0x1720_0000;
/// The easiest that Bitcoin's third and fourth test networks take.
const BITCOIN_TEST: u32 = 0x1d00_ffff;
/// The easiest that Bitcoin's signed test network takes.
const BITCOIN_SIGNET: u32 = 0x1e03_77ae;
/// The easiest that a chain of one's own takes: every other header has it by chance.
const BITCOIN_REGTEST: u32 = 0x207f_ffff;

/// Whose block and script format a network has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Like {
    /// Bitcoin.
    Bitcoin,
    /// Litecoin, with extension blocks (MWEB).
    Litecoin,
}

/// Which of the chains of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainKind {
    /// The chain whose coins are worth something.
    Main,
    /// The public test network (of Bitcoin: testnet3).
    Test,
    /// Bitcoin's fourth test network.
    Test4,
    /// Bitcoin's signed test network.
    Signet,
    /// A chain of one's own.
    Regtest,
}

/// The row of one network.
#[derive(Debug, PartialEq, Eq)]
pub struct NetworkRules {
    /// Whose formats it has.
    pub like: Like,
    /// Which chain it is.
    pub chain: ChainKind,
    /// What people call addresses of it.
    pub(super) title: &'static str,
    /// Hash of block 0, as people write it.
    pub(super) genesis: &'static str,
    /// What its segwit addresses begin with, before the `1`.
    pub(super) hrp: &'static str,
    /// First byte of an address that pays to the hash of a key.
    pub(super) pubkey_hash: u8,
    /// First byte of an address that pays to the hash of a script; the first is the one we write.
    pub(super) script_hash: &'static [u8],
    /// Whether its keys are those of a main network.
    pub(super) keys: NetworkKind,
    /// The number of its coin in derivation paths (SLIP 44).
    pub(super) coin_type: u32,
    /// The easiest proof of work that is believed of its blocks, as headers write it. None where
    /// work does not show in a block's hash (Litecoin counts another one, by scrypt).
    easiest_work: Option<u32>,
}

impl NetworkRules {
    /// The row of a network; none where there is no such chain.
    #[must_use]
    pub fn of(like: Like, chain: ChainKind) -> Option<&'static Self> {
        ROWS.iter().find(|row| row.like == like && row.chain == chain)
    }

    /// The rows of all networks.
    pub(super) const fn all() -> &'static [Self] {
        ROWS
    }

    /// The scheme of its payment links.
    pub(super) const fn scheme(&self) -> &'static str {
        match self.like {
            Like::Bitcoin => "bitcoin",
            Like::Litecoin => "litecoin",
        }
    }

    /// Whether its blocks are written as Bitcoin's are.
    pub(super) const fn raw_blocks(&self) -> bool {
        matches!(self.like, Like::Bitcoin)
    }

    /// Checks that a header cost the work it claims, and claims no less than is believed here. The
    /// first block is known by its hash.
    ///
    /// # Errors
    /// When it does not; the text says so.
    pub(super) fn check_work(&self, header: &Header) -> Result<(), String> {
        let Some(easiest) = self.easiest_work else { return Ok(()) };
        let easiest = Target::from_compact(CompactTarget::from_consensus(easiest));
        let (target, hash) = (header.target(), header.block_hash());
        let worked = target <= easiest && target.is_met_by(hash);
        match worked || hash.to_string() == self.genesis {
            true => Ok(()),
            false => Err("the block's header lacks the network's proof of work".to_owned()),
        }
    }
}

const fn bitcoin_test(
    chain: ChainKind,
    genesis: &'static str,
    hrp: &'static str,
    easiest_work: u32,
) -> NetworkRules {
    NetworkRules {
        like: Like::Bitcoin,
        chain,
        title: "a Bitcoin test network",
        genesis,
        hrp,
        pubkey_hash: 111,
        script_hash: &[196],
        keys: NetworkKind::Test,
        coin_type: 1,
        easiest_work: Some(easiest_work),
    }
}

const fn litecoin_test(chain: ChainKind, genesis: &'static str, hrp: &'static str) -> NetworkRules {
    NetworkRules {
        like: Like::Litecoin,
        chain,
        title: "a Litecoin test network",
        genesis,
        hrp,
        pubkey_hash: 111,
        script_hash: &[58, 196],
        keys: NetworkKind::Test,
        coin_type: 1,
        easiest_work: None,
    }
}

static ROWS: &[NetworkRules] = &[
    NetworkRules {
        like: Like::Bitcoin,
        chain: ChainKind::Main,
        title: "Bitcoin",
        genesis: "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
        hrp: "bc",
        pubkey_hash: 0,
        script_hash: &[5],
        keys: NetworkKind::Main,
        coin_type: 0,
        easiest_work: Some(BITCOIN_MAIN),
    },
    bitcoin_test(
        ChainKind::Test,
        "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943",
        "tb",
        BITCOIN_TEST,
    ),
    bitcoin_test(
        ChainKind::Test4,
        "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043",
        "tb",
        BITCOIN_TEST,
    ),
    bitcoin_test(
        ChainKind::Signet,
        "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6",
        "tb",
        BITCOIN_SIGNET,
    ),
    bitcoin_test(
        ChainKind::Regtest,
        "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
        "bcrt",
        BITCOIN_REGTEST,
    ),
    NetworkRules {
        like: Like::Litecoin,
        chain: ChainKind::Main,
        title: "Litecoin",
        genesis: "12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2",
        hrp: "ltc",
        pubkey_hash: 48,
        script_hash: &[50, 5],
        keys: NetworkKind::Main,
        coin_type: 2,
        easiest_work: None,
    },
    litecoin_test(
        ChainKind::Test,
        "4966625a4b2851d9fdee139e56211a0d88575f59ed816ff5e6a63deb4e3e29a0",
        "tltc",
    ),
    litecoin_test(
        ChainKind::Regtest,
        "530827f38f93b43ed12af0b3ad25a288dc02ed74d6d7857862df51fc56c416f9",
        "rltc",
    ),
];

#[cfg(test)]
mod tests;
