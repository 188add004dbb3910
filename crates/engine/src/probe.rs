//! Probing: before a process reads a chain for the first time, the chain's node proves which chain
//! it serves and that the pinned tokens are what the catalogue says. Until then nothing is offered
//! on it. A probe without an answer is repeated with every look at the chain.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use coffer_domain::{
    catalogue::Asset,
    code::NetworkName,
    confirmations::NamedBlocks,
    merchant::Environment,
    money::AssetId,
    ports::{Chain, ChainProbe},
};

use coffer_store::chain_cursor::Cursor;

use crate::{alarms::Alarm, engine::Engine, error::EngineError};

/// What is known of each chain since this process started.
#[derive(Default)]
pub(crate) struct Probes(RwLock<HashMap<NetworkName, Probed>>);

/// What a chain's probes came to.
#[derive(Clone)]
enum Probed {
    /// None has succeeded; why the last one did not.
    Waiting(String),
    /// Done, and a cursor stands.
    Done(Arc<ChainProbe>),
}

/// Why a coin cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// No chain of this installation carries its network.
    #[error("its network is not set up")]
    NotSetUp,
    /// What its node says of it contradicts the catalogue.
    #[error("{0}")]
    Refused(String),
    /// Its chain has not been read yet.
    #[error("{network} is not read yet: {reason}")]
    NotYet {
        /// The network.
        network: NetworkName,
        /// What stands in the way.
        reason: String,
    },
    /// Its chain was never read in any process.
    #[error("its network has not been read yet")]
    NeverRead,
    /// Its chain is not read to its tip.
    #[error("its network is behind: {0}")]
    Behind(String),
}

impl Probes {
    fn of(&self, chain: NetworkName) -> Option<Probed> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&chain).cloned()
    }

    fn set(&self, chain: NetworkName, probed: Probed) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(chain, probed);
    }

    fn done(&self, chain: NetworkName) -> Option<Arc<ChainProbe>> {
        match self.of(chain) {
            Some(Probed::Done(probe)) => Some(probe),
            Some(Probed::Waiting(_)) | None => None,
        }
    }

    /// A cursor stands, so that whoever pays from now on is seen.
    pub(crate) fn admit(&self, chain: NetworkName, probe: Arc<ChainProbe>) {
        self.set(chain, Probed::Done(probe));
    }

    /// Keeps why a chain cannot be used yet. What has been probed stays so: a node that has gone is
    /// the cursor's matter.
    pub(crate) fn refuse(&self, chain: NetworkName, reason: &EngineError) {
        if self.done(chain).is_none() {
            self.set(chain, Probed::Waiting(reason.to_string()));
        }
    }

    /// Why a chain has not been used yet; none once it was.
    pub(crate) fn waiting(&self, chain: NetworkName) -> Option<String> {
        match self.of(chain) {
            Some(Probed::Done(_)) => None,
            Some(Probed::Waiting(reason)) => Some(reason),
            None => Some("nobody has asked its node yet".to_owned()),
        }
    }

    /// Which blocks the node of a chain names; none while it was not probed.
    pub(crate) fn named(&self, chain: NetworkName) -> NamedBlocks {
        self.done(chain).map(|probe| probe.named).unwrap_or_default()
    }

    /// The assets of a chain that its node contradicts, each with what it says.
    pub(crate) fn refused(&self, chain: NetworkName) -> Vec<(AssetId, String)> {
        self.done(chain).map(|probe| probe.refused_assets.clone()).unwrap_or_default()
    }
}

