//! The networks that are read, and what they add to the catalogue.

use coffer_chains::{evm::EvmSettings, utxo::UtxoSettings};
use coffer_domain::{
    catalogue::{Catalogue, Network},
    code::NetworkName,
    confirmations::Confirmations,
    time::Span,
};

use super::section::Section;
use crate::network_name;

mod asset;
mod evm;
mod utxo;

/// The networks of an installation.
#[derive(Clone, Debug)]
pub struct NetworkSettings {
    /// Whether live keys may use test networks and fixed rates.
    pub allow_test: bool,
    /// Every network and asset there is: those Coffer knows, and those of the settings.
    pub catalogue: Catalogue,
    /// The EVM networks that are read.
    pub evm: Vec<EvmSettings>,
    /// The networks of Bitcoin's kind that are read.
    pub utxo: Vec<UtxoSettings>,
}

impl NetworkSettings {
    /// The networks that are read and whose coins are worth something.
    pub(super) fn real(&self) -> Vec<String> {
        let evm = self.evm.iter().map(|settings| settings.network);
        let all = evm.chain(self.utxo.iter().map(|settings| settings.network));
        let real = |name: &NetworkName| self.catalogue.network(*name).is_some_and(|it| !it.test);
        all.filter(real).map(|name| name.as_str().to_owned()).collect()
    }
}

/// Blocks after which a node of a real network is held to be behind.
const STALE_BLOCKS: i64 = 20;
/// The least time after which it is.
const STALE_LEAST: Span = Span::from_seconds(120);

pub(super) fn read(mut section: Section<'_>) -> NetworkSettings {
    let allow_test = section.flag("allow_test");
    let mut catalogue = Catalogue::builtin();
    let evm = section.tables("evm", |table| evm::read(table, &mut catalogue));
    let utxo = section.tables("utxo", |table| utxo::read(table, &mut catalogue));
    section.finish();
    NetworkSettings { allow_test, catalogue, evm, utxo }
}

/// What is said of a name that Coffer does not know, in a table that says nothing of a network of
/// one's own: what that would need, and the names that may stand there.
fn unknown(text: &str, catalogue: &Catalogue, here: &[NetworkName], needed: &str) -> String {
    let said = network_name::unknown(text, catalogue, here, here);
    format!("{said}, or one of your own with {needed}")
}

/// The steps of confirmations, where they are written.
fn confirmations(section: &mut Section<'_>) -> Option<Confirmations> {
    let steps = section.phrase("confirmations")?.parse();
    steps.map_err(|refused| section.refuse("confirmations", &format!("{refused}"))).ok()
}

/// Test networks pause, and development chains mine only when something is sent.
fn usual_staleness(network: &Network) -> Option<Span> {
    let usual = Span::from_seconds(i64::from(network.block_seconds).saturating_mul(STALE_BLOCKS));
    (!network.test).then(|| usual.max(STALE_LEAST))
}

/// Complains about each text that is no http or https address, and about one that stands twice: it
/// would bear out what it says itself.
fn check_endpoints(section: &Section<'_>, key: &str, endpoints: &[String]) {
    let mut known = Vec::new();
    for (endpoint, number) in endpoints.iter().zip(1..) {
        let http = endpoint.starts_with("http://") || endpoint.starts_with("https://");
        if !http || endpoint.parse::<axum::http::Uri>().is_ok_and(|uri| uri.host().is_none()) {
            // Not repeated: it may hold an access key.
            let text =
                format!("endpoint {number} does not begin with http:// or https:// and a host");
            section.refuse(key, &text);
        }
        let place = place(endpoint);
        match known.iter().find(|(other, _)| place.is_some() && *other == place) {
            Some((_, first)) => {
                section.refuse(key, &format!("endpoint {number} is endpoint {first} again"));
            }
            None => known.push((place, number)),
        }
    }
}

/// Where an endpoint stands: host, port, path and query, however they are spelled.
fn place(endpoint: &str) -> Option<(String, u16, String, Option<String>)> {
    let uri: axum::http::Uri = endpoint.parse().ok()?;
    let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let host = uri.host()?.to_ascii_lowercase();
    let path = uri.path().trim_end_matches('/').to_owned();
    Some((host, uri.port_u16().unwrap_or(usual), path, uri.query().map(ToOwned::to_owned)))
}
