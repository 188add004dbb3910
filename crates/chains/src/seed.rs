//! A new wallet's seed: its words (BIP 39) and the public keys of every family that come of it.
//!
//! Nothing here is kept, and what can spend is overwritten when it is dropped. The process that
//! serves never makes one.

use std::{fmt, sync::LazyLock};

use alloy::primitives::{self, keccak256};
use bip39::Mnemonic;
use bitcoin::{
    NetworkKind, base58,
    bech32::{Fe32, Hrp, segwit},
    bip32::{ChildNumber, Xpriv, Xpub},
    hashes::Hash as _,
    secp256k1::{All, Secp256k1},
};
use coffer_domain::{code::NetworkName, ports::Entropy};
use miniscript::descriptor::checksum;
use zeroize::Zeroizing;

/// Precomputed tables of the curve.
static CURVE: LazyLock<Secp256k1<All>> = LazyLock::new(Secp256k1::new);

/// The first four bytes of an extended public key whose addresses are native segwit (SLIP 132).
const ZPUB: [u8; 4] = [0x04, 0xb2, 0x47, 0x46];

/// How many words a seed is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// 128 bits.
    Twelve,
    /// 256 bits.
    TwentyFour,
}

/// A seed by its words. Overwritten when dropped.
pub struct Seed(Mnemonic);

/// An account's public keys on the networks of one kind. They can receive and not spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountKeys {
    /// A network that takes the key; one key serves all of its kind.
    pub network: NetworkName,
    /// The account's place below the seed, such as `m/84h/0h/0h`.
    pub path: String,
    /// What `coffer wallet add` takes: an output descriptor with its checksum, or the extended
    /// public key.
    pub key: String,
    /// The extended public key as wallets show it.
    pub extended: String,
    /// Its first address, by which a restored wallet is recognised.
    pub first_address: String,
}

/// A kind of networks, and how its accounts are derived.
struct Kind {
    network: &'static str,
    purpose: u32,
    coin: u32,
    /// How its segwit addresses begin; none for EVM.
    prefix: Option<&'static str>,
}

static KINDS: &[Kind] = &[
    Kind { network: "bitcoin", purpose: 84, coin: 0, prefix: Some("bc") },
    Kind { network: "litecoin", purpose: 84, coin: 2, prefix: Some("ltc") },
    Kind { network: "ethereum", purpose: 44, coin: 60, prefix: None },
];

/// The words gave no keys; the chance of it is below one in 2^127.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these words give no keys; make others")]
pub struct SeedRefused;

impl Words {
    /// Their number.
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::Twelve => 12,
            Self::TwentyFour => 24,
        }
    }

    /// Bytes of randomness in them.
    const fn entropy(self) -> usize {
        match self {
            Self::Twelve => 16,
            Self::TwentyFour => 32,
        }
    }
}

impl Seed {
    /// A seed that nobody had before.
    ///
    /// # Errors
    /// Never, in practice.
    pub fn new(words: Words, entropy: &dyn Entropy) -> Result<Self, SeedRefused> {
        let mut bytes = Zeroizing::new(vec![0; words.entropy()]);
        entropy.fill(&mut bytes);
        Mnemonic::from_entropy(&bytes).map(Self).map_err(|_| SeedRefused)
    }

    /// Its words in order, in English.
    pub fn words(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.words()
    }

    /// The first account's public keys for every family, with this passphrase, which may be empty.
    ///
    /// # Errors
    /// When the words give no keys, which does not happen.
    pub fn accounts(&self, passphrase: &str) -> Result<Vec<AccountKeys>, SeedRefused> {
        let seed = Zeroizing::new(self.0.to_seed(passphrase));
        let mut master =
            Xpriv::new_master(NetworkKind::Main, seed.as_ref()).map_err(|_| SeedRefused)?;
        let accounts = KINDS.iter().map(|kind| account(&master, kind)).collect();
        master.private_key.non_secure_erase();
        accounts
    }
}

/// Never its words.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

fn account(master: &Xpriv, kind: &Kind) -> Result<AccountKeys, SeedRefused> {
    let hardened = |index| ChildNumber::from_hardened_idx(index).map_err(|_| SeedRefused);
    let path = [hardened(kind.purpose)?, hardened(kind.coin)?, hardened(0)?];
    let mut private = master.derive_priv(&*CURVE, &path).map_err(|_| SeedRefused)?;
    let account = Xpub::from_priv(&CURVE, &private);
    private.private_key.non_secure_erase();
    let first = [ChildNumber::Normal { index: 0 }; 2];
    let first = account.derive_pub(&*CURVE, &first).map_err(|_| SeedRefused)?;
    let below = format!("{}h/{}h/0h", kind.purpose, kind.coin);
    let (key, extended, first_address) = match kind.prefix {
        Some(prefix) => {
            let fingerprint = master.fingerprint(&CURVE);
            let descriptor = format!("wpkh([{fingerprint}/{below}]{account}/0/*)");
            let address = segwit_address(&first, prefix)?;
            (with_checksum(&descriptor)?, zpub(&account), address)
        }
        None => (account.to_string(), account.to_string(), evm_address(&first)),
    };
    let network = NetworkName::constant(kind.network);
    Ok(AccountKeys { network, path: format!("m/{below}"), key, extended, first_address })
}

fn with_checksum(descriptor: &str) -> Result<String, SeedRefused> {
    let mut engine = checksum::Engine::new();
    engine.input(descriptor).map_err(|_| SeedRefused)?;
    Ok(format!("{descriptor}#{}", engine.checksum()))
}

fn zpub(account: &Xpub) -> String {
    let mut bytes = account.encode();
    bytes.iter_mut().zip(ZPUB).for_each(|(byte, version)| *byte = version);
    base58::encode_check(&bytes)
}

fn segwit_address(key: &Xpub, prefix: &str) -> Result<String, SeedRefused> {
    let hash = key.to_pub().wpubkey_hash();
    let prefix = Hrp::parse(prefix).map_err(|_| SeedRefused)?;
    segwit::encode(prefix, Fe32::Q, hash.as_byte_array()).map_err(|_| SeedRefused)
}

fn evm_address(key: &Xpub) -> String {
    let point = key.public_key.serialize_uncompressed();
    let (_, coordinates) = point.split_at(1);
    primitives::Address::from_word(keccak256(coordinates)).to_checksum(None)
}

#[cfg(test)]
mod tests;
