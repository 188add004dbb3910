//! The newest block of a network, and which endpoints lag behind it.

use std::time::Duration;

use coffer_domain::{
    ports::{ChainError, EndpointReport, Tip},
    time::Span,
};
use futures_util::{FutureExt, future};
use serde::de::IgnoredAny;
use serde_json::json;
use tokio::time;

use super::{
    EvmChain,
    endpoint::Endpoint,
    fault::{Failure, Fault},
    probe,
};

/// An endpoint whose newest block is so much older than another's is not believed.
const LAG: Span = Span::from_seconds(60);
/// The other endpoints are asked for their newest blocks so often,
const ASK_EVERY: Span = Span::from_seconds(15);
/// (what they answered counts so long)
const KEPT: Span = Span::from_seconds(30);
/// and those that gave no answer so often,
const ASK_SILENT_EVERY: Span = Span::from_seconds(60);
/// and waited for so long.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// A block dated so far ahead of our clock is no measure for others.
pub(super) const AHEAD: Span = Span::from_minutes(5);

impl EvmChain {
    /// The newest block of the first endpoint that does not lag behind another. Where it does not
    /// name the blocks that payments wait for, one that does is preferred: else they would wait for
    /// ever after a failover. What it calls safe or final, the others in step must call so, too.
    pub(super) async fn read_tip(&self) -> Result<Tip, Failure> {
        if self.failover.endpoints.len() > 1 {
            let due = self.failover.endpoints.iter().filter(|endpoint| self.is_due(endpoint));
            future::join_all(due.map(|endpoint| self.look_at(endpoint))).await;
        }
        let answer = self.failover.ask(|endpoint| {
            async move {
                let tip = self.tip_at(endpoint).await?;
                endpoint.name_newest(Some(&tip));
                self.check_lag(endpoint, &tip)?;
                Ok((endpoint.number(), tip))
            }
            .boxed()
        });
        let (told_by, tip) = answer.await?;
        if self.names_all(&tip) {
            return Ok(self.in_agreement(told_by, tip));
        }
        let others = self.failover.endpoints.iter().filter(|it| it.number() != told_by);
        for endpoint in others.filter(|endpoint| !self.is_down(endpoint)) {
            let told = async {
                endpoint.identify(&self.failover.identity).await?;
                let tip = self.tip_at(endpoint).await?;
                self.check_lag(endpoint, &tip).map(|()| tip)
            };
            match told.await {
                Ok(better) if better.live && self.names_all(&better) => {
                    self.failover.answered(endpoint);
                    self.failover.prefer(endpoint);
                    return Ok(self.in_agreement(endpoint.number(), better));
                }
                Ok(_) => {}
                Err(fault) => self.failover.note(endpoint, &fault),
            }
        }
        Ok(self.in_agreement(told_by, tip))
    }

    /// A tip with the lowest of each word among those in step: no endpoint alone makes a block safe
    /// or final. What the others say is as old as their newest block. One that says no such word,
    /// gave no answer, is syncing or lags does not count.
    fn in_agreement(&self, told_by: usize, mut tip: Tip) -> Tip {
        let now = self.clock.now();
        // No block is newer than now: who dates its own ahead puts nobody else out of step.
        let time = tip.time.min(now);
        let others = self.failover.endpoints.iter().filter(|it| it.number() != told_by);
        let in_step = others.filter_map(Endpoint::newest).filter(|newest| {
            let age = now.since(newest.asked_at);
            let kept = newest.live && (Span::ZERO..=KEPT).contains(&age);
            // It has had this long to get further since.
            kept && newest.time.is_some_and(|its| time.since(its.plus(age).min(now)) <= LAG)
        });
        let lower = |word: &mut Option<u64>, its: Option<u64>| {
            *word = word.map(|height| its.map_or(height, |its| its.min(height)));
        };
        for newest in in_step {
            lower(&mut tip.safe_height, newest.safe_height);
            lower(&mut tip.final_height, newest.final_height);
        }
        tip
    }

    /// Whether a tip names every block that payments of this network may wait for.
    const fn names_all(&self, tip: &Tip) -> bool {
        (!self.named.safe || tip.safe_height.is_some())
            && (!self.named.finalized || tip.final_height.is_some())
    }

