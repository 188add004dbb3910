use std::collections::BTreeSet;

use sha3::{Digest as _, Keccak256};

use super::{
    Asset, Catalogue, CatalogueRefused, Family, MAX_NUMBER, Network, fiat, fiats, market_ticker,
};
use crate::{
    code::{Code, Iso, NetworkName},
    money::{AssetId, Currency, Money, Units},
    rate::Rate,
};

fn asset(iso: &'static str, network: &'static str) -> AssetId {
    AssetId::new(Code::constant(iso), Code::constant(network))
}

fn unique<T: Ord>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    items.into_iter().all(|item| seen.insert(item))
}

#[test]
fn every_key_of_the_catalogue_is_unique() {
    let catalogue = Catalogue::builtin();
    let assets = catalogue.assets();
    assert!(unique(assets.iter().map(|asset| asset.id)));
    assert!(unique(assets.iter().map(|asset| asset.number)));
    assert!(unique(assets.iter().flat_map(Asset::codes)));
    assert!(unique(assets.iter().map(|asset| (asset.id.network, asset.contract.clone()))));
    assert!(unique(catalogue.networks().iter().map(|network| network.name)));
    assert!(unique(catalogue.networks().iter().filter_map(|network| network.chain_id)));
    assert!(unique(fiats().iter().map(|fiat| fiat.iso)));
    assert!(unique(fiats().iter().map(super::Fiat::number)));
}

/// Adding every row to an empty catalogue applies every rule for added rows to our own.
#[test]
fn the_built_in_rows_follow_the_rules_for_added_rows() {
    let built_in = Catalogue::builtin();
    let empty = Catalogue { networks: Vec::new(), assets: Vec::new() };
    let networks = built_in.networks().iter().cloned();
    let catalogue = networks.fold(empty, |catalogue, row| catalogue.with_network(row).unwrap());
    let assets = built_in.assets().iter().cloned();
    let catalogue = assets.fold(catalogue, |catalogue, row| catalogue.with_asset(row).unwrap());
    assert_eq!(catalogue.assets(), built_in.assets());
    for asset in catalogue.assets() {
        assert!(!asset.minimum.is_zero(), "{}", asset.id);
        assert!(asset.pegged_to.is_none_or(|peg| fiat(peg.as_str()).is_some()), "{}", asset.id);
    }
}

#[test]
fn every_evm_contract_is_spelled_with_its_checksum() {
    let catalogue = Catalogue::builtin();
    let mut checked = 0;
    for asset in catalogue.assets() {
        let network = catalogue.network(asset.id.network).unwrap();
        let Some(contract) = asset.contract.as_deref() else { continue };
        if network.family == Family::Evm {
            assert_eq!(contract, eip55(contract), "{}", asset.id);
            checked += 1;
        }
    }
    assert!(checked > 20);
}

fn eip55(contract: &str) -> String {
    let digits = contract.strip_prefix("0x").unwrap().to_ascii_lowercase();
    assert_eq!(digits.len(), 40);
    let hash = Keccak256::digest(digits.as_bytes());
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let spelled = digits.chars().zip(nibbles);
    let spelled = spelled.map(|(c, nibble)| if nibble > 7 { c.to_ascii_uppercase() } else { c });
    format!("0x{}", spelled.collect::<String>())
}

#[test]
fn every_other_contract_has_the_shape_of_its_network() {
    let base58 = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() && !b"0OIl".contains(&byte))
    };
    let catalogue = Catalogue::builtin();
    for asset in catalogue.assets() {
        let Some(contract) = asset.contract.as_deref() else { continue };
        let right = match asset.id.network.as_str() {
            "tron" => contract.len() == 34 && contract.starts_with('T') && base58(contract),
            "solana" => matches!(contract.len(), 32..=44) && base58(contract),
            "ton" => contract.len() == 48 && contract.starts_with("EQ"),
            _ => contract.starts_with("0x"),
        };
        assert!(right, "{}", asset.id);
    }
}

#[test]
fn the_same_code_is_the_same_coin_on_every_network() {
    let catalogue = Catalogue::builtin();
    for asset in catalogue.assets() {
        for other in catalogue.assets_of(asset.id.iso) {
            let same = (asset.pegged_to, asset.fixed_usd, asset.display_decimals);
            assert_eq!(same, (other.pegged_to, other.fixed_usd, other.display_decimals));
        }
    }
}

