//! How coin that contracts move inside transactions is to be found on a network: as its settings
//! say or, where they leave it open, as its endpoints can. Which way holds is remembered elsewhere,
//! and told to the adapter before it reads.

use std::sync::{MutexGuard, PoisonError};

use coffer_domain::{
    inner_transfers::InnerTransfers,
    time::{Span, Timestamp},
};

use super::{
    EvmChain,
    endpoint::Endpoint,
    fault::{Failure, Fault},
    settings::InternalTransfers,
};

/// Where traces were read and no endpoint that gives them answers, one is waited for so long.
const PATIENCE: Span = Span::from_minutes(5);

/// What is known in this process of the way.
#[derive(Default)]
pub(super) struct Way {
    /// The one that holds, as far as that was told.
    told: Option<InnerTransfers>,
    /// Whether the endpoints have answered once what they can.
    asked: bool,
    /// Since when none that gives traces answers.
    silent_since: Option<Timestamp>,
}

impl EvmChain {
    fn way(&self) -> MutexGuard<'_, Way> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in which way holds.
    pub(super) fn tell_way(&self, how: InnerTransfers) {
        self.way().told = Some(how);
    }

    /// Whether traces are read: as was told, or else as this adapter would have it.
    pub(super) async fn reads_traces(&self) -> Result<bool, Failure> {
        let told = self.way().told;
        let how = match told {
            Some(how) => how,
            None => self.fitting_way(None).await?,
        };
        Ok(how == InnerTransfers::Traces)
    }

    /// The way to go on in. Where the settings leave it open, what was audited is audited on for as
    /// long as the process lives: a change costs a look at every address.
    pub(super) async fn next_way(
        &self,
        so_far: Option<InnerTransfers>,
    ) -> Result<InnerTransfers, Failure> {
        let open = self.internal_transfers == InternalTransfers::Auto;
        if open && so_far == Some(InnerTransfers::Audit) && self.way().asked {
            return Ok(InnerTransfers::Audit);
        }
        let how = self.fitting_way(so_far).await?;
        self.way().asked = true;
        Ok(how)
    }

    /// The way that the settings say, or else that fits the endpoints: traces where one gives them.
    /// One that is silent may be the one that does, so where traces were read it is waited for a
    /// little; it does not keep the network from being read.
    pub(super) async fn fitting_way(
        &self,
        so_far: Option<InnerTransfers>,
    ) -> Result<InnerTransfers, Failure> {
        match self.internal_transfers {
            InternalTransfers::Traces => return Ok(InnerTransfers::Traces),
            InternalTransfers::Audit => return Ok(InnerTransfers::Audit),
            InternalTransfers::Off => return Ok(InnerTransfers::Off),
            InternalTransfers::Auto => {}
        }
        let (mut traceless, mut silent) = (false, Vec::new());
        for endpoint in &self.failover.endpoints {
            match self.gives_traces(endpoint).await {
                Ok(()) => {
                    self.way().silent_since = None;
                    return Ok(InnerTransfers::Traces);
                }
                Err(Fault::Traceless) => traceless = true,
                Err(fault) => {
                    // Some refuse for good: it counts as one that gives none, once it was waited
                    // for.
                    traceless |= fault.refuses();
                    silent.push((endpoint.label().to_string(), fault));
                }
            }
        }
        if !traceless {
            return Err(Failure(silent));
        }
        let traced = so_far == Some(InnerTransfers::Traces);
        let waits = traced && !silent.is_empty() && !self.has_waited();
        Ok(if waits { InnerTransfers::Traces } else { InnerTransfers::Audit })
    }

    /// A fault where an endpoint gives no traces, or no answer.
    async fn gives_traces(&self, endpoint: &Endpoint) -> Result<(), Fault> {
        if self.is_down(endpoint) {
            return Err(Fault::Unreachable("gave no answer lately".to_owned()));
        }
        endpoint.identify(&self.failover.identity).await?;
        endpoint.tracing().await.map(|_| ())
    }

    /// Whether traces were waited for long enough.
    fn has_waited(&self) -> bool {
        let now = self.clock.now();
        let since = *self.way().silent_since.get_or_insert(now);
        now.since(since) >= PATIENCE
    }
}
