//! Blindness: when a chain could not be read up to its tip, and what was found afterwards.

use coffer_domain::{
    code::NetworkName,
    id::TransferId,
    money::{AssetId, Units},
    time::{Span, Timestamp},
};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// A time in which a chain was not read to its tip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindSpan {
    /// The chain.
    pub chain: NetworkName,
    /// The end of what had been read by then, by the chain's clock.
    pub since: Timestamp,
    /// When everything was read again; none while it lasts.
    pub until: Option<Timestamp>,
    /// The newest block read before.
    pub from_height: u64,
    /// The newest block read when it was over.
    pub to_height: Option<u64>,
    /// Why.
    pub reason: String,
    /// How many payments were found in blocks that could not be read in time.
    pub payments: u32,
    /// What they brought, summed by asset.
    pub found: Vec<(AssetId, Units)>,
}

impl Tx<'_> {
    /// Begins a blind span of a chain; nothing happens where one lasts already. One that began at
    /// the same time and is over goes on: nothing was read between the two.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin_blind_span(
        &mut self,
        chain: NetworkName,
        since: Timestamp,
        from_height: u64,
        reason: &str,
    ) -> Result<(), DbError> {
        if self.lasting_blind_span(chain).await?.is_some() {
            return Ok(());
        }
        self.exec(
            sql!(
                "INSERT INTO blind_span (chain, since, from_height, reason, payments, found) \
                 VALUES ($1, $2, $3, $4, 0, '') ON CONFLICT (chain, since) DO UPDATE SET \
                 until = NULL, to_height = NULL, reason = excluded.reason, payments = 0, \
                 found = ''"
            ),
            vals![chain.as_str(), since.millis(), codec::stored(from_height), reason],
        )
        .await?;
        Ok(())
    }

    /// The blind span of a chain that lasts.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn lasting_blind_span(
        &mut self,
        chain: NetworkName,
    ) -> Result<Option<BlindSpan>, DbError> {
        self.one(
            sql!(
                "SELECT chain, since, until, from_height, to_height, reason, payments, found \
                 FROM blind_span WHERE chain = $1 AND until IS NULL"
            ),
            vals![chain.as_str()],
            read_span,
        )
        .await
    }

    /// Ends a blind span with what was found.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_blind_span(&mut self, span: &BlindSpan) -> Result<(), DbError> {
        self.exec(
            sql!(
                "UPDATE blind_span SET until = $1, to_height = $2, payments = $3, found = $4 \
                 WHERE chain = $5 AND since = $6"
            ),
            vals![
                span.until.map(Timestamp::millis),
                span.to_height.map(codec::stored),
                span.payments,
                found_text(&span.found),
                span.chain.as_str(),
                span.since.millis(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Forgets a blind span that was too short to speak of.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_blind_span(&mut self, span: &BlindSpan) -> Result<(), DbError> {
        self.exec(
            sql!("DELETE FROM blind_span WHERE chain = $1 AND since = $2"),
            vals![span.chain.as_str(), span.since.millis()],
        )
        .await?;
        Ok(())
    }

    /// The newest blind spans, of one chain or of all.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn blind_spans(
        &mut self,
        chain: Option<NetworkName>,
        limit: u32,
    ) -> Result<Vec<BlindSpan>, DbError> {
        self.many(
            sql!(
                "SELECT chain, since, until, from_height, to_height, reason, payments, found \
                 FROM blind_span WHERE (CAST($1 AS TEXT) IS NULL OR chain = $1) \
                 ORDER BY since DESC, chain LIMIT $2"
            ),
            vals![chain.as_ref().map(NetworkName::as_str), limit],
            read_span,
        )
        .await
    }

    /// What was met first after `since`, in blocks above a height: one asset and amount for each.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn transfers_met_since(
        &mut self,
        chain: NetworkName,
        height: u64,
        since: Timestamp,
    ) -> Result<Vec<(AssetId, Units)>, DbError> {
        // Identities are ordered by the time at which a transfer was written first.
        let first = TransferId::new(since.plus(Span::from_millis(1)), [0; 10]);
        self.many(
            sql!(
                "SELECT iso, asset_network, units FROM transfer \
                 WHERE chain = $1 AND block_height > $2 AND id >= $3"
            ),
            vals![chain.as_str(), codec::stored(height), first.text()],
            |row| Ok((codec::asset(row, 0)?, codec::units(row, 2)?)),
        )
        .await
    }
}

fn read_span(row: &Row<'_>) -> Result<BlindSpan, DbError> {
    let found = row.text(7)?;
    Ok(BlindSpan {
        chain: codec::parsed(row, 0)?,
        since: codec::time(row, 1)?,
        until: codec::opt_time(row, 2)?,
        from_height: codec::count(row, 3)?,
        to_height: codec::opt_count(row, 4)?,
        reason: row.text(5)?,
        payments: codec::count(row, 6)?,
        found: parse_found(&found).ok_or_else(|| DbError::inconsistent("found", &found))?,
    })
}

/// `ETH ethereum 1000;USDC ethereum 5`
fn found_text(found: &[(AssetId, Units)]) -> String {
    let one = |(asset, units): &(AssetId, Units)| {
        format!("{} {} {}", asset.iso, asset.network, units.get())
    };
    found.iter().map(one).collect::<Vec<_>>().join(";")
}

fn parse_found(text: &str) -> Option<Vec<(AssetId, Units)>> {
    let one = |part: &str| {
        let mut words = part.split(' ');
        let (iso, network) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let units: u128 = words.next()?.parse().ok()?;
        Some((AssetId { iso, network }, Units::new(units)))
    };
    text.split(';').filter(|part| !part.is_empty()).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_survives_its_text_form() {
        let asset = |iso: &str| AssetId {
            iso: iso.parse().unwrap(),
            network: NetworkName::constant("ethereum"),
        };
        let found = vec![(asset("ETH"), Units::new(u128::MAX)), (asset("USDC"), Units::new(5))];
        assert_eq!(parse_found(&found_text(&found)), Some(found));
        assert_eq!(parse_found(""), Some(Vec::new()));
        assert_eq!(parse_found("ETH ethereum"), None);
    }
}
