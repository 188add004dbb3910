//! Addresses of Bitcoin's kind: what a person types, and the output script by which a block is
//! matched.

use bitcoin::{
    base58,
    bech32::{Fe32, Hrp, segwit},
};
use coffer_domain::{ports::KeyRefused, transfer::Address};

use super::rules::NetworkRules;

/// Bytes of the hash of a key or script.
const HASH_BYTES: usize = 20;
/// Bytes of a taproot output key.
const TAPROOT_BYTES: usize = 32;

/// The address of an output script; none where the script has none.
pub(super) fn of_script(script: &[u8], rules: &NetworkRules) -> Option<Address> {
    let text = match script {
        [0x76, 0xa9, 0x14, hash @ .., 0x88, 0xac] if hash.len() == HASH_BYTES => {
            base58_text(rules.pubkey_hash, hash)
        }
        [0xa9, 0x14, hash @ .., 0x87] if hash.len() == HASH_BYTES => {
            base58_text(*rules.script_hash.first()?, hash)
        }
        [version, length, program @ ..] if program.len() == usize::from(*length) => {
            let version = match version {
                0 => 0,
                0x51..=0x60 => version - 0x50,
                _ => return None,
            };
            let hrp = Hrp::parse(rules.hrp).ok()?;
            segwit::encode(hrp, Fe32::try_from(version).ok()?, program).ok()?
        }
        _ => return None,
    };
    Some(Address { text, account: script.to_vec() })
}

/// Reads an address as a person types it.
pub(super) fn parse(text: &str, rules: &NetworkRules) -> Result<Address, KeyRefused> {
    let text = text.trim();
    let refused = |reason: String| Err(KeyRefused(reason));
    if let Some(script) = read(text, rules)? {
        let address = of_script(&script, rules);
        return address.ok_or_else(|| KeyRefused("it is no address that can be paid".to_owned()));
    }
    if is_mweb(text) {
        return refused(
            "this is an address of Litecoin's extension blocks (MWEB), which show nobody what was \
             paid; an ordinary address is needed"
                .to_owned(),
        );
    }
    let others = NetworkRules::all().iter();
    let of_other = others.filter(|other| matches!(read(text, other), Ok(Some(_))));
    if let Some(other) = of_other.map(|other| other.title).next() {
        let expected = rules.title;
        return refused(match other == expected {
            true => format!("this is an address of another chain of {expected}'s kind"),
            false => format!("this is an address of {other}; one of {expected} is needed"),
        });
    }
    let (hrp, title) = (rules.hrp, rules.title);
    refused(format!("this is no address of {title}, such as begin with {hrp}1"))
}

/// The output script of an address of that network; none where it is of another, or no address.
fn read(text: &str, rules: &NetworkRules) -> Result<Option<Vec<u8>>, KeyRefused> {
    let refused = |reason: &str| Err(KeyRefused(reason.to_owned()));
    let lower = text.to_ascii_lowercase();
    if lower.strip_prefix(rules.hrp).is_some_and(|rest| rest.starts_with('1')) {
        let Ok((_, version, program)) = segwit::decode(text) else {
            return refused(
                "the address is mistyped or cut off: its checksum does not fit, or it is too short",
            );
        };
        return match (version.to_u8(), program.len()) {
            (0, _) | (1, TAPROOT_BYTES) => {
                let opcode = if version.to_u8() == 0 { 0 } else { 0x51 };
                let length = u8::try_from(program.len()).unwrap_or_default();
                Ok(Some([&[opcode, length], program.as_slice()].concat()))
            }
            _ => refused("addresses of this kind are not in use yet; money sent there may be lost"),
        };
    }
    let looks_like_base58 = (25..=36).contains(&text.len());
    let Ok(bytes) = base58::decode_check(text) else {
        let plain = looks_like_base58 && base58::decode(text).is_ok();
        return match plain && !text.starts_with("0x") {
            true => refused("the address is mistyped: its checksum does not fit"),
            false => Ok(None),
        };
    };
    let [version, hash @ ..] = bytes.as_slice() else { return Ok(None) };
    if hash.len() != HASH_BYTES {
        return Ok(None);
    }
    if *version == rules.pubkey_hash {
        return Ok(Some([&[0x76, 0xa9, 0x14], hash, &[0x88, 0xac]].concat()));
    }
    let to_script = rules.script_hash.contains(version);
    Ok(to_script.then(|| [&[0xa9, 0x14], hash, &[0x87]].concat()))
}

fn is_mweb(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.starts_with("ltcmweb1") || lower.starts_with("tmweb1")
}

fn base58_text(version: u8, hash: &[u8]) -> String {
    base58::encode_check(&[&[version], hash].concat())
}

#[cfg(test)]
mod tests;
