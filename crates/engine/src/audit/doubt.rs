//! Addresses of which nobody can say what they hold: endpoints tell otherwise of one, or one tells
//! alone of more than a second one must confirm. Such an address waits by itself; the others are
//! compared.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use coffer_domain::{
    code::NetworkName,
    id::WalletId,
    money::{AssetId, Units},
    ports::{Chain, ChainError},
    time::{Span, Timestamp},
    transfer::BlockRef,
};
use coffer_store::{
    audit::Audit, chain_cursor::Cursor, error::DbError, tx::Tx, wallet::IssuedAddress,
};

use super::Measure;
use crate::{alarms::Alarm, engine::Engine, error::EngineError};

/// An address that is in doubt is compared again after so long.
const PUT_OFF_FOR: Span = Span::from_minutes(10);

/// Addresses that are due since a reorganisation and in doubt, each by its wallet and number, and
/// until when it is passed over. The database cannot say so: that such an address must be compared
/// is known there by when it is due.
#[derive(Debug, Default)]
pub(crate) struct PutOff(Mutex<HashMap<(NetworkName, WalletId, u32), Timestamp>>);

impl PutOff {
    fn add(&self, chain: NetworkName, audit: &Audit, until: Timestamp) {
        let mut put_off = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        put_off.insert((chain, audit.wallet, audit.number), until);
    }

    /// Those of a chain that are passed over now.
    pub(super) fn now(&self, chain: NetworkName, now: Timestamp) -> HashSet<(WalletId, u32)> {
        let mut put_off = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        put_off.retain(|_, until| *until > now);
        let here = put_off.keys().filter(|(of, ..)| *of == chain);
        here.map(|(_, wallet, number)| (*wallet, *number)).collect()
    }
}

impl Engine {
    /// The addresses that are due, each with what it holds: as many as there was room for, without
    /// those in doubt.
    pub(super) async fn held_now(
        &self,
        chain: &Arc<dyn Chain>,
        measure: &Measure,
        mut due: Vec<Audit>,
    ) -> Result<Vec<(Audit, Units)>, EngineError> {
        while !due.is_empty() {
            let accounts =
                due.iter().map(|audit| audit.address.account.clone()).collect::<Vec<_>>();
            match chain.balances(&measure.at, &accounts).await {
                Ok(balances) => return Ok(due.into_iter().zip(balances).collect()),
                Err(error) if is_doubt(&error) => {
                    let first = due.remove(0);
                    self.put_off(measure.coin, &first, &error).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Vec::new())
    }

    /// Puts off one address, and tells the operator. One that must be compared after a
    /// reorganisation stays due, and is passed over.
    pub(super) async fn put_off(
        &self,
        coin: AssetId,
        audit: &Audit,
        why: &ChainError,
    ) -> Result<(), EngineError> {
        let (engine, now, why) = (self.clone(), self.now(), why.to_string());
        let (audit, until) = (audit.clone(), now.plus(PUT_OFF_FOR));
        if audit.is_forked() {
            self.put_off.add(coin.network, &audit, until);
        }
        let written = self.store().write(async move |tx: &mut Tx<'_>| {
            if !audit.is_forked() {
                let later = Audit { due_at: until, ..audit.clone() };
                tx.step_audit(coin.network, audit.height, &later).await?;
            }
            let about = format_args!("{coin} at {}", audit.address.text);
            let detail = format_args!(
                "payment request {}: the balance audit cannot tell what the address holds, and \
                 credits nothing of it until it can: {why}",
                audit.request
            );
            engine.raise(tx, Alarm::TransferRefused, about, detail, now).await
        });
        written.await.map_err(|error: DbError| error.into())
    }

    /// Tells the operator of an address of which nobody can say what it held when the audit took
    /// over.
    pub(super) async fn tell_unknown(
        &self,
        coin: AssetId,
        address: &IssuedAddress,
        at: &BlockRef,
        why: &ChainError,
    ) -> Result<(), EngineError> {
        let (engine, now, why) = (self.clone(), self.now(), why.to_string());
        let (request, text) = (address.request, address.address.text.clone());
        let height = at.height;
        let written = self.store().write(async move |tx: &mut Tx<'_>| {
            let about = format_args!("{coin} at {text}, from block {height} on");
            let detail = format_args!(
                "payment request {request}: nobody can tell what the address held after block \
                 {height}, where the balance audit takes over; what contracts pay to it from there \
                 to the first block whose balance is certain is not credited: look whether there \
                 is any: {why}"
            );
            engine.raise(tx, Alarm::TransferRefused, about, detail, now).await
        });
        written.await.map_err(|error: DbError| error.into())
    }

    /// Begins to compare new addresses; whether there were any. One in doubt keeps those behind it
    /// in its wallet waiting, but not those of other wallets, nor those that are compared already.
    pub(super) async fn begin_new_audits(
        &self,
        chain: &Arc<dyn Chain>,
        coin: AssetId,
        cursor: &Cursor,
    ) -> Result<bool, EngineError> {
        let wallets = self.store().read(async |tx: &mut Tx<'_>| tx.wallets().await).await?;
        let mut begun = false;
        for wallet in wallets.iter().filter(|wallet| self.pays_to(chain, wallet)) {
            match self.begin_audits_of(chain, coin, cursor, wallet).await {
                Err(EngineError::Chain(error)) if is_doubt(&error) => {
                    let (chain, wallet) = (chain.name(), wallet.id);
                    tracing::warn!(%chain, %wallet, %error, "a new address is not audited yet");
                }
                answer => begun |= answer?,
            }
        }
        Ok(begun)
    }
}

/// Whether an answer is missing for the first account that was asked about, and not for all.
pub(super) const fn is_doubt(error: &ChainError) -> bool {
    matches!(error, ChainError::EndpointsDisagree { .. } | ChainError::Unconfirmed { .. })
}
