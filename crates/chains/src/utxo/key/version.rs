//! The first four bytes of extended keys (SLIP 132): whose they are, and what is made of them.

use bitcoin::{NetworkKind, base58};

use crate::utxo::rules::Like;

/// Bytes of an extended key without its checksum.
const EXTENDED_BYTES: usize = 78;
/// Bytes that say which kind of key it is.
const VERSION_BYTES: usize = 4;

/// What is made of a key, as far as its first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Nothing is said.
    Any,
    /// Native segwit addresses.
    Wpkh,
    /// Segwit inside of a script address.
    ShWpkh,
    /// Part of a multisig.
    Multisig,
}

/// What the first bytes of a key say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Whose key it is, where the bytes are one network's own.
    pub(super) like: Option<Like>,
    pub(super) keys: NetworkKind,
    pub(super) written: Written,
}

const fn row(
    version: u32,
    keys: NetworkKind,
    written: Written,
    like: Option<Like>,
) -> (u32, Known) {
    (version, Known { like, keys, written })
}

/// Public ones. `zpub` and `vpub` are written by wallets of both coins, and `xpub` and `tpub` by
/// nodes of both.
static PUBLIC: &[(u32, Known)] = &[
    row(0x0488_b21e, NetworkKind::Main, Written::Any, None), // xpub
    row(0x049d_7cb2, NetworkKind::Main, Written::ShWpkh, None), // ypub
    row(0x04b2_4746, NetworkKind::Main, Written::Wpkh, None), // zpub
    row(0x0295_b43f, NetworkKind::Main, Written::Multisig, None), // Ypub
    row(0x02aa_7ed3, NetworkKind::Main, Written::Multisig, None), // Zpub
    row(0x0435_87cf, NetworkKind::Test, Written::Any, None), // tpub
    row(0x044a_5262, NetworkKind::Test, Written::ShWpkh, None), // upub
    row(0x045f_1cf6, NetworkKind::Test, Written::Wpkh, None), // vpub
    row(0x0242_89ef, NetworkKind::Test, Written::Multisig, None), // Upub
    row(0x0257_5483, NetworkKind::Test, Written::Multisig, None), // Vpub
    row(0x019d_a462, NetworkKind::Main, Written::Any, Some(Like::Litecoin)), // Ltub
    row(0x01b2_6ef6, NetworkKind::Main, Written::ShWpkh, Some(Like::Litecoin)), // Mtub
    row(0x0436_f6e1, NetworkKind::Test, Written::Any, Some(Like::Litecoin)), // ttub
];

/// Private ones: xprv, yprv, zprv, Yprv, Zprv, tprv, uprv, vprv, Uprv, Vprv, Ltpv, Mtpv, ttpv.
const PRIVATE: [u32; 13] = [
    0x0488_ade4,
    0x049d_7878,
    0x04b2_430c,
    0x0295_b005,
    0x02aa_7a99,
    0x0435_8394,
    0x044a_4e28,
    0x045f_18bc,
    0x0242_85b5,
    0x0257_5048,
    0x019d_9cfe,
    0x01b2_6792,
    0x0436_ef7d,
];

/// First bytes of single private keys: Bitcoin, test networks, Litecoin.
const PRIVATE_SINGLE: [u8; 3] = [0x80, 0xef, 0xb0];
/// Bytes of a single private key with its first byte, and with the mark of a compressed one.
const PRIVATE_SINGLE_BYTES: [usize; 2] = [33, 34];

/// What an extended public key says of itself; none where the text is none.
pub(super) fn written(key: &str) -> Option<Known> {
    let bytes = base58::decode_check(key).ok()?;
    let (version, _) = split(&bytes)?;
    PUBLIC.iter().find(|(known, _)| *known == version).map(|(_, known)| *known)
}

/// The same key as every library spells it, `xpub` or `tpub`.
pub(super) fn plain(key: &str, known: Known) -> String {
    let version: u32 = match known.keys {
        NetworkKind::Main => 0x0488_b21e,
        NetworkKind::Test => 0x0435_87cf,
    };
    let bytes = base58::decode_check(key).unwrap_or_default();
    let body = bytes.get(VERSION_BYTES..).unwrap_or_default();
    base58::encode_check(&[version.to_be_bytes().as_slice(), body].concat())
}

/// What each extended public key in a descriptor says.
pub(super) fn all_written(descriptor: &str) -> impl Iterator<Item = Known> {
    words(descriptor).filter_map(written)
}

/// A descriptor with every extended key as libraries spell it.
pub(super) fn all_plain(descriptor: &str) -> String {
    words(descriptor).fold(descriptor.to_owned(), |text, word| match written(word) {
        Some(known) => text.replace(word, &plain(word, known)),
        None => text,
    })
}

/// Whether any word of the text is a private key, even a mistyped one.
pub(super) fn holds_private_key(text: &str) -> bool {
    words(text).any(|word| {
        let start = word.get(1..4);
        if word.len() > EXTENDED_BYTES && matches!(start, Some("prv" | "tpv")) {
            return true;
        }
        let Ok(bytes) = base58::decode_check(word) else { return false };
        let single = PRIVATE_SINGLE_BYTES.contains(&bytes.len())
            && bytes.first().is_some_and(|first| PRIVATE_SINGLE.contains(first));
        single || split(&bytes).is_some_and(|(version, _)| PRIVATE.contains(&version))
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

fn split(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (version, body) = bytes.split_first_chunk::<VERSION_BYTES>()?;
    (bytes.len() == EXTENDED_BYTES).then(|| (u32::from_be_bytes(*version), body))
}
