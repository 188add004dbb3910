use super::*;
use crate::utxo::rules::{ChainKind, Like};

/// Accounts of the seed "abandon … about", as BIP 84, 49, 86 and 44 give them.
const ZPUB: &str = "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG\
                    868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs";
const UPUB: &str = "upub5EFU65HtV5TeiSHmZZm7FUffBGy8UKeqp7vw43jYbvZPpoVsgU93oac7Wk3u6moKegAEWtGNF\
                    8DehrnHtv21XXEMYRUocHqguyjknFHYfgY";
const TR_XPUB: &str = "xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP\
                       9QyrLprQ3VCECoY49yfdDEHGCtMMj92pReUsQ";
/// The account of `ZPUB` as others spell it.
const XPUB: &str = "xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHwCD3XyuvPEbvqAQY3rAPshWcML\
                    oP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V";
const LTUB: &str = "Ltub2Z1zyGvbcEwmj1jAQcLSwfxMsZut8QS84GKVoqcbdF9snnvjrDYGoZQpbUSrpowJSNoTHdzuB\
                    q2QmScUEBUjuVRypgNwN2g3yrd5HiGRfxy";
const MTUB: &str = "Mtub2srGGwbWkvVFaJvHEy859m3s3Y4L52RcyNqibEWV1FXkqtjy6shqRd4xcgQSpibDr1vG37bTe\
                    VNxejE2wstkhj7ah25MwwVYFagigHNTnSn";
const OTHER_ZPUB: &str = "Zpub739WFCnqb8H6bozqRWNgL4NwrVvUUDaa5UodTovoPXuLnoVJTvkwKA6b5ioUif4ntuh\
                          U53ob9LUdZ66F3uNGoX8S6gzjGa1yvYFtkDRknR2";
const XPRV: &str = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6\
                    LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";

fn text(key: &str, index: u32, like: Like, chain: ChainKind) -> String {
    derive(key, index, NetworkRules::of(like, chain).unwrap()).unwrap().text
}

fn on_bitcoin(key: &str, index: u32) -> String {
    text(key, index, Like::Bitcoin, ChainKind::Main)
}

fn said(key: &str, like: Like) -> String {
    derive(key, 0, NetworkRules::of(like, ChainKind::Main).unwrap()).unwrap_err().0
}

#[test]
fn bip_84_gives_native_segwit_addresses() {
    assert_eq!(on_bitcoin(ZPUB, 0), "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu");
    assert_eq!(on_bitcoin(ZPUB, 1), "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g");
    let descriptor = format!("wpkh([73c5da0a/84h/0h/0h]{XPUB}/0/*)");
    assert_eq!(on_bitcoin(&descriptor, 1), on_bitcoin(ZPUB, 1));
    let both = format!("wpkh([73c5da0a/84'/0'/0']{ZPUB}/<0;1>/*)");
    assert_eq!(on_bitcoin(&both, 1), on_bitcoin(ZPUB, 1));
}

#[test]
fn bip_49_gives_segwit_inside_of_script_addresses() {
    let address = text(UPUB, 0, Like::Bitcoin, ChainKind::Test);
    assert_eq!(address, "2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2");
}

#[test]
fn bip_86_gives_taproot_addresses() {
    let descriptor = format!("tr([73c5da0a/86'/0'/0']{TR_XPUB}/0/*)");
    let first = "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr";
    assert_eq!(on_bitcoin(&descriptor, 0), first);
    let second = "bc1p4qhjn9zdvkux4e44uhx8tc55attvtyu358kutcqkudyccelu0was9fqzwh";
    assert_eq!(on_bitcoin(&descriptor, 1), second);
}

#[test]
fn bip_44_gives_addresses_of_keys() {
    let key = "xpub6BosfCnifzxcFwrSzQiqu2DBVTshkCXacvNsWGYJVVhhawA7d4R5WSWGFNbi8Aw6ZRc1brxMyWMz\
               G3DSSSSoekkudhUd9yLb6qx39T9nMdj";
    let descriptor = format!("pkh([73c5da0a/44h/0h/0h]{key}/0/*)");
    assert_eq!(on_bitcoin(&descriptor, 0), "1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA");
}