#[test]
fn the_documented_assets_have_their_codes_and_numbers() {
    let catalogue = Catalogue::builtin();
    let table = [
        ("BTC", 1, "BTC", "bitcoin", 8),
        ("ETH", 5, "ETH", "ethereum", 18),
        ("USDCE", 87, "USDC", "ethereum", 6),
        ("USDC", 87, "USDC", "ethereum", 6),
        ("USDTT", 61, "USDT", "tron", 6),
        ("USDTB", 62, "USDT", "binance", 18),
        ("ETHBASE", 21, "ETH", "base", 18),
        ("BNB", 6, "BNB-BSC", "binance", 18),
        ("SOL", 9, "SOL", "solana", 9),
        ("TON", 12, "TON", "ton", 9),
    ];
    for (code, number, iso, network, decimals) in table {
        let row = catalogue.by_code(code).unwrap();
        assert_eq!((row.number, row.id, row.decimals), (number, asset(iso, network), decimals));
    }
    assert!(catalogue.by_code("usdtt").is_none(), "codes are in capital letters");
    assert!(catalogue.by_code("USDT").is_none(), "the v2 API names the network in its code");
}

#[test]
fn every_network_of_the_documented_table_is_there() {
    let catalogue = Catalogue::builtin();
    let table = [
        ("ADA", "cardano"),
        ("BCH", "bitcoin_cash"),
        ("BNB-BSC", "binance"),
        ("BTC", "bitcoin"),
        ("DOGE", "dogecoin"),
        ("ETH", "ethereum"),
        ("EURS", "ethereum"),
        ("LTC", "litecoin"),
        ("SOL", "solana"),
        ("TRX", "tron"),
        ("USDC", "ethereum"),
        ("USDC", "solana"),
        ("USDC", "polygon"),
        ("USDC", "binance"),
        ("USDT", "ethereum"),
        ("USDT", "binance"),
        ("USDT", "solana"),
        ("USDT", "tron"),
        ("USDT", "ton"),
        ("USDT", "polygon"),
        ("BSV", "bitcoin_sv"),
        ("DAI", "ethereum"),
        ("CHZ", "ethereum"),
        ("TON", "ton"),
        ("XRP", "ripple"),
        ("USDG", "ethereum"),
        ("USDG", "solana"),
        ("EURC", "ethereum"),
        ("EURC", "solana"),
        ("POL", "polygon"),
    ];
    for (iso, network) in table {
        assert!(catalogue.asset(asset(iso, network)).is_some(), "{iso} on {network}");
    }
}

#[test]
fn fiat_currencies_have_their_iso_4217_exponents() {
    let zero = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
    let three = "BHD IQD JOD KWD LYD OMR TND";
    let four = "CLF UYW";
    for fiat in fiats() {
        let iso = fiat.iso.as_str();
        let listed = |list: &str| list.split(' ').any(|other| other == iso);
        let expected = match iso {
            _ if listed(zero) => 0,
            _ if listed(three) => 3,
            _ if listed(four) => 4,
            _ => 2,
        };
        assert_eq!(fiat.decimals, expected, "{iso}");
        assert!(iso.len() == 3 && iso.bytes().all(|byte| byte.is_ascii_uppercase()));
        assert!(fiat.number() > MAX_NUMBER);
    }
    assert!(fiats().iter().map(|fiat| fiat.iso).is_sorted(), "found by bisection");
    assert!(fiats().len() > 150);
}

#[test]
fn the_documented_fiat_list_is_there_and_metals_are_not() {
    let documented = "EUR USD GBP ARS AUD AZN BDT BRL BYN CAD CHF CLP CNY CZK GEL HUF IDR ILS INR \
        JPY KGS KRW KZT LKR MDL MXN MYR NGN NOK NPR NZD PEN PHP PLN RUB SEK THB TJS TRY UAH \
        VND ZAR";
    for iso in documented.split_whitespace() {
        assert!(fiat(iso).is_some(), "{iso}");
    }
    for iso in ["XAU", "XAG", "XDR", "XTS", "XXX", "XBA", "CHE", "USN", "HRK", "eur", "", "BTC"] {
        assert!(fiat(iso).is_none(), "{iso}");
    }
}

#[test]
fn an_amount_is_written_in_the_decimals_of_its_currency() {
    let catalogue = Catalogue::builtin();
    let money = |currency, units| Money::new(currency, Units::new(units));
    let yen = Currency::Fiat(Code::constant("JPY"));
    let dinar = Currency::Fiat(Code::constant("KWD"));
    let tether = Currency::Coin(asset("USDT", "binance"));
    assert_eq!(catalogue.format(money(yen, 1_500)), "1500");
    assert_eq!(catalogue.format(money(dinar, 1_500)), "1.5");
    assert_eq!(catalogue.format(money(tether, 1_500_000_000_000_000_000)), "1.5");
    assert_eq!(catalogue.decimals(Currency::Coin(asset("USDT", "bitcoin"))), None);
}

