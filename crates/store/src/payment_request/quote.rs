//! The quotes of a request, one row each.

use coffer_domain::payment_request::{Needed, Quote};

use super::{QuoteRate, StoredRequest};
use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// Stands in the database for "final when the network says so".
const FINALIZED: i64 = 0;
/// Stands in the database for "final when the network says that the block is safe".
const SAFE: i64 = -1;

impl Tx<'_> {
    /// Adds the quotes from the `from`-th on.
    pub(super) async fn insert_quotes(
        &mut self,
        stored: &StoredRequest,
        from: usize,
    ) -> Result<(), DbError> {
        let quotes = stored.request.quotes.iter().zip(&stored.rates).enumerate().skip(from);
        for (ordinal, (quote, rate)) in quotes {
            self.insert_quote(stored, u32::try_from(ordinal).unwrap_or(u32::MAX), quote, rate)
                .await?;
        }
        Ok(())
    }

    async fn insert_quote(
        &mut self,
        stored: &StoredRequest,
        ordinal: u32,
        quote: &Quote,
        rate: &QuoteRate,
    ) -> Result<(), DbError> {
        let needed = match quote.needed {
            Needed::Confirmations(count) => i64::from(count),
            Needed::Safe => SAFE,
            Needed::Finalized => FINALIZED,
        };
        self.exec(
            sql!(
                "INSERT INTO quote (request_id, ordinal, id, iso, network, address, expected, \
                 tolerance, needed, locked_at, locked_until, rate, evidence) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
            ),
            vals![
                stored.request.id.text(),
                ordinal,
                quote.id.text(),
                quote.asset.iso.as_str(),
                quote.asset.network.as_str(),
                &quote.address,
                quote.expected.get().to_string(),
                quote.tolerance.get().to_string(),
                needed,
                quote.locked_at.millis(),
                quote.locked_until.millis(),
                &rate.rate,
                &rate.evidence,
            ],
        )
        .await?;
        Ok(())
    }

    /// Fills in the quotes of a request.
    pub(super) async fn read_quotes(&mut self, stored: &mut StoredRequest) -> Result<(), DbError> {
        let rows = self
            .many(
                sql!(
                    "SELECT id, iso, network, address, expected, tolerance, needed, locked_at, \
                     locked_until, rate, evidence FROM quote WHERE request_id = $1 \
                     ORDER BY ordinal"
                ),
                vals![stored.request.id.text()],
                read_quote,
            )
            .await?;
        (stored.request.quotes, stored.rates) = rows.into_iter().unzip();
        Ok(())
    }
}

fn read_quote(row: &Row<'_>) -> Result<(Quote, QuoteRate), DbError> {
    let quote = Quote {
        id: codec::id(row, 0)?,
        asset: codec::asset(row, 1)?,
        address: row.text(3)?,
        expected: codec::units(row, 4)?,
        tolerance: codec::units(row, 5)?,
        needed: match row.int(6)? {
            FINALIZED => Needed::Finalized,
            SAFE => Needed::Safe,
            _ => Needed::Confirmations(codec::count(row, 6)?),
        },
        locked_at: codec::time(row, 7)?,
        locked_until: codec::time(row, 8)?,
    };
    Ok((quote, QuoteRate { rate: row.text(9)?, evidence: row.text(10)? }))
}
