//! What is looked at again and again: an alarm stands for as long as something is wrong.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use coffer_domain::{
    code::{Iso, NetworkName},
    merchant::Environment,
    ports::{Chain, ChainError},
    rate::Side,
    time::{Span, Timestamp},
};
use coffer_store::{chain_cursor::Cursor, error::DbError, tx::Tx};
use futures_util::future::join_all;

use super::{Alarm, STANDING};
use crate::{doctor::holds_up, engine::Engine, error::EngineError, follow::Progress, lease};

/// Coins without a price for so long are an alarm.
const RATES_PATIENCE: Span = Span::from_minutes(10);
/// An endpoint without an answer for so long is an alarm, and one whose word holds payments up.
const ENDPOINT_PATIENCE: Span = Span::from_minutes(5);
/// More alarms than this are not counted by name.
const COUNTED: u32 = 10_000;

/// What this process has noticed and since when.
#[derive(Default)]
pub(crate) struct Conditions {
    since: Mutex<HashMap<(Alarm, String), Timestamp>>,
    /// What the endpoints of a chain disagreed about at the last look.
    disagreements: Mutex<HashMap<NetworkName, String>>,
    /// Since when no look at a chain has settled.
    unsettled: Mutex<HashMap<NetworkName, Timestamp>>,
    /// When a chain was read to its tip last.
    read_at: Mutex<HashMap<NetworkName, Timestamp>>,
}

impl Conditions {
    /// For how long something has been wrong, this moment included.
    fn wrong_for(&self, alarm: Alarm, about: &str, now: Timestamp) -> Span {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        now.since(*since.entry((alarm, about.to_owned())).or_insert(now))
    }

    fn right(&self, alarm: Alarm, about: &str) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.remove(&(alarm, about.to_owned()));
    }

    /// Keeps whether the last look at a chain found its endpoints at odds, and since when none has
    /// settled. One that did not settle does not say that the endpoints agree.
    pub(crate) fn looked(
        &self,
        chain: NetworkName,
        answer: &Result<Progress, EngineError>,
        now: Timestamp,
    ) {
        let mut kept = self.disagreements.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(Progress::Unsettled) => {
                unsettled.entry(chain).or_insert(now);
            }
            Err(EngineError::Chain(error @ ChainError::EndpointsDisagree { .. })) => {
                unsettled.remove(&chain);
                kept.insert(chain, error.to_string());
            }
            _ => {
                unsettled.remove(&chain);
                kept.remove(&chain);
            }
        }
    }

    /// Notes that a chain was read to its tip.
    pub(crate) fn read_to_tip(&self, chain: NetworkName, at: Timestamp) {
        let mut read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
        read_at.insert(chain, at);
    }

    /// When this process read a chain to its tip last.
    pub(crate) fn last_read(&self, chain: NetworkName) -> Option<Timestamp> {
        let read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
        read_at.get(&chain).copied()
    }

    /// Since when no look at a chain has settled; none where the last one did or failed.
    pub(crate) fn unsettled_since(&self, chain: NetworkName) -> Option<Timestamp> {
        let unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        unsettled.get(&chain).copied()
    }

    fn disagreement(&self, chain: NetworkName) -> Option<String> {
        let kept = self.disagreements.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&chain).cloned()
    }
}

