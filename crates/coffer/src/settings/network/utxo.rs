//! One network of Bitcoin's kind of the settings.

use std::time::Duration;

use coffer_chains::utxo::{ChainKind, Like, NetworkRules, UtxoSettings};
use coffer_domain::{
    catalogue::{Catalogue, Family, Network},
    code::NetworkName,
    confirmations::Confirmations,
    money::{AssetId, Units, parse_decimal},
    time::Span,
};

use super::{asset, check_endpoints, confirmations, unknown, usual_staleness};
use crate::{network_name::nearest, settings::section::Section};

/// Decimals of the coin of every network of this kind.
const COIN_DECIMALS: u8 = 8;

pub(super) fn read(mut section: Section<'_>, catalogue: &mut Catalogue) -> Option<UtxoSettings> {
    let mut name = section.required("name").and_then(|text| {
        let name = NetworkName::new(&text);
        name.map_err(|refused| section.refuse("name", &refused.to_string())).ok()
    });
    let rules = read_rules(&mut section, &mut name, catalogue);
    let network = match name.and_then(|name| catalogue.network(name)).cloned() {
        Some(known) => read_known(&mut section, known, catalogue),
        None => name.and_then(|name| read_new(&mut section, name, rules, catalogue)),
    };
    section
        .tables("assets", |table| asset::read(table, network.as_ref(), catalogue, COIN_DECIMALS));
    let endpoints = section.texts("endpoints");
    check_endpoints(&section, "endpoints", &endpoints);
    let esplora = section.texts("esplora");
    check_endpoints(&section, "esplora", &esplora);
    let sources = endpoints.len() + esplora.len();
    if sources == 0 && !section.has("esplora") {
        section.refuse("endpoints", "at least one address of a node's JSON-RPC is needed");
    }
    let cookie_file = section.file("cookie_file");
    let zmq = section.parsed("zmq", parse_zmq);
    let second_source_above = read_limit(&mut section, sources);
    let stale_after = section.number("stale_after_seconds", 1..=604_800);
    let timeout = section.number("timeout_seconds", 1..=120);
    let answer_limit: Option<usize> = section.number("answer_limit_mib", 1..=1_024);
    let calls_per_minute = section.number("calls_per_minute", 1..=1_000_000);
    let network = network?;
    let coin = coin(&section, &network, catalogue);
    if rules.is_some_and(|rules| rules.like == Like::Litecoin) && !esplora.is_empty() {
        section.refuse("esplora", "its blocks can be read for networks like bitcoin only");
    }
    section.finish();
    let mut utxo = UtxoSettings::new(coin?, rules?);
    utxo.endpoints = endpoints;
    utxo.cookie_file = cookie_file;
    utxo.esplora = esplora;
    utxo.zmq = zmq;
    utxo.second_source_above = second_source_above;
    utxo.stale_after = stale_after.map(Span::from_seconds).or_else(|| usual_staleness(&network));
    utxo.request_timeout = timeout.map_or(UtxoSettings::REQUEST_TIMEOUT, Duration::from_secs);
    utxo.answer_limit = answer_limit.map_or(UtxoSettings::ANSWER_LIMIT, |mib| mib << 20);
    utxo.calls_per_minute = calls_per_minute;
    Some(utxo)
}

/// The formats: of a network Coffer knows by its name, of another by what it is like. A misspelled
/// name is taken away.
fn read_rules(
    section: &mut Section<'_>,
    name: &mut Option<NetworkName>,
    catalogue: &Catalogue,
) -> Option<&'static NetworkRules> {
    let likes = [("bitcoin", Like::Bitcoin), ("litecoin", Like::Litecoin)];
    let known = name.and_then(|name| likes.iter().find(|(known, _)| *known == name.as_str()));
    let like = section.word("like", &likes);
    let chain = section.word(
        "chain",
        &[
            ("main", ChainKind::Main),
            ("test", ChainKind::Test),
            ("testnet4", ChainKind::Test4),
            ("signet", ChainKind::Signet),
            ("regtest", ChainKind::Regtest),
        ],
    );
    if let Some((known, own)) = known {
        if like.is_some_and(|like| like != *own) {
            section.refuse("like", &format!("{known} is like itself; leave it out"));
        }
        if chain.is_some_and(|chain| chain != ChainKind::Main) {
            let text =
                format!("{known} is the main network; give a test network a name of its own");
            section.refuse("chain", &text);
        }
        return NetworkRules::of(*own, ChainKind::Main);
    }
    let names: Vec<NetworkName> =
        likes.iter().filter_map(|(known, _)| NetworkName::new(known).ok()).collect();
    let bare = !section.has("like") && !section.has("chain");
    // Under a name that is nearly the same, the main chain is the one that was meant.
    let main = chain == Some(ChainKind::Main);
    if bare && name.is_some_and(|name| catalogue.network(name).is_some()) {
        // Of another kind, which is told by its name.
        return None;
    }
    let misspelled =
        |name: &NetworkName| bare || (main && nearest(name.as_str(), catalogue, &names).is_some());
    if let Some(wrong) = name.take_if(|name| misspelled(name)) {
        section.refuse("name", &unknown(wrong.as_str(), catalogue, &names, "like and chain"));
        return None;
    }
    if like.is_none() && !section.has("like") {
        section.refuse("like", "is missing: write \"bitcoin\" or \"litecoin\"");
    }
    if chain.is_none() && !section.has("chain") {
        let text = "is missing: write \"test\", \"testnet4\", \"signet\", \"regtest\" or \"main\"";
        section.refuse("chain", text);
    }
    let rules = NetworkRules::of(like?, chain?);
    if rules.is_none() {
        section.refuse("chain", "there is no such network of that kind");
    }
    rules
}