    fn is_due(&self, endpoint: &Endpoint) -> bool {
        let Some(newest) = endpoint.newest() else { return true };
        let every = if newest.time.is_some() { ASK_EVERY } else { ASK_SILENT_EVERY };
        let age = self.clock.now().since(newest.asked_at);
        age >= every || age < Span::ZERO
    }

    /// Whether an endpoint was asked lately and gave no answer, so that nobody need wait for it.
    pub(super) fn is_down(&self, endpoint: &Endpoint) -> bool {
        !self.is_due(endpoint) && endpoint.newest().is_some_and(|newest| newest.time.is_none())
    }

    /// The endpoints beside one, those last that gave no answer lately.
    pub(super) fn others(&self, beside: usize) -> Vec<&Endpoint> {
        let others = self.failover.endpoints.iter().filter(|it| it.number() != beside);
        let mut others = others.collect::<Vec<_>>();
        others.sort_by_cached_key(|endpoint| self.is_down(endpoint));
        others
    }

    async fn look_at(&self, endpoint: &Endpoint) {
        let look = async {
            endpoint.identify(&self.failover.identity).await?;
            self.tip_at(endpoint).await
        };
        let tip = time::timeout(PATIENCE, look).await;
        if matches!(tip, Ok(Ok(_))) {
            self.failover.answered(endpoint);
        }
        endpoint.name_newest(tip.ok().and_then(Result::ok).as_ref());
    }

    /// A fault where another endpoint has a much newer block.
    fn check_lag(&self, endpoint: &Endpoint, tip: &Tip) -> Result<(), Fault> {
        let now = self.clock.now();
        let ours = tip.time.min(now);
        let others = self.failover.endpoints.iter();
        let others = others.filter(|other| other.number() != endpoint.number());
        let named = others.filter_map(|other| {
            let newest = other.newest()?;
            let time = newest.time.filter(|time| time.since(now) <= AHEAD)?.min(now);
            (now.since(newest.asked_at) <= KEPT).then_some((time, other))
        });
        let ahead = named.filter(|(time, _)| time.since(ours) > LAG);
        match ahead.max_by_key(|(time, _)| *time) {
            None => Ok(()),
            Some((time, other)) => {
                let (seconds, other) = (time.since(ours).seconds(), other.label());
                Err(Fault::Lagging(format!("its newest block is {seconds} s older than {other}'s")))
            }
        }
    }

    /// What an endpoint says of itself: its tip by two calls or three, and with `all` what it can
    /// do, by some more.
    pub(super) async fn report(&self, endpoint: &Endpoint, all: bool) -> EndpointReport {
        let tip = async {
            endpoint.doubt();
            endpoint.identify(&self.failover.identity).await?;
            self.tip_at(endpoint).await
        };
        let tip = tip.await.map_err(|fault| self.error_of(endpoint, fault));
        let capabilities = match &tip {
            Ok(tip) if all => capabilities(endpoint, tip).await,
            Ok(_) | Err(_) => Vec::new(),
        };
        EndpointReport {
            number: endpoint.number(),
            label: endpoint.label().place().to_owned(),
            tip,
            capabilities,
            kept_from: None,
            calls_last_minute: endpoint.calls_last_minute(),
        }
    }

    fn error_of(&self, endpoint: &Endpoint, fault: Fault) -> ChainError {
        Failure(vec![(endpoint.label().to_string(), fault)]).into_error(self.network, 0)
    }
}

/// What an endpoint can do beyond the least.
async fn capabilities(endpoint: &Endpoint, tip: &Tip) -> Vec<(&'static str, bool)> {
    let newest = json!([tip.at.hash]);
    let receipts = endpoint.call::<Option<Vec<IgnoredAny>>>("eth_getBlockReceipts", newest).await;
    let nobody = format!("0x{}", "0".repeat(40));
    let early = json!([nobody, format!("{:#x}", tip.at.height.min(1))]);
    let old_states = endpoint.call::<IgnoredAny>("eth_getBalance", early).await;
    let final_height = probe::named_height(endpoint, probe::FINALIZED).await;
    vec![
        ("traces", endpoint.tracing().await.is_ok()),
        (probe::FINALIZED, final_height.is_ok_and(|height| height.is_some())),
        ("receipts", receipts.is_ok_and(|receipts| receipts.is_some())),
        ("old states", old_states.is_ok()),
    ]
}
