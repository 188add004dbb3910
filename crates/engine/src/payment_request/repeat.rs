//! A create that was done before: it gets its answer again, whatever has become of rates, nodes and
//! the clock since.

use std::sync::Arc;

use coffer_domain::{merchant::Scope, payment_request::NewPaymentRequest, time::Timestamp};
use coffer_store::{payment_request::StoredRequest, tx::Tx};

use super::{
    CreateRefused,
    create::CREATE_ROUTE,
    fields::fields_text,
    once::{Claim, Claimed, Once},
};
use crate::{api_key::Caller, engine::Engine, error::EngineError};

impl Engine {
    /// The answer of an earlier create, for one that cannot be done now: by its Idempotency-Key, or
    /// by its `foreign_id` where the body, read as at that earlier time, has equal fields.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn created_before(
        &self,
        caller: &Arc<Caller>,
        once: Once<'_>,
        foreign_id: Option<&str>,
        read_as_at: impl Fn(Timestamp) -> Option<NewPaymentRequest>,
    ) -> Result<Option<Vec<u8>>, EngineError> {
        let claim = self.claim(caller.key, CREATE_ROUTE.to_owned(), once);
        let (engine, scope) = (self.clone(), caller.scope);
        let foreign_id = foreign_id.map(str::to_owned);
        let found = self.store().read(async move |tx: &mut Tx<'_>| {
            if let Claimed::Done(answer) = engine.kept(tx, &claim).await? {
                return Ok::<_, EngineError>((Some(answer), None));
            }
            let Some(foreign_id) = &foreign_id else { return Ok((None, None)) };
            let Some(stands) = tx.request_by_foreign_id(scope, foreign_id).await? else {
                return Ok((None, None));
            };
            Ok((Some(engine.answer_of(tx, &stands).await?), Some(stands)))
        });
        let (answer, stands) = found.await?;
        let Some(stands) = stands else { return Ok(answer) };
        let new = read_as_at(stands.request.created_at);
        let equal = new.is_some_and(|new| {
            let text = fields_text(&new);
            self.parts.keys.fingerprint("payment request", &text)[..] == stands.fingerprint[..]
        });
        Ok(answer.filter(|_| equal))
    }

    /// The answer of the request that stands under a `foreign_id`, kept under the Idempotency-Key
    /// that asked for it once more.
    pub(super) async fn answer_standing(
        &self,
        claim: Claim,
        scope: Scope,
        foreign_id: String,
    ) -> Result<Vec<u8>, CreateRefused> {
        let engine = self.clone();
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                let now = engine.now();
                match engine.claimed(tx, &claim, now).await? {
                    Claimed::Fresh => {}
                    Claimed::Done(answer) => return Ok(answer),
                    Claimed::OtherBody => return Err(CreateRefused::KeyReused),
                    Claimed::NonceUsed => return Err(CreateRefused::NonceUsed),
                }
                let stands = tx.request_by_foreign_id(scope, &foreign_id).await?;
                let stands = stands.ok_or_else(|| tx.lost_race())?;
                let customer = engine.read_customer(tx, stands.customer).await?;
                let answer = engine.answer_of(tx, &stands).await?;
                engine.keep(tx, &claim, customer.as_ref(), &answer, now).await?;
                Ok(answer)
            })
            .await
    }

    /// What a create of this request answers.
    async fn answer_of(
        &self,
        tx: &mut Tx<'_>,
        stands: &StoredRequest,
    ) -> Result<Vec<u8>, EngineError> {
        let customer = self.read_customer(tx, stands.customer).await?;
        let personal = self.open_personal(stands, customer.as_ref())?;
        Ok(self.created_answer(stands, &personal))
    }
}
