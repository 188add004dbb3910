//! Doing a thing once: answers kept under an Idempotency-Key, nonces used up, each in the
//! transaction of the effect.

use coffer_domain::{id::KeyId, time::Timestamp};
use coffer_store::{error::DbError, idempotency::KeptAnswer, tx::Tx};

use crate::{engine::Engine, error::EngineError, personal::OpenCustomer};

/// What makes a repeated request recognisable.
#[derive(Clone, Copy, Debug, Default)]
pub struct Once<'a> {
    /// The Idempotency-Key and the whole body it came with.
    pub idempotency: Option<(&'a str, &'a [u8])>,
    /// The nonce of an `X-Coffer-Signature`.
    pub nonce: Option<&'a str>,
}

/// [`Once`], owned by the closure of a transaction.
#[derive(Clone)]
pub(crate) struct Claim {
    key: KeyId,
    route: String,
    idempotency: Option<(String, Vec<u8>)>,
    nonce: Option<String>,
}

/// What a claim finds.
pub(crate) enum Claimed {
    /// It was not done before.
    Fresh,
    /// It was; this was answered.
    Done(Vec<u8>),
    /// The Idempotency-Key was used with another body.
    OtherBody,
    /// The nonce was used.
    NonceUsed,
}

impl Engine {
    pub(crate) fn claim(&self, key: KeyId, route: String, once: Once<'_>) -> Claim {
        let fingerprint = |body: &[u8]| self.parts.keys.fingerprint("body", body).to_vec();
        let idempotency = once.idempotency.map(|(key, body)| (key.to_owned(), fingerprint(body)));
        Claim { key, route, idempotency, nonce: once.nonce.map(str::to_owned) }
    }

    /// Looks whether this was done, and uses up the nonce.
    pub(crate) async fn claimed(
        &self,
        tx: &mut Tx<'_>,
        claim: &Claim,
        now: Timestamp,
    ) -> Result<Claimed, EngineError> {
        if let Some(nonce) = &claim.nonce
            && !tx.use_nonce(claim.key, nonce, now).await?
        {
            return Ok(Claimed::NonceUsed);
        }
        self.kept(tx, claim).await
    }

    /// Looks whether this was done, by its Idempotency-Key alone.
    pub(crate) async fn kept(
        &self,
        tx: &mut Tx<'_>,
        claim: &Claim,
    ) -> Result<Claimed, EngineError> {
        let Some((idempotency_key, fingerprint)) = &claim.idempotency else {
            return Ok(Claimed::Fresh);
        };
        let kept = tx.kept_answer(claim.key, &claim.route, idempotency_key).await?;
        let Some(kept) = kept else { return Ok(Claimed::Fresh) };
        if kept.fingerprint != *fingerprint {
            return Ok(Claimed::OtherBody);
        }
        let customer = self.read_customer(tx, kept.customer).await?;
        let answer = self.unseal_for(customer.as_ref(), &kept.answer, claim.key)?;
        Ok(Claimed::Done(answer))
    }

    /// Uses up the nonce of a request that was refused, which took its own mark back: the same
    /// signature must not be taken later, when it would not be refused.
    pub(crate) async fn use_up_nonce(&self, claim: &Claim) -> Result<(), EngineError> {
        let Some(nonce) = claim.nonce.clone() else { return Ok(()) };
        let (key, now) = (claim.key, self.now());
        let used =
            self.store().write(async move |tx: &mut Tx<'_>| tx.use_nonce(key, &nonce, now).await);
        used.await.map_err(|error: DbError| error)?;
        Ok(())
    }

    /// The id of a transaction that a claim makes: the same each time it is repeated, so that it
    /// pays once; another each time where nothing tells repetitions apart.
    pub(crate) fn transaction_of(&self, claim: &Claim) -> String {
        let bytes = match &claim.idempotency {
            Some((idempotency_key, _)) => {
                let text = [claim.key.text().as_str(), &claim.route, idempotency_key].join("\n");
                self.parts.keys.fingerprint("simulated payment", text.as_bytes())
            }
            None => self.random(),
        };
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Keeps the answer for the next time.
    pub(crate) async fn keep(
        &self,
        tx: &mut Tx<'_>,
        claim: &Claim,
        customer: Option<&OpenCustomer>,
        answer: &[u8],
        now: Timestamp,
    ) -> Result<(), DbError> {
        let Some((idempotency_key, fingerprint)) = &claim.idempotency else { return Ok(()) };
        let kept = KeptAnswer {
            fingerprint: fingerprint.clone(),
            status: 200,
            customer: customer.map(|customer| customer.id),
            answer: self.seal_for(customer, answer, claim.key),
        };
        let added = tx.keep_answer(claim.key, &claim.route, idempotency_key, &kept, now).await?;
        // A twin that committed in between makes this transaction start again and find it.
        if added { Ok(()) } else { Err(tx.lost_race()) }
    }
}
