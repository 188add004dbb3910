//! How settings come together, and what is said of mistakes.

use std::collections::BTreeSet;

use coffer_chains::utxo::Like;
use coffer_domain::{
    code::Code,
    confirmations::{Confirmations, NamedBlocks},
    money::Units,
};

use super::{
    environment::Environment,
    mistake::Mistakes,
    node::{self, Origin, Value},
    *,
};

const HOME: (&str, &str) = ("HOME", "/home/somebody");

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Settings, Mistakes> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), file).unwrap();
    let variables: Vec<_> = [HOME].iter().chain(variables).copied().collect();
    Settings::load(&Sources {
        file: None,
        working_directory: folder.path().to_owned(),
        environment: Environment::of(&variables),
        instead_of_file: None,
    })
}

fn mistakes(file: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let mistakes = load(file, variables).expect_err("there are mistakes").0;
    mistakes.iter().map(|mistake| format!("{}: {}", mistake.path, mistake.text)).collect()
}

#[test]
fn the_defaults_are_right_by_themselves() {
    let settings = load("", &[]).unwrap();
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.server.own_url(settings.server.listen), "http://127.0.0.1:8080");
    let data = "/home/somebody/.local/share/coffer";
    assert_eq!(settings.store.url.to_string(), format!("sqlite://{data}/coffer.db"));
    assert_eq!(settings.key_file, Path::new(data).join("coffer.key"));
    assert_eq!(settings.rates, Rates::Market);
    assert!(!settings.allow_private_callbacks && !settings.networks.allow_test);
    assert!(settings.networks.evm.is_empty() && settings.metrics.is_none());
}

#[test]
fn a_variable_stands_over_the_file_and_the_file_over_the_defaults() {
    let file =
        "[server]\nlisten = \"127.0.0.1:1\"\nmax_connections = 7\n[rates]\nsource = \"fixed\"";
    let settings = load(
        file,
        &[
            ("COFFER_SERVER__LISTEN", "127.0.0.1:2"),
            ("COFFER_SERVER__PUBLIC_URL", "https://pay.example.com/"),
            ("COFFER_STORE__URL", "sqlite:///data/shop.db"),
            ("COFFER_CALLBACKS__ALLOW_PRIVATE_NETWORKS", "true"),
            ("COFFER_LIMITS__BURST", "3"),
            ("COFFER_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1"),
            ("COFFER_TEST_POSTGRES", "is not a setting"),
            ("COFFER_DEMO", "neither"),
        ],
    )
    .unwrap();
    assert_eq!(settings.server.listen.port(), 2);
    assert_eq!(settings.server.max_connections, 7);
    assert_eq!(settings.server.public_url.as_deref(), Some("https://pay.example.com"));
    assert_eq!(settings.server.trusted_proxies.len(), 2);
    assert_eq!(settings.store.url.to_string(), "sqlite:///data/shop.db");
    assert_eq!(settings.key_file, Path::new("/data/coffer.key"));
    assert_eq!(settings.rates, Rates::Fixed);
    assert!(settings.allow_private_callbacks);
    assert_eq!(settings.rate_limit.burst.get(), 3);
}

