//! Merchants.

use coffer_domain::{id::MerchantId, merchant::Merchant};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

impl Tx<'_> {
    /// Adds a merchant under the next v2 number.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_merchant(&mut self, merchant: &Merchant) -> Result<(), DbError> {
        let number = self.next_number("merchant").await?;
        let ancestors = merchant.frame_ancestors.join(" ");
        self.exec(
            sql!(
                "INSERT INTO merchant (id, number, name, callback_url, support, terms_url, \
                 privacy_url, frame_ancestors, accent, policy, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
            ),
            vals![
                &merchant.id.text(),
                number,
                &merchant.name,
                &merchant.callback_url,
                &merchant.support,
                &merchant.terms_url,
                &merchant.privacy_url,
                &ancestors,
                &merchant.accent,
                &codec::policy_text(&merchant.policy),
                merchant.created_at.millis(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Changes everything of a merchant that may change; false when there is none of that id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn update_merchant(&mut self, merchant: &Merchant) -> Result<bool, DbError> {
        let ancestors = merchant.frame_ancestors.join(" ");
        let changed = self
            .exec(
                sql!(
                    "UPDATE merchant SET name = $1, callback_url = $2, support = $3, \
                     terms_url = $4, privacy_url = $5, frame_ancestors = $6, accent = $7, \
                     policy = $8 WHERE id = $9"
                ),
                vals![
                    &merchant.name,
                    &merchant.callback_url,
                    &merchant.support,
                    &merchant.terms_url,
                    &merchant.privacy_url,
                    &ancestors,
                    &merchant.accent,
                    &codec::policy_text(&merchant.policy),
                    &merchant.id.text(),
                ],
            )
            .await?;
        Ok(changed == 1)
    }

    /// The merchant of that id.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn merchant(&mut self, id: MerchantId) -> Result<Option<Merchant>, DbError> {
        self.one(
            sql!(
                "SELECT id, name, callback_url, support, terms_url, privacy_url, \
                 frame_ancestors, accent, policy, created_at FROM merchant WHERE id = $1"
            ),
            vals![&id.text()],
            read_merchant,
        )
        .await
    }

    /// Every merchant, oldest first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn merchants(&mut self) -> Result<Vec<Merchant>, DbError> {
        self.many(
            sql!(
                "SELECT id, name, callback_url, support, terms_url, privacy_url, \
                 frame_ancestors, accent, policy, created_at FROM merchant ORDER BY id"
            ),
            vals![],
            read_merchant,
        )
        .await
    }

    /// The next number of a counter, beginning with 1.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next_number(&mut self, counter: &str) -> Result<i64, DbError> {
        let number = self
            .one(
                sql!(
                    "INSERT INTO counter (name, next) VALUES ($1, 2) \
                     ON CONFLICT (name) DO UPDATE SET next = counter.next + 1 RETURNING next - 1"
                ),
                vals![counter],
                |row| row.int(0),
            )
            .await?;
        number.ok_or_else(|| DbError::inconsistent("counter", counter))
    }
}

fn read_merchant(row: &Row<'_>) -> Result<Merchant, DbError> {
    let ancestors = row.text(6)?;
    Ok(Merchant {
        id: codec::id(row, 0)?,
        name: row.text(1)?,
        callback_url: row.opt_text(2)?,
        support: row.opt_text(3)?,
        terms_url: row.opt_text(4)?,
        privacy_url: row.opt_text(5)?,
        frame_ancestors: ancestors.split_whitespace().map(str::to_owned).collect(),
        accent: row.opt_text(7)?,
        policy: codec::policy(row, 8)?,
        created_at: codec::time(row, 9)?,
    })
}