/// A network Coffer knows: what the settings say of it must agree, and the confirmations may
/// change.
fn read_known(
    section: &mut Section<'_>,
    known: Network,
    catalogue: &mut Catalogue,
) -> Option<Network> {
    section.text("title");
    let _: Option<u32> = section.number("block_seconds", 1..=3_600);
    let confirmations = confirmations(section);
    if section.flag("test") {
        section.refuse("test", &format!("{} is no test network; leave it out", known.name));
        return None;
    }
    let name = known.name;
    if known.family != Family::Utxo || !matches!(name.as_str(), "bitcoin" | "litecoin") {
        section.refuse("name", &format!("{name} is not read by JSON-RPC of Bitcoin's kind"));
        return None;
    }
    let Some(confirmations) = confirmations else { return Some(known) };
    *catalogue = catalogue.clone().with_confirmations(name, &confirmations);
    Some(Network { confirmations, ..known })
}

fn read_new(
    section: &mut Section<'_>,
    name: NetworkName,
    rules: Option<&NetworkRules>,
    catalogue: &mut Catalogue,
) -> Option<Network> {
    let title = section.text("title").unwrap_or_else(|| name.to_string());
    let usual_seconds = match rules.map(|rules| rules.like) {
        Some(Like::Litecoin) => 150,
        Some(Like::Bitcoin) | None => 600,
    };
    let test = section.flag("test");
    let network = Network {
        name,
        title,
        family: Family::Utxo,
        chain_id: None,
        block_seconds: section.number("block_seconds", 1..=3_600).unwrap_or(usual_seconds),
        confirmations: confirmations(section).unwrap_or(Confirmations::plain(2)),
        final_seconds: None,
        test,
    };
    if rules.is_some_and(|rules| (rules.chain == ChainKind::Main) == test) {
        let text = if test { "a main chain is no test network" } else { "must be true for it" };
        section.refuse("test", text);
        return None;
    }
    match catalogue.clone().with_network(network.clone()) {
        Ok(with) => {
            *catalogue = with;
            Some(network)
        }
        Err(refused) => {
            section.refuse_all(&refused.to_string());
            None
        }
    }
}

/// The one asset of the network.
fn coin(section: &Section<'_>, network: &Network, catalogue: &Catalogue) -> Option<AssetId> {
    let assets = catalogue.assets().iter().filter(|asset| asset.id.network == network.name);
    let mut coins =
        assets.filter(|asset| asset.contract.is_none() && asset.decimals == COIN_DECIMALS);
    match (coins.next(), coins.next()) {
        (Some(coin), None) => Some(coin.id),
        _ => {
            let text = "the network's coin is needed, once, without contract and with 8 decimals";
            section.refuse("assets", text);
            None
        }
    }
}

fn read_limit(section: &mut Section<'_>, sources: usize) -> Option<Units> {
    let limit = section.parsed("second_source_above", |text| {
        let units = parse_decimal(text, COIN_DECIMALS);
        units.map_err(|refused| format!("{text:?} {refused}, such as \"0.1\" of the coin"))
    });
    if limit.is_some() && sources < 2 {
        let text = "a second address in endpoints or esplora is needed to ask";
        section.refuse("second_source_above", text);
    }
    limit
}

fn parse_zmq(text: &str) -> Result<String, String> {
    let address = text.strip_prefix("tcp://").filter(|address| address.contains(':'));
    let address = address.map(str::to_owned);
    address.ok_or_else(|| "an address such as tcp://127.0.0.1:28332 is expected".to_owned())
}
