use super::*;
use crate::utxo::rules::{ChainKind, Like};

fn rules(like: Like, chain: ChainKind) -> &'static NetworkRules {
    NetworkRules::of(like, chain).unwrap()
}

fn bitcoin() -> &'static NetworkRules {
    rules(Like::Bitcoin, ChainKind::Main)
}

/// From BIP 173, BIP 350 and the networks' own documents.
#[test]
fn an_address_reads_as_its_script_and_is_written_back() {
    let litecoin = rules(Like::Litecoin, ChainKind::Main);
    for (text, script, rules) in [
        (
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "0014751e76e8199196d454941c45d1b3a323f1433bd6",
            bitcoin(),
        ),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
            bitcoin(),
        ),
        (
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac",
            bitcoin(),
        ),
        (
            "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
            "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87",
            bitcoin(),
        ),
        (
            "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
            "0014751e76e8199196d454941c45d1b3a323f1433bd6",
            litecoin,
        ),
    ] {
        let address = parse(text, rules).unwrap();
        let hex = address.account.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!((address.text.as_str(), hex.as_str()), (text, script));
        assert_eq!(parse(&format!(" {text} "), rules), Ok(address));
    }
    let upper = "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4";
    assert_eq!(parse(upper, bitcoin()).unwrap().text, upper.to_ascii_lowercase());
}

#[test]
fn an_old_script_address_of_litecoin_is_written_in_its_new_form() {
    let litecoin = rules(Like::Litecoin, ChainKind::Main);
    let old = parse("3P14159f73E4gFr7JterCCQh9QjiTjiZrG", litecoin).unwrap();
    assert!(old.text.starts_with('M'), "{}", old.text);
    assert_eq!(parse(&old.text, litecoin), Ok(old));
}

#[test]
fn the_refusal_says_what_is_wrong() {
    let said = |text: &str, like, chain| parse(text, rules(like, chain)).unwrap_err().0;
    let on_bitcoin = |text: &str| said(text, Like::Bitcoin, ChainKind::Main);
    let segwit = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    assert!(on_bitcoin(&segwit.replace("8f3t4", "8f3t5")).contains("checksum"));
    assert!(on_bitcoin(&segwit[..segwit.len() - 1]).contains("cut off"));
    assert!(on_bitcoin("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb").contains("checksum"));
    assert!(on_bitcoin("ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9").contains("of Litecoin;"));
    assert!(on_bitcoin("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn").contains("Bitcoin test network;"));
    assert!(on_bitcoin("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx").contains("test network;"));
    let on_regtest = said(segwit, Like::Bitcoin, ChainKind::Regtest);
    assert_eq!(
        on_regtest,
        "this is an address of Bitcoin; one of a Bitcoin test network is needed"
    );
    let test = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx";
    let other_test = said(test, Like::Bitcoin, ChainKind::Regtest);
    assert!(other_test.contains("another chain of a Bitcoin test network"), "{other_test}");
    for other in ["", "0x52908400098527886E0F7030069857D2E4169EE7", "bc1", "hello world"] {
        parse(other, bitcoin()).unwrap_err();
    }
    // Anybody can spend from this one.
    assert!(on_bitcoin("bc1pfeessrawgf").contains("not in use yet"));
    let mweb = format!("ltcmweb1{}", "q".repeat(120));
    assert!(said(&mweb, Like::Litecoin, ChainKind::Main).contains("MWEB"));
}

#[test]
fn every_single_mistyped_character_is_noticed() {
    for text in ["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"]
    {
        for at in 0..text.len() {
            for digit in "023456789acdefghjklmnpqrstuvwxyzABCDEFGHJKLMNPQ".bytes() {
                let mut typed = text.as_bytes().to_vec();
                typed[at] = digit;
                let typed = String::from_utf8(typed).unwrap();
                let same = typed.eq_ignore_ascii_case(text) && text.starts_with("bc1");
                assert!(typed == text || same || parse(&typed, bitcoin()).is_err(), "{typed}");
            }
        }
    }
}
