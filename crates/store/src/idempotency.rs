//! Answers kept for repeats with the same Idempotency-Key, and nonces that were used.

use coffer_domain::{
    id::{CustomerId, KeyId},
    time::Timestamp,
};

use crate::{codec, error::DbError, sql, tx::Tx, vals};

/// A kept answer.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Keyed fingerprint of the request's body.
    pub fingerprint: Vec<u8>,
    /// HTTP status.
    pub status: u16,
    /// The customer whose key seals the answer; none where the master key does.
    pub customer: Option<CustomerId>,
    /// The sealed answer.
    pub answer: Vec<u8>,
}

impl Tx<'_> {
    /// The answer kept under an Idempotency-Key.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn kept_answer(
        &mut self,
        key: KeyId,
        route: &str,
        idempotency_key: &str,
    ) -> Result<Option<KeptAnswer>, DbError> {
        self.one(
            sql!(
                "SELECT fingerprint, status, customer_id, answer FROM idempotency \
                 WHERE key_id = $1 AND route = $2 AND idempotency_key = $3"
            ),
            vals![&key.text(), route, idempotency_key],
            |row| {
                Ok(KeptAnswer {
                    fingerprint: row.bytes(0)?,
                    status: codec::count(row, 1)?,
                    customer: codec::opt_parsed(row, 2)?,
                    answer: row.bytes(3)?,
                })
            },
        )
        .await
    }

    /// Keeps an answer; false when one is kept already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_answer(
        &mut self,
        key: KeyId,
        route: &str,
        idempotency_key: &str,
        kept: &KeptAnswer,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let added = self
            .exec(
                sql!(
                    "INSERT INTO idempotency (key_id, route, idempotency_key, fingerprint, \
                     status, customer_id, answer, created_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                     ON CONFLICT (key_id, route, idempotency_key) DO NOTHING"
                ),
                vals![
                    &key.text(),
                    route,
                    idempotency_key,
                    &kept.fingerprint,
                    i64::from(kept.status),
                    kept.customer.map(|id| id.text()).as_deref(),
                    &kept.answer,
                    now.millis(),
                ],
            )
            .await?;
        Ok(added == 1)
    }

    /// Marks a nonce as used; false when it was.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn use_nonce(
        &mut self,
        key: KeyId,
        nonce: &str,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let added = self
            .exec(
                sql!(
                    "INSERT INTO nonce (key_id, nonce, used_at) VALUES ($1, $2, $3) \
                     ON CONFLICT (key_id, nonce) DO NOTHING"
                ),
                vals![&key.text(), nonce, now.millis()],
            )
            .await?;
        Ok(added == 1)
    }

    /// Forgets answers and nonces older than their time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_kept(
        &mut self,
        answers_before: Timestamp,
        nonces_before: Timestamp,
    ) -> Result<u64, DbError> {
        let answers = self
            .exec(
                sql!("DELETE FROM idempotency WHERE created_at < $1"),
                vals![answers_before.millis()],
            )
            .await?;
        let nonces = self
            .exec(sql!("DELETE FROM nonce WHERE used_at < $1"), vals![nonces_before.millis()])
            .await?;
        Ok(answers + nonces)
    }
}
