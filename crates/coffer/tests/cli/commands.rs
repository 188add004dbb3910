//! Commands without a running server.

use coffer::nodes::{
    networks::{self, OTHER_UTXO_ACCOUNT, UTXO_ACCOUNT},
    utxo::Kind,
};
use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::home::Home;

/// The account m/44'/60'/0' of the seed "test test test … junk", as wallets export it.
const XPUB: &str = "xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9sD7V2FNFLPnf8heNP3FGk\
                    eV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP";

#[test]
fn init_makes_everything_and_says_what_is_next() {
    let home = Home::new();
    let said = home.said(&["init"]);
    for part in ["Works now:", "the sandbox", "Missing:", "a merchant", "coffer merchant add"] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    let key = home.path(".local/share/coffer/coffer.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(home.path("coffer.toml").is_file());
    fs::write(home.path("coffer.toml"), "[limits]\nburst = 5\n").unwrap();
    let merchant = home.merchant();
    for part in ["coffer.db (made)\n", "coffer.key (made) — keep"] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    let again = home.said(&["init"]);
    for part in ["coffer.toml (found)\n", "coffer.db (found)\n", "coffer.key (found) — keep"] {
        assert!(again.contains(part), "{part} is not in:\n{again}");
    }
    let again = home.json(&["init"]);
    assert_eq!(again["settings_written"], false);
    assert_eq!((&again["database_made"], &again["key_file_made"]), (&false.into(), &false.into()));
    assert_eq!(again["next"], format!("coffer key add --merchant {merchant} --sandbox"));
    assert_eq!(fs::read_to_string(home.path("coffer.toml")).unwrap(), "[limits]\nburst = 5\n");
}

#[test]
fn a_merchant_is_added_shown_changed_and_listed() {
    let home = Home::with_database();
    let id = home.merchant();
    assert_eq!(id.len(), 36);
    let set = ["merchant", "set", &id, "--support", "help@shop.example", "--accent", "#1a6b4f"];
    home.said(&set);
    home.said(&["merchant", "set", &id, "--profile", "cryptoprocessing", "--callback-url", ""]);
    let shown = home.json(&["merchant", "show", &id]);
    assert_eq!(shown["name"], "My Shop");
    assert_eq!(shown["support"], "help@shop.example");
    assert_eq!(shown["accent"], "#1a6b4f");
    assert_eq!(shown["profile"], "cryptoprocessing");
    assert!(shown["callback_url"].is_null());
    assert_eq!(home.json(&["merchant", "list"])["merchants"][0]["id"], id.as_str());
    assert!(home.said(&["merchant", "list"]).contains("My Shop"));
}

#[test]
fn what_a_merchant_cannot_have_is_refused_in_one_sentence() {
    let home = Home::with_database();
    let add = |rest: &[&str]| {
        let arguments: Vec<&str> =
            ["merchant", "add", "Shop"].iter().chain(rest).copied().collect();
        home.complaint(&arguments, 1)
    };
    let told = add(&["--callback-url", "http://127.0.0.1/x"]);
    assert!(told.contains("must start with https://"), "{told}");
    assert!(told.contains("callbacks.allow_private_networks"), "{told}");
    assert!(add(&["--accent", "red"]).contains("#1a6b4f"));
    assert!(add(&["--support", "nobody"]).contains("e-mail address or an https:// URL"));
    assert!(add(&["--frame-ancestor", "https://shop.example/page"]).contains("an origin"));
    assert!(home.complaint(&["merchant", "add", " "], 1).contains("1 to 100"));
    assert!(home.complaint(&["merchant", "show", "nobody"], 1).contains("no merchant nobody"));
    assert_eq!(home.json(&["merchant", "list"])["merchants"].as_array().unwrap().len(), 0);
}

#[test]
fn a_merchant_may_ask_for_confirmations_of_his_own() {
    let home = Home::with_database();
    let id = home.merchant();
    let steps = "ethereum=12<1000,safe/40<50000,finalized/75";
    let set = ["merchant", "set", &id, "--confirmations", "bitcoin=2", "--confirmations", steps];
    home.said(&set);
    home.said(&["merchant", "set", &id, "--profile", "cryptoprocessing"]);
    let shown = home.json(&["merchant", "show", &id]);
    assert_eq!(shown["profile"], "cryptoprocessing");
    assert_eq!(shown["confirmations"]["bitcoin"], "2");
    let ethereum = "12 below 1000 EUR, safe or 40 below 50000 EUR, finalized or 75";
    assert_eq!(shown["confirmations"]["ethereum"], ethereum);
    assert!(home.said(&["merchant", "show", &id]).contains("bitcoin: 2; ethereum: 12 below 1000"));
    home.said(&["merchant", "set", &id, "--confirmations", "ethereum="]);
    let shown = home.json(&["merchant", "show", &id]);
    assert_eq!(shown["confirmations"], serde_json::json!({"bitcoin": "2"}));
    let told = |text| home.complaint(&["merchant", "set", &id, "--confirmations", text], 1);
    assert!(told("bitcoin=0").contains("bitcoin: \"0\": confirmations are a number from 1"));
    assert!(told("moon=1").contains("there is no network \"moon\""));
    assert!(told("3").contains("write NETWORK=STEPS"));
}

#[test]
fn private_networks_are_admitted_where_the_settings_say_so() {
    let home = Home::with_database();
    let arguments = ["merchant", "add", "Shop", "--callback-url", "http://127.0.0.1:9/x", "--json"];
    let mut command = home.command(&arguments);
    let output = command.env("COFFER_CALLBACKS__ALLOW_PRIVATE_NETWORKS", "true").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut command = home.command(&["merchant", "add", "Shop", "--callback-url", "ftp://x"]);
    let output = command.env("COFFER_CALLBACKS__ALLOW_PRIVATE_NETWORKS", "true").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("must start with http:// or https://"), "{told}");
}

