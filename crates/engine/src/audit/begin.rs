//! Beginning to compare what addresses hold: a new one's, and every one's where the audit takes
//! over.

use std::sync::Arc;

use coffer_domain::{
    money::{AssetId, Units},
    ports::{Chain, ChainError},
    time::{Span, Timestamp},
    transfer::BlockRef,
};
use coffer_store::{chain_cursor::Cursor, error::DbError, tx::Tx, wallet::Wallet};

use super::{BATCH, MEASURED_WITHIN, Reading, doubt::is_doubt};
use crate::{engine::Engine, error::EngineError};

/// By so much our clock may be ahead of a network's without a payment being taken for what its
/// address held at first. More would reach back further than nodes of fast networks keep balances.
const CLOCK_AHEAD_MAX: Span = Span::from_minutes(3);

/// What an address held at first of which nobody can say it: beyond so much nothing is found, so
/// that nothing is credited before a comparison has noted what it holds.
const UNKNOWN: Units = Units::new(u128::MAX);

impl Engine {
    /// Notes what some addresses hold that are not compared yet, after a block up to which all was
    /// read in another way; whether there were any.
    pub(crate) async fn begin_more_audits(
        &self,
        chain: &Arc<dyn Chain>,
        coin: AssetId,
        at: &BlockRef,
    ) -> Result<bool, EngineError> {
        let wallets = self.store().read(async |tx: &mut Tx<'_>| tx.wallets().await).await?;
        for wallet in wallets.iter().filter(|wallet| self.pays_to(chain, wallet)) {
            if self.begin_batch(chain, coin, at, wallet).await? {
                return Ok(true);
            }
        }
        Ok(false)
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
        let (balances, doubt) = match chain.balances(at, &accounts).await {
            // The network is not kept from being read by one of which nobody can say what it held.
            Err(error) if is_doubt(&error) => (vec![UNKNOWN], Some(error)),
            answer => (answer?, None),
        };
        let begun = !balances.is_empty();
        for (address, balance) in fresh.into_iter().zip(balances) {
            if let Some(doubt) = &doubt {
                self.tell_unknown(coin, &address, at, doubt).await?;
            }
            let reading = Reading { height: at.height, balance, late: false };
            self.begin_audit(coin, address, reading, name).await?;
        }
        Ok(begun)
    }
}

/// A block after which a new address may be looked at first, and whether it may be younger than the
/// address.
type Candidate = (BlockRef, bool);

/// The blocks that say what an address held before it was shown, the best first: the newest that is
/// older by more than our clock may be ahead; and for where that is forgotten, or a network makes
/// too many blocks meanwhile, the oldest whose balances nodes keep. `blocks` are those remembered
/// up to `top`, the newest first.
pub(super) fn before_shown(
    blocks: &[(BlockRef, Timestamp)],
    top: u64,
    issued_at: Timestamp,
) -> Vec<Candidate> {
    let certain = issued_at.minus(CLOCK_AHEAD_MAX);
    let older = || blocks.iter().filter(|(_, time)| *time <= issued_at);
    let best = blocks.iter().find(|(_, time)| *time <= certain);
    let kept = older().rfind(|(at, _)| at.height + MEASURED_WITHIN >= top);
    let next = kept.or_else(|| older().next());
    // Before the first block of all nobody can have paid.
    let late = |at: &BlockRef, time: Timestamp| time > certain && at.height > 0;
    best.into_iter().chain(next).map(|(at, time)| (at.clone(), late(at, *time))).collect()
}

/// What an account held before it was shown; where no block of that time is remembered, or no node
/// keeps its balances, what it holds now. Nothing on chains that audit nothing.
pub(super) async fn first_reading(
    chain: &Arc<dyn Chain>,
    cursor: &Cursor,
    before: &[Candidate],
    account: &[u8],
) -> Result<Option<Reading>, EngineError> {
    let accounts = [account.to_vec()];
    let read = async |at: &BlockRef, late: bool| {
        let balances = chain.balances(at, &accounts).await?;
        Ok(balances.first().map(|balance| Reading { height: at.height, balance: *balance, late }))
    };
    for (at, late) in before {
        match read(at, *late).await {
            Err(ChainError::StatePruned { .. }) => {}
            answer => return answer.map_err(EngineError::from),
        }
    }
    Ok(read(&cursor.at, true).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUED: Timestamp = Timestamp::from_seconds(1_700_000_000);

    /// The newest first, up to height `top`: the newest as old as `age` seconds when the address
    /// was issued, each other one older by `every`.
    fn blocks(top: u64, age: i64, every: i64) -> Vec<(BlockRef, Timestamp)> {
        let made = |(back, height): (i64, u64)| {
            let time = Timestamp::from_seconds(ISSUED.seconds() - age - back * every);
            (BlockRef { height, hash: height.to_string() }, time)
        };
        (0..=200).zip((0..=top).rev()).map(made).collect()
    }

    fn chosen(top: u64, age: i64, every: i64) -> Vec<(u64, bool)> {
        let chosen = before_shown(&blocks(top, age, every), top, ISSUED);
        chosen.into_iter().map(|(at, late)| (at.height, late)).collect()
    }

    #[test]
    fn an_address_is_looked_at_first_before_any_block_that_a_clock_ahead_makes_look_older() {
        assert_eq!(chosen(1_000, 5, 12).first(), Some(&(985, false)), "180 seconds before");
        assert_eq!(chosen(1_000, -60, 12).first(), Some(&(980, false)), "read a minute later");
    }

    #[test]
    fn where_no_block_is_old_enough_the_oldest_must_do_and_may_be_too_young() {
        assert_eq!(chosen(1_000, 0, 0), [(900, true)], "of those whose balances are kept");
        assert_eq!(chosen(5, 0, 12), [(0, false)], "nobody paid before the first block");
        assert_eq!(chosen(1_000, -3_000, 12), [], "all are younger");
    }
}
