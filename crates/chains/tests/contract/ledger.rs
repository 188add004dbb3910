//! A sandbox ledger in memory.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use coffer_domain::{
    ports::{SandboxBlock, SandboxLedger, SandboxRefused, SandboxTransfer},
    time::Timestamp,
    transfer::BlockRef,
};

#[derive(Default)]
pub(crate) struct MemoryLedger(Mutex<Rows>);

struct Rows {
    blocks: Vec<SandboxBlock>,
    transfers: Vec<SandboxTransfer>,
    made: u64,
}

impl Default for Rows {
    fn default() -> Self {
        let mut rows = Self { blocks: Vec::new(), transfers: Vec::new(), made: 0 };
        rows.add(Timestamp::default());
        rows
    }
}

impl Rows {
    fn add(&mut self, at: Timestamp) {
        self.made += 1;
        let parent = self.blocks.last().map_or_else(String::new, |block| block.at.hash.clone());
        let height = u64::try_from(self.blocks.len()).unwrap();
        let hash = format!("block-{height}-{}", self.made);
        self.blocks.push(SandboxBlock { at: BlockRef { height, hash }, parent, time: at });
    }

    fn tip(&self) -> SandboxBlock {
        self.blocks.last().cloned().unwrap()
    }
}

impl MemoryLedger {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap()
    }
}

#[async_trait]
impl SandboxLedger for MemoryLedger {
    async fn tip(&self) -> Result<SandboxBlock, SandboxRefused> {
        Ok(self.rows().tip())
    }

    async fn block(
        &self,
        height: u64,
    ) -> Result<Option<(SandboxBlock, Vec<SandboxTransfer>)>, SandboxRefused> {
        let rows = self.rows();
        let block = usize::try_from(height).ok().and_then(|height| rows.blocks.get(height));
        let inside = rows.transfers.iter().filter(|transfer| transfer.block == Some(height));
        Ok(block.map(|block| (block.clone(), inside.cloned().collect())))
    }

    async fn pending(&self) -> Result<Vec<SandboxTransfer>, SandboxRefused> {
        let rows = self.rows();
        Ok(rows.transfers.iter().filter(|transfer| transfer.block.is_none()).cloned().collect())
    }

    async fn send(&self, transfer: SandboxTransfer) -> Result<(), SandboxRefused> {
        let mut rows = self.rows();
        let same = |other: &SandboxTransfer| {
            (&other.transaction, other.output) == (&transfer.transaction, transfer.output)
        };
        if !rows.transfers.iter().any(same) {
            rows.transfers.push(transfer);
        }
        Ok(())
    }

    async fn mine(&self, count: u32, at: Timestamp) -> Result<SandboxBlock, SandboxRefused> {
        let mut rows = self.rows();
        let next = u64::try_from(rows.blocks.len()).unwrap();
        for transfer in rows.transfers.iter_mut().filter(|transfer| transfer.block.is_none()) {
            transfer.block = Some(next);
        }
        for _ in 0..count {
            rows.add(at);
        }
        Ok(rows.tip())
    }

    async fn unwind(&self, depth: u32) -> Result<SandboxBlock, SandboxRefused> {
        let mut rows = self.rows();
        let left = rows.blocks.len().saturating_sub(usize::try_from(depth).unwrap()).max(1);
        rows.blocks.truncate(left);
        let left = u64::try_from(left).unwrap();
        for transfer in &mut rows.transfers {
            transfer.block = transfer.block.filter(|height| *height < left);
        }
        Ok(rows.tip())
    }

    async fn replace(&self, transaction: &str) -> Result<(), SandboxRefused> {
        let mut rows = self.rows();
        rows.transfers.retain(|it| it.transaction != transaction || it.block.is_some());
        Ok(())
    }
}
