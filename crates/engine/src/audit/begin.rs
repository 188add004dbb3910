//! Beginning to compare what addresses hold: a new one's, and every one's where the audit takes
//! over.
//!
//! One of which nobody can say now what it held keeps no other waiting: it is begun like one that
//! is compared after a reorganisation, from a block after which must be asked once more what it
//! held. What comes after that block is found then. Where the block is forgotten before, nothing is
//! found up to the first certain comparison, and the operator is told what is there.

use std::sync::Arc;

use coffer_domain::{
    code::NetworkName,
    money::{AssetId, Units},
    ports::{Chain, ChainError},
    time::{Span, Timestamp},
    transfer::BlockRef,
};
use coffer_store::{
    audit::{Audit, FORKED},
    chain_cursor::Cursor,
    error::DbError,
    tx::Tx,
    wallet::{IssuedAddress, Wallet},
};

use super::{BATCH, MEASURED_WITHIN, all_remembered, compare::booked, doubt::is_doubt};
use crate::{alarms::Alarm, engine::Engine, error::EngineError};

/// By so much our clock may be ahead of a network's without a payment being taken for what its
/// address held at first. More would reach back further than nodes of fast networks keep balances.
const CLOCK_AHEAD_MAX: Span = Span::from_minutes(3);

/// What an address held at first of which nobody can say it: beyond so much nothing is found, so
/// that nothing is credited before it is known.
pub(super) const UNKNOWN: Units = Units::new(u128::MAX);

/// What a new address held after a block.
pub(super) struct Reading {
    height: u64,
    /// Or why nobody can say.
    held: Result<Units, String>,
    /// Whether the block may be younger than the address, so that it may have been paid by then.
    late: bool,
}

impl Engine {
    /// Notes what new addresses held before anybody can have paid to them; whether there were any.
    pub(crate) async fn begin_audits(
        &self,
        chain: &Arc<dyn Chain>,
        coin: AssetId,
        cursor: &Cursor,
    ) -> Result<bool, EngineError> {
        let wallets = self.store().read(async |tx: &mut Tx<'_>| tx.wallets().await).await?;
        let mut begun = false;
        for wallet in wallets.iter().filter(|wallet| self.pays_to(chain, wallet)) {
            begun |= self.begin_audits_of(chain, coin, cursor, wallet).await?;
        }
        Ok(begun)
    }

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

    /// Whether addresses of a wallet are addresses of a chain.
    pub(crate) fn pays_to(&self, chain: &Arc<dyn Chain>, wallet: &Wallet) -> bool {
        let carrier = self.chain_of(wallet.environment, chain.name());
        carrier.is_some_and(|carrier| carrier.name() == chain.name())
            && self.wallet_family(wallet.environment, chain.name()) == Some(&*wallet.family)
    }

    async fn begin_audits_of(
        &self,
        chain: &Arc<dyn Chain>,
        coin: AssetId,
        cursor: &Cursor,
        wallet: &Wallet,
    ) -> Result<bool, EngineError> {
        let (name, id) = (chain.name(), wallet.id);
        let (fresh, blocks) = self
            .store()
            .read(async move |tx: &mut Tx<'_>| {
                let next = tx.audited_to(name, id).await?;
                let fresh = tx.addresses_from(id, next, BATCH).await?;
                let mut issued = Vec::new();
                for address in fresh {
                    if let Some(stored) = tx.request(address.request).await? {
                        let first = stored.request.quotes.iter().map(|quote| quote.locked_at);
                        let at = first.min().unwrap_or(stored.request.created_at);
                        issued.push((address, at));
                    }
                }
                let blocks = tx.remembered_blocks(name, all_remembered()).await?;
                Ok::<_, DbError>((issued, blocks))
            })
            .await?;
        let mut begun = false;
        for (address, issued_at) in fresh {
            let before = before_shown(&blocks, cursor.at.height, issued_at);
            let read = first_reading(chain, cursor, &before, &address.address.account).await?;
            let Some(reading) = read else { continue };
            self.begin_audit(coin, address, reading, name).await?;
            begun = true;
        }
        Ok(begun)
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
        let held = match chain.balances(at, &accounts).await {
            Err(error) if is_doubt(&error) => vec![Err(error.to_string())],
            balances => balances?.into_iter().map(Ok).collect(),
        };
        let begun = !held.is_empty();
        for (address, held) in fresh.into_iter().zip(held) {
            let reading = Reading { height: at.height, held, late: false };
            self.begin_audit(coin, address, reading, name).await?;
        }
        Ok(begun)
    }

    /// Notes what a new address held; tells the operator what may have been paid by then, which the
    /// audit will never find.
    async fn begin_audit(
        &self,
        coin: AssetId,
        address: IssuedAddress,
        reading: Reading,
        name: NetworkName,
    ) -> Result<(), EngineError> {
        let (engine, now, Reading { height, held, late }) = (self.clone(), self.now(), reading);
        let (request, text) = (address.request, address.address.text.clone());
        if let Err(why) = &held {
            tracing::warn!(chain = %name, address = %text, height, why, "what it held is in doubt");
        }
        let audit = Audit {
            wallet: address.wallet,
            number: address.number,
            address: address.address,
            request,
            height,
            balance: *held.as_ref().unwrap_or(&UNKNOWN),
            booked: Units::ZERO,
            audited_at: now,
            due_at: if held.is_ok() { now } else { FORKED },
        };
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                let stored = tx.request(request).await?;
                let known = stored.map(|it| booked(&it.request, coin, &text, height));
                let booked = known.unwrap_or(Units::ZERO);
                let begun = tx.insert_audit(name, &Audit { booked, ..audit.clone() }).await?;
                let unbooked = match &held {
                    Ok(balance) if *balance <= booked => return Ok(()),
                    Ok(balance) => balance.saturating_sub(booked).to_string(),
                    Err(why) => format!("nobody can tell how many ({why})"),
                };
                if begun && late {
                    let about = format_args!("{coin} at {text}");
                    let detail = format_args!(
                        "payment request {request}: the balance audit first looked at the address \
                         when block {height} was read, after it was shown, and it held {unbooked} \
                         base units that are not booked; nothing of that is credited: look whether \
                         the payer sent it"
                    );
                    engine.raise(tx, Alarm::TransferRefused, about, detail, now).await?;
                }
                Ok::<_, DbError>(())
            })
            .await?;
        Ok(())
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
        let held = match chain.balances(at, &accounts).await {
            Err(error) if is_doubt(&error) => Some(Err(error.to_string())),
            balances => balances?.first().copied().map(Ok),
        };
        Ok(held.map(|held| Reading { height: at.height, held, late }))
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