#[test]
fn made_up_prices_on_a_real_network_are_warned_of() {
    let real = "[[networks.evm]]\nname = \"ethereum\"\nendpoints = [\"http://127.0.0.1:1\"]\n";
    let fixed = ("COFFER_RATES__SOURCE", "fixed");
    let allowed = ("COFFER_NETWORKS__ALLOW_TEST", "true");
    let warned = load(real, &[fixed, allowed]).unwrap().warnings();
    assert!(matches!(&*warned, [one] if one.contains("live payments on ethereum go at made-up")));
    assert_eq!(load("", &[fixed, allowed]).unwrap().warnings(), Vec::<String>::new());
    assert_eq!(load(real, &[allowed]).unwrap().warnings(), Vec::<String>::new());
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_place() {
    let file = "\
[server]
listen = \"localhost\"
max_connections = 0
lisen = \"127.0.0.1:1\"
[urls]
unknown = \"perhaps\"
allow_loopback = \"yes\"
[store]
url = \"mysql://me:hush@db/x\"
[nonsense]
a = 1
";
    let variables = [("COFFER_RATES__SOURCE", "dice"), ("COFFER_SERVER_LISTEN", "127.0.0.1:1")];
    let all = load(file, &variables).expect_err("there are mistakes");
    let told = all.to_string();
    for part in [
        "9 mistakes",
        "server.listen",
        "coffer.toml, line 2): \"localhost\" is no address and port such as 127.0.0.1:8080",
        "server.max_connections",
        "a number from 1 to 1000000 is expected, not 0",
        "server.lisen",
        "did you mean listen?",
        "urls.unknown",
        "write \"allow\" or \"refuse\"",
        "urls.allow_loopback",
        "true or false is expected, not \"yes\"",
        "store.url",
        "rates.source (COFFER_RATES__SOURCE): \"dice\" is not known",
        "COFFER_SERVER_LISTEN: two underscores go between section and key: COFFER_SERVER__LISTEN",
        "nonsense",
        "there is no such setting; here stand",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    assert!(!told.contains("hush"), "{told}");
}

#[test]
fn refusing_unknown_urls_needs_something_that_screens() {
    let told = mistakes("[urls]\nunknown = \"refuse\"", &[]);
    assert_eq!(
        told,
        ["urls.unknown: nothing screens, so every URL would be refused; set blocklist"]
    );
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    let file = format!("[urls]\nunknown = \"refuse\"\nblocklist = \"{}\"", list.display());
    let told = mistakes(&file, &[]);
    assert!(told[0].contains("list.txt cannot be read"), "{told:?}");
    std::fs::write(&list, "bad.example\n").unwrap();
    assert!(load(&file, &[]).is_ok());
}

#[test]
fn a_database_is_named_from_the_root() {
    for url in ["sqlite:coffer.db", "sqlite://coffer.db", "sqlite:./coffer.db"] {
        let told = mistakes("", &[("COFFER_STORE__URL", url)]);
        assert!(told[0].contains("sqlite:///var/lib/coffer/coffer.db"), "{told:?}");
    }
}

/// A command that is started in another folder would make a second key.
#[test]
fn a_file_of_the_settings_is_named_from_the_root() {
    let file = "\
[secrets]
key_file = \"coffer.key\"
[urls]
unknown = \"refuse\"
blocklist = \"./list.txt\"
[mail]
smtp_url = \"smtp://localhost\"
from = \"coffer@example.com\"
ca_file = \"ca.pem\"
[[networks.utxo]]
name = \"bitcoin\"
endpoints = [\"http://127.0.0.1:8332\"]
cookie_file = \"~/.bitcoin/.cookie\"
";
    for url in ["sqlite:///data/coffer.db", "postgres://localhost/coffer"] {
        let told = mistakes(file, &[("COFFER_STORE__URL", url), ("HOME", "")]);
        let expect =
            ["secrets.key_file", "urls.blocklist", "networks.utxo[1].cookie_file", "mail.ca_file"];
        for path in expect {
            let start = format!("{path}: ");
            let found = told.iter().find(|text| text.starts_with(&start)).unwrap();
            assert!(found.contains("is no absolute path"), "{found}");
        }
        assert_eq!(told.len(), expect.len(), "{told:#?}");
    }
}

#[test]
fn a_file_that_is_not_toml_is_one_mistake_with_its_line() {
    let told =
        load("[server]\nlisten = 127\nlisten = 128", &[]).expect_err("a mistake").to_string();
    assert!(told.contains("coffer.toml, line 3: this is not TOML"), "{told}");
}

#[test]
fn a_server_that_others_reach_needs_its_public_url() {
    let open = ("COFFER_SERVER__LISTEN", "0.0.0.0:8080");
    let told = mistakes("", &[open]);
    assert!(told[0].starts_with("server.public_url: is missing"), "{told:?}");
    let url = ("COFFER_SERVER__PUBLIC_URL", "http://pay.example.com");
    assert!(mistakes("", &[open, url])[0].contains("must begin with https://"));
    let url = ("COFFER_SERVER__PUBLIC_URL", "https://pay.example.com");
    assert!(load("", &[open, url]).is_ok());
}

#[test]
fn a_known_network_needs_its_endpoints_only() {
    let file = "[[networks.evm]]\nname = \"ethereum\"\nendpoints = [\"http://127.0.0.1:8545\"]\n\
                confirmations = 20";
    let settings = load(file, &[]).unwrap();
    let [evm] = settings.networks.evm.as_slice() else { panic!("one network") };
    assert_eq!((evm.chain_id, evm.stale_after), (1, Some(Span::from_seconds(240))));
    assert!(evm.assets.iter().any(|asset| asset.id.iso.as_str() == "USDC"));
    let network = settings.networks.catalogue.network(Code::constant("ethereum")).unwrap();
    assert_eq!(network.confirmations, Confirmations::plain(20));
    assert_eq!(evm.named, NamedBlocks::default());
}

#[test]
fn confirmations_are_a_number_or_steps() {
    let steps = "12 below 1000 EUR, safe or 40 below 50000 EUR, finalized or 75";
    for written in [
        "\"12 below 1000 EUR, safe or 40 below 50000 EUR, finalized or 75\"",
        "[\"12 below 1000 EUR\", \"safe or 40 below 50000 EUR\", \"finalized or 75\"]",
        "\"12<1000,safe/40<50000,finalized/75\"",
    ] {
        let network = format!(
            "[{{ name = \"polygon\", endpoints = [\"http://127.0.0.1:8545\"], confirmations = \
             {written} }}]"
        );
        let settings = load("", &[("COFFER_NETWORKS__EVM", &network)]).unwrap();
        let known = settings.networks.catalogue.network(Code::constant("polygon")).unwrap();
        assert_eq!(known.confirmations.to_string(), steps);
        let [evm] = settings.networks.evm.as_slice() else { panic!("one network") };
        assert_eq!(evm.named, NamedBlocks { safe: true, finalized: true });
    }
}

#[test]
fn what_is_wrong_about_confirmations_is_named() {
    for (written, part) in [
        ("0", "\"0\": confirmations are a number from 1"),
        ("true", "a number, a text or a list of texts is expected, not true"),
        ("[\"1 below 1000 EUR\"]", "every step but the last"),
        ("\"finalized\"", "write \"finalized or 40\""),
    ] {
        let file = format!(
            "[[networks.evm]]\nname = \"ethereum\"\nendpoints = [\"http://127.0.0.1:8545\"]\n\
             confirmations = {written}"
        );
        let told = mistakes(&file, &[]);
        assert!(told[0].starts_with("networks.evm[1].confirmations: "), "{told:?}");
        assert!(told[0].contains(part), "{told:?}");
    }
}

#[test]
fn a_network_of_ones_own_comes_with_its_assets_in_a_variable_too() {
    let network = "[{ name = \"anvil\", chain_id = 31337, test = true, confirmations = 2, \
                   endpoints = [\"http://127.0.0.1:8545\"], assets = [{ iso = \"ETH\", code = \
                   \"ETHANVIL\", number = 90001, fixed_usd = \"2500\", minimum = \"0.001\" }] }]";
    let settings = load("", &[("COFFER_NETWORKS__EVM", network)]).unwrap();
    let [evm] = settings.networks.evm.as_slice() else { panic!("one network") };
    assert_eq!((evm.chain_id, evm.stale_after, evm.assets.len()), (31_337, None, 1));
    let asset = settings.networks.catalogue.by_code("ETHANVIL").unwrap();
    assert_eq!((asset.decimals, asset.display_decimals), (18, 6));
    assert_eq!(asset.minimum.get(), 1_000_000_000_000_000);
}

#[test]
fn amounts_that_need_a_second_source_are_of_the_networks_assets() {
    let with = |endpoints: &str, caps: &str| {
        let file = format!(
            "[[networks.evm]]\nname = \"ethereum\"\nendpoints = [{endpoints}]\n\
             second_source_above = {{ {caps} }}\nws = \"ws://127.0.0.1:8546\"\n"
        );
        load(&file, &[])
    };
    let two = "\"http://127.0.0.1:1\", \"http://127.0.0.1:2\"";
    let settings = with(two, "ETH = \"1.5\", USDT = \"5000\"").unwrap();
    let [evm] = settings.networks.evm.as_slice() else { panic!("one network") };
    let caps = evm
        .second_source_above
        .iter()
        .map(|(asset, units)| (asset.iso.as_str().to_owned(), units.get()));
    let caps = caps.collect::<Vec<_>>();
    assert_eq!(
        caps,
        [("ETH".to_owned(), 1_500_000_000_000_000_000), ("USDT".to_owned(), 5_000_000_000)]
    );
    assert_eq!(evm.ws.as_deref(), Some("ws://127.0.0.1:8546"));
    let told = |endpoints, caps| format!("{:?}", with(endpoints, caps).unwrap_err());
    assert!(told("\"http://127.0.0.1:1\"", "ETH = \"1\"").contains("a second endpoint is needed"));
    assert!(told(two, "DOGE = \"1\"").contains("no such coin or token on this network"));
    assert!(told(two, "ETH = 1").contains("a text in quotes is expected"));
    assert!(told(two, "ETH = \"-1\"").contains("-1"));
}

#[test]
fn bitcoin_needs_a_node_and_a_test_network_says_what_it_is_like() {
    let file = "\
[[networks.utxo]]
name = \"bitcoin\"
endpoints = [\"http://user:hush@127.0.0.1:8332\"]
zmq = \"tcp://127.0.0.1:28332\"
esplora = [\"https://esplora.example/api\"]
second_source_above = \"0.1\"
[[networks.utxo]]
name = \"litecoin_regtest\"
like = \"litecoin\"
chain = \"regtest\"
test = true
endpoints = [\"http://127.0.0.1:19443\"]
cookie_file = \"/var/lib/litecoind/.cookie\"
[[networks.utxo.assets]]
iso = \"LTC\"
code = \"LTCREG\"
number = 90012
";
    let settings = load(file, &[]).unwrap();
    let [bitcoin, litecoin] = settings.networks.utxo.as_slice() else { panic!("two networks") };
    assert_eq!(bitcoin.zmq.as_deref(), Some("127.0.0.1:28332"));
    assert_eq!(bitcoin.second_source_above, Some(Units::new(10_000_000)));
    assert_eq!(bitcoin.stale_after, Some(Span::from_seconds(12_000)));
    assert_eq!(bitcoin.asset.iso.as_str(), "BTC");
    assert_eq!((litecoin.asset.iso.as_str(), litecoin.stale_after), ("LTC", None));
    assert_eq!(litecoin.rules.like, Like::Litecoin);
    let network = settings.networks.catalogue.network(Code::constant("litecoin_regtest")).unwrap();
    assert_eq!((network.block_seconds, network.test), (150, true));
    assert!(!format!("{:?}", settings.shown).contains("hush"));
    assert!(!format!("{bitcoin:?}").contains("hush"));
}

#[test]
fn mistakes_of_networks_of_bitcoins_kind_are_told_at_once() {
    let file = "\
[[networks.utxo]]
name = \"ethereum\"
endpoints = [\"hush.example\"]
[[networks.utxo]]
name = \"bitcoin\"
chain = \"regtest\"
second_source_above = \"0.1\"
endpoints = [\"http://127.0.0.1\"]
zmq = \"ipc://x\"
[[networks.utxo]]
name = \"own\"
like = \"litecoin\"
chain = \"regtest\"
esplora = [\"http://127.0.0.1\"]
[[networks.utxo]]
name = \"other\"
like = \"litecoin\"
chain = \"signet\"
";
    let told = mistakes(file, &[]);
    let expect = [
        "networks.utxo[1].name: ethereum is not read by JSON-RPC of Bitcoin's kind",
        "networks.utxo[1].endpoints: endpoint 1 does not begin with http",
        "networks.utxo[2].chain: bitcoin is the main network",
        "networks.utxo[2].second_source_above: a second address",
        "networks.utxo[2].zmq: an address such as tcp://",
        "networks.utxo[3].test: must be true",
        "networks.utxo[4].chain: there is no such network",
        "networks.utxo[4].endpoints: at least one address",
    ];
    for part in expect {
        assert!(told.iter().any(|text| text.starts_with(part)), "{part} is not in {told:#?}");
    }
    assert!(!told.concat().contains("hush"), "{told:#?}");
}

#[test]
fn a_misspelled_network_is_no_new_one_and_the_nearest_is_named() {
    let table = |kind: &str, rest: &str| {
        let file = format!("[[networks.{kind}]]\nendpoints = [\"http://127.0.0.1:1\"]\n{rest}");
        mistakes(&file, &[])
    };
    let utxo = "did you mean bitcoin? Known here: bitcoin, litecoin, or one of your own with like \
                and chain";
    for (kind, rest, part) in [
        ("utxo", "name = \"bitcion\"", utxo),
        ("utxo", "name = \"btc\"", utxo),
        ("utxo", "name = \"bitcion\"\nlike = \"bitcoin\"\nchain = \"main\"", utxo),
        ("evm", "name = \"etherium\"", "did you mean ethereum? Known here: arbitrum, avalanche, "),
        ("evm", "name = \"eth\"", "did you mean ethereum? Known here: arbitrum, avalanche, "),
        ("evm", "name = \"sepolia\"", "or one of your own with its chain_id"),
    ] {
        let told = table(kind, rest);
        let start = format!("networks.{kind}[1].name: there is no network ");
        assert!(told.len() == 1 && told[0].starts_with(&start), "{told:#?}");
        assert!(told[0].contains(part), "{told:#?}");
    }
    let told = table("utxo", "name = \"bitcoin2\"\nlike = \"bitcoin\"");
    assert!(told.iter().any(|text| text.starts_with("networks.utxo[1].chain: is missing")));
}

#[test]
fn mistakes_of_networks_are_told_at_once_and_without_access_keys() {
    let file = "\
[[networks.evm]]
name = \"sepolia\"
endpoints = [\"wss://hush.example/v3/hush\"]
[[networks.evm]]
name = \"bitcoin\"
endpoints = []
[[networks.evm]]
name = \"polygon\"
chain_id = 138
endpoints = [\"http://127.0.0.1\"]
[[networks.evm.assets]]
iso = \"USDT\"
number = 7
[[networks.evm]]
endpoint = []
";
    let told = mistakes(file, &[]);
    let expect = [
        "networks.evm[1].name: there is no network \"sepolia\"; known here: arbitrum, avalanche, ",
        "networks.evm[1].endpoints: endpoint 1 does not begin with http",
        "networks.evm[2].name: bitcoin is not read by JSON-RPC",
        "networks.evm[2].endpoints: at least one",
        "networks.evm[3].chain_id: polygon has the chain id 137",
        "networks.evm[4].name: is missing",
        "networks.evm[4].endpoint: there is no such setting; did you mean endpoints?",
    ];
    for part in expect {
        assert!(told.iter().any(|text| text.starts_with(part)), "{part} is not in {told:#?}");
    }
    assert!(!told.concat().contains("hush"), "{told:#?}");
}

#[test]
fn what_is_shown_names_its_origin_and_no_password() {
    let url = ("COFFER_STORE__URL", "postgres://me:hush@127.0.0.1/coffer");
    let settings = load("[log]\nformat = \"json\"", &[url]).unwrap();
    let shown = |path: &str| {
        let found = settings.shown.iter().find(|shown| shown.path == path).unwrap();
        (found.value.clone(), found.origin.to_string())
    };
    let (value, origin) = shown("store.url");
    assert_eq!(value, "\"postgres://me:***@127.0.0.1/coffer\"");
    assert_eq!(origin, "COFFER_STORE__URL");
    assert!(shown("log.format").1.ends_with("coffer.toml, line 2"));
    assert_eq!(shown("log.level").1, "default");
    assert!(shown("secrets.key_file").0.contains(".config/coffer/coffer.key"));
}

#[test]
fn without_a_home_the_places_must_be_named() {
    let nowhere = |variables: &[(&str, &str)]| {
        Settings::load(&Sources {
            working_directory: "/nowhere".into(),
            environment: Environment::of(variables),
            ..Sources::default()
        })
    };
    let told = nowhere(&[]).expect_err("a mistake").to_string();
    assert!(told.contains("store.url") && told.contains("HOME"), "{told}");
    assert!(nowhere(&[("COFFER_STORE__URL", "sqlite:///srv/coffer.db")]).is_ok());
}

#[test]
fn every_setting_stands_in_the_default_file() {
    // Every key that is read, from the one place that lists them when one is unknown.
    let sections = [
        "server",
        "store",
        "secrets",
        "callbacks",
        "rates",
        "urls",
        "networks",
        "limits",
        "sandbox",
        "log",
        "metrics",
        "mail",
        "alarms",
    ];
    let documented: BTreeSet<String> = crate::cli::documented_keys()
        .into_iter()
        .map(|(section, key)| format!("{section}.{key}"))
        .collect();
    for section in sections {
        let told = mistakes(&format!("[{section}]\nzzzzzzzzzzzz = 1"), &[]);
        let (_, keys) = told[0].split_once("here stand ").unwrap();
        for key in keys.split(", ").filter(|key| !matches!(*key, "evm" | "utxo")) {
            let path = format!("{section}.{key}");
            assert!(documented.contains(&path), "{path} is not in the default file");
        }
        let known: BTreeSet<&str> = keys.split(", ").collect();
        for path in documented.iter().filter(|path| path.starts_with(&format!("{section}."))) {
            let key = path.split_once('.').unwrap().1;
            assert!(known.contains(key), "{path} is in the default file, and not read");
        }
    }
}

#[test]
fn the_examples_of_the_default_file_work_when_they_are_used() {
    let mut text = String::new();
    for line in DEFAULT.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let example = bare.starts_with("[[")
            || bare.split_once(" = ").is_some_and(|(key, _)| {
                key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            });
        if (example || line.starts_with('[')) && !bare.contains('…') {
            text += &format!("{bare}\n");
        }
    }
    let text = text.replace("blocklist = ", "# ");
    let settings = load(&text, &[]).unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"));
    assert_eq!(settings.networks.evm.len(), 2);
}

#[test]
fn tables_are_joined_and_lists_replaced() {
    let parse = |text: &str| node::parse(text, &|_| Origin::Default).unwrap();
    let mut below = parse("[a]\nx = 1\ny = [1, 2]");
    node::lay_over(&mut below, parse("[a]\ny = [3]\n[b]\nz = 1"));
    let Value::Table(a) = &below["a"].value else { panic!("a table") };
    assert!(matches!(&a["x"].value, Value::Number(digits) if digits == "1"));
    assert!(matches!(&a["y"].value, Value::List(items) if items.len() == 1));
    assert!(below.contains_key("b"));
}

#[test]
fn mistakes_of_mail_and_alarms_are_told_at_once_and_without_secrets() {
    let told = mistakes(
        "[mail]\nsmtp_url = \"smtp://me:hush@mail.example.com/x\"\nuser = \"me\"\n\
         [alarms]\nmail_to = [\"nobody\"]\nwebhook_url = \"http://10.0.0.1/hush\"\n\
         heartbeat_url = \"ftp://x\"\nbehind_minutes = 0",
        &[],
    );
    let all = told.join("\n");
    for part in [
        "mail.smtp_url",
        "mail.from",
        "mail.user",
        "alarms.mail_to",
        "webhook_url and webhook_secret go together",
        "alarms.heartbeat_url",
        "alarms.behind_minutes",
    ] {
        assert!(all.contains(part), "{part} is not in:\n{all}");
    }
    assert!(!all.contains("hush"), "{all}");
}

#[test]
fn mail_is_set_up_by_a_server_and_a_sender_and_its_password_is_shown_to_nobody() {
    let file = "[mail]\nsmtp_url = \"smtps://mail.example.com\"\nfrom = \"me@example.com\"\n\
                user = \"me\"\n[alarms]\nmail_to = [\"ops@example.com\"]";
    let settings = load(file, &[("COFFER_MAIL__PASSWORD", "hush")]).unwrap();
    assert!(settings.mail.is_some());
    assert_eq!(settings.alarms.mail_to, ["ops@example.com"]);
    let shown = format!("{:?}", settings.shown);
    assert!(shown.contains("mail.password") && !shown.contains("hush"), "{shown}");
    assert!(load("", &[]).unwrap().mail.is_none());
}

#[test]
fn a_token_that_could_be_guessed_is_refused_by_its_name_and_shown_to_nobody() {
    let refused = load("[health]\ntoken = \"hush-hush\"", &[]).unwrap_err().to_string();
    for part in ["health.token", "has 9 characters, 32 are the fewest"] {
        assert!(refused.contains(part), "{part} is not in:\n{refused}");
    }
    assert!(!refused.contains("hush"), "{refused}");
    let token = "hush-hush-hush-hush-hush-hush-hush";
    let settings = load("", &[("COFFER_HEALTH__TOKEN", token)]).unwrap();
    assert!(settings.health_token.is_some());
    let shown = format!("{settings:?}");
    assert!(shown.contains("health.token") && !shown.contains("hush"), "{shown}");
    assert!(load("", &[]).unwrap().health_token.is_none());
}

#[test]
fn an_endpoint_that_stands_twice_is_no_second_one() {
    let twice = |first: &str, second: &str| {
        let file = format!(
            "[[networks.evm]]\nname = \"ethereum\"\nendpoints = [\"{first}\", \"{second}\"]\n"
        );
        load(&file, &[]).err().map(|mistakes| mistakes.to_string())
    };
    let node = "http://node.example:80/v3/key";
    for same in [node, "http://NODE.example/v3/key/", "http://user@node.example/v3/key"] {
        let said = twice(node, same).unwrap();
        assert!(said.contains("endpoint 2 is endpoint 1 again"), "{same}: {said}");
        assert!(!said.contains("v3/key"), "{said}");
    }
    for other in ["http://node.example/v3/other", "http://node.example:81/v3/key"] {
        assert_eq!(twice(node, other), None, "{other}");
    }
}
