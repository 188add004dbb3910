//! Lists of payment requests: pages for the merchant, and those whose deadline has passed.

use coffer_domain::{code::NetworkName, id::PaymentRequestId, merchant::Scope, time::Timestamp};

use super::{OUR_CLOCK, StoredRequest};
use crate::{codec, error::DbError, sql, tx::Tx, vals};

/// Which requests a page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Only those older than this one.
    pub before: Option<PaymentRequestId>,
    /// Only those in this status.
    pub status: Option<String>,
    /// Only those of this customer.
    pub end_user_reference: Option<String>,
}

impl RequestFilter {
    /// Whether a request is one of those.
    #[must_use]
    pub fn admits(&self, stored: &StoredRequest) -> bool {
        let status = self.status.as_deref();
        let reference = self.end_user_reference.as_deref();
        self.before.is_none_or(|before| stored.request.id < before)
            && status.is_none_or(|status| stored.request.status() == status)
            && reference.is_none_or(|one| stored.end_user_reference.as_deref() == Some(one))
    }
}

impl Tx<'_> {
    /// A page of a merchant's requests, newest first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn requests_page(
        &mut self,
        scope: Scope,
        filter: &RequestFilter,
        limit: u32,
    ) -> Result<Vec<StoredRequest>, DbError> {
        let ids: Vec<PaymentRequestId> = self
            .many(
                sql!(
                    "SELECT id FROM payment_request WHERE merchant_id = $1 AND environment = $2 \
                     AND (CAST($3 AS TEXT) IS NULL OR id < $3) \
                     AND (CAST($4 AS TEXT) IS NULL OR stage = $4) \
                     AND (CAST($5 AS TEXT) IS NULL OR end_user_reference = $5) \
                     ORDER BY id DESC LIMIT $6"
                ),
                vals![
                    scope.merchant.text(),
                    scope.environment.as_str(),
                    filter.before.map(|id| id.text()),
                    &filter.status,
                    &filter.end_user_reference,
                    limit,
                ],
                |row| codec::id(row, 0),
            )
            .await?;
        let mut page = Vec::with_capacity(ids.len());
        for id in ids {
            page.extend(self.request(id).await?);
        }
        Ok(page)
    }

    /// The newest `limit` requests of a customer, by the merchant's id of him, whosever they are.
    /// Reads every request.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn requests_of_customer(
        &mut self,
        reference: &str,
        limit: u32,
    ) -> Result<Vec<PaymentRequestId>, DbError> {
        self.many(
            sql!(
                "SELECT id FROM payment_request WHERE end_user_reference = $1 \
                 ORDER BY id DESC LIMIT $2"
            ),
            vals![reference, limit],
            |row| codec::id(row, 0),
        )
        .await
    }

    /// The requests to whose addresses a transaction paid.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn requests_of_transaction(
        &mut self,
        transaction: &str,
    ) -> Result<Vec<PaymentRequestId>, DbError> {
        self.many(
            sql!("SELECT DISTINCT request_id FROM transfer WHERE tx = $1 ORDER BY request_id"),
            vals![transaction],
            |row| codec::id(row, 0),
        )
        .await
    }

    /// Up to `limit` requests whose deadline by that clock has passed, the longest past first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn due_requests(
        &mut self,
        chain: Option<NetworkName>,
        through: Timestamp,
        limit: u32,
    ) -> Result<Vec<PaymentRequestId>, DbError> {
        let clock = chain.as_ref().map_or(OUR_CLOCK, |chain| chain.as_str());
        self.many(
            sql!(
                "SELECT id FROM payment_request WHERE due_on = $1 AND due_at IS NOT NULL \
                 AND due_at <= $2 ORDER BY due_at, id LIMIT $3"
            ),
            vals![clock, through.millis(), limit],
            |row| codec::id(row, 0),
        )
        .await
    }
}
