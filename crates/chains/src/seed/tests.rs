use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU8, Ordering},
};

use super::*;

/// Bytes that the test chose.
struct Fixed(u8);

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

fn words(seed: &Seed) -> String {
    seed.words().collect::<Vec<_>>().join(" ")
}

#[test]
fn words_are_those_of_the_standard() {
    let seed = Seed::new(Words::Twelve, &Fixed(0)).unwrap();
    assert_eq!(words(&seed), format!("{}about", "abandon ".repeat(11)));
    let seed = Seed::new(Words::TwentyFour, &Fixed(0)).unwrap();
    assert_eq!(words(&seed), format!("{}art", "abandon ".repeat(23)));
    let seed = Seed::new(Words::TwentyFour, &Fixed(0xff)).unwrap();
    assert_eq!(words(&seed), format!("{}vote", "zoo ".repeat(23)));
}

/// The vectors of BIP 84, of ethers.js and of Litecoin Core for "abandon … about".
#[test]
fn accounts_are_those_that_wallets_make_of_the_words() {
    let seed = Seed::new(Words::Twelve, &Fixed(0)).unwrap();
    let accounts = seed.accounts("").unwrap();
    let [bitcoin, litecoin, ethereum] = accounts.as_slice() else { panic!("{accounts:?}") };
    assert_eq!(bitcoin.network.as_str(), "bitcoin");
    assert_eq!(bitcoin.path, "m/84h/0h/0h");
    assert_eq!(
        bitcoin.extended,
        "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf\
         31mGDtKsAYz2oz2AGutZYs"
    );
    assert_eq!(bitcoin.first_address, "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu");
    assert!(bitcoin.key.starts_with("wpkh([73c5da0a/84h/0h/0h]xpub6C"), "{}", bitcoin.key);
    assert!(checksum::verify_checksum(&bitcoin.key).unwrap().ends_with("/0/*)"));
    assert_eq!(litecoin.path, "m/84h/2h/0h");
    assert_eq!(litecoin.first_address, "ltc1qjmxnz78nmc8nq77wuxh25n2es7rzm5c2rkk4wh");
    assert_eq!(ethereum.path, "m/44h/60h/0h");
    assert_eq!(ethereum.first_address, "0x9858EfFD232B4033E47d90003D41EC34EcaEda94");
    assert_eq!(
        ethereum.key,
        "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM\
         6si3yZdUsT8ddYM3PwnATt"
    );
}

#[test]
fn a_passphrase_makes_another_wallet_of_the_same_words() {
    let seed = Seed::new(Words::Twelve, &Fixed(0)).unwrap();
    let without = seed.accounts("").unwrap();
    let with = seed.accounts("TREZOR").unwrap();
    assert!(without.iter().zip(&with).all(|(one, other)| one.key != other.key));
    // The standard wants both spellings of a letter to be the same passphrase.
    assert_eq!(seed.accounts("caf\u{e9}").unwrap(), seed.accounts("cafe\u{301}").unwrap());
}

#[test]
fn each_seed_is_another() {
    struct Counting(AtomicU8);
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        }
    }
    let entropy = Counting(AtomicU8::new(0));
    let made: BTreeSet<_> =
        (0..4).map(|_| words(&Seed::new(Words::Twelve, &entropy).unwrap())).collect();
    assert_eq!(made.len(), 4);
}

#[test]
fn a_seed_says_nothing_of_itself_in_a_log() {
    assert_eq!(format!("{:?}", Seed::new(Words::Twelve, &Fixed(7)).unwrap()), "Seed");
}
