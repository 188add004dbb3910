//! The outbox of callbacks: written with the change they tell of, sent afterwards.

use coffer_domain::{
    callback::CallbackKind,
    id::{CallbackId, CustomerId, KeyId, MerchantId, PaymentRequestId},
    merchant::{Environment, Scope},
    time::Timestamp,
};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// A callback in the outbox.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredCallback {
    /// Identity; the same on every attempt.
    pub id: CallbackId,
    /// The request it tells of.
    pub request: PaymentRequestId,
    /// Whose it is.
    pub scope: Scope,
    /// The key that created the request, which signs it.
    pub key: KeyId,
    /// Its place among the callbacks of its request, from 1.
    pub ordinal: u32,
    /// What it tells.
    pub kind: CallbackKind,
    /// The customer whose key seals the body; none where the master key does.
    pub customer: Option<CustomerId>,
    /// The sealed body.
    pub body: Vec<u8>,
    /// Where it stands.
    pub state: CallbackState,
    /// Attempts made.
    pub attempts: u32,
    /// When the next attempt is due.
    pub next_at: Timestamp,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last tried.
    pub attempted_at: Option<Timestamp>,
    /// What the last attempt ended in, for the merchant's eyes.
    pub answer: Option<String>,
    /// The beginning of what the endpoint said then, sealed as the body is.
    pub said: Option<Vec<u8>>,
}

/// Where a callback stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackState {
    /// To be sent, again perhaps.
    Due,
    /// Taken by the endpoint.
    Delivered,
    /// Given up after the whole schedule.
    Abandoned,
    /// Not sent any more, because a newer state was taken already.
    Superseded,
}

impl CallbackState {
    /// The word used in the database, the API and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Delivered => "delivered",
            Self::Abandoned => "abandoned",
            Self::Superseded => "superseded",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Due, Self::Delivered, Self::Abandoned, Self::Superseded]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// The word for a kind of callback in the database, the API and the CLI.
#[must_use]
pub const fn kind_word(kind: CallbackKind) -> &'static str {
    match kind {
        CallbackKind::RateFixed => "rate_fixed",
        CallbackKind::Transaction => "transaction",
        CallbackKind::Paid => "paid",
        CallbackKind::Failed => "failed",
        CallbackKind::ExpiredWithoutRate => "expired_without_rate",
        CallbackKind::ExpiredWithRate => "expired_with_rate",
        CallbackKind::LatePayment => "late_payment",
        CallbackKind::Restricted => "restricted",
        CallbackKind::Cancelled => "cancelled",
        CallbackKind::Reversal => "reversal",
    }
}

fn parse_kind(text: &str) -> Option<CallbackKind> {
    [
        CallbackKind::RateFixed,
        CallbackKind::Transaction,
        CallbackKind::Paid,
        CallbackKind::Failed,
        CallbackKind::ExpiredWithoutRate,
        CallbackKind::ExpiredWithRate,
        CallbackKind::LatePayment,
        CallbackKind::Restricted,
        CallbackKind::Cancelled,
        CallbackKind::Reversal,
    ]
    .into_iter()
    .find(|kind| kind_word(*kind) == text)
}

