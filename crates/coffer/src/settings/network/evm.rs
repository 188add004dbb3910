//! One EVM network of the settings.

use std::time::Duration;

use coffer_chains::evm::{EvmSettings, Finality, InternalTransfers};
use coffer_domain::{
    catalogue::{Catalogue, Family, Network},
    code::NetworkName,
    time::Span,
};

use super::{asset, check_endpoints, usual_staleness};
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
    let finality = section.word(
        "finality",
        &[("confirmations", Finality::Confirmations), ("finalized", Finality::FinalizedTag)],
    );
    let internal_transfers = section.word(
        "internal_transfers",
        &[
            ("auto", InternalTransfers::Auto),
            ("traces", InternalTransfers::Traces),
            ("off", InternalTransfers::Off),
        ],
    );
    let genesis = section.text("genesis");
    let stale_after = section.number("stale_after_seconds", 1..=86_400);
    let timeout = section.number("timeout_seconds", 1..=120);
    let answer_limit: Option<usize> = section.number("answer_limit_mib", 1..=1_024);
    let calls_per_minute = section.number("calls_per_minute", 1..=1_000_000);
    if let (Some(network), Some(Finality::FinalizedTag)) = (&network, finality) {
        *catalogue = catalogue.clone().with_final_by_name(network.name);
    }
    section
        .tables("assets", |table| asset::read(table, network.as_ref(), catalogue, COIN_DECIMALS));
    section.finish();
    let network = network?;
    let assets = catalogue.assets().iter().filter(|asset| asset.id.network == network.name);
    let assets = assets.cloned().collect();
    let mut evm = EvmSettings::new(network.name, network.chain_id?, endpoints, assets);
    evm.genesis = genesis;
    evm.finality = finality.unwrap_or(Finality::Confirmations);
    evm.internal_transfers = internal_transfers.unwrap_or_default();
    evm.stale_after = stale_after.map(Span::from_seconds).or_else(|| usual_staleness(&network));
    evm.request_timeout = timeout.map_or(EvmSettings::REQUEST_TIMEOUT, Duration::from_secs);
    evm.answer_limit = answer_limit.map_or(EvmSettings::ANSWER_LIMIT, |mib| mib << 20);
    evm.calls_per_minute = calls_per_minute;
    Some(evm)
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
