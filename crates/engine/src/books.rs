//! Keeping the books: every change of a request is booked in the transaction that makes it.

mod check;
mod prove;
mod statement;

use coffer_domain::{
    books::entries, id::PaymentRequestId, payment_request::PaymentRequest, time::Timestamp,
};
use coffer_store::{books::Journal, error::DbError, payment_request::StoredRequest, tx::Tx};

pub use check::BooksReport;
pub use prove::{Proof, ProofLine, ProveRefused};
pub use statement::{Period, StatementLine};

use crate::{engine::Engine, error::EngineError};

/// Requests from before the books that are opened in one run.
const OPENED_AT_ONCE: u32 = 200;

impl Engine {
    /// Books what has changed between two states of a request that was just saved. Of one from
    /// before the books everything it holds is booked.
    pub(crate) async fn book_change(
        &self,
        tx: &mut Tx<'_>,
        before: &StoredRequest,
        after: &StoredRequest,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let known = before.booked.then_some(&before.request);
        let key = format!("request:{}:{}", after.request.id, after.version);
        self.book(tx, key, known, &after.request, now).await
    }

    /// Books what requests from before the books hold, some at a time; whether there may be more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn open_books(&self) -> Result<bool, EngineError> {
        let requests = self
            .store()
            .read(async |tx: &mut Tx<'_>| tx.unbooked_requests(OPENED_AT_ONCE).await)
            .await
            .map_err(|error: DbError| error)?;
        for request in &requests {
            self.open_in_books(*request).await?;
        }
        Ok(!requests.is_empty())
    }

    async fn open_in_books(&self, request: PaymentRequestId) -> Result<(), EngineError> {
        let (engine, now) = (self.clone(), self.now());
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                if !tx.mark_booked(request).await? {
                    return Ok(());
                }
                let Some(stored) = tx.request(request).await? else { return Ok(()) };
                let key = format!("opening:{request}");
                engine.book(tx, key, None, &stored.request, now).await
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(())
    }

    async fn book(
        &self,
        tx: &mut Tx<'_>,
        key: String,
        before: Option<&PaymentRequest>,
        after: &PaymentRequest,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let entries = entries(before, after);
        if entries.is_empty() {
            return Ok(());
        }
        tx.book(&Journal {
            id: self.new_id(now),
            key,
            scope: after.scope,
            request: Some(after.id),
            booked_at: now,
            entries,
        })
        .await
    }
}
