//! Delivering callbacks: in order within a request, in parallel across requests, for as long as the
//! schedule says, whatever becomes of the process in between.

use std::{collections::HashMap, time::Duration};

use coffer_domain::{
    callback::{Delivery, DeliveryOutcome, FAILURES_THAT_BLOCK, next_attempt},
    id::{CallbackId, MerchantId, PaymentRequestId},
    merchant::Merchant,
    time::Timestamp,
};
use coffer_store::{
    api_key::StoredKey,
    callback::{CallbackState, StoredCallback, kind_word},
    error::DbError,
    nudge::Nudge,
    tx::Tx,
};
use futures_util::{
    future::{BoxFuture, FutureExt as _},
    stream::{FuturesUnordered, StreamExt as _},
};
use tokio_util::sync::CancellationToken;

mod said;

use crate::{alarms::Alarm, engine::Engine, error::EngineError, lease, workers::CALLBACKS_TOPIC};

/// Attempts under way at once, over all merchants.
const PARALLEL: usize = 128;
/// Attempts under way at once for one merchant, so that a dead endpoint delays nobody else.
const PARALLEL_PER_MERCHANT: usize = 16;
/// Due callbacks are looked for at least this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// An attempt under way, and which callback of which merchant it is.
type Attempt<'a> = BoxFuture<'a, (CallbackId, Result<(), EngineError>)>;

/// The attempts under way.
#[derive(Default)]
struct UnderWay {
    of: HashMap<CallbackId, (MerchantId, PaymentRequestId)>,
}

impl UnderWay {
    /// How many more attempts may begin for a merchant.
    fn room(&self, merchant: MerchantId) -> usize {
        let his = self.of.values().filter(|(other, _)| *other == merchant).count();
        let all = PARALLEL.saturating_sub(self.of.len());
        PARALLEL_PER_MERCHANT.saturating_sub(his).min(all)
    }

    /// Whether an attempt may begin: none of the same request is under way, so that two states of
    /// one request never race each other.
    fn admits(&self, callback: &StoredCallback) -> bool {
        self.of.values().all(|(_, request)| *request != callback.request)
    }

    fn end(&mut self, (id, outcome): (CallbackId, Result<(), EngineError>)) {
        self.of.remove(&id);
        if let Err(error) = outcome {
            tracing::warn!(callback.id = %id, %error, "an attempt was not recorded");
        }
    }
}

