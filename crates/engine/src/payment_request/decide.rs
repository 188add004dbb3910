//! Decisions of the merchant on a request that stands.

use std::sync::Arc;

use coffer_domain::{
    id::PaymentRequestId,
    payment_request::{Actor, Refused},
};
use coffer_store::{error::DbError, tx::Tx};

use super::once::{Claim, Claimed, Once};
use crate::{api_key::Caller, engine::Engine, error::EngineError};

/// Why a decision was not taken; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum DecideRefused {
    /// There is no such request, or it is another merchant's.
    #[error("there is no such payment request")]
    NotFound,
    /// The request does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The Idempotency-Key was used with another body.
    #[error("the Idempotency-Key was used with another body")]
    KeyReused,
    /// The nonce was used.
    #[error("the nonce was used")]
    NonceUsed,
    /// The installation.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<DbError> for DecideRefused {
    fn from(error: DbError) -> Self {
        Self::Engine(error.into())
    }
}

impl Engine {
    /// Withdraws a request while nothing was seen, and answers with the request.
    ///
    /// # Errors
    /// [`DecideRefused`]; nothing was written.
    pub async fn cancel(
        &self,
        caller: &Arc<Caller>,
        id: PaymentRequestId,
        once: Once<'_>,
    ) -> Result<Vec<u8>, DecideRefused> {
        let asked = self.claim(caller.key, format!("POST requests/{id}/cancel"), once);
        let (engine, scope, claim) = (self.clone(), caller.scope, asked.clone());
        let cancelled = self
            .store()
            .write(async move |tx: &mut Tx<'_>| {
                let now = engine.now();
                if let Some(answer) = engine.done_before(tx, &claim, now).await? {
                    return Ok(answer);
                }
                let before = tx.request_in(scope, id).await?.ok_or(DecideRefused::NotFound)?;
                let mut after = before.clone();
                let effects = after.request.cancel(Actor::Merchant, now)?;
                let chain = engine.home_chain();
                engine.persist(tx, &before, &mut after, &effects, chain, now).await?;
                let (answer, customer) = engine.detail_answer(tx, &after).await?;
                engine.keep(tx, &claim, customer.as_ref(), &answer, now).await?;
                Ok(answer)
            })
            .await;
        if matches!(cancelled, Err(DecideRefused::Refused(_))) {
            self.use_up_nonce(&asked).await?;
        }
        cancelled
    }

    /// The answer of an earlier call with the same Idempotency-Key.
    pub(crate) async fn done_before(
        &self,
        tx: &mut Tx<'_>,
        claim: &Claim,
        now: coffer_domain::time::Timestamp,
    ) -> Result<Option<Vec<u8>>, DecideRefused> {
        match self.claimed(tx, claim, now).await? {
            Claimed::Fresh => Ok(None),
            Claimed::Done(answer) => Ok(Some(answer)),
            Claimed::OtherBody => Err(DecideRefused::KeyReused),
            Claimed::NonceUsed => Err(DecideRefused::NonceUsed),
        }
    }
}
