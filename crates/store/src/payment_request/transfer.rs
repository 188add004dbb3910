//! The transfers of a request, and those that a chain's follower keeps looking at.

use coffer_domain::{
    code::NetworkName,
    id::{PaymentRequestId, TransferId},
    payment_request::{Confirmed, Settled, Told, TrackedTransfer},
    transfer::{BlockRef, Position, TransferReference},
};

use super::StoredRequest;
use crate::{codec, error::DbError, sql, tx::Tx, vals, value::Row};

/// A transfer that a chain's follower looks at, with the request it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowedTransfer {
    /// Identity of the transfer, as API and callbacks say it.
    pub id: TransferId,
    /// The request.
    pub request: PaymentRequestId,
    /// The transfer as it was last seen.
    pub transfer: TrackedTransfer,
}

impl Tx<'_> {
    /// Writes a transfer as it stands now; `new` where it was never written before.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn save_transfer(
        &mut self,
        chain: NetworkName,
        followed: &FollowedTransfer,
        new: bool,
    ) -> Result<(), DbError> {
        if new {
            self.insert_transfer(followed.request, chain, followed.id, &followed.transfer).await?;
        }
        self.update_transfer(followed.request, &followed.transfer).await
    }

    async fn insert_transfer(
        &mut self,
        request: PaymentRequestId,
        chain: NetworkName,
        id: TransferId,
        transfer: &TrackedTransfer,
    ) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO transfer (request_id, network, tx, place, chain, id, iso, \
                 asset_network, address, units, first_time, earliest_time, look, position, \
                 confirmations, finalized, max_confirmations, told, reversal_told, followed) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 0, 'pending', 0, 0, 0, \
                 'nothing', 0, 1)"
            ),
            vals![
                request.text(),
                transfer.reference.network.as_str(),
                &transfer.reference.transaction,
                &transfer.reference.position,
                chain.as_str(),
                id.text(),
                transfer.asset.iso.as_str(),
                transfer.asset.network.as_str(),
                &transfer.address,
                transfer.units.get().to_string(),
            ],
        )
        .await?;
        Ok(())
    }

    async fn update_transfer(
        &mut self,
        request: PaymentRequestId,
        transfer: &TrackedTransfer,
    ) -> Result<(), DbError> {
        let place = PositionColumns::of(&transfer.position);
        let confirmed = transfer.confirmed.as_ref();
        self.exec(
            sql!(
                "UPDATE transfer SET units = $1, units_look = $2, first_time = $3, \
                 earliest_time = $4, look = $5, \
                 position = $6, block_height = $7, block_hash = $8, block_time = $9, \
                 confirmations = $10, finalized = $11, max_confirmations = $12, \
                 confirmed_look = $13, confirmed_height = $14, confirmed_hash = $15, \
                 confirmed_time = $16, gone_look = $17, told = $18, settled = $19, \
                 reversal_told = $20, followed = $21, safe = $22 \
                 WHERE request_id = $23 AND network = $24 AND tx = $25 AND place = $26"
            ),
            vals![
                transfer.units.get().to_string(),
                transfer.units_look.map(codec::stored),
                transfer.first_time.millis(),
                transfer.earliest_time.millis(),
                codec::stored(transfer.look),
                place.word,
                place.block.map(|at| codec::stored(at.height)),
                place.block.map(|at| at.hash.as_str()),
                place.time,
                place.confirmations,
                place.finalized,
                transfer.max_confirmations,
                confirmed.map(|confirmed| codec::stored(confirmed.look)),
                confirmed.map(|confirmed| codec::stored(confirmed.at.height)),
                confirmed.map(|confirmed| confirmed.at.hash.as_str()),
                confirmed.map(|confirmed| confirmed.time.millis()),
                transfer.gone_look.map(codec::stored),
                transfer.told.as_str(),
                transfer.settled.map(|settled| settled.as_str()),
                transfer.reversal_told,
                is_followed(transfer),
                place.safe,
                request.text(),
                transfer.reference.network.as_str(),
                &transfer.reference.transaction,
                &transfer.reference.position,
            ],
        )
        .await?;
        Ok(())
    }

    /// Fills in the transfers of a request.
    pub(super) async fn read_transfers(
        &mut self,
        stored: &mut StoredRequest,
    ) -> Result<(), DbError> {
        let request = &mut stored.request;
        let rows = self
            .many(
                sql!(
                    "SELECT request_id, network, tx, place, iso, asset_network, address, units, \
                     first_time, earliest_time, look, position, block_height, block_hash, \
                     block_time, confirmations, finalized, max_confirmations, confirmed_look, \
                     confirmed_height, confirmed_hash, confirmed_time, gone_look, told, settled, \
                     reversal_told, id, units_look, safe FROM transfer \
                     WHERE request_id = $1"
                ),
                vals![request.id.text()],
                read_transfer,
            )
            .await?;
        let ids = rows.iter().map(|one| (one.transfer.reference.clone(), one.id));
        stored.transfer_ids = ids.collect();
        request.transfers = rows.into_iter().map(|followed| followed.transfer).collect();
        request.transfers.sort_by(|one, other| one.reference.cmp(&other.reference));
        Ok(())
    }

    /// The transfers of a chain that are there and not final in their block yet.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn followed_transfers(
        &mut self,
        chain: NetworkName,
    ) -> Result<Vec<FollowedTransfer>, DbError> {
        self.many(
            sql!(
                "SELECT request_id, network, tx, place, iso, asset_network, address, units, \
                     first_time, earliest_time, look, position, block_height, block_hash, \
                     block_time, confirmations, finalized, max_confirmations, confirmed_look, \
                     confirmed_height, confirmed_hash, confirmed_time, gone_look, told, settled, \
                     reversal_told, id, units_look, safe FROM transfer \
                     WHERE chain = $1 AND followed = 1"
            ),
            vals![chain.as_str()],
            read_transfer,
        )
        .await
    }

    /// The transfers of a chain that were last seen in a block above that height, final or not.
    ///
    /// # Errors
    /// When the database refuses or a row makes no sense.
    pub async fn transfers_above(
        &mut self,
        chain: NetworkName,
        height: u64,
    ) -> Result<Vec<FollowedTransfer>, DbError> {
        self.many(
            sql!(
                "SELECT request_id, network, tx, place, iso, asset_network, address, units, \
                     first_time, earliest_time, look, position, block_height, block_hash, \
                     block_time, confirmations, finalized, max_confirmations, confirmed_look, \
                     confirmed_height, confirmed_hash, confirmed_time, gone_look, told, settled, \
                     reversal_told, id, units_look, safe FROM transfer \
                     WHERE chain = $1 AND block_height IS NOT NULL AND block_height > $2"
            ),
            vals![chain.as_str(), codec::stored(height)],
            read_transfer,
        )
        .await
    }
}