/// As after a trial on one machine, in which callbacks were allowed to go there.
#[test]
fn a_callback_url_that_callbacks_refuse_is_pointed_out() {
    let home = Home::with_database();
    let allowed = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        let output = command.env("COFFER_CALLBACKS__ALLOW_PRIVATE_NETWORKS", "true").output();
        let output = output.unwrap();
        let said = |bytes| String::from_utf8(bytes).unwrap();
        (said(output.stdout), said(output.stderr))
    };
    let url = "http://127.0.0.1:9000/callback";
    let (made, _) = allowed(&["merchant", "add", "Shop", "--callback-url", url, "--json"]);
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let id = made["id"].as_str().unwrap();
    let add = ["key", "add", "--merchant", id, "--sandbox", "--json"];
    assert_eq!(allowed(&add).1, "", "the sandbox may");
    let live = allowed(&add[..4]).1;
    assert!(live.contains("only while callbacks.allow_private_networks is set"), "{live}");
    let kept = allowed(&["doctor"]).0;
    let (_, notable) = kept.split_once("Worth knowing\n").expect(&kept);
    assert!(notable.contains(&format!("merchant Shop: callbacks go to {url} only")), "{kept}");
    let what = format!("callbacks are refused: the callback URL {url} must start with https://");
    let set = format!("coffer merchant set {id} --callback-url URL");
    let warned = String::from_utf8(home.run(&add).stderr).unwrap();
    let doctor = String::from_utf8(home.run(&["doctor"]).stdout).unwrap();
    for said in [warned, home.said(&["init"]), doctor] {
        assert!(said.contains(&what) && said.contains(&set), "{said}");
    }
    home.said(&["merchant", "set", id, "--callback-url", "https://shop.example/callback"]);
    assert!(!home.said(&["init"]).contains("callbacks are refused"));
}

#[test]
fn all_mistakes_about_a_merchant_are_told_at_once() {
    let home = Home::with_database();
    let add = ["merchant", "add", " ", "--callback-url", "http://x", "--accent", "red"];
    let told = home.complaint(&add, 1);
    for part in ["3 mistakes", "1 to 100", "--callback-url must start", "#1a6b4f"] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
}

#[test]
fn a_merchant_whom_customers_cannot_reach_is_pointed_out() {
    let home = Home::with_database();
    assert!(home.said(&["merchant", "add", "Shop"]).contains("--support help@shop.example"));
    let reached = home.said(&["merchant", "add", "Shop", "--support", "help@shop.example"]);
    assert!(!reached.contains("--support"), "{reached}");
}

#[test]
fn commands_make_no_database_of_their_own() {
    let home = Home::new();
    for command in [
        ["merchant", "list"].as_slice(),
        &["merchant", "add", "Shop"],
        &["key", "list", "--merchant", "x"],
        &["wallet", "list"],
        &["callback", "list"],
    ] {
        let told = home.complaint(command, 1);
        assert!(told.contains("there is no database at sqlite:///"), "{told}");
        assert!(told.contains(".local/share/coffer/coffer.db; coffer init makes one"), "{told}");
    }
    assert!(!home.path(".local").exists(), "something was made");
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let home = Home::with_database();
    let file = home.path(".local/share/coffer/coffer.db");
    fs::write(&file, "not a database, but long enough to be looked at".repeat(100)).unwrap();
    for command in [["merchant", "list"].as_slice(), &["serve"], &["migrate"]] {
        let told = home.complaint(command, 1);
        assert!(told.contains(&file.display().to_string()), "{told}");
    }
}

