//! The blocks in which a chain's transfers were last seen, a page at a time.

use coffer_domain::{
    code::NetworkName,
    money::{AssetId, Units},
    transfer::{BlockRef, TransferReference},
};

use crate::{codec, error::DbError, sql, tx::Tx, vals};

/// A block with transfers to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidBlock {
    /// The block.
    pub at: BlockRef,
    /// How many transfers were last seen in it.
    pub payments: u64,
}

impl Tx<'_> {
    /// At most `limit` blocks in which transfers of a chain were last seen, final or not: those
    /// below another by height and then hash, the highest first.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn paid_blocks(
        &mut self,
        chain: NetworkName,
        below: &BlockRef,
        limit: u32,
    ) -> Result<Vec<PaidBlock>, DbError> {
        let height = codec::stored(below.height);
        self.many(
            sql!(
                "SELECT block_height, block_hash, COUNT(*) FROM transfer \
                 WHERE chain = $1 AND block_height IS NOT NULL AND block_height <= $2 \
                 AND (block_height < $3 OR block_hash < $4) \
                 GROUP BY block_height, block_hash \
                 ORDER BY block_height DESC, block_hash DESC LIMIT $5"
            ),
            vals![chain.as_str(), height, height, &below.hash, limit],
            |row| {
                let at = BlockRef { height: codec::count(row, 0)?, hash: row.text(1)? };
                Ok(PaidBlock { at, payments: codec::count(row, 2)? })
            },
        )
        .await
    }

    /// The first of the transfers that were last seen in a block; none where there is none now.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn first_payment_in(
        &mut self,
        chain: NetworkName,
        at: &BlockRef,
    ) -> Result<Option<TransferReference>, DbError> {
        self.one(
            sql!(
                "SELECT network, tx, place FROM transfer \
                 WHERE chain = $1 AND block_height = $2 AND block_hash = $3 \
                 ORDER BY network, tx, place LIMIT 1"
            ),
            vals![chain.as_str(), codec::stored(at.height), &at.hash],
            |row| {
                Ok(TransferReference {
                    network: codec::parsed(row, 0)?,
                    transaction: row.text(1)?,
                    position: row.text(2)?,
                })
            },
        )
        .await
    }

    /// What the transfers of an asset that were last seen in a block moved, final or not.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn paid_in(
        &mut self,
        chain: NetworkName,
        at: &BlockRef,
        asset: AssetId,
    ) -> Result<Vec<(TransferReference, Units)>, DbError> {
        self.many(
            sql!(
                "SELECT network, tx, place, units FROM transfer \
                 WHERE chain = $1 AND block_height = $2 AND block_hash = $3 \
                 AND iso = $4 AND asset_network = $5"
            ),
            vals![
                chain.as_str(),
                codec::stored(at.height),
                &at.hash,
                asset.iso.as_str(),
                asset.network.as_str(),
            ],
            |row| {
                let reference = TransferReference {
                    network: codec::parsed(row, 0)?,
                    transaction: row.text(1)?,
                    position: row.text(2)?,
                };
                Ok((reference, codec::units(row, 3)?))
            },
        )
        .await
    }
}
