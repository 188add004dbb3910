//! Accounts of EVM networks: their spelling (EIP-55) and their derivation (BIP 32 and 44).

use std::{str::FromStr, sync::LazyLock};

use alloy::primitives::{self, hex, keccak256};
use bitcoin::{
    NetworkKind,
    bip32::{ChildNumber, Xpub},
    secp256k1::{Secp256k1, VerifyOnly},
};
use coffer_domain::{ports::KeyRefused, transfer::Address};

/// Precomputed tables of the curve; making them costs more than a derivation.
static CURVE: LazyLock<Secp256k1<VerifyOnly>> = LazyLock::new(Secp256k1::verification_only);

/// Steps from the master key to the account key, m/44'/60'/0'.
const ACCOUNT_DEPTH: u8 = 3;

/// The address `index` of the external chain (`/0/index`) of an account's extended public key.
pub(super) fn derive(key: &str, index: u32) -> Result<Address, KeyRefused> {
    let account = parse_key(key.trim())?;
    let refused = |what: &str| KeyRefused(format!("{what} {index} cannot be derived"));
    let index = ChildNumber::from_normal_idx(index).map_err(|_| refused("address number"))?;
    let path = [ChildNumber::Normal { index: 0 }, index];
    let child = account.derive_pub(&*CURVE, &path).map_err(|_| refused("address"))?;
    let point = child.public_key.serialize_uncompressed();
    let (_, coordinates) = point.split_at(1);
    let hash = keccak256(coordinates);
    Ok(domain_address(primitives::Address::from_word(hash)))
}

/// Reads 40 hex digits after `0x`. Digits of mixed case carry a checksum, which must fit.
pub(super) fn parse(text: &str) -> Result<primitives::Address, KeyRefused> {
    let text = text.trim();
    let refused = |reason: &str| Err(KeyRefused(reason.to_owned()));
    let Some(digits) = text.strip_prefix("0x") else {
        return refused("the address must begin with 0x");
    };
    if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return refused("the address must have 40 digits 0 to 9 and a to f after 0x");
    }
    let mut bytes = [0; 20];
    if hex::decode_to_slice(digits, &mut bytes).is_err() {
        return refused("the address must have 40 digits 0 to 9 and a to f after 0x");
    }
    let address = primitives::Address::new(bytes);
    let lower = digits.bytes().any(|byte| byte.is_ascii_lowercase());
    let upper = digits.bytes().any(|byte| byte.is_ascii_uppercase());
    if lower && upper && address.to_checksum(None) != text {
        return refused("the address's checksum does not fit: a character was mistyped");
    }
    if address.is_zero() {
        return refused("the zero address belongs to nobody; money sent there is lost");
    }
    Ok(address)
}

/// The address as the domain keeps it: checksummed text and account bytes.
pub(super) fn domain_address(address: primitives::Address) -> Address {
    Address { text: address.to_checksum(None), account: address.to_vec() }
}

fn parse_key(key: &str) -> Result<Xpub, KeyRefused> {
    let refused = |reason: &str| Err(KeyRefused(reason.to_owned()));
    let prefix = key.get(..4).unwrap_or_default();
    match prefix {
        "xpub" => {}
        "xprv" | "yprv" | "zprv" | "tprv" | "uprv" | "vprv" => {
            return refused(
                "this is a private key, which can spend: keep it secret and give the extended \
                 public key (xpub) instead",
            );
        }
        "ypub" | "zpub" | "Ypub" | "Zpub" => {
            return refused(
                "this key is for Bitcoin's script types: export the Ethereum account's key, which \
                 begins with xpub",
            );
        }
        "tpub" | "upub" | "vpub" => {
            return refused(
                "this is a key of a Bitcoin test network: EVM accounts have keys that begin with \
                 xpub, on test networks too",
            );
        }
        _ => return refused("an extended public key begins with xpub"),
    }
    let Ok(xpub) = Xpub::from_str(key) else {
        return refused("the extended public key is mistyped or cut off");
    };
    if xpub.network != NetworkKind::Main {
        return refused("an extended public key begins with xpub");
    }
    if xpub.depth != ACCOUNT_DEPTH {
        return Err(KeyRefused(format!(
            "the key of the account is needed, three steps below the master key (m/44'/60'/0'); \
             this one is {} steps below it",
            xpub.depth
        )));
    }
    Ok(xpub)
}

#[cfg(test)]
mod tests;
