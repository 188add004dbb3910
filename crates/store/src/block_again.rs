//! Blocks that are read once more after a stop, until all of them are: what is in them is judged at
//! once, or not at all.

use coffer_domain::{
    code::NetworkName,
    ports::Block,
    time::Timestamp,
    transfer::{Address, BlockRef, ChainTransfer, ChainUnits, TransferReference},
};

use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// How far blocks have been read once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadAgain {
    /// The hash of the block that they follow on.
    pub behind: String,
    /// The newest of them.
    pub top: BlockRef,
    /// Its own time.
    pub top_time: Timestamp,
}

impl Tx<'_> {
    /// How far the blocks of a chain have been read once more; none where none were.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn read_again(&mut self, chain: NetworkName) -> Result<Option<ReadAgain>, DbError> {
        self.one(
            sql!(
                "SELECT (SELECT parent FROM block_again WHERE chain = $1 \
                 ORDER BY height LIMIT 1), height, hash, block_time FROM block_again \
                 WHERE chain = $1 ORDER BY height DESC LIMIT 1"
            ),
            vals![chain.as_str()],
            |row| {
                Ok(ReadAgain {
                    behind: row.text(0)?,
                    top: BlockRef { height: codec::count(row, 1)?, hash: row.text(2)? },
                    top_time: codec::time(row, 3)?,
                })
            },
        )
        .await
    }

    /// Keeps a block that was read once more, until all are.
    ///
    /// # Errors
    /// When the database refuses; a height that is kept already is not unique.
    pub async fn keep_again(&mut self, chain: NetworkName, block: &Block) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO block_again (chain, height, hash, parent, block_time) \
                 VALUES ($1, $2, $3, $4, $5)"
            ),
            vals![
                chain.as_str(),
                codec::stored(block.at.height),
                &block.at.hash,
                &block.parent,
                block.time.millis(),
            ],
        )
        .await?;
        for (place, transfer) in (0_u32..).zip(&block.transfers) {
            let (units, beyond) = match &transfer.units {
                ChainUnits::Units(units) => (units.get().to_string(), false),
                ChainUnits::Beyond(raw) => (raw.clone(), true),
            };
            self.exec(
                sql!(
                    "INSERT INTO transfer_again (chain, height, place, network, tx, position, \
                     iso, asset_network, address, account, units, beyond) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
                ),
                vals![
                    chain.as_str(),
                    codec::stored(block.at.height),
                    place,
                    transfer.reference.network.as_str(),
                    &transfer.reference.transaction,
                    &transfer.reference.position,
                    transfer.asset.iso.as_str(),
                    transfer.asset.network.as_str(),
                    &transfer.to.text,
                    &transfer.to.account,
                    units,
                    beyond,
                ],
            )
            .await?;
        }
        Ok(())
    }

    /// The blocks of a chain that were read once more, in order.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn blocks_again(&mut self, chain: NetworkName) -> Result<Vec<Block>, DbError> {
        let mut blocks = self
            .many(
                sql!(
                    "SELECT height, hash, parent, block_time FROM block_again WHERE chain = $1 \
                     ORDER BY height"
                ),
                vals![chain.as_str()],
                |row| {
                    Ok(Block {
                        at: BlockRef { height: codec::count(row, 0)?, hash: row.text(1)? },
                        parent: row.text(2)?,
                        time: codec::time(row, 3)?,
                        transfers: Vec::new(),
                    })
                },
            )
            .await?;
        let transfers = self
            .many(
                sql!(
                    "SELECT height, network, tx, position, iso, asset_network, address, account, \
                     units, beyond FROM transfer_again WHERE chain = $1 ORDER BY height, place"
                ),
                vals![chain.as_str()],
                read_transfer,
            )
            .await?;
        for (height, transfer) in transfers {
            let place = blocks.binary_search_by_key(&height, |block| block.at.height);
            let block = place.ok().and_then(|place| blocks.get_mut(place));
            let block =
                block.ok_or_else(|| DbError::inconsistent("transfer_again", chain.as_str()))?;
            block.transfers.push(transfer);
        }
        Ok(blocks)
    }

    /// Forgets the blocks of a chain above a height that were read once more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_again_above(
        &mut self,
        chain: NetworkName,
        height: u64,
    ) -> Result<(), DbError> {
        self.exec(
            sql!("DELETE FROM transfer_again WHERE chain = $1 AND height > $2"),
            vals![chain.as_str(), codec::stored(height)],
        )
        .await?;
        self.exec(
            sql!("DELETE FROM block_again WHERE chain = $1 AND height > $2"),
            vals![chain.as_str(), codec::stored(height)],
        )
        .await?;
        Ok(())
    }
}

fn read_transfer(row: &Row<'_>) -> Result<(u64, ChainTransfer), DbError> {
    let units = match row.flag(9)? {
        true => ChainUnits::Beyond(row.text(8)?),
        false => ChainUnits::Units(codec::units(row, 8)?),
    };
    let transfer = ChainTransfer {
        reference: TransferReference {
            network: codec::parsed(row, 1)?,
            transaction: row.text(2)?,
            position: row.text(3)?,
        },
        asset: codec::asset(row, 4)?,
        to: Address { text: row.text(6)?, account: row.bytes(7)? },
        units,
    };
    Ok((codec::count(row, 0)?, transfer))
}