#[test]
fn litecoin_has_spellings_of_its_own() {
    let native = text(ZPUB, 0, Like::Litecoin, ChainKind::Main);
    assert_eq!(native, "ltc1qcr8te4kr609gcawutmrza0j4xv80jy8z4nqduv");
    let named = format!("wpkh({LTUB}/0/*)");
    assert_eq!(text(&named, 0, Like::Litecoin, ChainKind::Main), native);
    let nested = text(MTUB, 0, Like::Litecoin, ChainKind::Main);
    assert!(nested.starts_with('M'), "{nested}");
    assert_eq!(text(&format!("sh(wpkh({XPUB}/0/*))"), 0, Like::Litecoin, ChainKind::Main), nested);
}

#[test]
fn a_checksum_that_is_there_must_fit() {
    let descriptor = format!("tr({TR_XPUB}/0/*)");
    let mut engine = checksum::Engine::new();
    engine.input(&descriptor).unwrap();
    let whole = format!("{descriptor}#{}", engine.checksum());
    assert_eq!(on_bitcoin(&whole, 7), on_bitcoin(&descriptor, 7));
    let cut = &whole[..whole.len() - 1];
    assert!(said(cut, Like::Bitcoin).contains("checksum"));
    assert!(said(&whole.replace("/0/*", "/1/*"), Like::Bitcoin).contains("checksum"));
}

#[test]
fn whatever_can_spend_is_refused_and_not_repeated() {
    let single = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";
    let mistyped = XPRV.replace("HEK3", "HEK4");
    let seed = "abandon ".repeat(11) + "about";
    for key in [XPRV, single, &mistyped, &seed] {
        for text in
            [key.to_owned(), format!("wpkh({key}/0/*)"), format!("wsh(multi(1,{ZPUB}/0/*,{key}))")]
        {
            let said = said(&text, Like::Bitcoin);
            assert!(said.contains("can spend") && !said.contains(key), "{said}");
        }
    }
}

#[test]
fn a_key_that_does_not_say_what_it_makes_is_asked_for_as_a_descriptor() {
    assert!(said(XPUB, Like::Bitcoin).contains("wpkh(xpub…/0/*)"));
    assert!(said(LTUB, Like::Litecoin).contains("wpkh(Ltub…/0/*)"));
    assert!(said(OTHER_ZPUB, Like::Bitcoin).contains("sortedmulti"));
}

#[test]
fn the_refusal_says_what_is_wrong() {
    let inner = format!("{XPUB}/0/*");
    for (key, expected) in [
        (UPUB.to_owned(), "a key of a test network"),
        (MTUB.to_owned(), "another coin"),
        (format!("wpkh({MTUB}/0/*)"), "another coin"),
        (format!("wpkh([73c5da0a/84h/2h/0h]{inner})"), "another coin's account"),
        (format!("wpkh({XPUB}/0/0)"), "one address only"),
        (format!("wpkh({XPUB}/0/*h)"), "only a private key can follow"),
        (format!("wpkh({XPUB}/0h/*)"), ""),
        (format!("pk({inner})"), "no addresses"),
        (format!("wpkh({inner}"), "no output descriptor"),
        (format!("wpkh({}/0/*)", XPUB.replace("iodm", "iodn")), "mistyped"),
        (ZPUB.replace("AijB", "AijC"), "is needed"),
        (String::new(), "is needed"),
        ("z".repeat(5_000), "longer than"),
    ] {
        let said = said(&key, Like::Bitcoin);
        assert!(said.contains(expected), "{key}: {said}");
        assert!(key.is_empty() || !said.contains(&key));
    }
}

#[test]
fn numbers_beyond_the_tree_are_refused() {
    let rules = NetworkRules::of(Like::Bitcoin, ChainKind::Main).unwrap();
    assert!(derive(ZPUB, (1 << 31) - 1, rules).is_ok());
    derive(ZPUB, 1 << 31, rules).unwrap_err();
}
