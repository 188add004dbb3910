//! Several servers on one database: which of them follows a chain, mines the sandbox and sends
//! callbacks. Each counts its beat up; a server whose beat stands still loses what it holds to the
//! first that notices. Only changes are looked at, so the clocks of the servers need not agree.
//!
//! That a server believes to hold something is worth little: it may have been stopped in between.
//! What moves a cursor therefore compares the lease's fence in its own transaction.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use coffer_domain::{
    code::NetworkName,
    ports::Chain,
    time::{Span, Timestamp},
};
use coffer_store::{error::DbError, lease::Lease, tx::Tx};

use crate::{engine::Engine, error::EngineError, follow::Progress};

/// Who mines the sandbox.
pub(crate) const MINING: &str = "mine the sandbox";
/// Who sends callbacks.
pub(crate) const CALLBACKS: &str = "send callbacks";

/// A server whose beat stands still for so long has lost what it holds.
const LOST_AFTER: Span = Span::from_seconds(5);
/// How long a server may go without a look at the leases and still act on the last. Shorter than
/// [`LOST_AFTER`], so that a server that was stopped does nothing before it has looked.
const FRESH_FOR: Span = Span::from_seconds(3);

/// What this server knows of the others and of itself.
#[derive(Default)]
pub(crate) struct Leases {
    /// The name of this server, made when it is first needed.
    server: OnceLock<String>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The leases this server holds, each with its fence.
    held: HashMap<String, u64>,
    /// The beat of each server, and since when it has been that.
    beats: BTreeMap<String, (u64, Timestamp)>,
    /// When the look began that told what is held.
    looked: Option<Timestamp>,
}

impl Known {
    /// Whether a look at `now` follows on the last without a gap. After one, nothing is known of
    /// what happened in between: perhaps it was the database that was away, and nobody could beat.
    fn follows_on(&self, now: Timestamp) -> bool {
        self.looked.is_some_and(|looked| {
            let passed = now.since(looked);
            passed >= Span::ZERO && passed <= FRESH_FOR
        })
    }

    /// Takes in the beats of a look that began then, and tells which servers live. What this server
    /// holds is known only at the end of the look, so that it is not yet as fresh as that.
    fn see(&mut self, beats: &[(String, u64)], now: Timestamp) -> BTreeSet<String> {
        if !self.follows_on(now) {
            self.beats.clear();
        }
        let seen = beats.iter().map(|(server, beat)| {
            let before = self.beats.get(server).filter(|(known, _)| known == beat);
            (server.clone(), (*beat, before.map_or(now, |(_, since)| *since)))
        });
        self.beats = seen.collect();
        let lives = |since: &Timestamp| now.since(*since) < LOST_AFTER;
        let living = self.beats.iter().filter(|(_, (_, since))| lives(since));
        living.map(|(server, _)| server.clone()).collect()
    }

    /// Ends a look that began at `now`, with what this server holds; tells which leases it lost.
    fn hold(&mut self, held: HashMap<String, u64>, now: Timestamp) -> Vec<String> {
        self.looked = Some(now);
        let before = std::mem::replace(&mut self.held, held);
        before.into_keys().filter(|name| !self.held.contains_key(name)).collect()
    }
}

impl Leases {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fence of a lease that this server holds, as far as it knows.
    fn fence(&self, name: &str, now: Timestamp) -> Option<u64> {
        let known = self.known();
        known.held.get(name).copied().filter(|_| known.follows_on(now))
    }
}

/// The lease of following a chain.
pub(crate) fn following(chain: NetworkName) -> String {
    format!("follow {chain}")
}

impl Engine {
    fn server_name(&self) -> &str {
        self.leases.server.get_or_init(|| {
            let bytes: [u8; 12] = self.random();
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        })
    }