impl Engine {
    /// Delivers callbacks until `stop` is cancelled; attempts under way are then given up, which
    /// costs nothing but a repetition.
    pub(crate) async fn keep_delivering(&self, stop: &CancellationToken) {
        let mut nudged = self.store().nudged(CALLBACKS_TOPIC);
        let mut under_way = UnderWay::default();
        let mut attempts: FuturesUnordered<Attempt<'_>> = FuturesUnordered::new();
        loop {
            self.pulse.beat("deliver callbacks", LOOK_EVERY, self.now());
            // One server sends all, so that no two send the callbacks of one request.
            if self.holds(lease::CALLBACKS)
                && let Err(error) = self.begin_attempts(&mut under_way, &mut attempts).await
            {
                tracing::warn!(%error, "due callbacks cannot be read");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                Some(ended) = attempts.next(), if !attempts.is_empty() => {
                    under_way.end(ended);
                    // Whatever else has ended meanwhile makes room before the next look.
                    while let Some(Some(ended)) = attempts.next().now_or_never() {
                        under_way.end(ended);
                    }
                }
                () = nudged.any() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Begins attempts at what is due, as far as there is room.
    async fn begin_attempts<'a>(
        &'a self,
        under_way: &mut UnderWay,
        attempts: &mut FuturesUnordered<Attempt<'a>>,
    ) -> Result<(), EngineError> {
        for merchant in self.merchants_due().await? {
            let room = under_way.room(merchant);
            if room == 0 {
                continue;
            }
            // Those under way are still due in the database, so that many more are asked for.
            let limit = room.saturating_add(PARALLEL_PER_MERCHANT);
            let mut due = self.due_of(merchant, limit).await?;
            // The longest due first; of those due together the older state first.
            due.sort_by_key(|callback| callback.ordinal);
            due.sort_by_key(|callback| callback.next_at);
            for callback in due {
                if under_way.room(merchant) == 0 {
                    break;
                }
                if !under_way.admits(&callback) {
                    continue;
                }
                under_way.of.insert(callback.id, (merchant, callback.request));
                attempts.push(Box::pin(async move {
                    let id = callback.id;
                    (id, self.attempt(callback).await)
                }));
            }
        }
        Ok(())
    }

    /// Makes one attempt at each callback that is due, and waits for their outcomes; how many.
    ///
    /// # Errors
    /// When the database cannot answer; an endpoint's failure is none.
    pub async fn deliver_callbacks(&self) -> Result<usize, EngineError> {
        let mut under_way = UnderWay::default();
        let mut attempts = FuturesUnordered::new();
        self.begin_attempts(&mut under_way, &mut attempts).await?;
        let count = attempts.len();
        // All of them are waited for: a write goes on even if nobody listens.
        let mut outcomes = Ok(());
        while let Some((_, outcome)) = attempts.next().await {
            outcomes = outcomes.and(outcome);
        }
        outcomes.map(|()| count)
    }

    async fn merchants_due(&self) -> Result<Vec<MerchantId>, EngineError> {
        let now = self.now();
        let due = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.merchants_with_due_callbacks(now).await)
            .await;
        Ok(due.map_err(|error: DbError| error)?)
    }

    async fn due_of(
        &self,
        merchant: MerchantId,
        limit: usize,
    ) -> Result<Vec<StoredCallback>, EngineError> {
        let now = self.now();
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let due = self
            .store()
            .read(async move |tx: &mut Tx<'_>| {
                tx.due_callbacks(merchant, now, FAILURES_THAT_BLOCK, limit).await
            })
            .await;
        Ok(due.map_err(|error: DbError| error)?)
    }

    /// When the next callback is due; none where none waits.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn next_callback_due(&self) -> Result<Option<Timestamp>, EngineError> {
        let due = self.store().read(async |tx: &mut Tx<'_>| tx.next_callback_due().await).await;
        Ok(due.map_err(|error: DbError| error)?)
    }

    async fn attempt(&self, callback: StoredCallback) -> Result<(), EngineError> {
        let outcome = match self.prepare(&callback).await? {
            Ok(delivery) => self.parts.transport.deliver(&delivery).await,
            Err(reason) => DeliveryOutcome::NotSent { reason },
        };
        self.record(callback, outcome).await
    }