#[test]
fn a_keys_secrets_go_into_a_file_of_ones_own() {
    let home = Home::with_database();
    let merchant = home.merchant();
    let add = ["key", "add", "--merchant", &merchant, "--sandbox", "--out", "key.json"];
    let said = home.said(&add);
    let file = home.path("key.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let made: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert!(said.contains(made["key"].as_str().unwrap()), "{said}");
    assert!(!said.contains(made["secret"].as_str().unwrap()), "{said}");
    assert!(home.complaint(&add, 1).contains("exists already"));
    let keys = home.json(&["key", "list", "--merchant", &merchant]);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1, "no key without its file");
}

#[test]
fn a_live_key_that_nobody_can_pay_with_is_pointed_out() {
    let home = Home::with_database();
    let merchant = home.merchant();
    let add = ["key", "add", "--merchant", &merchant, "--json"];
    let warned = || String::from_utf8(home.run(&add).stderr).unwrap();
    assert!(warned().contains("a network for real payments: [[networks.evm]]"));
    let network = "[[networks.evm]]\nname = \"ethereum\"\nendpoints = [\"http://127.0.0.1:1\"]\n";
    fs::write(home.path("coffer.toml"), network).unwrap();
    assert!(warned().contains("coffer wallet add --network ethereum"));
    home.said(&["wallet", "add", "--network", "ethereum", XPUB]);
    assert_eq!(warned(), "");
    let said = home.said(&["init"]);
    let (works, rest) = said.split_once("Configured, not asked yet:").expect(&said);
    assert!(!works.contains("real payments") && rest.contains("real payments on Ethereum"));
}

#[test]
fn a_keys_secrets_are_shown_once() {
    let home = Home::with_database();
    let merchant = home.merchant();
    let made = home.json(&["key", "add", "--merchant", &merchant, "--sandbox"]);
    let secret = made["secret"].as_str().unwrap();
    assert!(made["webhook_secret"].as_str().unwrap().starts_with("whsec_"));
    let listed = home.said(&["key", "list", "--merchant", &merchant, "--json"]);
    assert!(listed.contains(made["key"].as_str().unwrap()) && !listed.contains(secret));
    let data = fs::read(home.path(".local/share/coffer/coffer.db")).unwrap();
    let log = fs::read(home.path(".local/share/coffer/coffer.db-wal")).unwrap_or_default();
    let data = String::from_utf8_lossy(&[data, log].concat()).into_owned();
    assert!(!data.contains(secret), "the secret stands in the database");
    let disabled = home.json(&["key", "disable", made["key"].as_str().unwrap()]);
    assert_eq!(disabled["changed"], true);
    assert_eq!(home.json(&["key", "disable", made["id"].as_str().unwrap()])["changed"], false);
    assert!(home.complaint(&["key", "disable", "nothing"], 1).contains("no key nothing"));
}

