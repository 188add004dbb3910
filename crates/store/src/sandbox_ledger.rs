//! The sandbox chain as rows: its blocks, its mempool and its transfers.

use async_trait::async_trait;
use coffer_domain::{
    ports::{SandboxBlock, SandboxLedger, SandboxRefused, SandboxTransfer},
    time::Timestamp,
    transfer::BlockRef,
};
use sha2::{Digest, Sha256};

use crate::{codec, error::DbError, sql, store::Store, tx::Tx, vals, value::Row};

#[async_trait]
impl SandboxLedger for Store {
    async fn tip(&self) -> Result<SandboxBlock, SandboxRefused> {
        let found = self.read(async |tx: &mut Tx<'_>| tx.sandbox_tip().await);
        match found.await.map_err(refused)? {
            Some(tip) => Ok(tip),
            None => self
                .write(async |tx: &mut Tx<'_>| tx.sandbox_tip_or_genesis().await)
                .await
                .map_err(refused),
        }
    }

    async fn block(
        &self,
        height: u64,
    ) -> Result<Option<(SandboxBlock, Vec<SandboxTransfer>)>, SandboxRefused> {
        self.read(async move |tx: &mut Tx<'_>| {
            let Some(block) = tx.sandbox_block(height).await? else { return Ok(None) };
            Ok(Some((block, tx.sandbox_transfers_in(height).await?)))
        })
        .await
        .map_err(refused)
    }

    async fn pending(&self) -> Result<Vec<SandboxTransfer>, SandboxRefused> {
        self.read(async |tx: &mut Tx<'_>| tx.sandbox_pending().await).await.map_err(refused)
    }

    async fn send(&self, transfer: SandboxTransfer) -> Result<(), SandboxRefused> {
        self.write(async move |tx: &mut Tx<'_>| tx.sandbox_send(&transfer).await)
            .await
            .map_err(refused)
    }

    async fn mine(&self, count: u32, at: Timestamp) -> Result<SandboxBlock, SandboxRefused> {
        self.write(async move |tx: &mut Tx<'_>| {
            let mut tip = tx.sandbox_tip_or_genesis().await?;
            for _ in 0..count {
                tip = tx.sandbox_mine(&tip, at).await?;
            }
            Ok(tip)
        })
        .await
        .map_err(refused)
    }

    async fn unwind(&self, depth: u32) -> Result<SandboxBlock, SandboxRefused> {
        self.write(async move |tx: &mut Tx<'_>| {
            let tip = tx.sandbox_tip_or_genesis().await?;
            tx.sandbox_unwind_to(tip.at.height.saturating_sub(u64::from(depth))).await?;
            tx.sandbox_tip_or_genesis().await
        })
        .await
        .map_err(refused)
    }

    async fn replace(&self, transaction: &str) -> Result<(), SandboxRefused> {
        let transaction = transaction.to_owned();
        self.write(async move |tx: &mut Tx<'_>| tx.sandbox_replace(&transaction).await)
            .await
            .map_err(refused)
    }
}

fn refused(error: DbError) -> SandboxRefused {
    SandboxRefused(error.to_string())
}

impl Tx<'_> {
    async fn sandbox_tip(&mut self) -> Result<Option<SandboxBlock>, DbError> {
        self.one(
            sql!(
                "SELECT height, hash, parent, block_time FROM sandbox_block \
                 ORDER BY height DESC LIMIT 1"
            ),
            vals![],
            read_block,
        )
        .await
    }

    async fn sandbox_tip_or_genesis(&mut self) -> Result<SandboxBlock, DbError> {
        if let Some(tip) = self.sandbox_tip().await? {
            return Ok(tip);
        }
        let genesis = SandboxBlock {
            at: BlockRef { height: 0, hash: hex(&Sha256::digest(b"coffer sandbox genesis")) },
            parent: "0".repeat(64),
            time: Timestamp::from_millis(0),
        };
        self.insert_sandbox_block(&genesis).await?;
        Ok(genesis)
    }

    async fn insert_sandbox_block(&mut self, block: &SandboxBlock) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO sandbox_block (height, hash, parent, block_time) \
                 VALUES ($1, $2, $3, $4)"
            ),
            vals![
                codec::stored(block.at.height),
                &block.at.hash,
                &block.parent,
                block.time.millis(),
            ],
        )
        .await?;
        Ok(())
    }

    async fn sandbox_block(&mut self, height: u64) -> Result<Option<SandboxBlock>, DbError> {
        self.one(
            sql!("SELECT height, hash, parent, block_time FROM sandbox_block WHERE height = $1"),
            vals![codec::stored(height)],
            read_block,
        )
        .await
    }

    async fn sandbox_transfers_in(&mut self, height: u64) -> Result<Vec<SandboxTransfer>, DbError> {
        self.many(
            sql!(
                "SELECT tx, output, iso, network, address, units, block FROM sandbox_transfer \
                 WHERE block = $1 ORDER BY tx, output"
            ),
            vals![codec::stored(height)],
            read_transfer,
        )
        .await
    }

    async fn sandbox_pending(&mut self) -> Result<Vec<SandboxTransfer>, DbError> {
        self.many(
            sql!(
                "SELECT tx, output, iso, network, address, units, block FROM sandbox_transfer \
                 WHERE block IS NULL AND replaced = 0 ORDER BY tx, output"
            ),
            vals![],
            read_transfer,
        )
        .await
    }

    async fn sandbox_send(&mut self, transfer: &SandboxTransfer) -> Result<(), DbError> {
        self.exec(
            sql!(
                "INSERT INTO sandbox_transfer (tx, output, iso, network, address, units, \
                 replaced) VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (tx, output) DO NOTHING"
            ),
            vals![
                &transfer.transaction,
                transfer.output,
                transfer.asset.iso.as_str(),
                transfer.asset.network.as_str(),
                &transfer.to,
                &transfer.units.get().to_string(),
            ],
        )
        .await?;
        Ok(())
    }

    async fn sandbox_mine(
        &mut self,
        parent: &SandboxBlock,
        at: Timestamp,
    ) -> Result<SandboxBlock, DbError> {
        let serial = self.next_number("sandbox_block").await?;
        let height = parent.at.height + 1;
        let time = parent.time.max(at);
        let seed = format!("{height} {} {} {serial}", parent.at.hash, time.millis());
        let hash = hex(&Sha256::digest(seed.as_bytes()));
        let at = BlockRef { height, hash };
        let block = SandboxBlock { at, parent: parent.at.hash.clone(), time };
        self.insert_sandbox_block(&block).await?;
        self.exec(
            sql!("UPDATE sandbox_transfer SET block = $1 WHERE block IS NULL AND replaced = 0"),
            vals![codec::stored(height)],
        )
        .await?;
        Ok(block)
    }

    async fn sandbox_unwind_to(&mut self, height: u64) -> Result<(), DbError> {
        self.exec(
            sql!("DELETE FROM sandbox_block WHERE height > $1"),
            vals![codec::stored(height)],
        )
        .await?;
        self.exec(
            sql!("UPDATE sandbox_transfer SET block = NULL WHERE block > $1"),
            vals![codec::stored(height)],
        )
        .await?;
        Ok(())
    }

    async fn sandbox_replace(&mut self, transaction: &str) -> Result<(), DbError> {
        self.exec(
            sql!("UPDATE sandbox_transfer SET replaced = 1 WHERE tx = $1 AND block IS NULL"),
            vals![transaction],
        )
        .await?;
        Ok(())
    }
}

fn read_block(row: &Row<'_>) -> Result<SandboxBlock, DbError> {
    Ok(SandboxBlock {
        at: BlockRef { height: codec::count(row, 0)?, hash: row.text(1)? },
        parent: row.text(2)?,
        time: codec::time(row, 3)?,
    })
}

fn read_transfer(row: &Row<'_>) -> Result<SandboxTransfer, DbError> {
    let block = row.opt_int(6)?.map(|height| u64::try_from(height).unwrap_or_default());
    Ok(SandboxTransfer {
        transaction: row.text(0)?,
        output: codec::count(row, 1)?,
        asset: codec::asset(row, 2)?,
        to: row.text(4)?,
        units: codec::units(row, 5)?,
        block,
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