    /// Everything needed to send a callback, or why it cannot be sent.
    async fn prepare(
        &self,
        callback: &StoredCallback,
    ) -> Result<Result<Delivery, String>, EngineError> {
        let (engine, row) = (self.clone(), callback.clone());
        let (merchant, key, body) = self
            .store()
            .read(async move |tx: &mut Tx<'_>| {
                let merchant = tx.merchant(row.scope.merchant).await?;
                let keys = tx.keys_of(row.scope.merchant).await?;
                let customer = engine.read_customer(tx, row.customer).await?;
                let body = engine.unseal_for(customer.as_ref(), &row.body, row.id)?;
                Ok::<_, EngineError>((merchant, signing_key(keys, &row), body))
            })
            .await?;
        let url = merchant.and_then(|merchant: Merchant| merchant.callback_url);
        let Some(url) = url else { return Ok(Err("no callback URL is set".to_owned())) };
        let Some(key) = key else {
            return Ok(Err("the merchant has no active key to sign with".to_owned()));
        };
        let opened = self.open_key(&key)?;
        Ok(Ok(Delivery {
            id: callback.id,
            request: callback.request,
            url,
            body,
            key: opened.public_key,
            secret: opened.secret,
            webhook_secret: opened.webhook_secret,
            at: self.now(),
        }))
    }

    async fn record(
        &self,
        callback: StoredCallback,
        outcome: DeliveryOutcome,
    ) -> Result<(), EngineError> {
        let engine = self.clone();
        self.store()
            .write(async move |tx: &mut Tx<'_>| engine.record_in(tx, &callback, &outcome).await)
            .await
    }

    async fn record_in(
        &self,
        tx: &mut Tx<'_>,
        callback: &StoredCallback,
        outcome: &DeliveryOutcome,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let attempts = callback.attempts.saturating_add(1);
        let (state, next_at) = match (outcome.delivered(), next_attempt(attempts, now)) {
            (true, _) => (CallbackState::Delivered, now),
            (false, Some(at)) => (CallbackState::Due, at),
            (false, None) => (CallbackState::Abandoned, now),
        };
        let answer = in_words(outcome);
        let said = self.seal_said(tx, callback, outcome).await?;
        let kept = (answer.as_str(), said.as_deref());
        if !tx.record_attempt(callback, state, next_at, kept, now).await? {
            return Ok(());
        }
        tell_operator(callback, state, attempts, &answer, next_at);
        if state == CallbackState::Delivered {
            tx.supersede_callbacks(callback.request, callback.ordinal).await?;
        }
        if state == CallbackState::Abandoned {
            // One alarm for a merchant, whose endpoint it is, not one for each callback.
            let about = format_args!("merchant {}", callback.scope.merchant);
            let detail = format_args!("callback {}: {answer}", callback.id);
            self.raise(tx, Alarm::CallbackGivenUp, about, detail, now).await?;
        }
        tx.after_commit(Nudge::new(CALLBACKS_TOPIC));
        Ok(())
    }

    /// The callbacks of a request, for the command line.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn callbacks_of(
        &self,
        request: PaymentRequestId,
    ) -> Result<Vec<StoredCallback>, EngineError> {
        let found = self.store().read(async move |tx: &mut Tx<'_>| tx.callbacks_of(request).await);
        Ok(found.await.map_err(|error: DbError| error)?)
    }

    /// Makes a callback due again, with the same bytes; false when there is none of that id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn resend_callback(&self, id: CallbackId) -> Result<bool, EngineError> {
        let now = self.now();
        let done = self.store().write(async move |tx: &mut Tx<'_>| {
            tx.after_commit(Nudge::new(CALLBACKS_TOPIC));
            tx.resend_callback(id, now).await
        });
        Ok(done.await.map_err(|error: DbError| error)?)
    }
}

/// The key that created the request, or the merchant's newest active one if that is disabled.
fn signing_key(keys: Vec<StoredKey>, callback: &StoredCallback) -> Option<StoredKey> {
    let mut active = keys.into_iter().filter(|key| {
        key.disabled_at.is_none() && key.scope.environment == callback.scope.environment
    });
    let newest = active.next()?;
    if newest.id == callback.key {
        return Some(newest);
    }
    Some(active.find(|key| key.id == callback.key).unwrap_or(newest))
}

/// What is kept of an attempt for everybody's eyes. The endpoint's own words are sealed beside it.
fn in_words(outcome: &DeliveryOutcome) -> String {
    match outcome {
        DeliveryOutcome::Answered { status, .. } => format!("HTTP {status}"),
        DeliveryOutcome::NotSent { reason } => format!("not sent: {reason}"),
    }
}

/// Says when an endpoint begins to fail and when it is well again, and counts every attempt.
fn tell_operator(
    callback: &StoredCallback,
    state: CallbackState,
    attempts: u32,
    answer: &str,
    next_at: Timestamp,
) {
    let (id, merchant, kind) = (callback.id, callback.scope.merchant, kind_word(callback.kind));
    let delivered = state == CallbackState::Delivered;
    if delivered && attempts > 1 {
        tracing::info!(callback.id = %id, %merchant, kind, attempts, "taken after all");
    } else if !delivered && attempts == 1 {
        let next = next_at.seconds();
        tracing::warn!(callback.id = %id, %merchant, kind, answer, next, "not taken");
    }
    let outcome = if delivered { "taken" } else { "failed" };
    metrics::counter!("coffer_callback_attempts_total", "outcome" => outcome).increment(1);
}
