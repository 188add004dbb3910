//! What addresses are derived from: an extended public key that names its kind of address
//! (SLIP 132), or an output descriptor (BIP 380 and those after it). Nothing that can spend.

use std::{str::FromStr, sync::LazyLock};

use bitcoin::{
    NetworkKind,
    bip32::{ChildNumber, DerivationPath, Xpub},
    secp256k1::{Secp256k1, VerifyOnly},
};
use coffer_domain::{ports::KeyRefused, transfer::Address};
use miniscript::{
    Descriptor, DescriptorPublicKey, ForEachKey,
    descriptor::{Wildcard, checksum},
};

use super::{address, rules::NetworkRules};

mod version;

use version::{Known, Written};

/// Precomputed tables of the curve; making them costs more than a derivation.
static CURVE: LazyLock<Secp256k1<VerifyOnly>> = LazyLock::new(Secp256k1::verification_only);

/// The longest text that is read as a key, in bytes. Fifteen extended keys of a multisig fit.
const KEY_BYTES_MAX: usize = 4_096;
/// Fewest words of a written-down seed.
const SEED_WORDS: usize = 12;

const CAN_SPEND: &str = "this holds a private key, which can spend: keep it secret and give the \
                         extended public key or the descriptor with public keys instead";

/// The address `index` of a key or descriptor.
pub(super) fn derive(key: &str, index: u32, rules: &NetworkRules) -> Result<Address, KeyRefused> {
    let descriptor = read(key, rules)?;
    let cannot = || KeyRefused(format!("address {index} cannot be derived"));
    let definite = descriptor.at_derivation_index(index).map_err(|_| cannot())?;
    let script = definite.derived_descriptor(&*CURVE).script_pubkey();
    address::of_script(script.as_bytes(), rules).ok_or_else(cannot)
}

/// Reads a key or descriptor of that network.
fn read(key: &str, rules: &NetworkRules) -> Result<Descriptor<DescriptorPublicKey>, KeyRefused> {
    let key = key.trim();
    if key.len() > KEY_BYTES_MAX {
        return refused("it is longer than any key or descriptor");
    }
    if version::holds_private_key(key) || key.split_whitespace().count() >= SEED_WORDS {
        return refused(CAN_SPEND);
    }
    match key.contains('(') {
        true => read_descriptor(key, rules),
        false => read_extended(key, rules),
    }
}

/// A key of an account, whose own text says which addresses it makes.
fn read_extended(
    key: &str,
    rules: &NetworkRules,
) -> Result<Descriptor<DescriptorPublicKey>, KeyRefused> {
    let Some(known) = version::written(key) else {
        return refused(
            "an extended public key (zpub…, ypub…) or an output descriptor such as \
             wpkh([fingerprint/84h/0h/0h]xpub…/0/*) is needed",
        );
    };
    check_network(known, rules)?;
    let Ok(xpub) = Xpub::from_str(&version::plain(key, known)) else {
        return refused("the extended public key is mistyped or cut off");
    };
    let outer = match known.written {
        Written::Wpkh => "wpkh(",
        Written::ShWpkh => "sh(wpkh(",
        Written::Any => {
            let prefix = key.get(..4).unwrap_or_default();
            return Err(KeyRefused(format!(
                "a key that begins with {prefix} does not say which addresses your wallet makes of \
                 it: write it as a descriptor, wpkh({prefix}…/0/*) for addresses that begin with \
                 {}1q, sh(wpkh({prefix}…/0/*)), tr({prefix}…/0/*) or pkh({prefix}…/0/*)",
                rules.hrp
            )));
        }
        Written::Multisig => {
            return refused(
                "this is one key of several that sign together: give the descriptor with all of \
                 them, such as wsh(sortedmulti(2,xpub…/0/*,xpub…/0/*))",
            );
        }
    };
    // Electrum's accounts are one step below the master key, BIP 44's three.
    if !matches!(xpub.depth, 1 | 3) {
        return Err(KeyRefused(format!(
            "the key of the account is needed, three steps below the master key (such as \
             m/84h/{}h/0h); this one is {} steps below it",
            rules.coin_type, xpub.depth
        )));
    }
    let close = ")".repeat(outer.matches('(').count());
    parse(&format!("{outer}{xpub}/0/*{close}"))
}

