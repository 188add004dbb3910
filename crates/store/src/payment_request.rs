//! Payment requests: the row, its quotes and its transfers, read and written as one aggregate.

mod list;
mod paid_block;
mod quote;
mod row;
mod transfer;

use std::collections::BTreeMap;

use coffer_domain::{
    id::{CustomerId, KeyId, PaymentRequestId, PaymentToken, TransferId},
    merchant::Scope,
    payment_request::{PaymentCurrency, PaymentRequest},
    time::Timestamp,
    transfer::TransferReference,
};

pub use list::RequestFilter;
pub use paid_block::PaidBlock;
pub use transfer::FollowedTransfer;

use crate::{codec, error::DbError, sql, tx::Tx, vals};

/// A payment request with everything stored of it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredRequest {
    /// The part that decides.
    pub request: PaymentRequest,
    /// The key that created it; it signs the callbacks.
    pub key: KeyId,
    /// The secret part of its payment link.
    pub token: PaymentToken,
    /// The merchant's own id.
    pub foreign_id: Option<String>,
    /// Keyed fingerprint of the fields it was created from.
    pub fingerprint: Vec<u8>,
    /// The amount as the merchant spelled it.
    pub price_text: String,
    /// The coin the customer must pay in.
    pub payment_currency: Option<PaymentCurrency>,
    /// The customer whose key seals the personal data; none where there is no such data.
    pub customer: Option<CustomerId>,
    /// The sealed personal data.
    pub personal: Option<Vec<u8>>,
    /// The merchant's permanent id of the customer.
    pub end_user_reference: Option<String>,
    /// Shown to the customer.
    pub description: Option<String>,
    /// Back to the shop.
    pub url_store: Option<String>,
    /// Where the customer goes once paid.
    pub url_success: Option<String>,
    /// Where the customer goes when it failed.
    pub url_failed: Option<String>,
    /// How each quote's rate came about, in the order of the quotes.
    pub rates: Vec<QuoteRate>,
    /// The identity of each of its transfers.
    pub transfer_ids: BTreeMap<TransferReference, TransferId>,
    /// Which clock ends its next deadline, and when; none once it has ended.
    pub due: Option<Due>,
    /// Rises by one with each change; a change made to an older version is refused.
    pub version: u64,
    /// Whether what it holds is in the books; only of a request from before the books it is not.
    pub booked: bool,
}

/// The rate of a quote and the evidence from which it can be recomputed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteRate {
    /// The rate as decimal text.
    pub rate: String,
    /// Every source's value and time, the side, the spread and the result.
    pub evidence: String,
}

/// A deadline and the clock by which it passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The name of the chain whose watermark decides; none for our own clock.
    pub chain: Option<coffer_domain::code::NetworkName>,
    /// When.
    pub at: Timestamp,
}

/// Stands in the database for "our own clock".
const OUR_CLOCK: &str = "clock";

impl Due {
    fn clock(&self) -> &str {
        self.chain.as_ref().map_or(OUR_CLOCK, |chain| chain.as_str())
    }
}

