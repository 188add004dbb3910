//! All chains of an installation, built from its settings.

use std::{collections::BTreeSet, sync::Arc};

use coffer_domain::ports::{Chain, Clock, SandboxLedger};

use crate::{
    evm::{EvmChain, EvmSettings},
    sandbox::SandboxChain,
    settings_refused::SettingsRefused,
    utxo::{UtxoChain, UtxoSettings},
};

/// Which chains an installation follows.
#[derive(Default)]
pub struct ChainSettings {
    /// EVM networks.
    pub evm: Vec<EvmSettings>,
    /// Networks of Bitcoin's kind.
    pub utxo: Vec<UtxoSettings>,
    /// Where the sandbox chain's blocks are kept; none where there is no sandbox.
    pub sandbox: Option<Arc<dyn SandboxLedger>>,
}

/// Builds the adapters: the sandbox first, then the networks in the order of the settings. Asks no
/// endpoint.
///
/// # Errors
/// When the settings of a network cannot be used, or two chains have the same name.
pub fn build(
    settings: ChainSettings,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Arc<dyn Chain>>, SettingsRefused> {
    let mut chains = Vec::<Arc<dyn Chain>>::new();
    if let Some(ledger) = settings.sandbox {
        chains.push(Arc::new(SandboxChain::new(ledger)));
    }
    for network in &settings.evm {
        chains.push(Arc::new(EvmChain::new(network, Arc::clone(clock))?));
    }
    for network in &settings.utxo {
        chains.push(Arc::new(UtxoChain::new(network, Arc::clone(clock))?));
    }
    let mut names = BTreeSet::new();
    for chain in &chains {
        if !names.insert(chain.name()) {
            let reason = "is named twice".to_owned();
            return Err(SettingsRefused { network: chain.name(), reason });
        }
    }
    Ok(chains)
}
