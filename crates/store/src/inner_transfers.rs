//! How coin that contracts move is found on each chain: the same for every process.

use coffer_domain::{code::NetworkName, inner_transfers::InnerTransfers};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// How coin that contracts move is found on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InnerWay {
    /// In which way.
    pub how: InnerTransfers,
    /// The newest block that had been read when that began.
    pub since: u64,
}

impl Tx<'_> {
    /// How coin that contracts move is found on a chain; none before its first look.
    ///
    /// # Errors
    /// When the database refuses or the row makes no sense.
    pub async fn inner_way(&mut self, chain: NetworkName) -> Result<Option<InnerWay>, DbError> {
        self.one(
            sql!("SELECT how, since_height FROM inner_transfers WHERE chain = $1"),
            vals![chain.as_str()],
            read_way,
        )
        .await
    }

    /// Finds it in that way from now on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_inner_way(
        &mut self,
        chain: NetworkName,
        way: InnerWay,
    ) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO inner_transfers (chain, how, since_height) VALUES ($1, $2, $3) \
                 ON CONFLICT (chain) DO UPDATE SET how = excluded.how, \
                 since_height = excluded.since_height"
            ),
            vals![chain.as_str(), way.how.as_str(), codec::stored(way.since)],
        )
        .await?;
        Ok(())
    }
}

fn read_way(row: &Row<'_>) -> Result<InnerWay, DbError> {
    let how = row.text(0)?;
    let known = InnerTransfers::named(&how);
    let how = known.ok_or_else(|| DbError::inconsistent("how", &how))?;
    Ok(InnerWay { how, since: codec::count(row, 1)? })
}