impl Engine {
    /// Looks at everything that may be wrong, raises what is, ends what is over, and reminds.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn check_alarms(&self) -> Result<(), EngineError> {
        let now = self.now();
        self.check_networks(now).await?;
        self.check_endpoints(now).await?;
        // Of several servers one looks, so that no two disagree about whether it is over.
        if self.holds(lease::CALLBACKS) {
            self.check_rates(now).await?;
            self.remind().await?;
        }
        self.count_standing().await
    }

    /// Raises an alarm about something that has been wrong for longer than it may, and ends it
    /// once it is not. `wrong` says what is.
    pub(super) async fn judge(
        &self,
        alarm: Alarm,
        about: &str,
        wrong: Option<String>,
        patience: Span,
    ) -> Result<(), EngineError> {
        let now = self.now();
        match wrong {
            Some(detail) if self.conditions.wrong_for(alarm, about, now) >= patience => {
                self.hold(alarm, about, &detail).await
            }
            Some(_) => Ok(()),
            None => {
                self.conditions.right(alarm, about);
                self.over(alarm, about, "well again").await
            }
        }
    }

    /// The chains that this server follows, and nobody else does. The sandbox chain is in the
    /// database: it is never behind while anything works.
    pub(crate) fn chains_in_turn(&self) -> impl Iterator<Item = &Arc<dyn Chain>> {
        self.chains().skip(1).filter(|chain| self.holds(&lease::following(chain.name())))
    }

    async fn check_networks(&self, now: Timestamp) -> Result<(), EngineError> {
        let (cursors, stops) = self
            .store()
            .read(async |tx: &mut Tx<'_>| Ok((tx.cursors().await?, tx.chain_stops().await?)))
            .await
            .map_err(|error: DbError| error)?;
        for chain in self.chains_in_turn() {
            let name = chain.name();
            let cursor = cursors.iter().find(|cursor| cursor.chain == name);
            let patience = self.settings().alarms.behind_after;
            match cursor {
                // One alarm is enough.
                _ if stops.iter().any(|stop| stop.chain == name) => {}
                Some(Cursor { behind_since: Some(since), behind_reason, .. }) => {
                    if now.since(*since) >= patience {
                        let reason = behind_reason.as_deref().unwrap_or("it is not read");
                        self.hold(Alarm::NetworkBehind, name.as_str(), reason).await?;
                    }
                }
                Some(_) => self.judge(Alarm::NetworkBehind, name.as_str(), None, patience).await?,
                None => {
                    let reason = self.probes.waiting(name);
                    let reason = reason.unwrap_or_else(|| "it was never read".to_owned());
                    self.judge(Alarm::NetworkBehind, name.as_str(), Some(reason), patience).await?;
                }
            }
            let disagreement = self.conditions.disagreement(name);
            self.judge(Alarm::EndpointsDisagree, name.as_str(), disagreement, Span::ZERO).await?;
        }
        Ok(())
    }

    /// One alarm for all coins: where no market is reached, none of them has a price.
    async fn check_rates(&self, now: Timestamp) -> Result<(), EngineError> {
        let dollar = Iso::constant("USD");
        let live = |network| self.chain_of(Environment::Live, network).is_some();
        let assets = self.catalogue().assets().iter();
        let mut coins: Vec<Iso> = assets
            .filter(|asset| live(asset.id.network))
            .map(|asset| asset.id.iso)
            .filter(|iso| self.price(Environment::Live, *iso, dollar, Side::Mid, now).is_err())
            .collect();
        coins.sort_unstable();
        coins.dedup();
        let names: Vec<&str> = coins.iter().map(Iso::as_str).collect();
        let wrong = (!names.is_empty()).then(|| format!("no price for {}", names.join(", ")));
        self.judge(Alarm::RatesStale, "live", wrong, RATES_PATIENCE).await
    }

    /// Asks the endpoints for their tips, of all chains at a time: one that hangs holds up no
    /// other.
    async fn check_endpoints(&self, now: Timestamp) -> Result<(), EngineError> {
        self.kept.keep_only(|chain| self.holds(&lease::following(chain)));
        let chains = self.chains_in_turn().filter(|chain| self.kept.asks(chain.name(), now));
        let chains: Vec<&Arc<dyn Chain>> = chains.collect();
        let asked = join_all(chains.iter().map(|chain| chain.endpoint_tips())).await;
        for (chain, reports) in chains.into_iter().zip(asked) {
            self.kept.said(chain.name(), now, reports.clone());
            // Where the only one is down the network is behind, which is another alarm.
            if reports.len() < 2 {
                continue;
            }
            let row = self.catalogue().network(chain.name());
            let block_seconds = row.map_or(1, |row| row.block_seconds);
            for report in &reports {
                let about =
                    format!("{} endpoint {} ({})", chain.name(), report.number, report.label);
                let wrong = report.tip.as_ref().err().map(ToString::to_string);
                self.judge(Alarm::EndpointDown, &about, wrong, ENDPOINT_PATIENCE).await?;
                let wrong = holds_up(report, &reports, block_seconds, now);
                self.judge(Alarm::FinalBehind, &about, wrong, ENDPOINT_PATIENCE).await?;
            }
        }
        Ok(())
    }

    async fn count_standing(&self) -> Result<(), EngineError> {
        let standing = self
            .store()
            .read(async |tx: &mut Tx<'_>| tx.alarms(false, COUNTED).await)
            .await
            .map_err(|error: DbError| error)?;
        for alarm in Alarm::ALL {
            let count = standing.iter().filter(|row| row.name == alarm.name()).count();
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            metrics::gauge!(STANDING, "name" => alarm.name()).set(f64::from(count));
        }
        Ok(())
    }
}
