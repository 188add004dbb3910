//! One EVM network of the settings.

use std::time::Duration;

use coffer_chains::evm::{EvmSettings, InternalTransfers};
use coffer_domain::{
    catalogue::{Catalogue, Family, Network},
    code::NetworkName,
    confirmations::Confirmations,
    money::parse_decimal,
    time::Span,
};

use super::{asset, check_endpoints, confirmations, unknown, usual_staleness};
use crate::settings::section::Section;

/// Decimals of the own coin of every EVM network.
const COIN_DECIMALS: u8 = 18;

pub(super) fn read(mut section: Section<'_>, catalogue: &mut Catalogue) -> Option<EvmSettings> {
    let name = section.required("name").and_then(|text| {
        let name = NetworkName::new(&text);
        name.map_err(|refused| section.refuse("name", &refused.to_string())).ok()
    });
    let network = match name.and_then(|name| catalogue.network(name)).cloned() {
        Some(known) => read_known(&mut section, known, catalogue),
        None => name.and_then(|name| read_new(&mut section, name, catalogue)),
    };
    let endpoints = section.texts("endpoints");
    if endpoints.is_empty() {
        section.refuse("endpoints", "at least one address of a JSON-RPC endpoint is needed");
    }
    check_endpoints(&section, "endpoints", &endpoints);
    let how = How::read(&mut section);
    section
        .tables("assets", |table| asset::read(table, network.as_ref(), catalogue, COIN_DECIMALS));
    let caps = section.named("second_source_above", |iso, amount| {
        let name = network.as_ref().map(|network| network.name);
        let mut assets = catalogue.assets().iter();
        let asset = assets.find(|it| it.id.iso.as_str() == iso && Some(it.id.network) == name);
        let asset = asset.ok_or("there is no such coin or token on this network")?;
        let units = parse_decimal(amount, asset.decimals);
        units.map(|units| (asset.id, units)).map_err(|refused| format!("{amount:?} {refused}"))
    });
    if !caps.is_empty() && endpoints.len() < 2 {
        section.refuse("second_source_above", "a second endpoint is needed, which may confirm");
    }
    section.finish();
    let network = network?;
    let assets = catalogue.assets().iter().filter(|asset| asset.id.network == network.name);
    let assets = assets.cloned().collect();
    let mut evm = EvmSettings::new(network.name, network.chain_id?, endpoints, assets);
    evm.second_source_above = caps.into_iter().collect();
    how.tell(&mut evm, &network);
    Some(evm)
}

/// How a network is read.
struct How {
    internal_transfers: InternalTransfers,
    genesis: Option<String>,
    ws: Option<String>,
    stale_after: Option<i64>,
    timeout: Option<u64>,
    answer_limit: Option<usize>,
    calls_per_minute: Option<u32>,
}

impl How {
    fn read(section: &mut Section<'_>) -> Self {
        let internal_transfers = section.word(
            "internal_transfers",
            &[
                ("auto", InternalTransfers::Auto),
                ("traces", InternalTransfers::Traces),
                ("audit", InternalTransfers::Audit),
                ("off", InternalTransfers::Off),
            ],
        );
        let ws = section.text("ws");
        let fits = |url: &String| url.starts_with("ws://") || url.starts_with("wss://");
        if ws.as_ref().is_some_and(|url| !fits(url)) {
            // Not repeated: it may hold an access key.
            section.refuse("ws", "does not begin with ws:// or wss://");
        }
        Self {
            internal_transfers: internal_transfers.unwrap_or_default(),
            genesis: section.text("genesis"),
            ws,
            stale_after: section.number("stale_after_seconds", 1..=86_400),
            timeout: section.number("timeout_seconds", 1..=120),
            answer_limit: section.number("answer_limit_mib", 1..=1_024),
            calls_per_minute: section.number("calls_per_minute", 1..=1_000_000),
        }
    }

    fn tell(self, evm: &mut EvmSettings, network: &Network) {
        let stale_after = self.stale_after.map(Span::from_seconds);
        evm.named = network.confirmations.named();
        evm.internal_transfers = self.internal_transfers;
        evm.genesis = self.genesis;
        evm.ws = self.ws;
        evm.stale_after = stale_after.or_else(|| usual_staleness(network));
        evm.request_timeout =
            self.timeout.map_or(EvmSettings::REQUEST_TIMEOUT, Duration::from_secs);
        evm.answer_limit = self.answer_limit.map_or(EvmSettings::ANSWER_LIMIT, |mib| mib << 20);
        evm.calls_per_minute = self.calls_per_minute;
    }
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
    let confirmations = confirmations(section);
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
    let Some(confirmations) = confirmations else { return Some(known) };
    *catalogue = catalogue.clone().with_confirmations(known.name, &confirmations);
    Some(Network { confirmations, ..known })
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
        confirmations: confirmations(section).unwrap_or(Confirmations::plain(12)),
        final_seconds: None,
        test: section.flag("test"),
    };
    if chain_id.is_none() {
        if !section.has("chain_id") {
            let known = Catalogue::builtin();
            let known = known.networks().iter().filter(|known| known.family == Family::Evm);
            let known: Vec<NetworkName> = known.map(|known| known.name).collect();
            let said = unknown(name.as_str(), catalogue, &known, "its chain_id");
            section.refuse("name", &said);
        }
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
