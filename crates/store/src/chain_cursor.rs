//! How far each chain has been read, and the newest blocks of it.

use coffer_domain::{code::NetworkName, time::Timestamp, transfer::BlockRef};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// How far a chain has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The chain.
    pub chain: NetworkName,
    /// The newest block read.
    pub at: BlockRef,
    /// That block's own time.
    pub block_time: Timestamp,
    /// The number of the last committed step.
    pub look: u64,
    /// Everything that happened up to here, by the chain's clock, has been read.
    pub watermark: Timestamp,
    /// Since when the chain cannot be read to its tip; none while it can.
    pub behind_since: Option<Timestamp>,
    /// Why not.
    pub behind_reason: Option<String>,
}

impl Tx<'_> {
    /// The cursor of a chain.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn cursor(&mut self, chain: NetworkName) -> Result<Option<Cursor>, DbError> {
        self.one(
            sql!(
                "SELECT chain, height, hash, block_time, look, watermark, behind_since, \
                 behind_reason FROM chain_cursor WHERE chain = $1"
            ),
            vals![chain.as_str()],
            read_cursor,
        )
        .await
    }

    /// Every cursor.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn cursors(&mut self) -> Result<Vec<Cursor>, DbError> {
        self.many(
            sql!(
                "SELECT chain, height, hash, block_time, look, watermark, behind_since, \
                 behind_reason FROM chain_cursor ORDER BY chain"
            ),
            vals![],
            read_cursor,
        )
        .await
    }

    /// Begins to follow a chain; false when it is followed already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_cursor(&mut self, cursor: &Cursor) -> Result<bool, DbError> {
        let added = self
            .exec(
                sql!(
                    "INSERT INTO chain_cursor (chain, height, hash, block_time, look, \
                     watermark, behind_since, behind_reason) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                     ON CONFLICT (chain) DO NOTHING"
                ),
                vals![
                    cursor.chain.as_str(),
                    codec::stored(cursor.at.height),
                    &cursor.at.hash,
                    cursor.block_time.millis(),
                    codec::stored(cursor.look),
                    cursor.watermark.millis(),
                    cursor.behind_since.map(Timestamp::millis),
                    &cursor.behind_reason,
                ],
            )
            .await?;
        Ok(added == 1)
    }

    /// Moves a cursor one step. False when its last step is not `from`: somebody else moved it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn step_cursor(&mut self, from: u64, to: &Cursor) -> Result<bool, DbError> {
        let moved = self
            .exec(
                sql!(
                    "UPDATE chain_cursor SET height = $1, hash = $2, block_time = $3, \
                     look = $4, watermark = $5, behind_since = $6, behind_reason = $7 \
                     WHERE chain = $8 AND look = $9"
                ),
                vals![
                    codec::stored(to.at.height),
                    &to.at.hash,
                    to.block_time.millis(),
                    codec::stored(to.look),
                    to.watermark.millis(),
                    to.behind_since.map(Timestamp::millis),
                    &to.behind_reason,
                    to.chain.as_str(),
                    codec::stored(from),
                ],
            )
            .await?;
        Ok(moved == 1)
    }

    /// Remembers a block that was read, and forgets those more than `keep` blocks below it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remember_block(
        &mut self,
        chain: NetworkName,
        block: &BlockRef,
        time: Timestamp,
        keep: u64,
    ) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO chain_block (chain, height, hash, block_time) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT (chain, height) DO UPDATE SET \
                 hash = excluded.hash, block_time = excluded.block_time"
            ),
            vals![chain.as_str(), codec::stored(block.height), &block.hash, time.millis()],
        )
        .await?;
        self.exec(
            sql!("DELETE FROM chain_block WHERE chain = $1 AND height < $2"),
            vals![chain.as_str(), codec::stored(block.height.saturating_sub(keep))],
        )
        .await?;
        Ok(())
    }

    /// The newest `limit` remembered blocks of a chain, the highest first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn remembered_blocks(
        &mut self,
        chain: NetworkName,
        limit: u32,
    ) -> Result<Vec<(BlockRef, Timestamp)>, DbError> {
        self.many(
            sql!(
                "SELECT height, hash, block_time FROM chain_block WHERE chain = $1 \
                 ORDER BY height DESC LIMIT $2"
            ),
            vals![chain.as_str(), limit],
            |row| {
                let at = BlockRef { height: codec::count(row, 0)?, hash: row.text(1)? };
                Ok((at, codec::time(row, 2)?))
            },
        )
        .await
    }

    /// Forgets the blocks above a height, which a reorganisation has replaced.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_blocks_above(
        &mut self,
        chain: NetworkName,
        height: u64,
    ) -> Result<u64, DbError> {
        self.exec(
            sql!("DELETE FROM chain_block WHERE chain = $1 AND height > $2"),
            vals![chain.as_str(), codec::stored(height)],
        )
        .await
    }
}

fn read_cursor(row: &Row<'_>) -> Result<Cursor, DbError> {
    Ok(Cursor {
        chain: codec::parsed(row, 0)?,
        at: BlockRef { height: codec::count(row, 1)?, hash: row.text(2)? },
        block_time: codec::time(row, 3)?,
        look: codec::count(row, 4)?,
        watermark: codec::time(row, 5)?,
        behind_since: codec::opt_time(row, 6)?,
        behind_reason: row.opt_text(7)?,
    })
}
