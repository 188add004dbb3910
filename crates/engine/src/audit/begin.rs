//! Beginning to compare what every address holds, where the audit takes over.

use std::sync::Arc;

use coffer_domain::{money::AssetId, ports::Chain, transfer::BlockRef};
use coffer_store::{error::DbError, tx::Tx, wallet::Wallet};

use super::{BATCH, Reading};
use crate::{engine::Engine, error::EngineError};

impl Engine {
    /// Notes what every address holds after a block that is not compared yet, all of which was read
    /// in another way up to that block.
    pub(crate) async fn begin_all_audits(
        &self,
        chain: &Arc<dyn Chain>,
        coin: AssetId,
        at: &BlockRef,
    ) -> Result<(), EngineError> {
        let wallets = self.store().read(async |tx: &mut Tx<'_>| tx.wallets().await).await?;
        for wallet in wallets.iter().filter(|wallet| self.pays_to(chain, wallet)) {
            while self.begin_batch(chain, coin, at, wallet).await? {}
        }
        Ok(())
    }

    async fn begin_batch(
        &self,
        chain: &Arc<dyn Chain>,
        coin: AssetId,
        at: &BlockRef,
        wallet: &Wallet,
    ) -> Result<bool, EngineError> {
        let (name, id) = (chain.name(), wallet.id);
        let fresh = self
            .store()
            .read(async move |tx: &mut Tx<'_>| {
                let next = tx.audited_to(name, id).await?;
                tx.addresses_from(id, next, BATCH).await
            })
            .await
            .map_err(|error: DbError| error)?;
        let accounts = fresh.iter().map(|it| it.address.account.clone()).collect::<Vec<_>>();
        if accounts.is_empty() {
            return Ok(false);
        }
        let balances = chain.balances(at, &accounts).await?;
        let begun = !balances.is_empty();
        for (address, balance) in fresh.into_iter().zip(balances) {
            let reading = Reading { height: at.height, balance, late: false };
            self.begin_audit(coin, address, reading, name).await?;
        }
        Ok(begun)
    }
}
