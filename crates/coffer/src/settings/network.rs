//! The networks that are read, and what they add to the catalogue.

use std::time::Duration;

use coffer_chains::evm::{EvmSettings, Finality};
use coffer_domain::{
    catalogue::{Asset, Catalogue, Family, MAX_DECIMALS, MAX_NUMBER, Network},
    code::{Iso, NetworkName},
    money::{AssetId, Units, parse_decimal},
    rate::Rate,
    time::Span,
};

use super::section::Section;

/// The networks of an installation.
#[derive(Clone, Debug)]
pub struct NetworkSettings {
    /// Whether live keys may use test networks and fixed rates.
    pub allow_test: bool,
    /// Every network and asset there is: those Coffer knows, and those of the settings.
    pub catalogue: Catalogue,
    /// The EVM networks that are read.
    pub evm: Vec<EvmSettings>,
}

/// Blocks after which a node of a real network is held to be behind.
const STALE_BLOCKS: i64 = 20;
/// The least time after which it is.
const STALE_LEAST: Span = Span::from_seconds(120);

/// Decimals of the own coin of every EVM network.
const COIN_DECIMALS: u8 = 18;

pub(super) fn read(mut section: Section<'_>) -> NetworkSettings {
    let allow_test = section.flag("allow_test");
    let mut catalogue = Catalogue::builtin();
    let evm = section.tables("evm", |table| read_evm(table, &mut catalogue));
    section.finish();
    NetworkSettings { allow_test, catalogue, evm }
}

fn read_evm(mut section: Section<'_>, catalogue: &mut Catalogue) -> Option<EvmSettings> {
    let name = section.required("name").and_then(|text| {
        let name = NetworkName::new(&text);
        name.map_err(|refused| section.refuse("name", &refused.to_string())).ok()
    });
    let network = match name.and_then(|name| catalogue.network(name)).cloned() {
        Some(known) => read_known(&mut section, known, catalogue),
        None => name.and_then(|name| read_new(&mut section, name, catalogue)),
    };
    let endpoints = section.texts("endpoints");
    check_endpoints(&section, &endpoints);
    let finality = section.word(
        "finality",
        &[("confirmations", Finality::Confirmations), ("finalized", Finality::FinalizedTag)],
    );
    let genesis = section.text("genesis");
    let stale_after = section.number("stale_after_seconds", 1..=86_400);
    let timeout = section.number("timeout_seconds", 1..=120);
    let answer_limit: Option<usize> = section.number("answer_limit_mib", 1..=1_024);
    let calls_per_minute = section.number("calls_per_minute", 1..=1_000_000);
    if let (Some(network), Some(Finality::FinalizedTag)) = (&network, finality) {
        *catalogue = catalogue.clone().with_final_by_name(network.name);
    }
    section.tables("assets", |table| read_asset(table, network.as_ref(), catalogue));
    section.finish();
    let network = network?;
    let assets = catalogue.assets().iter().filter(|asset| asset.id.network == network.name);
    let assets = assets.cloned().collect();
    let mut evm = EvmSettings::new(network.name, network.chain_id?, endpoints, assets);
    evm.genesis = genesis;
    evm.finality = finality.unwrap_or(Finality::Confirmations);
    evm.stale_after = stale_after.map(Span::from_seconds).or_else(|| usual_staleness(&network));
    evm.request_timeout = timeout.map_or(EvmSettings::REQUEST_TIMEOUT, Duration::from_secs);
    evm.answer_limit = answer_limit.map_or(EvmSettings::ANSWER_LIMIT, |mib| mib << 20);
    evm.calls_per_minute = calls_per_minute;
    Some(evm)
}

/// Test networks pause, and development chains mine only when something is sent.
fn usual_staleness(network: &Network) -> Option<Span> {
    let usual = Span::from_seconds(i64::from(network.block_seconds).saturating_mul(STALE_BLOCKS));
    (!network.test).then(|| usual.max(STALE_LEAST))
}

