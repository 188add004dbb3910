//! Keeping the books: every change of a request is booked in the transaction that makes it.

mod check;
mod prove;
mod statement;

use std::sync::{Mutex, PoisonError};

use coffer_domain::{
    books::entries, id::PaymentRequestId, payment_request::PaymentRequest, time::Timestamp,
};
use coffer_store::{books::Journal, error::DbError, payment_request::StoredRequest, tx::Tx};

pub use check::BooksReport;
pub use prove::{Proof, ProofLine, ProveRefused};
pub use statement::{Period, StatementLine};

use crate::{alarms::Alarm, engine::Engine, error::EngineError};

/// How far the workers of the books have come, of this server.
#[derive(Default)]
pub(crate) struct Progress {
    opened: Mutex<Option<PaymentRequestId>>,
    compared: Mutex<Option<PaymentRequestId>>,
}

/// Requests from before the books that are opened in one run.
const OPENED_AT_ONCE: u32 = 50;

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
    /// One that cannot be booked is an alarm, and keeps no other waiting.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn open_books(&self) -> Result<bool, EngineError> {
        let after = *self.books.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let requests: Result<Vec<PaymentRequestId>, DbError> = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.unbooked_requests(after, OPENED_AT_ONCE).await)
            .await;
        let requests = requests?;
        let failed = self.open_in_books(requests.clone()).await?;
        for (request, error) in &failed {
            self.raise_books_wrong(*request, error).await?;
        }
        // The next time around begins with what was left.
        *self.books.opened.lock().unwrap_or_else(PoisonError::into_inner) =
            requests.last().copied();
        Ok(!requests.is_empty())
    }

    /// Opens requests in one transaction, so that whoever books beside it waits once; those that
    /// cannot be, with the reason.
    async fn open_in_books(
        &self,
        requests: Vec<PaymentRequestId>,
    ) -> Result<Vec<(PaymentRequestId, DbError)>, DbError> {
        let (engine, now) = (self.clone(), self.now());
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                let mut failed = Vec::new();
                for request in &requests {
                    let opened =
                        tx.nested(async |tx: &mut Tx<'_>| engine.open_one(tx, *request, now).await);
                    match opened.await {
                        Err(error) if error.is_unavailable() => return Err(error),
                        Err(error) => failed.push((*request, error)),
                        Ok(()) => {}
                    }
                }
                Ok(failed)
            })
            .await
    }

    async fn open_one(
        &self,
        tx: &mut Tx<'_>,
        request: PaymentRequestId,
        now: Timestamp,
    ) -> Result<(), DbError> {
        if !tx.mark_booked(request).await? {
            return Ok(());
        }
        let Some(stored) = tx.request(request).await? else { return Ok(()) };
        self.book(tx, format!("opening:{request}"), None, &stored.request, now).await
    }

    async fn raise_books_wrong(
        &self,
        request: PaymentRequestId,
        error: &DbError,
    ) -> Result<(), EngineError> {
        let (engine, now, why) = (self.clone(), self.now(), error.to_string());
        let raised: Result<(), DbError> = self
            .store()
            .write(async move |tx: &mut Tx<'_>| {
                let about = format_args!("payment request {request}");
                engine.raise(tx, Alarm::BooksWrong, about, &why, now).await
            })
            .await;
        Ok(raised?)
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
