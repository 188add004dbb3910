//! Reading the books, a page at a time.

use coffer_domain::{
    books::{AccountKind, Total},
    id::{JournalId, PaymentRequestId},
    merchant::Scope,
    money::AssetId,
    time::Timestamp,
};

use super::kind;
use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// An entry as booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedEntry {
    /// Its journal.
    pub journal: JournalId,
    /// Its place in it.
    pub ordinal: i64,
    /// Whose accounts it moved.
    pub scope: Scope,
    /// The request it belongs to, if any.
    pub request: Option<PaymentRequestId>,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// What was debited.
    pub debit: AccountKind,
    /// What was credited.
    pub credit: AccountKind,
    /// What moved.
    pub asset: AssetId,
    /// How much.
    pub units: Total,
    /// The movement on a chain it was booked for (`network:transaction:position`), if it was.
    pub reference: Option<String>,
    /// Whether it takes back an earlier one.
    pub reverses: bool,
}

impl Tx<'_> {
    /// At most `limit` entries behind one, in the order of booking; from the first one if none.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn entries_after(
        &mut self,
        after: Option<(JournalId, i64)>,
        limit: u32,
    ) -> Result<Vec<BookedEntry>, DbError> {
        let (journal, ordinal) = after.map_or_else(
            || (String::new(), -1),
            |(journal, ordinal)| (journal.text().to_string(), ordinal),
        );
        self.many(
            sql!(
                "SELECT entry.journal_id, entry.ordinal, journal.merchant_id, \
                 journal.environment, journal.request_id, journal.booked_at, entry.debit, \
                 entry.credit, entry.iso, entry.network, entry.units, entry.reference, \
                 entry.reverses FROM entry JOIN journal ON journal.id = entry.journal_id \
                 WHERE (entry.journal_id, entry.ordinal) > ($1, $2) AND journal.id >= $3 \
                 ORDER BY entry.journal_id, entry.ordinal LIMIT $4"
            ),
            vals![&journal, ordinal, &journal, limit],
            booked_entry,
        )
        .await
    }

    /// The newest entries, the newest first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn newest_entries(&mut self, limit: u32) -> Result<Vec<BookedEntry>, DbError> {
        self.many(
            sql!(
                "SELECT entry.journal_id, entry.ordinal, journal.merchant_id, \
                 journal.environment, journal.request_id, journal.booked_at, entry.debit, \
                 entry.credit, entry.iso, entry.network, entry.units, entry.reference, \
                 entry.reverses FROM entry JOIN journal ON journal.id = entry.journal_id \
                 ORDER BY entry.journal_id DESC, entry.ordinal DESC LIMIT $1"
            ),
            vals![limit],
            booked_entry,
        )
        .await
    }

    /// The entries of a request, in the order of booking.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn entries_of(
        &mut self,
        request: PaymentRequestId,
    ) -> Result<Vec<BookedEntry>, DbError> {
        self.many(
            sql!(
                "SELECT entry.journal_id, entry.ordinal, journal.merchant_id, \
                 journal.environment, journal.request_id, journal.booked_at, entry.debit, \
                 entry.credit, entry.iso, entry.network, entry.units, entry.reference, \
                 entry.reverses FROM journal JOIN entry ON entry.journal_id = journal.id \
                 WHERE journal.request_id = $1 ORDER BY journal.id, entry.ordinal"
            ),
            vals![&request.text()],
            booked_entry,
        )
        .await
    }

    /// At most `limit` requests from before the books, whose money is not booked, behind one by id;
    /// from the first one if none.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn unbooked_requests(
        &mut self,
        after: Option<PaymentRequestId>,
        limit: u32,
    ) -> Result<Vec<PaymentRequestId>, DbError> {
        let after = after.map(|id| id.text().to_string()).unwrap_or_default();
        self.many(
            sql!(
                "SELECT id FROM payment_request WHERE booked = 0 AND id > $1 \
                 ORDER BY id LIMIT $2"
            ),
            vals![&after, limit],
            |row| codec::id(row, 0),
        )
        .await
    }

    /// Notes that what a request holds is in the books; false when it was noted already. Whoever
    /// has read the request before must read it again.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn mark_booked(&mut self, request: PaymentRequestId) -> Result<bool, DbError> {
        let rows = self
            .exec(
                sql!(
                    "UPDATE payment_request SET booked = 1, version = version + 1 \
                     WHERE id = $1 AND booked = 0"
                ),
                vals![&request.text()],
            )
            .await?;
        Ok(rows == 1)
    }

    /// At most `limit` requests with transfers, behind one by id; from the first one if none.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn requests_with_transfers(
        &mut self,
        after: Option<PaymentRequestId>,
        limit: u32,
    ) -> Result<Vec<PaymentRequestId>, DbError> {
        let after = after.map(|id| id.text().to_string()).unwrap_or_default();
        self.many(
            sql!(
                "SELECT DISTINCT request_id FROM transfer WHERE request_id > $1 \
                 ORDER BY request_id LIMIT $2"
            ),
            vals![&after, limit],
            |row| codec::id(row, 0),
        )
        .await
    }
}

fn booked_entry(row: &Row<'_>) -> Result<BookedEntry, DbError> {
    Ok(BookedEntry {
        journal: codec::id(row, 0)?,
        ordinal: row.int(1)?,
        scope: Scope { merchant: codec::id(row, 2)?, environment: codec::environment(row, 3)? },
        request: codec::opt_parsed(row, 4)?,
        booked_at: codec::time(row, 5)?,
        debit: kind(row, 6)?,
        credit: kind(row, 7)?,
        asset: codec::asset(row, 8)?,
        units: codec::parsed(row, 10)?,
        reference: row.opt_text(11)?,
        reverses: row.flag(12)?,
    })
}
