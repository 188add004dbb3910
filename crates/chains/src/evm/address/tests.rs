use super::*;

/// The account m/44'/60'/0' of the mnemonic "test test test test test test test test test test test
/// junk", as ethers.js exports it.
const JUNK: &str = "xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9sD7V2FNFLPnf8heNP3FGk\
                    eV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP";
/// The same account of the mnemonic "abandon … about".
const ABANDON: &str = "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaW\
                       HPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt";

#[test]
fn an_account_key_gives_the_addresses_wallets_show() {
    let known = [
        (JUNK, 0, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
        (JUNK, 1, "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
        (JUNK, 2, "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
        (JUNK, 1000, "0x6D58073AeeB28068c5925D618DA9f4c4F35727b3"),
        (JUNK, 2_147_483_647, "0x9d90537E6c8631CF4cBf3F3049519844027a3d68"),
        (ABANDON, 0, "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"),
        (ABANDON, 9, "0x4C1C56443AbFe6dD33de31dAaF0a6E929DBc4971"),
    ];
    for (key, index, text) in known {
        let address = derive(key, index).unwrap();
        assert_eq!(address.text, text);
        assert_eq!(domain_address(parse(text).unwrap()), address);
    }
}

#[test]
fn address_numbers_end_before_the_hardened_ones() {
    assert!(derive(JUNK, 1 << 31).is_err());
}

#[test]
fn other_keys_are_refused_with_the_reason() {
    let said = |key: &str| derive(key, 0).unwrap_err().0;
    let private = "xprv9yeny6n2dNUokQFykGoZU6BDLeKbEBUoBeCFe2VF6MXdrHrprMYRc4tddncDRxrJCy7GtPDk68z\
                   RcgWtGFveqdCV5NyhZwVgMoZVbTm78vx";
    assert!(said(private).contains("private key"));
    assert!(!said(private).contains("xprv9"));
    let segwit = "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfS\
                dVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs";
    assert!(said(segwit).contains("Bitcoin"));
    let testnet = "tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvF\
                cAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba";
    assert!(said(testnet).contains("test network"));
    assert!(said("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266").contains("xpub"));
    assert!(said(&JUNK[..JUNK.len() - 1]).contains("mistyped"));
    assert!(said(&JUNK.replace("HsnJxqP", "HsnJxqQ")).contains("mistyped"));
    assert!(said("").contains("xpub"));
}

#[test]
fn a_key_of_another_depth_is_refused() {
    let said = |key: &str| derive(key, 0).unwrap_err().0;
    let external = "xpub6DyUKdwoLWmUJ4Tn9Bbsdtx7B5Ws18mEN19e5HT52ikE53FiUheSQXrZUNPovqfyKmw4579A1M\
                    m3GXXKM39N64uooBfJ4tNAzFsEbodRTx4";
    assert!(said(external).contains("this one is 4 steps"));
    let master = "xpub661MyMwAqRbcGCHqYL6cunEAC4sjobr4oEsADYNVSpvM1oCFfV98EVtMuHVmKomD5EWqhYwUPCkQ\
                  drti7hUGbmxaoTGLSkzhtBmR5tk9Jtu";
    assert!(said(master).contains("this one is 0 steps"));
}

/// The test addresses of EIP-55.
#[test]
fn a_checksum_is_demanded_where_letters_are_of_both_cases() {
    for text in [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ] {
        assert_eq!(domain_address(parse(text).unwrap()).text, text);
        assert_eq!(domain_address(parse(&text.to_lowercase()).unwrap()).text, text);
    }
    let mistyped = parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed").unwrap_err();
    assert!(mistyped.0.contains("checksum"));
}

#[test]
fn what_is_no_address_is_refused_in_plain_words() {
    let said = |text: &str| parse(text).unwrap_err().0;
    assert!(said("de709f2102306220921060314715629080e2fb77").contains("begin with 0x"));
    assert!(said("0xde709f2102306220921060314715629080e2fb7").contains("40 digits"));
    assert!(said("0xde709f2102306220921060314715629080e2fb777").contains("40 digits"));
    assert!(said("0xde709f2102306220921060314715629080e2fbg7").contains("40 digits"));
    assert!(said("0x0xde709f2102306220921060314715629080e2fb").contains("40 digits"));
    assert!(said("0x0000000000000000000000000000000000000000").contains("nobody"));
    assert!(said("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t").contains("begin with 0x"));
}