impl Tx<'_> {
    /// Puts a callback into the outbox.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_callback(&mut self, callback: &StoredCallback) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO callback (id, request_id, merchant_id, environment, key_id, \
                 ordinal, kind, final, customer_id, body, state, attempts, next_at, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
            ),
            vals![
                &callback.id.text(),
                &callback.request.text(),
                &callback.scope.merchant.text(),
                callback.scope.environment.as_str(),
                &callback.key.text(),
                callback.ordinal,
                kind_word(callback.kind),
                !matches!(callback.kind, CallbackKind::RateFixed | CallbackKind::Transaction),
                callback.customer.map(|id| id.text()).as_deref(),
                &callback.body,
                callback.state.as_str(),
                callback.attempts,
                callback.next_at.millis(),
                callback.created_at.millis(),
            ],
        )
        .await?;
        Ok(())
    }

    /// The ordinal that the next callback of a request gets.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next_callback_ordinal(
        &mut self,
        request: PaymentRequestId,
    ) -> Result<u32, DbError> {
        let last = self
            .one(
                sql!("SELECT COALESCE(MAX(ordinal), 0) FROM callback WHERE request_id = $1"),
                vals![&request.text()],
                |row| codec::count::<u32>(row, 0),
            )
            .await?;
        Ok(last.unwrap_or(0) + 1)
    }

    /// The merchants for whom a callback is due.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn merchants_with_due_callbacks(
        &mut self,
        now: Timestamp,
    ) -> Result<Vec<MerchantId>, DbError> {
        self.many(
            sql!(
                "SELECT DISTINCT merchant_id FROM callback \
                 WHERE state = 'due' AND next_at <= $1 ORDER BY merchant_id"
            ),
            vals![now.millis()],
            |row| codec::id(row, 0),
        )
        .await
    }

    /// The due callbacks of a merchant, the longest due first. One waits while an earlier one of
    /// its request has failed fewer than `blocking` times and is not delivered.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn due_callbacks(
        &mut self,
        merchant: MerchantId,
        now: Timestamp,
        blocking: u32,
        limit: u32,
    ) -> Result<Vec<StoredCallback>, DbError> {
        self.many(
            sql!(
                "SELECT id, request_id, merchant_id, environment, key_id, ordinal, kind, \
                 customer_id, body, state, attempts, next_at, created_at, attempted_at, answer, \
                 said \
                 FROM callback WHERE merchant_id = $1 AND state = 'due' AND next_at <= $2 \
                 AND NOT EXISTS (\
                 SELECT 1 FROM callback AS earlier WHERE earlier.request_id = callback.request_id \
                 AND earlier.ordinal < callback.ordinal AND earlier.state = 'due' \
                 AND earlier.attempts < $3) ORDER BY next_at, id LIMIT $4"
            ),
            vals![merchant.text(), now.millis(), blocking, limit],
            read_callback,
        )
        .await
    }

    /// When the earliest callback is due.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next_callback_due(&mut self) -> Result<Option<Timestamp>, DbError> {
        let due = self
            .one(sql!("SELECT MIN(next_at) FROM callback WHERE state = 'due'"), vals![], |row| {
                codec::opt_time(row, 0)
            })
            .await?;
        Ok(due.flatten())
    }

    /// Records what an attempt ended in, and what the endpoint said, sealed; false when it is due
    /// no more, or somebody recorded one in between.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn record_attempt(
        &mut self,
        callback: &StoredCallback,
        state: CallbackState,
        next_at: Timestamp,
        (answer, said): (&str, Option<&[u8]>),
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let changed = self
            .exec(
                sql!(
                    "UPDATE callback SET state = $1, attempts = attempts + 1, next_at = $2, \
                     attempted_at = $3, answer = $4, said = $5 \
                     WHERE id = $6 AND attempts = $7 AND state = 'due'"
                ),
                vals![
                    state.as_str(),
                    next_at.millis(),
                    now.millis(),
                    answer,
                    said,
                    &callback.id.text(),
                    callback.attempts,
                ],
            )
            .await?;
        Ok(changed == 1)
    }

    /// Ends the due callbacks of a request that are older than one that was taken.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn supersede_callbacks(
        &mut self,
        request: PaymentRequestId,
        before: u32,
    ) -> Result<u64, DbError> {
        self.exec(
            sql!(
                "UPDATE callback SET state = 'superseded' \
                 WHERE request_id = $1 AND ordinal < $2 AND state = 'due'"
            ),
            vals![&request.text(), before],
        )
        .await
    }

    /// Makes a callback due again at once, whatever became of it; false when there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn resend_callback(
        &mut self,
        id: CallbackId,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let changed = self
            .exec(
                sql!("UPDATE callback SET state = 'due', next_at = $1 WHERE id = $2"),
                vals![now.millis(), &id.text()],
            )
            .await?;
        Ok(changed == 1)
    }

    /// A callback.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn callback(&mut self, id: CallbackId) -> Result<Option<StoredCallback>, DbError> {
        self.one(
            sql!(
                "SELECT id, request_id, merchant_id, environment, key_id, ordinal, kind, \
                 customer_id, body, state, attempts, next_at, created_at, attempted_at, answer, \
                 said FROM callback WHERE id = $1"
            ),
            vals![&id.text()],
            read_callback,
        )
        .await
    }

    /// The callbacks of a request in order.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn callbacks_of(
        &mut self,
        request: PaymentRequestId,
    ) -> Result<Vec<StoredCallback>, DbError> {
        self.many(
            sql!(
                "SELECT id, request_id, merchant_id, environment, key_id, ordinal, kind, \
                 customer_id, body, state, attempts, next_at, created_at, attempted_at, answer, \
                 said \
                 FROM callback WHERE request_id = $1 ORDER BY ordinal"
            ),
            vals![&request.text()],
            read_callback,
        )
        .await
    }

    /// The newest callbacks of a merchant and environment.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn newest_callbacks(
        &mut self,
        merchant: Option<MerchantId>,
        state: Option<CallbackState>,
        limit: u32,
    ) -> Result<Vec<StoredCallback>, DbError> {
        self.many(
            sql!(
                "SELECT id, request_id, merchant_id, environment, key_id, ordinal, kind, \
                 customer_id, body, state, attempts, next_at, created_at, attempted_at, answer, \
                 said \
                 FROM callback WHERE (CAST($1 AS TEXT) IS NULL OR merchant_id = $1) \
                 AND (CAST($2 AS TEXT) IS NULL OR state = $2) ORDER BY id DESC LIMIT $3"
            ),
            vals![
                merchant.map(|id| id.text()).as_deref(),
                state.map(CallbackState::as_str),
                limit,
            ],
            read_callback,
        )
        .await
    }
}

fn read_callback(row: &Row<'_>) -> Result<StoredCallback, DbError> {
    let kind = row.text(6)?;
    let state = row.text(9)?;
    let environment: Environment = codec::environment(row, 3)?;
    Ok(StoredCallback {
        id: codec::id(row, 0)?,
        request: codec::id(row, 1)?,
        scope: Scope { merchant: codec::id(row, 2)?, environment },
        key: codec::id(row, 4)?,
        ordinal: codec::count(row, 5)?,
        kind: parse_kind(&kind).ok_or_else(|| DbError::inconsistent("kind", &kind))?,
        customer: codec::opt_parsed(row, 7)?,
        body: row.bytes(8)?,
        state: CallbackState::parse(&state)
            .ok_or_else(|| DbError::inconsistent("state", &state))?,
        attempts: codec::count(row, 10)?,
        next_at: codec::time(row, 11)?,
        created_at: codec::time(row, 12)?,
        attempted_at: codec::opt_time(row, 13)?,
        answer: row.opt_text(14)?,
        said: row.opt_bytes(15)?,
    })
}