/// Whether there may be news of a transfer without a reorganisation: it is not final yet, or it was
/// and its block has gone, so that it waits for another.
fn is_followed(transfer: &TrackedTransfer) -> bool {
    match transfer.position {
        Position::Gone => false,
        Position::Pending => true,
        Position::Block { .. } => !transfer.is_final(),
    }
}

/// A position as columns.
struct PositionColumns<'a> {
    word: &'static str,
    block: Option<&'a BlockRef>,
    time: Option<i64>,
    confirmations: u32,
    safe: bool,
    finalized: bool,
}

impl<'a> PositionColumns<'a> {
    fn of(position: &'a Position) -> Self {
        let word = match position {
            Position::Pending => "pending",
            Position::Block { .. } => "block",
            Position::Gone => "gone",
        };
        match position {
            Position::Block { at, time, confirmations, safe, finalized } => Self {
                word,
                block: Some(at),
                time: Some(time.millis()),
                confirmations: *confirmations,
                safe: *safe,
                finalized: *finalized,
            },
            _ => Self {
                word,
                block: None,
                time: None,
                confirmations: 0,
                safe: false,
                finalized: false,
            },
        }
    }
}

fn read_transfer(row: &Row<'_>) -> Result<FollowedTransfer, DbError> {
    let told = row.text(23)?;
    let settled = row.opt_text(24)?;
    let parsed_settled = settled
        .as_deref()
        .map(|word| Settled::parse(word).ok_or_else(|| DbError::inconsistent("settled", word)));
    let reference = TransferReference {
        network: codec::parsed(row, 1)?,
        transaction: row.text(2)?,
        position: row.text(3)?,
    };
    Ok(FollowedTransfer {
        id: codec::id(row, 26)?,
        request: codec::id(row, 0)?,
        transfer: TrackedTransfer {
            reference,
            asset: codec::asset(row, 4)?,
            address: row.text(6)?,
            units: codec::units(row, 7)?,
            units_look: codec::opt_count(row, 27)?,
            first_time: codec::time(row, 8)?,
            earliest_time: codec::time(row, 9)?,
            look: codec::count(row, 10)?,
            position: read_position(row)?,
            max_confirmations: codec::count(row, 17)?,
            confirmed: read_confirmed(row)?,
            gone_look: codec::opt_count(row, 22)?,
            told: Told::parse(&told).ok_or_else(|| DbError::inconsistent("told", &told))?,
            settled: parsed_settled.transpose()?,
            reversal_told: row.flag(25)?,
        },
    })
}

fn read_position(row: &Row<'_>) -> Result<Position, DbError> {
    match row.text(11)?.as_str() {
        "pending" => Ok(Position::Pending),
        "gone" => Ok(Position::Gone),
        _ => Ok(Position::Block {
            at: BlockRef { height: codec::count(row, 12)?, hash: row.text(13)? },
            time: codec::time(row, 14)?,
            confirmations: codec::count(row, 15)?,
            safe: row.flag(28)?,
            finalized: row.flag(16)?,
        }),
    }
}

fn read_confirmed(row: &Row<'_>) -> Result<Option<Confirmed>, DbError> {
    let Some(look) = codec::opt_count(row, 18)? else { return Ok(None) };
    let at = BlockRef { height: codec::count(row, 19)?, hash: row.text(20)? };
    Ok(Some(Confirmed { look, time: codec::time(row, 21)?, at }))
}
