//! Several endpoints of one network: the first healthy one answers, the next takes over.

use std::sync::atomic::{AtomicUsize, Ordering};

use coffer_domain::code::NetworkName;
use futures_util::future::BoxFuture;

use super::{
    endpoint::{Endpoint, Identity},
    fault::{Failure, Fault},
};

/// The endpoints of one network.
pub(super) struct Failover {
    pub(super) network: NetworkName,
    pub(super) identity: Identity,
    pub(super) endpoints: Vec<Endpoint>,
    /// The one that answered last.
    preferred: AtomicUsize,
    /// The one that told of calls inside transactions last.
    tracer: AtomicUsize,
}

impl Failover {
    /// Endpoints in order of preference; at least one.
    pub(super) const fn new(
        network: NetworkName,
        identity: Identity,
        endpoints: Vec<Endpoint>,
    ) -> Self {
        let (preferred, tracer) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { network, identity, endpoints, preferred, tracer }
    }

    /// The endpoint that is asked first.
    pub(super) fn preferred(&self) -> &Endpoint {
        &self.endpoints[self.preferred.load(Ordering::Relaxed) % self.endpoints.len()]
    }

    /// Asks this endpoint first from now on.
    pub(super) fn prefer(&self, endpoint: &Endpoint) {
        self.preferred.store(endpoint.number() - 1, Ordering::Relaxed);
    }

    /// Puts a question to one endpoint after the other until one answers it. All calls of one
    /// question go to the same endpoint, so that its answer is about one view of the chain.
    pub(super) async fn ask<'e, T>(
        &'e self,
        question: impl Fn(&'e Endpoint) -> BoxFuture<'e, Result<T, Fault>> + Sync,
    ) -> Result<T, Failure> {
        self.ask_from(&self.preferred, question).await
    }

    /// The same for questions about traces, which another endpoint may be the best to answer.
    pub(super) async fn ask_tracer<'e, T>(
        &'e self,
        question: impl Fn(&'e Endpoint) -> BoxFuture<'e, Result<T, Fault>> + Sync,
    ) -> Result<T, Failure> {
        self.ask_from(&self.tracer, question).await
    }

    async fn ask_from<'e, T>(
        &'e self,
        preferred: &AtomicUsize,
        question: impl Fn(&'e Endpoint) -> BoxFuture<'e, Result<T, Fault>> + Sync,
    ) -> Result<T, Failure> {
        let first = preferred.load(Ordering::Relaxed);
        let mut faults = Vec::new();
        for turn in 0..self.endpoints.len() {
            let number = (first + turn) % self.endpoints.len();
            let endpoint = &self.endpoints[number];
            let answer = match endpoint.identify(&self.identity).await {
                Ok(()) => question(endpoint).await,
                Err(fault) => Err(fault),
            };
            match answer {
                Ok(answer) => {
                    self.answered(endpoint);
                    let absent_only = faults.iter().all(|(_, fault)| *fault == Fault::Absent);
                    if turn > 0 && !absent_only {
                        preferred.store(number, Ordering::Relaxed);
                    }
                    return Ok(answer);
                }
                Err(fault) => {
                    self.note(endpoint, &fault);
                    faults.push((endpoint.label().to_string(), fault));
                }
            }
        }
        Err(Failure(faults))
    }

    /// Notes that an endpoint gave an answer, and tells of it if it is back.
    pub(super) fn answered(&self, endpoint: &Endpoint) {
        if endpoint.is_back() {
            let (network, endpoint) = (self.network, endpoint.label());
            tracing::warn!(%network, %endpoint, "endpoint answers again");
        }
    }

    /// Remembers what a fault says of its endpoint, and tells of it unless that was just done.
    pub(super) fn note(&self, endpoint: &Endpoint, fault: &Fault) {
        if fault.doubts_endpoint() {
            endpoint.doubt();
        }
        if !matches!(fault, Fault::Absent | Fault::Traceless) && endpoint.is_news(fault) {
            let (network, endpoint) = (self.network, endpoint.label());
            let fault = fault.reason();
            tracing::warn!(%network, %endpoint, fault, "endpoint failed");
        }
    }
}