#[test]
fn a_wallet_shows_its_first_addresses_and_takes_no_private_key() {
    let home = Home::with_database();
    let network = "[[networks.evm]]\nname = \"ethereum\"\nendpoints = [\"http://127.0.0.1:1\"]\n";
    fs::write(home.path("coffer.toml"), network).unwrap();
    let added = home.json(&["wallet", "add", "--network", "ethereum", XPUB]);
    let first = &added["first_addresses"];
    assert_eq!(first[0], "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    assert_eq!(first[1], "0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
    assert_eq!(first.as_array().unwrap().len(), 3);
    assert!(home.said(&["wallet", "list"]).contains("evm"));
    let id = added["id"].as_str().unwrap();
    assert_eq!(home.said(&["wallet", "export", id]), "number,network,address,request\n");
    let again = home.complaint(&["wallet", "add", "--network", "ethereum", XPUB], 1);
    assert!(again.contains("in use already"), "{again}");
    let private = format!("xprv{}", "9".repeat(107));
    let told = home.complaint(&["wallet", "add", "--network", "ethereum", &private], 1);
    assert!(told.contains("never takes one") && !told.contains(&private), "{told}");
    let told = home.complaint(&["wallet", "add", "--network", "polygon", XPUB], 1);
    assert!(told.contains("not set up"), "{told}");
}

#[test]
fn a_live_key_of_a_test_network_is_told_what_it_lacks() {
    let home = Home::with_database();
    let network = "[[networks.evm]]\nname = \"anvil\"\nendpoints = [\"http://127.0.0.1:1\"]\n\
                   chain_id = 31337\ntest = true\ntitle = \"Anvil\"\nblock_seconds = 1\n\
                   [[networks.evm.assets]]\niso = \"ETH\"\ncode = \"ETHANV\"\nnumber = 90020\n\
                   decimals = 18\ndisplay_decimals = 8\nfixed_usd = \"2000\"\n";
    fs::write(home.path("coffer.toml"), network).unwrap();
    let add = ["wallet", "add", "--network", "anvil", XPUB];
    let told = home.complaint(&add, 1);
    assert!(told.contains("--sandbox") && told.contains("networks.allow_test"), "{told}");
    home.json(&[&add[..], &["--sandbox"]].concat());
}

#[test]
fn a_wallet_begins_with_the_number_that_was_asked_for() {
    let home = Home::with_database();
    let network = "[[networks.evm]]\nname = \"ethereum\"\nendpoints = [\"http://127.0.0.1:1\"]\n";
    fs::write(home.path("coffer.toml"), network).unwrap();
    let add = |first| ["wallet", "add", "--network", "ethereum", XPUB, "--first", first];
    for wrong in ["1000000001", "4294967296", "one"] {
        let told = home.complaint(&add(wrong), 2);
        assert!(told.contains("--first"), "{told}");
    }
    let added = home.said(&add("1"));
    assert!(added.contains("from number 1 on:\n  0x70997970C51812dc3A010C7d01b50e0d17dc79C8"));
    let listed = &home.json(&["wallet", "list"])["wallets"][0];
    assert_eq!((&listed["first_number"], &listed["addresses_given_out"]), (&1.into(), &0.into()));
    let bare = ["wallet", "add", "--network", "ethereum", XPUB];
    assert!(home.complaint(&bare, 1).contains("in use already"));
    let changed = home.said(&add("0"));
    assert!(changed.contains("began with number 1 and begins elsewhere now"), "{changed}");
    assert!(changed.contains("from number 0 on:\n  0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
    let listed = &home.json(&["wallet", "list"])["wallets"];
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["first_number"]), (1, &0.into()));
}

#[test]
fn a_misspelled_network_is_answered_with_the_one_that_was_meant() {
    let home = Home::with_database();
    let network = "[[networks.evm]]\nname = \"ethereum\"\nendpoints = [\"http://127.0.0.1:1\"]\n";
    fs::write(home.path("coffer.toml"), network).unwrap();
    let merchant = home.merchant();
    let meant = "did you mean ethereum?";
    for command in [
        ["wallet", "add", "--network", "eth", XPUB].as_slice(),
        &["chain", "clear", "etherium", "--yes"],
        &["chain", "rescan", "Ethereum", "--from", "1"],
        &["chain", "blind", "--network", "eth"],
        &["merchant", "set", &merchant, "--confirmations", "etherum=3"],
    ] {
        let told = home.complaint(command, 1);
        assert!(told.contains(meant) && told.contains(" Known here: "), "{command:?}: {told}");
    }
    let told = home.complaint(&["wallet", "add", "--network", "btc", XPUB], 1);
    assert!(told.contains("did you mean bitcoin? Known here: ethereum"), "{told}");
    let told = home.complaint(&["chain", "blind", "--network", "bitcoin"], 1);
    assert!(told.contains("no network bitcoin is read here"), "{told}");
}

/// The scripts of both networks are the same, and a payment is found by its script.
#[test]
fn a_key_is_taken_for_one_network_only() {
    let home = Home::with_database();
    let network = |kind| networks::utxo(kind, &["127.0.0.1:1"], None, 2);
    let both = network(Kind::Bitcoin) + &network(Kind::Litecoin);
    fs::write(home.path("coffer.toml"), both).unwrap();
    let add = |network, key| ["wallet", "add", "--sandbox", "--network", network, key];
    home.said(&add("bitcoin_regtest", UTXO_ACCOUNT));
    let told = home.complaint(&add("litecoin_regtest", UTXO_ACCOUNT), 1);
    assert!(told.contains("in use already"), "{told}");
    home.said(&add("litecoin_regtest", OTHER_UTXO_ACCOUNT));
}

#[test]
fn migrate_says_what_it_would_do_and_does_it() {
    let home = Home::new();
    let before = home.json(&["migrate", "--check"]);
    assert_eq!(before["pending"][0], "0001_house");
    assert!(!home.path(".local/share/coffer/coffer.db").exists(), "looking changes nothing");
    assert_eq!(home.json(&["migrate"])["applied"][0], "0001_house");
    assert_eq!(home.said(&["migrate", "--check"]), "The database is up to date.\n");
}

#[test]
fn callbacks_are_listed_and_unknown_ones_not_resent() {
    let home = Home::with_database();
    assert_eq!(home.json(&["callback", "list"])["callbacks"].as_array().unwrap().len(), 0);
    assert_eq!(home.said(&["callback", "list"]), "There are no callbacks yet.\n");
    assert!(home.complaint(&["callback", "resend", "x"], 1).contains("no callback x"));
}
