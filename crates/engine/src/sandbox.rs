//! The sandbox's miner.

use coffer_store::{error::DbError, tx::Tx};

use crate::{engine::Engine, error::EngineError};

impl Engine {
    /// Mines one sandbox block if something waits for it; whether it did.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn mine_sandbox(&self) -> Result<bool, EngineError> {
        let pending = self.parts.sandbox_ledger.pending().await?;
        let chain = self.home_chain();
        let waiting = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.followed_transfers(chain).await)
            .await
            .map_err(|error: DbError| error)?;
        if pending.is_empty() && waiting.is_empty() {
            return Ok(false);
        }
        self.parts.sandbox_ledger.mine(1, self.now()).await?;
        Ok(true)
    }
}