impl Engine {
    /// What the chain's node proved, asking it where that was not done in this process.
    ///
    /// # Errors
    /// When it gives no answer or serves another chain. The chain must not be read then.
    pub(crate) async fn probe(
        &self,
        chain: &Arc<dyn Chain>,
    ) -> Result<Arc<ChainProbe>, EngineError> {
        let name = chain.name();
        if let Some(probe) = self.probes.done(name) {
            return Ok(probe);
        }
        let probe = chain.probe().await?;
        if let Some(network) = self.catalogue().network(name)
            && probe.named.and(network.confirmations.named()) != network.confirmations.named()
        {
            let steps = &network.confirmations;
            tracing::warn!(chain = %name, %steps, "the node does not say all words; numbers hold");
        }
        for (asset, reason) in &probe.refused_assets {
            self.hold(Alarm::AssetRefused, &asset.to_string(), reason).await?;
        }
        Ok(Arc::new(probe))
    }

    /// Whether a coin can be taken in an environment: a chain carries it, its node was probed, and
    /// does not contradict the catalogue. The sandbox chain needs no proof.
    pub(crate) fn check_taken(
        &self,
        environment: Environment,
        asset: &Asset,
    ) -> Result<(), NotTaken> {
        let network = asset.id.network;
        let chain = self.chain_of(environment, network).ok_or(NotTaken::NotSetUp)?.name();
        if chain == self.home_chain() {
            return Ok(());
        }
        if let Some(reason) = self.probes.waiting(chain) {
            return Err(NotTaken::NotYet { network, reason });
        }
        let mut refused = self.probes.refused(chain).into_iter();
        match refused.find(|(refused, _)| *refused == asset.id) {
            Some((_, reason)) => Err(NotTaken::Refused(reason)),
            None => Ok(()),
        }
    }

    /// Whether a coin can be taken at this moment: as [`Self::check_taken`] says, and its chain is
    /// read to its tip, up to where the cursor says. `cursors` are as they stand now. The sandbox
    /// is read from its first block, so that it may be paid before it was looked at.
    pub(crate) fn check_taken_now<'c>(
        &self,
        environment: Environment,
        asset: &Asset,
        cursors: &'c [Cursor],
    ) -> Result<Option<&'c Cursor>, NotTaken> {
        self.check_taken(environment, asset)?;
        let chain = self.chain_of(environment, asset.id.network).ok_or(NotTaken::NotSetUp)?.name();
        let cursor = cursors.iter().find(|cursor| cursor.chain == chain);
        match cursor {
            None if chain == self.home_chain() => Ok(None),
            None => Err(NotTaken::NeverRead),
            Some(cursor) if cursor.behind_since.is_some() => {
                Err(NotTaken::Behind(cursor.behind_reason.clone().unwrap_or_default()))
            }
            Some(cursor) => Ok(Some(cursor)),
        }
    }
}

#[cfg(test)]
mod tests {
    use coffer_domain::ports::ChainError;

    use super::*;

    fn network() -> NetworkName {
        NetworkName::new("ethereum").unwrap()
    }

    fn silent() -> EngineError {
        let reason = "no connection".to_owned();
        ChainError::Unreachable { network: network(), reason }.into()
    }

    #[test]
    fn a_chain_waits_with_its_reason_until_it_is_probed_and_read() {
        let probes = Probes::default();
        assert_eq!(probes.waiting(network()).unwrap(), "nobody has asked its node yet");
        probes.refuse(network(), &silent());
        let reason = "ethereum cannot be reached: no connection";
        assert_eq!(probes.waiting(network()).unwrap(), reason);
        probes.admit(network(), Arc::default());
        assert_eq!(probes.waiting(network()), None);
    }

    #[test]
    fn a_node_that_goes_later_takes_back_nothing_that_was_proved() {
        let probes = Probes::default();
        let asset = AssetId::new("USDT".parse().unwrap(), network());
        let refused_assets = vec![(asset, "other decimals".to_owned())];
        let probe = ChainProbe { refused_assets: refused_assets.clone(), ..ChainProbe::default() };
        probes.admit(network(), Arc::new(probe));
        probes.refuse(network(), &silent());
        assert_eq!(probes.waiting(network()), None);
        assert_eq!(probes.refused(network()), refused_assets);
    }
}
