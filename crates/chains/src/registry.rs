//! All networks of an installation, built from its settings.

use std::{collections::BTreeSet, sync::Arc};

use coffer_domain::ports::{Chain, Clock};

use crate::{
    evm::{EvmChain, EvmSettings},
    settings_refused::SettingsRefused,
    utxo::{UtxoChain, UtxoSettings},
};

/// Which networks an installation follows.
#[derive(Default)]
pub struct ChainSettings {
    /// EVM networks.
    pub evm: Vec<EvmSettings>,
    /// Networks of Bitcoin's kind.
    pub utxo: Vec<UtxoSettings>,
}

/// Builds the adapters in the order of the settings. Asks no endpoint.
///
/// # Errors
/// When the settings of a network cannot be used, or two chains have the same name.
pub fn build(
    settings: ChainSettings,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Arc<dyn Chain>>, SettingsRefused> {
    let mut chains = Vec::<Arc<dyn Chain>>::new();
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
