//! Cases: wrong payments, each a row until they have their own flow.

use coffer_domain::{
    id::{CaseId, PaymentRequestId},
    money::AssetId,
    time::Timestamp,
};

use crate::{codec, error::DbError, sql, tx::Tx, vals};

/// A case as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Identity.
    pub id: CaseId,
    /// The request it belongs to.
    pub request: PaymentRequestId,
    /// What was wrong, such as `over`.
    pub kind: String,
    /// What arrived.
    pub asset: AssetId,
    /// How much is in question: base units, or the raw text of a value beyond 128 bits.
    pub units: String,
    /// The transfer that caused it (`network:transaction:position`).
    pub transfer: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
}

impl Tx<'_> {
    /// Opens a case.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_case(&mut self, case: &Case) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO wrong_payment (id, request_id, kind, iso, network, units, \
                 transfer, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            ),
            vals![
                &case.id.text(),
                &case.request.text(),
                &case.kind,
                case.asset.iso.as_str(),
                case.asset.network.as_str(),
                &case.units,
                &case.transfer,
                case.created_at.millis(),
            ],
        )
        .await?;
        Ok(())
    }

    /// The cases of a request, oldest first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn cases_of(&mut self, request: PaymentRequestId) -> Result<Vec<Case>, DbError> {
        self.many(
            sql!(
                "SELECT id, request_id, kind, iso, network, units, transfer, created_at \
                 FROM wrong_payment WHERE request_id = $1 ORDER BY id"
            ),
            vals![&request.text()],
            |row| {
                Ok(Case {
                    id: codec::id(row, 0)?,
                    request: codec::id(row, 1)?,
                    kind: row.text(2)?,
                    asset: codec::asset(row, 3)?,
                    units: row.text(5)?,
                    transfer: row.opt_text(6)?,
                    created_at: codec::time(row, 7)?,
                })
            },
        )
        .await
    }
}