fn read_descriptor(
    text: &str,
    rules: &NetworkRules,
) -> Result<Descriptor<DescriptorPublicKey>, KeyRefused> {
    let body = match checksum::verify_checksum(text) {
        Ok(body) => body,
        Err(_) if text.contains('#') => {
            return refused("the descriptor's checksum does not fit: it is mistyped or cut off");
        }
        Err(_) => return refused("a character of it is never part of a descriptor"),
    };
    for known in version::all_written(body) {
        check_network(known, rules)?;
    }
    let descriptor = parse(&version::all_plain(body))?;
    if descriptor.sanity_check().is_err() {
        return refused("whoever holds its keys could not always spend what it receives");
    }
    if matches!(descriptor, Descriptor::Bare(_)) {
        return refused("it makes no addresses: pkh(…), wpkh(…), sh(…), wsh(…) or tr(…) is needed");
    }
    let paths = descriptor.into_single_descriptors();
    let first = paths.ok().and_then(|paths| paths.into_iter().next());
    let Some(descriptor) = first else {
        return refused("its keys do not all have the same number of paths");
    };
    if descriptor.for_any_key(|key| key.wildcard() == Some(Wildcard::Hardened)) {
        return refused(
            "it ends with /*h, which only a private key can follow: an ordinary wildcard, /*, is \
             needed",
        );
    }
    if !descriptor.has_wildcard() {
        return refused(
            "it makes one address only, and every payment needs its own: /* is needed at the end \
             of each key, as in xpub…/0/*",
        );
    }
    check_origins(&descriptor, rules)?;
    Ok(descriptor)
}

/// The text of the library's error may repeat a key, so it is not passed on.
fn parse(text: &str) -> Result<Descriptor<DescriptorPublicKey>, KeyRefused> {
    let descriptor = Descriptor::<DescriptorPublicKey>::from_str(text);
    descriptor.map_err(|_| {
        KeyRefused(
            "it is no output descriptor that Coffer knows, or a key in it is mistyped: pkh, wpkh, \
             sh(wpkh), tr, wsh and sh of public keys with a path such as /0/* are read"
                .to_owned(),
        )
    })
}

fn check_network(known: Known, rules: &NetworkRules) -> Result<(), KeyRefused> {
    if known.keys != rules.keys {
        return refused(match rules.keys {
            NetworkKind::Main => "this is a key of a test network",
            NetworkKind::Test => "this is a key for real money, and the network is a test network",
        });
    }
    match known.like {
        Some(like) if like != rules.like => {
            Err(KeyRefused(format!("this is a key of another coin; {} is needed", rules.title)))
        }
        _ => Ok(()),
    }
}

/// A key that says that it comes from another coin's account was picked by mistake: its addresses
/// here are watched by no wallet.
fn check_origins(
    descriptor: &Descriptor<DescriptorPublicKey>,
    rules: &NetworkRules,
) -> Result<(), KeyRefused> {
    let of_other = |path: &DerivationPath| {
        let mut steps = path.into_iter();
        let purpose = steps.next();
        let coin = steps.next();
        let known = [44, 48, 49, 84, 86].map(|index| ChildNumber::Hardened { index });
        let others = [0, 1, 2].into_iter().filter(|coin| *coin != rules.coin_type);
        purpose.is_some_and(|purpose| known.contains(purpose))
            && coin.is_some_and(|coin| {
                let mut others = others.map(|index| ChildNumber::Hardened { index });
                others.any(|other| other == *coin)
            })
    };
    let wrong = descriptor.for_any_key(|key| match key {
        DescriptorPublicKey::XPub(key) => {
            key.origin.as_ref().is_some_and(|(_, path)| of_other(path))
        }
        DescriptorPublicKey::Single(_) | DescriptorPublicKey::MultiXPub(_) => false,
    });
    match wrong {
        false => Ok(()),
        true => Err(KeyRefused(format!(
            "its key comes from another coin's account: one of {} has {}h as its second step, as \
             in [fingerprint/84h/{}h/0h]",
            rules.title, rules.coin_type, rules.coin_type
        ))),
    }
}

fn refused<T>(reason: &str) -> Result<T, KeyRefused> {
    Err(KeyRefused(reason.to_owned()))
}

#[cfg(test)]
mod tests;
