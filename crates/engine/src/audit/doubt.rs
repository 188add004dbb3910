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
};
use coffer_store::{audit::Audit, error::DbError, tx::Tx};

use super::{Measure, begin::UNKNOWN};
use crate::{alarms::Alarm, engine::Engine, error::EngineError};

/// An address that is in doubt is compared again after so long.
const PUT_OFF_FOR: Span = Span::from_minutes(10);
/// One of which nobody could say what it held at first: the block that must be asked about is
/// forgotten soon.
const UNKNOWN_PUT_OFF_FOR: Span = Span::from_seconds(30);

/// Addresses in doubt that are due since a reorganisation, or since they are known, each by its
/// wallet and number, and until when it is passed over. The database cannot say so: that such an
/// address must be compared from one block on is known there by when it is due.
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

    /// Puts off one address, and tells the operator. One of which must be asked what it held after
    /// the block it was compared last at stays due, and is passed over.
    pub(super) async fn put_off(
        &self,
        coin: AssetId,
        audit: &Audit,
        why: &ChainError,
    ) -> Result<(), EngineError> {
        let (engine, now, why) = (self.clone(), self.now(), why.to_string());
        let pause = if audit.balance == UNKNOWN { UNKNOWN_PUT_OFF_FOR } else { PUT_OFF_FOR };
        let (audit, until) = (audit.clone(), now.plus(pause));
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
}

/// Whether an answer is missing for the first account that was asked about, and not for all.
pub(super) const fn is_doubt(error: &ChainError) -> bool {
    matches!(error, ChainError::EndpointsDisagree { .. } | ChainError::Unconfirmed { .. })
}
