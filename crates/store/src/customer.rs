//! A merchant's customers, each with the wrapped key to his personal data.

use coffer_domain::{id::CustomerId, merchant::Scope, time::Timestamp};

use crate::{codec, error::DbError, sql, tx::Tx, vals};

/// A customer as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Customer {
    /// Identity.
    pub id: CustomerId,
    /// The data key, wrapped under a master key.
    pub wrapped_key: Vec<u8>,
}

impl Tx<'_> {
    /// Adds a customer unless the merchant has one of that reference; false when he has.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_customer(
        &mut self,
        scope: Scope,
        reference: Option<&str>,
        customer: &Customer,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let added = self
            .exec(
                sql!(
                    "INSERT INTO customer (id, merchant_id, environment, reference, \
                     wrapped_key, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
                     ON CONFLICT (merchant_id, environment, reference) DO NOTHING"
                ),
                vals![
                    &customer.id.text(),
                    &scope.merchant.text(),
                    scope.environment.as_str(),
                    reference,
                    &customer.wrapped_key,
                    now.millis(),
                ],
            )
            .await?;
        Ok(added == 1)
    }

    /// The customer of that reference.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn customer_by_reference(
        &mut self,
        scope: Scope,
        reference: &str,
    ) -> Result<Option<Customer>, DbError> {
        self.one(
            sql!(
                "SELECT id, wrapped_key FROM customer \
                 WHERE merchant_id = $1 AND environment = $2 AND reference = $3"
            ),
            vals![&scope.merchant.text(), scope.environment.as_str(), reference],
            |row| Ok(Customer { id: codec::id(row, 0)?, wrapped_key: row.bytes(1)? }),
        )
        .await
    }

    /// The customer of that id.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn customer(&mut self, id: CustomerId) -> Result<Option<Customer>, DbError> {
        self.one(
            sql!("SELECT id, wrapped_key FROM customer WHERE id = $1"),
            vals![&id.text()],
            |row| Ok(Customer { id: codec::id(row, 0)?, wrapped_key: row.bytes(1)? }),
        )
        .await
    }
}