    /// Says that this server lives, and takes what nobody living holds. Nothing where the database
    /// is not shared.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tend_leases(&self) -> Result<(), EngineError> {
        if !self.settings().shared_database {
            return Ok(());
        }
        // Before anything is asked: a server that is stopped in between does not know of it.
        let begun = self.now();
        let me = self.server_name().to_owned();
        let beat = me.clone();
        let write = async move |tx: &mut Tx<'_>| tx.beat(&beat).await;
        self.store().write_committed(write).await.map_err(|error: DbError| error)?;
        let read = async |tx: &mut Tx<'_>| Ok((tx.beats().await?, tx.leases().await?));
        let read = self.store().read(read).await;
        let (beats, leases): (Vec<(String, u64)>, Vec<Lease>) =
            read.map_err(|error: DbError| error)?;
        let living = self.leases.known().see(&beats, begun);
        let mut held = HashMap::new();
        for name in self.wanted() {
            let lease = leases.iter().find(|lease| lease.name == name);
            let holder = lease.and_then(|lease| lease.holder.as_deref());
            let seen = lease.map_or(0, |lease| lease.fence);
            if holder == Some(me.as_str()) {
                held.insert(name, seen);
            } else if holder.is_none_or(|holder| !living.contains(holder))
                && self.take_lease(&name, seen).await?
            {
                tracing::info!(lease = name, fence = seen + 1, from = holder, "taken over");
                held.insert(name, seen + 1);
            }
        }
        let lost = self.leases.known().hold(held, begun);
        for name in lost {
            tracing::warn!(lease = name, "another server has taken over");
        }
        self.forget_servers(&beats, &leases, &living).await
    }

    /// Everything that only one server does.
    fn wanted(&self) -> Vec<String> {
        let chains = self.chains().map(|chain| following(chain.name()));
        chains.chain([MINING.to_owned(), CALLBACKS.to_owned()]).collect()
    }

    async fn take_lease(&self, name: &str, seen: u64) -> Result<bool, DbError> {
        let (name, me) = (name.to_owned(), self.server_name().to_owned());
        let take = async move |tx: &mut Tx<'_>| tx.take_lease(&name, &me, seen).await;
        self.store().write_committed(take).await
    }

    /// Forgets servers that do not live and hold nothing.
    async fn forget_servers(
        &self,
        beats: &[(String, u64)],
        leases: &[Lease],
        living: &BTreeSet<String>,
    ) -> Result<(), EngineError> {
        let holds = |server: &str| leases.iter().any(|it| it.holder.as_deref() == Some(server));
        for (server, beat) in beats {
            if living.contains(server) || holds(server) {
                continue;
            }
            let (server, beat) = (server.clone(), *beat);
            let forget = async move |tx: &mut Tx<'_>| tx.forget_server(&server, beat).await;
            self.store().write_committed(forget).await.map_err(|error: DbError| error)?;
        }
        Ok(())
    }

    /// Gives back what this server holds, so that another goes on at once.
    ///
    /// # Errors
    /// When the database refuses; the others then notice after some seconds.
    pub async fn give_back_leases(&self) -> Result<(), EngineError> {
        let Some(me) = self.leases.server.get().cloned() else { return Ok(()) };
        self.leases.known().held.clear();
        let give = async move |tx: &mut Tx<'_>| tx.give_back(&me).await;
        Ok(self.store().write_committed(give).await.map_err(|error: DbError| error)?)
    }

    /// Whether this server is the one that does something, as far as it knows.
    pub(crate) fn holds(&self, name: &str) -> bool {
        !self.settings().shared_database || self.leases.fence(name, self.now()).is_some()
    }

    /// Whether what this transaction writes of a chain counts: this server follows it, and nobody
    /// has taken over since. The sandbox is moved by whoever simulates a payment, too; steps that
    /// meet there are told apart by the cursor's own number.
    pub(crate) async fn may_move(
        &self,
        tx: &mut Tx<'_>,
        chain: NetworkName,
    ) -> Result<bool, DbError> {
        if !self.settings().shared_database || chain == self.home_chain() {
            return Ok(true);
        }
        let name = following(chain);
        // Not whether that is fresh: the row itself is asked.
        let fence = self.leases.known().held.get(&name).copied();
        match fence {
            Some(fence) => tx.keeps_lease(&name, self.server_name(), fence).await,
            None => Ok(false),
        }
    }

    /// Follows a chain where this server is the one that does; else stands by: it learns what was
    /// issued and asks the chain's node once, so that it can take over and offer coins at once.
    ///
    /// # Errors
    /// When the chain or the database gives no answer.
    pub async fn follow_in_turn(&self, chain: &Arc<dyn Chain>) -> Result<Progress, EngineError> {
        if self.holds(&following(chain.name())) {
            return self.follow_once(chain).await;
        }
        let name = chain.name();
        let stood_by = self.stand_by(chain).await;
        if let Err(reason) = stood_by.as_ref()
            && !matches!(reason, EngineError::Store(_))
        {
            self.probes.refuse(name, reason);
        }
        stood_by.map(|()| Progress::AtTip)
    }

    async fn stand_by(&self, chain: &Arc<dyn Chain>) -> Result<(), EngineError> {
        let name = chain.name();
        let probe = self.probe(chain).await?;
        self.refresh_watch().await?;
        let cursor = self.store().read(async move |tx: &mut Tx<'_>| tx.cursor(name).await).await;
        if cursor.map_err(|error: DbError| error)?.is_some() {
            self.probes.admit(name, probe);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn at(seconds: i64) -> Timestamp {
        START.plus(Span::from_seconds(seconds))
    }

    fn lives(known: &mut Known, second: i64, beat: u64) -> bool {
        let living = known.see(&[("other".to_owned(), beat)], at(second));
        known.hold(HashMap::new(), at(second));
        living.contains("other")
    }

    #[test]
    fn a_server_whose_beat_stands_still_is_lost_after_five_seconds() {
        let mut known = Known::default();
        let seen: Vec<bool> = (0..8).map(|second| lives(&mut known, second, 7)).collect();
        assert_eq!(seen, [true, true, true, true, true, false, false, false]);
        assert!(lives(&mut known, 8, 8), "it beats again");
    }

    #[test]
    fn nobody_is_lost_while_the_database_was_away_or_a_clock_was_set() {
        let mut known = Known::default();
        assert!(lives(&mut known, 0, 7));
        assert!(lives(&mut known, 60, 7), "nobody looked in between");
        assert!(lives(&mut known, 61, 7));
        assert!(lives(&mut known, 10, 7), "the clock was set back");
        assert!((11..15).all(|second| lives(&mut known, second, 7)));
        assert!(!lives(&mut known, 15, 7));
    }

    #[test]
    fn who_has_not_looked_lately_holds_nothing() {
        let leases = Leases::default();
        leases.known().hold(HashMap::from([(MINING.to_owned(), 3)]), at(0));
        assert_eq!(leases.fence(MINING, at(3)), Some(3));
        assert_eq!(leases.fence(MINING, at(4)), None);
        assert_eq!(leases.fence(CALLBACKS, at(3)), None);
    }

    #[test]
    fn a_server_that_was_stopped_acts_on_nothing_before_it_knows_what_it_lost() {
        let leases = Leases::default();
        leases.known().hold(HashMap::from([(MINING.to_owned(), 3)]), at(0));
        // It goes on after a minute, and is half way through its look.
        leases.known().see(&[("other".to_owned(), 9)], at(60));
        assert_eq!(leases.fence(MINING, at(60)), None);
        assert_eq!(leases.known().hold(HashMap::new(), at(60)), [MINING.to_owned()]);
        assert_eq!(leases.fence(MINING, at(60)), None);
    }
}