impl Tx<'_> {
    /// Adds a payment request; false when the merchant has one of the same `foreign_id`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_request(&mut self, stored: &StoredRequest) -> Result<bool, DbError> {
        let request = &stored.request;
        let (stage_at, detail) = row::stage_columns(&request.stage);
        let (price_iso, price_network) = row::currency_columns(request.price.currency);
        let payment = stored.payment_currency;
        let added = self
            .exec(
                sql!(
                    "INSERT INTO payment_request (id, merchant_id, environment, key_id, token, \
                     foreign_id, fingerprint, price_iso, price_network, price_units, price_text, \
                     payment_iso, payment_network, created_at, valid_until, policy, \
                     customer_id, personal, end_user_reference, description, url_store, \
                     url_success, url_failed, stage, stage_at, stage_detail, version, due_on, \
                     due_at, booked) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
                     $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, 1) \
                     ON CONFLICT (merchant_id, environment, foreign_id) DO NOTHING"
                ),
                vals![
                    request.id.text(),
                    request.scope.merchant.text(),
                    request.scope.environment.as_str(),
                    stored.key.text(),
                    stored.token.as_str(),
                    &stored.foreign_id,
                    &stored.fingerprint,
                    price_iso.as_str(),
                    price_network.as_ref().map(|name| name.as_str()),
                    request.price.units.get().to_string(),
                    &stored.price_text,
                    payment.as_ref().map(|coin| coin.iso.as_str()),
                    payment.as_ref().and_then(|coin| coin.network.as_ref()).map(|n| n.as_str()),
                    request.created_at.millis(),
                    request.valid_until.millis(),
                    codec::policy_text(&request.policy),
                    stored.customer.map(|id| id.text()),
                    &stored.personal,
                    &stored.end_user_reference,
                    &stored.description,
                    &stored.url_store,
                    &stored.url_success,
                    &stored.url_failed,
                    request.status(),
                    stage_at.map(Timestamp::millis),
                    detail,
                    stored.version,
                    stored.due.as_ref().map(Due::clock),
                    stored.due.as_ref().map(|due| due.at.millis()),
                ],
            )
            .await?;
        if added == 1 {
            self.insert_quotes(stored, 0).await?;
        }
        Ok(added == 1)
    }

    /// Writes what decisions and facts have changed: stage, deadline and quotes from the
    /// `quotes_before`-th on. Transfers are written by [`save_transfer`](Self::save_transfer).
    ///
    /// # Errors
    /// [`DbError::Conflict`] when somebody changed the request since it was read (the transaction
    /// is then run again by its caller); otherwise what the database says.
    pub async fn save_request(
        &mut self,
        stored: &StoredRequest,
        quotes_before: usize,
    ) -> Result<(), DbError> {
        let request = &stored.request;
        let (stage_at, detail) = row::stage_columns(&request.stage);
        let changed = self
            .exec(
                sql!(
                    "UPDATE payment_request SET stage = $1, stage_at = $2, stage_detail = $3, \
                     paid_quote = $4, over_opened = $5, window_cut = $6, watermarks = $7, \
                     due_on = $8, due_at = $9, customer_id = $10, personal = $11, \
                     version = version + 1, booked = 1 WHERE id = $12 AND version = $13"
                ),
                vals![
                    request.status(),
                    stage_at.map(Timestamp::millis),
                    detail,
                    request.paid_quote.map(|id| id.text()),
                    request.over_opened.get().to_string(),
                    request.window_cut.map(Timestamp::millis),
                    row::watermarks_text(request),
                    stored.due.as_ref().map(Due::clock),
                    stored.due.as_ref().map(|due| due.at.millis()),
                    stored.customer.map(|id| id.text()),
                    &stored.personal,
                    request.id.text(),
                    stored.version,
                ],
            )
            .await?;
        if changed != 1 {
            return Err(self.lost_race());
        }
        self.insert_quotes(stored, quotes_before).await
    }

    /// The request of that id, whoever's it is. For workers; handlers use
    /// [`request_in`](Self::request_in).
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn request(
        &mut self,
        id: PaymentRequestId,
    ) -> Result<Option<StoredRequest>, DbError> {
        let found = self
            .one(
                sql!(
                    "SELECT id, merchant_id, environment, key_id, token, foreign_id, \
                     fingerprint, price_iso, price_network, price_units, price_text, \
                     payment_iso, payment_network, created_at, valid_until, policy, \
                     customer_id, personal, end_user_reference, description, url_store, \
                     url_success, url_failed, stage, stage_at, stage_detail, paid_quote, \
                     over_opened, window_cut, watermarks, version, due_on, due_at, booked \
                     FROM payment_request WHERE id = $1"
                ),
                vals![id.text()],
                row::read_request,
            )
            .await?;
        self.completed(found).await
    }

    /// The request of that id, if it is in the caller's scope.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn request_in(
        &mut self,
        scope: Scope,
        id: PaymentRequestId,
    ) -> Result<Option<StoredRequest>, DbError> {
        Ok(self.request(id).await?.filter(|stored| stored.request.scope == scope))
    }

    /// The request behind a payment link.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn request_by_token(
        &mut self,
        token: PaymentToken,
    ) -> Result<Option<StoredRequest>, DbError> {
        let id = self
            .one(
                sql!("SELECT id FROM payment_request WHERE token = $1"),
                vals![token.as_str()],
                |row| codec::id(row, 0),
            )
            .await?;
        match id {
            Some(id) => self.request(id).await,
            None => Ok(None),
        }
    }

    /// The request with that id of the merchant's own.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn request_by_foreign_id(
        &mut self,
        scope: Scope,
        foreign_id: &str,
    ) -> Result<Option<StoredRequest>, DbError> {
        let id = self
            .one(
                sql!(
                    "SELECT id FROM payment_request \
                     WHERE merchant_id = $1 AND environment = $2 AND foreign_id = $3"
                ),
                vals![scope.merchant.text(), scope.environment.as_str(), foreign_id],
                |row| codec::id(row, 0),
            )
            .await?;
        match id {
            Some(id) => self.request(id).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn completed(
        &mut self,
        found: Option<StoredRequest>,
    ) -> Result<Option<StoredRequest>, DbError> {
        let Some(mut stored) = found else { return Ok(None) };
        if !matches!(stored.request.stage, coffer_domain::payment_request::Stage::Created) {
            self.read_quotes(&mut stored).await?;
            self.read_transfers(&mut stored).await?;
        }
        Ok(Some(stored))
    }
}
