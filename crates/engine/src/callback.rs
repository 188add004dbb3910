//! Delivering callbacks: in order within a request, in parallel across requests, for as long as the
//! schedule says, whatever becomes of the process in between.

use coffer_domain::{
    callback::{Delivery, DeliveryOutcome, FAILURES_THAT_BLOCK, next_attempt},
    id::{CallbackId, PaymentRequestId},
    merchant::Merchant,
    time::Timestamp,
};
use coffer_store::{
    api_key::StoredKey,
    callback::{CallbackState, StoredCallback},
    error::DbError,
    nudge::Nudge,
    tx::Tx,
};
use futures_util::stream::{self, StreamExt as _};

use crate::{engine::Engine, error::EngineError, workers::CALLBACKS_TOPIC};

/// Callbacks taken up in one run.
const BATCH: u32 = 256;
/// Attempts under way at once.
const PARALLEL: usize = 64;
/// Characters of an endpoint's answer that are kept for the merchant's eyes.
const ANSWER_CHARS: usize = 300;

impl Engine {
    /// Makes one attempt at each callback that is due; how many.
    ///
    /// # Errors
    /// When the database cannot answer; an endpoint's failure is none.
    pub async fn deliver_callbacks(&self) -> Result<usize, EngineError> {
        let now = self.now();
        let due = self
            .store()
            .read(async move |tx: &mut Tx<'_>| {
                tx.due_callbacks(now, FAILURES_THAT_BLOCK, BATCH).await
            })
            .await
            .map_err(|error: DbError| error)?;
        let count = due.len();
        let outcomes: Vec<Result<(), EngineError>> = stream::iter(due)
            .map(|callback| async move { self.attempt(callback).await })
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        outcomes.into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(count)
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
        if !tx.record_attempt(callback, state, next_at, &answer, now).await? {
            return Ok(());
        }
        if state == CallbackState::Delivered {
            tx.supersede_callbacks(callback.request, callback.ordinal).await?;
        }
        if state == CallbackState::Abandoned {
            tracing::error!(callback.id = %callback.id, "a callback was given up");
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

fn in_words(outcome: &DeliveryOutcome) -> String {
    match outcome {
        DeliveryOutcome::Answered { status, body } => {
            let body: String = body.chars().take(ANSWER_CHARS).collect();
            format!("HTTP {status} {body}").trim_end().to_owned()
        }
        DeliveryOutcome::NotSent { reason } => format!("not sent: {reason}"),
    }
}
