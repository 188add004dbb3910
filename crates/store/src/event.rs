//! What happened to a payment request, in time order, and the feed over all of a merchant's.

use coffer_domain::{
    id::{EventId, PaymentRequestId},
    merchant::Scope,
    time::Timestamp,
};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// An event as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Identity, by time.
    pub id: EventId,
    /// The request it happened to.
    pub request: PaymentRequestId,
    /// Whose it is.
    pub scope: Scope,
    /// A word for what happened, such as `rate_fixed` or `callback_delivered`.
    pub kind: String,
    /// Where the request stood afterwards.
    pub status: String,
    /// What happened, in a sentence without personal data.
    pub summary: String,
    /// When.
    pub at: Timestamp,
    /// Its number in the feed; none until the numbering worker came by.
    pub number: Option<i64>,
}

impl Tx<'_> {
    /// Records an event.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_event(&mut self, event: &Event) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO event (id, request_id, merchant_id, environment, kind, status, \
                 summary, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            ),
            vals![
                &event.id.text(),
                &event.request.text(),
                &event.scope.merchant.text(),
                event.scope.environment.as_str(),
                &event.kind,
                &event.status,
                &event.summary,
                event.at.millis(),
            ],
        )
        .await?;
        Ok(())
    }

    /// The events of a request in time order.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn events_of(&mut self, request: PaymentRequestId) -> Result<Vec<Event>, DbError> {
        self.many(
            sql!(
                "SELECT id, request_id, merchant_id, environment, kind, status, summary, at, \
                 number \
                 FROM event WHERE request_id = $1 ORDER BY id"
            ),
            vals![&request.text()],
            read_event,
        )
        .await
    }

    /// Up to `limit` events of a merchant behind number `after`.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn events_after(
        &mut self,
        scope: Scope,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Event>, DbError> {
        self.many(
            sql!(
                "SELECT id, request_id, merchant_id, environment, kind, status, summary, at, \
                 number \
                 FROM event WHERE merchant_id = $1 AND environment = $2 AND number > $3 \
                 AND number IS NOT NULL ORDER BY number LIMIT $4"
            ),
            vals![&scope.merchant.text(), scope.environment.as_str(), after, limit],
            read_event,
        )
        .await
    }

    /// Numbers up to `limit` committed events that have no number yet; how many it found.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn number_events(&mut self, limit: u32) -> Result<usize, DbError> {
        let found: Vec<EventId> = self
            .many(
                sql!("SELECT id FROM event WHERE number IS NULL ORDER BY id LIMIT $1"),
                vals![limit],
                |row| codec::id(row, 0),
            )
            .await?;
        for id in &found {
            let number = self.next_number("event").await?;
            self.exec(
                sql!("UPDATE event SET number = $1 WHERE id = $2"),
                vals![number, &id.text()],
            )
            .await?;
        }
        Ok(found.len())
    }
}

fn read_event(row: &Row<'_>) -> Result<Event, DbError> {
    Ok(Event {
        id: codec::id(row, 0)?,
        request: codec::id(row, 1)?,
        scope: Scope { merchant: codec::id(row, 2)?, environment: codec::environment(row, 3)? },
        kind: row.text(4)?,
        status: row.text(5)?,
        summary: row.text(6)?,
        at: codec::time(row, 7)?,
        number: row.opt_int(8)?,
    })
}