#[test]
fn markets_know_bnb_by_its_own_name() {
    assert_eq!(market_ticker(Code::constant("BNB-BSC")).as_str(), "BNB");
    assert_eq!(market_ticker(Code::constant("BTC")).as_str(), "BTC");
}

fn network(name: &'static str, chain_id: Option<u64>) -> Network {
    Network {
        name: Code::constant(name),
        title: name.to_owned(),
        family: if chain_id.is_some() { Family::Evm } else { Family::Other },
        chain_id,
        block_seconds: 1,
        confirmations: 1.into(),
        final_seconds: None,
        test: true,
    }
}

fn token(iso: &str, code: &str, number: u32, contract: Option<&str>) -> Asset {
    Asset {
        id: AssetId::new(Iso::new(iso).unwrap(), NetworkName::constant("anvil")),
        title: iso.to_owned(),
        number,
        code: Iso::new(code).unwrap(),
        aliases: Vec::new(),
        decimals: 18,
        display_decimals: 6,
        contract: contract.map(str::to_owned),
        minimum: Units::new(1),
        pegged_to: None,
        fixed_usd: Rate::ONE,
    }
}

fn with_anvil() -> Catalogue {
    Catalogue::builtin().with_network(network("anvil", Some(31_337))).unwrap()
}

#[test]
fn settings_may_add_networks_and_assets() {
    let catalogue = with_anvil()
        .with_asset(token("ETH", "ETHANVIL", 1_000, None))
        .and_then(|catalogue| catalogue.with_asset(token("FOO", "FOO", 1_001, Some("0xAb"))))
        .unwrap();
    assert_eq!(catalogue.by_code("FOO").unwrap().id, asset("FOO", "anvil"));
    assert_eq!(catalogue.assets_of(Code::constant("ETH")).count(), 5);
    let second = network("anvil-2", Some(31_338));
    assert!(catalogue.with_network(second).is_ok(), "several EVM networks may be added");
}

#[test]
fn an_added_network_must_be_new() {
    let refused = |row| with_anvil().with_network(row).unwrap_err();
    let (anvil, other) = (Code::constant("anvil"), Code::constant("other"));
    assert_eq!(refused(network("anvil", Some(2))), CatalogueRefused::NetworkTaken(anvil));
    assert_eq!(
        refused(network("other", Some(31_337))),
        CatalogueRefused::ChainIdTaken { network: other, chain_id: 31_337, other: anvil }
    );
    let nameless = Network { family: Family::Evm, ..network("other", None) };
    assert_eq!(refused(nameless), CatalogueRefused::ChainId(other));
    let utxo = Network { family: Family::Utxo, ..network("other", Some(7)) };
    assert_eq!(refused(utxo), CatalogueRefused::ChainId(other));
}

#[test]
fn an_added_asset_must_be_new_in_every_way() {
    let catalogue = || with_anvil().with_asset(token("FOO", "FOO", 1_001, Some("0xAb"))).unwrap();
    let refused = |row: Asset| catalogue().with_asset(row).unwrap_err().to_string();
    let bar = || token("BAR", "BAR", 1_002, Some("0xCd"));
    assert!(catalogue().with_asset(bar()).is_ok());
    let table = [
        (token("FOO", "BAR", 1_002, None), "there is an asset FOO/anvil already"),
        (Asset { code: Code::constant("FOO"), ..bar() }, "the code FOO is taken by FOO/anvil"),
        (
            Asset { aliases: vec![Code::constant("USDC")], ..bar() },
            "the code USDC is taken by USDC/ethereum",
        ),
        (Asset { code: Code::constant("EUR"), ..bar() }, "EUR is a currency of ISO 4217"),
        (token("USD", "USDX", 1_002, None), "USD is a currency of ISO 4217"),
        (Asset { number: 1, ..bar() }, "the number 1 is taken"),
        (Asset { number: 0, ..bar() }, "the number 0 is taken"),
        (Asset { number: 100_000, ..bar() }, "the number 100000 is taken"),
        (Asset { contract: Some("0xaB".to_owned()), ..bar() }, "the same contract"),
        (Asset { pegged_to: Some(Code::constant("BTC")), ..bar() }, "only be pegged to"),
        (Asset { decimals: 39, ..bar() }, "decimals are 0 to 38"),
        (Asset { decimals: 2, ..bar() }, "decimals are 0 to 38"),
        (Asset { id: asset("BAR", "nowhere"), ..bar() }, "there is no such network"),
        (
            Asset { id: asset("BAR", "ethereum"), contract: None, ..bar() },
            "the same contract or coin as ETH/ethereum",
        ),
    ];
    for (row, reason) in table {
        let refused = refused(row);
        assert!(refused.contains(reason), "{refused}");
    }
}
