//! What screening said of a merchant URL's host, so that create need not wait for it.

use coffer_domain::{merchant_url::Screening, time::Timestamp};

use crate::{error::DbError, sql, tx::Tx, vals};

impl Tx<'_> {
    /// The verdict on a host, unknown when there is none.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn screened_host(&mut self, host: &str) -> Result<Screening, DbError> {
        let found = self
            .one(
                sql!("SELECT verdict, reason FROM screened_host WHERE host = $1"),
                vals![host],
                |row| match row.text(0)?.as_str() {
                    "clean" => Ok(Screening::Clean),
                    "listed" => Ok(Screening::Listed(row.opt_text(1)?.unwrap_or_default())),
                    other => Err(DbError::inconsistent("verdict", other)),
                },
            )
            .await?;
        Ok(found.unwrap_or(Screening::Unknown))
    }

    /// Keeps the verdict on a host; an unknown one is forgotten.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_screening(
        &mut self,
        host: &str,
        screening: &Screening,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let (verdict, reason) = match screening {
            Screening::Clean => ("clean", None),
            Screening::Listed(reason) => ("listed", Some(reason.as_str())),
            Screening::Unknown => {
                self.exec(sql!("DELETE FROM screened_host WHERE host = $1"), vals![host]).await?;
                return Ok(());
            }
        };
        self.exec(
            sql!(
                "INSERT INTO screened_host (host, verdict, reason, checked_at) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT (host) DO UPDATE SET \
                 verdict = excluded.verdict, reason = excluded.reason, \
                 checked_at = excluded.checked_at"
            ),
            vals![host, verdict, reason, now.millis()],
        )
        .await?;
        Ok(())
    }
}
