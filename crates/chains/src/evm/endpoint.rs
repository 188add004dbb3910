//! One JSON-RPC endpoint: bounded calls over HTTP, strictly read.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use coffer_domain::{
    ports::{Clock, Tip},
    time::{Span, Timestamp},
};
use reqwest::{Client, Url};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    answer::{Hash, NodeBlock, Quantity},
    fault::Fault,
    settings::EvmSettings,
    traces::{self, Tracing},
};
use crate::{
    complaints::Complaints,
    counters::Counters,
    http::Http,
    json_rpc::{self, Envelope},
    label::Label,
};

/// Blocks of which the logs are asked for at once, until an endpoint refuses that.
const LOG_RANGE: u64 = 64;
/// One that refused to tell of traces is not asked again for so long.
const REFUSED_FOR: Span = Span::from_seconds(10);

/// An empty view of what waits for a block is believed for so long after one that was not empty.
/// Longer than a payment that is missed is waited for, so that it ends as it began.
const SHOWN_FOR: Span = Span::from_minutes(20);

/// What an endpoint must prove before it is believed.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) chain_id: u64,
    pub(super) genesis: Option<Hash>,
}

/// One endpoint.
pub(super) struct Endpoint {
    http: Http,
    url: Url,
    number: usize,
    clock: Arc<dyn Clock>,
    complaints: Complaints,
    /// Blocks of which it gives the logs in one answer, as far as is known.
    log_range: AtomicU64,
    /// The newest block it named, and when it was asked.
    newest: Mutex<Option<Newest>>,
    /// When it last showed a transaction, whoever's, that waited for a block.
    shown: Mutex<Option<Timestamp>>,
    next_id: AtomicU64,
    identified: AtomicBool,
    /// Whether and how it tells of calls inside transactions, once that is known.
    tracing: OnceLock<Option<Tracing>>,
    /// Why and when it last refused to say so; it may say so yet.
    tracing_refused: Mutex<Option<(Fault, Timestamp)>>,
}

/// What an endpoint named as its newest block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newest {
    /// The block's own time; none where it gave no answer.
    pub(super) time: Option<Timestamp>,
    /// Whether it was in step with its network.
    pub(super) live: bool,
    /// The highest block that it called safe, where it was asked.
    pub(super) safe_height: Option<u64>,
    /// The highest block that it called final, where it was asked.
    pub(super) final_height: Option<u64>,
    /// When it was asked.
    pub(super) asked_at: Timestamp,
}

impl Endpoint {
    /// The endpoint at `url`, the `number`th of its network, counted from 1.
    pub(super) fn new(
        client: Client,
        url: Url,
        number: usize,
        settings: &EvmSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let label = Label::new(&url, number);
        let counters = Counters::new(settings.network, number);
        Self {
            http: Http::new(client, label, counters, settings.bounds(), Arc::clone(&clock)),
            url,
            number,
            clock,
            complaints: Complaints::default(),
            log_range: AtomicU64::new(LOG_RANGE),
            newest: Mutex::default(),
            shown: Mutex::default(),
            next_id: AtomicU64::new(1),
            identified: AtomicBool::new(false),
            tracing: OnceLock::new(),
            tracing_refused: Mutex::default(),
        }
    }

    /// Its place in the settings, from 1.
    pub(super) const fn number(&self) -> usize {
        self.number
    }

    /// What log lines and errors call it: number, domain and port, no secrets.
    pub(super) const fn label(&self) -> &Label {
        &self.http.label
    }

    /// The calls made to it in the last minute.
    pub(super) fn calls_last_minute(&self) -> u32 {
        self.http.calls_last_minute()
    }

    /// How many calls leave half of those it allows for reading blocks.
    pub(super) fn room(&self) -> usize {
        let left = |limit: u32| (limit / 2).saturating_sub(self.calls_last_minute());
        let room = self.http.calls_per_minute().map(left);
        room.map_or(usize::MAX, |room| usize::try_from(room).unwrap_or(usize::MAX))
    }

    /// Counts a block that it told, so that its calls can be put in proportion.
    pub(super) fn count_block(&self) {
        self.http.counters.block();
    }

    /// Blocks of which it is asked for the logs at once.
    pub(super) fn log_range(&self) -> u64 {
        self.log_range.load(Ordering::Relaxed)
    }

    /// Asks for the logs of half as many blocks at once from now on; how many that are.
    pub(super) fn halve_log_range(&self) -> u64 {
        let half = (self.log_range() / 2).max(1);
        self.log_range.store(half, Ordering::Relaxed);
        half
    }

