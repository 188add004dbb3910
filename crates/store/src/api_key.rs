//! API keys. Secrets are stored sealed; the store never sees them open.

use coffer_domain::{
    id::{KeyId, MerchantId},
    merchant::Scope,
    time::Timestamp,
};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// An API key as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Identity.
    pub id: KeyId,
    /// Whose data it may touch.
    pub scope: Scope,
    /// The public part, sent as `X-Processing-Key`.
    pub public_key: String,
    /// The sealed signing secret.
    pub secret: Vec<u8>,
    /// The sealed secret of the Standard Webhooks signature.
    pub webhook_secret: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is refused.
    pub disabled_at: Option<Timestamp>,
}

impl Tx<'_> {
    /// Adds a key.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_key(&mut self, key: &StoredKey) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO api_key (id, merchant_id, environment, public_key, secret, \
                 webhook_secret, created_at, disabled_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            ),
            vals![
                &key.id.text(),
                &key.scope.merchant.text(),
                key.scope.environment.as_str(),
                &key.public_key,
                &key.secret,
                &key.webhook_secret,
                key.created_at.millis(),
                key.disabled_at.map(Timestamp::millis),
            ],
        )
        .await?;
        Ok(())
    }

    /// The key with that public part.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn key_by_public(&mut self, public: &str) -> Result<Option<StoredKey>, DbError> {
        self.one(
            sql!(
                "SELECT id, merchant_id, environment, public_key, secret, webhook_secret, \
                 created_at, disabled_at FROM api_key WHERE public_key = $1"
            ),
            vals![public],
            read_key,
        )
        .await
    }

    /// The keys of a merchant, newest first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn keys_of(&mut self, merchant: MerchantId) -> Result<Vec<StoredKey>, DbError> {
        self.many(
            sql!(
                "SELECT id, merchant_id, environment, public_key, secret, webhook_secret, \
                 created_at, disabled_at FROM api_key WHERE merchant_id = $1 ORDER BY id DESC"
            ),
            vals![&merchant.text()],
            read_key,
        )
        .await
    }

    /// Refuses a key from now on; false when there is none or it is disabled already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn disable_key(&mut self, id: KeyId, now: Timestamp) -> Result<bool, DbError> {
        let changed = self
            .exec(
                sql!("UPDATE api_key SET disabled_at = $1 WHERE id = $2 AND disabled_at IS NULL"),
                vals![now.millis(), &id.text()],
            )
            .await?;
        Ok(changed == 1)
    }
}

fn read_key(row: &Row<'_>) -> Result<StoredKey, DbError> {
    Ok(StoredKey {
        id: codec::id(row, 0)?,
        scope: Scope { merchant: codec::id(row, 1)?, environment: codec::environment(row, 2)? },
        public_key: row.text(3)?,
        secret: row.bytes(4)?,
        webhook_secret: row.bytes(5)?,
        created_at: codec::time(row, 6)?,
        disabled_at: codec::opt_time(row, 7)?,
    })
}
