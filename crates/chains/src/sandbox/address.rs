//! Sandbox addresses: `sandbox1`, 32 characters for 20 bytes, 4 characters of checksum. No network
//! has such addresses, so no wallet sends real money to one.

use coffer_domain::{ports::KeyRefused, transfer::Address};
use sha2::{Digest, Sha256};

const PREFIX: &str = "sandbox1";
const ACCOUNT_BYTES: usize = 20;
/// Base32 digits without `i`, `l`, `o` and `u`, which people confuse with others.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DATA_CHARACTERS: usize = ACCOUNT_BYTES * 8 / 5;
const CHECKSUM_CHARACTERS: usize = 4;

/// The address number `index` of a key. The key is hashed with its length, so that no two pairs of
/// key and index make the same bytes.
pub(super) fn derive(key: &str, index: u32) -> Address {
    let mut hash = Sha256::new();
    hash.update(b"sandbox account");
    hash.update((key.len() as u64).to_be_bytes());
    hash.update(key.as_bytes());
    hash.update(index.to_be_bytes());
    let account = hash.finalize().iter().copied().take(ACCOUNT_BYTES).collect::<Vec<_>>();
    Address { text: print(&account), account }
}

/// Reads an address as a person types it, in either letter case.
pub(super) fn parse(text: &str) -> Result<Address, KeyRefused> {
    let text = text.trim().to_ascii_lowercase();
    let refused = |reason: &str| Err(KeyRefused(reason.to_owned()));
    let Some(body) = text.strip_prefix(PREFIX) else {
        return refused("a sandbox address begins with sandbox1");
    };
    let digits = body.bytes().map(|byte| ALPHABET.iter().position(|digit| *digit == byte));
    let Some(digits) = digits.collect::<Option<Vec<_>>>() else {
        return refused("a character of it is never part of a sandbox address");
    };
    if digits.len() != DATA_CHARACTERS + CHECKSUM_CHARACTERS {
        return refused("it is too short or too long for a sandbox address");
    }
    let account = bytes_of(&digits[..DATA_CHARACTERS]);
    if print(&account) != text {
        return refused("its checksum does not fit: a character was mistyped");
    }
    Ok(Address { text, account })
}

fn print(account: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"sandbox checksum");
    hash.update(account);
    let checksum = hash.finalize();
    let digits = digits_of(account).chain(digits_of(&checksum).take(CHECKSUM_CHARACTERS));
    PREFIX.chars().chain(digits).collect()
}

/// Five bits at a time, most significant first.
fn digits_of(bytes: &[u8]) -> impl Iterator<Item = char> {
    (0..bytes.len() * 8 / 5).map(|digit| {
        let value = (0..5).fold(0_usize, |value, bit| {
            let at = digit * 5 + bit;
            value << 1 | usize::from(bytes[at / 8] >> (7 - at % 8) & 1)
        });
        char::from(ALPHABET[value])
    })
}

fn bytes_of(digits: &[usize]) -> Vec<u8> {
    (0..digits.len() * 5 / 8)
        .map(|byte| {
            (0..8).fold(0_u8, |value, bit| {
                let at = byte * 8 + bit;
                value << 1 | u8::from(digits[at / 5] >> (4 - at % 5) & 1 == 1)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_derived_address_reads_back() {
        for index in 0..200 {
            let address = derive("any key", index);
            assert_eq!(address.account.len(), 20);
            assert_eq!(address.text.len(), "sandbox1".len() + 36);
            assert_eq!(parse(&address.text), Ok(address.clone()));
            assert_eq!(parse(&format!(" {} ", address.text.to_uppercase())), Ok(address));
        }
    }

    #[test]
    fn the_spelling_never_changes() {
        let address = derive("key", 7);
        assert_eq!(address.text, KNOWN);
    }

    /// Computed by another program from the description above.
    const KNOWN: &str = "sandbox17nc18pmsjz1g9etgecmgqqk8wb2qz41120b3";

    #[test]
    fn keys_and_indexes_do_not_collide() {
        let pairs = ["a", "aa", "b"].iter().flat_map(|key| (0..50).map(move |i| derive(key, i)));
        assert_eq!(pairs.collect::<HashSet<_>>().len(), 150);
    }

    #[test]
    fn every_single_mistyped_character_is_noticed() {
        let text = derive("key", 1).text;
        for at in PREFIX.len()..text.len() {
            for digit in ALPHABET {
                let mut typed = text.clone().into_bytes();
                typed[at] = *digit;
                let typed = String::from_utf8(typed).unwrap();
                assert!(typed == text || parse(&typed).is_err(), "{typed}");
            }
        }
    }

    #[test]
    fn the_refusal_says_what_is_wrong() {
        let text = derive("key", 1).text;
        let said = |text: &str| parse(text).unwrap_err().0;
        assert!(said("0x52908400098527886E0F7030069857D2E4169EE7").contains("sandbox1"));
        assert!(said(&text[..text.len() - 1]).contains("too short"));
        assert!(said(&format!("{text}0")).contains("too long"));
        assert!(said("sandbox1iiii").contains("never part"));
        assert!(said(&format!("{PREFIX}{}", "0".repeat(36))).contains("checksum"));
    }
}