    /// The newest block that it named when it was asked last.
    pub(super) fn newest(&self) -> Option<Newest> {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the newest block that it named; none where it gave no answer.
    pub(super) fn name_newest(&self, tip: Option<&Tip>) {
        let newest = Newest {
            time: tip.map(|tip| tip.time),
            live: tip.is_some_and(|tip| tip.live),
            safe_height: tip.and_then(|tip| tip.safe_height),
            final_height: tip.and_then(|tip| tip.final_height),
            asked_at: self.clock.now(),
        };
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(newest);
    }

    /// Notes that it showed a transaction that waits for a block.
    pub(super) fn note_shown(&self) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.clock.now());
    }

    /// Whether it has shown such a transaction lately, so that it would show another.
    pub(super) fn shows_pending(&self) -> bool {
        let shown = *self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.is_some_and(|at| self.clock.now().since(at) <= SHOWN_FOR)
    }

    /// Whether the log should tell of this fault.
    pub(super) fn is_news(&self, fault: &Fault) -> bool {
        self.complaints.failed(&fault.reason(), fault.doubts_endpoint(), self.clock.now())
    }

    /// Notes an answer; whether the log should tell that it is back.
    pub(super) fn is_back(&self) -> bool {
        self.complaints.answered(self.clock.now())
    }

    /// Asks for proof of identity again before the next question.
    pub(super) fn doubt(&self) {
        self.identified.store(false, Ordering::Relaxed);
    }

    /// Checks chain id and genesis, unless that was done since the endpoint was last in doubt.
    pub(super) async fn identify(&self, identity: &Identity) -> Result<(), Fault> {
        if self.identified.load(Ordering::Relaxed) {
            return Ok(());
        }
        let found = self.call::<Quantity>("eth_chainId", json!([])).await?;
        if found.small() != Some(identity.chain_id) {
            return Err(Fault::OtherChain {
                expected: format!("chain id {}", identity.chain_id),
                found: format!("chain id {}", found.0),
            });
        }
        if let Some(expected) = identity.genesis {
            let asked = json!(["0x0", false]);
            let block =
                self.call::<Option<NodeBlock<Value>>>("eth_getBlockByNumber", asked).await?;
            let found = block.map(|block| block.hash);
            if found != Some(expected) {
                let text = |hash: Hash| format!("genesis {:#x}", hash.0);
                return Err(Fault::OtherChain {
                    expected: text(expected),
                    found: found.map_or_else(|| "no genesis block".to_owned(), text),
                });
            }
        }
        self.identified.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// How it is asked for traces; a fault where it keeps none. Found out once, but for a refusal,
    /// which may be of the moment: then it is asked again a little later.
    pub(super) async fn tracing(&self) -> Result<Tracing, Fault> {
        if let Some(known) = self.tracing.get() {
            return known.ok_or(Fault::Traceless);
        }
        if let Some(fault) = self.refused_tracing() {
            return Err(fault);
        }
        match traces::probe(self).await {
            Ok(found) => self.tracing.get_or_init(|| found).ok_or(Fault::Traceless),
            Err(fault) => {
                if fault.refuses() {
                    let mut refused =
                        self.tracing_refused.lock().unwrap_or_else(PoisonError::into_inner);
                    *refused = Some((fault.clone(), self.clock.now()));
                }
                Err(fault)
            }
        }
    }

    /// A refusal to tell of traces that is too young to ask again.
    fn refused_tracing(&self) -> Option<Fault> {
        let refused = self.tracing_refused.lock().unwrap_or_else(PoisonError::into_inner);
        let (fault, at) = refused.as_ref()?;
        let age = self.clock.now().since(*at);
        (Span::ZERO <= age && age < REFUSED_FOR).then(|| fault.clone())
    }

    /// Calls a method. `T` is the expected result; an `Option` where null is an answer.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<T, Fault> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let request = self.http.client.post(self.url.clone()).json(&body);
        let (status, bytes) = self.http.send(request).await?;
        let unreadable = || match status.as_u16() {
            200..300 => Fault::Nonsense(format!("{method}: the answer is not JSON-RPC")),
            // Said of methods that are not in one's plan.
            403 | 404 | 405 | 501 => Fault::Refused(format!("HTTP {}", status.as_u16())),
            code => Fault::Unreachable(format!("HTTP {code}")),
        };
        let envelope = serde_json::from_slice::<Envelope<'_>>(&bytes).map_err(|_| unreadable())?;
        if let Some(error) = envelope.error {
            let shown = error.shown(method, self.label());
            return Err(Fault::of_error(error.code, &error.message, shown));
        }
        if !status.is_success() {
            return Err(unreadable());
        }
        if envelope.id != Some(id) {
            return Err(Fault::Nonsense(format!("{method}: the answer is to another question")));
        }
        let result = envelope.result.ok_or_else(unreadable)?;
        json_rpc::read(method, result, self.label()).map_err(Fault::Nonsense)
    }
}