/// A network Coffer knows: what the settings say of it must agree, and the confirmations may
/// change.
fn read_known(
    section: &mut Section<'_>,
    known: Network,
    catalogue: &mut Catalogue,
) -> Option<Network> {
    section.text("title");
    let chain_id: Option<u64> = section.number("chain_id", 1..=u64::MAX);
    let _: Option<u32> = section.number("block_seconds", 1..=3_600);
    let confirmations = section.number("confirmations", 1..=10_000);
    let test = section.flag("test");
    let own = known.chain_id;
    if known.family != Family::Evm {
        section
            .refuse("name", &format!("{} is not read by JSON-RPC of Ethereum's kind", known.name));
        return None;
    }
    if chain_id.is_some() && chain_id != own {
        let own = own.unwrap_or_default();
        section.refuse("chain_id", &format!("{} has the chain id {own}; leave it out", known.name));
        return None;
    }
    if test {
        section.refuse("test", &format!("{} is no test network; leave it out", known.name));
        return None;
    }
    if let Some(confirmations) = confirmations {
        *catalogue = catalogue.clone().with_confirmations(known.name, confirmations);
    }
    Some(known)
}

fn read_new(
    section: &mut Section<'_>,
    name: NetworkName,
    catalogue: &mut Catalogue,
) -> Option<Network> {
    let title = section.text("title").unwrap_or_else(|| name.to_string());
    let chain_id = section.number("chain_id", 1..=u64::MAX);
    let network = Network {
        name,
        title,
        family: Family::Evm,
        chain_id,
        block_seconds: section.number("block_seconds", 1..=3_600).unwrap_or(12),
        confirmations: section.number("confirmations", 1..=10_000).unwrap_or(12),
        final_by_name: false,
        test: section.flag("test"),
    };
    if chain_id.is_none() {
        section.refuse("chain_id", "is missing: Coffer does not know this network by itself");
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

fn check_endpoints(section: &Section<'_>, endpoints: &[String]) {
    if endpoints.is_empty() {
        section.refuse("endpoints", "at least one address of a JSON-RPC endpoint is needed");
    }
    for (endpoint, number) in endpoints.iter().zip(1..) {
        let http = endpoint.starts_with("http://") || endpoint.starts_with("https://");
        if !http || endpoint.parse::<axum::http::Uri>().is_ok_and(|uri| uri.host().is_none()) {
            // Not repeated: it may hold an access key.
            let text =
                format!("endpoint {number} does not begin with http:// or https:// and a host");
            section.refuse("endpoints", &text);
        }
    }
}

fn read_asset(
    mut section: Section<'_>,
    network: Option<&Network>,
    catalogue: &mut Catalogue,
) -> Option<Asset> {
    let code = |text: &str| Iso::new(text).map_err(|refused| refused.to_string());
    let iso = section
        .required("iso")
        .and_then(|text| code(&text).map_err(|reason| section.refuse("iso", &reason)).ok());
    let v2_code = section.parsed("code", code).or(iso);
    let title = section.text("title");
    let number = section.number("number", 1..=u64::from(MAX_NUMBER));
    if number.is_none() {
        section.refuse("number", "a number from 1 to 99999 of its own is needed for the v2 API");
    }
    let contract = section.text("contract");
    let decimals = section.number("decimals", 0..=u64::from(MAX_DECIMALS));
    if contract.is_some() && decimals.is_none() {
        section.refuse("decimals", "is missing: write what the contract says");
    }
    let decimals = decimals.unwrap_or(COIN_DECIMALS);
    let display = section.number("display_decimals", 0..=u64::from(decimals));
    let minimum = section.parsed("minimum", |text| {
        parse_decimal(text, decimals).map_err(|refused| format!("{text:?} {refused}"))
    });
    let pegged_to = section.parsed("pegged_to", code);
    let fixed_usd = section.parsed("fixed_usd", |text| {
        Rate::parse(text).map_err(|_| format!("{text:?} is no price such as \"2500\" or \"0.15\""))
    });
    section.finish();
    let asset = Asset {
        id: AssetId { iso: iso?, network: network?.name },
        title: title.unwrap_or_else(|| iso.map_or_else(String::new, |iso| iso.to_string())),
        number: number?,
        code: v2_code?,
        aliases: Vec::new(),
        decimals,
        display_decimals: display.unwrap_or(decimals.min(6)),
        contract,
        minimum: minimum.unwrap_or(Units::new(1)),
        pegged_to,
        fixed_usd: fixed_usd.unwrap_or(Rate::constant("1")),
    };
    match catalogue.clone().with_asset(asset.clone()) {
        Ok(with) => {
            *catalogue = with;
            Some(asset)
        }
        Err(refused) => {
            section.refuse_all(&refused.to_string());
            None
        }
    }
}
