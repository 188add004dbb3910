//! Stopping a network: when a payment that had been final is gone, nothing on it is credited until
//! a person has looked. Its cursor stays where it was, so that afterwards everything is read again
//! from where both histories part.

use std::{collections::BTreeMap, sync::Arc};

use coffer_domain::{
    code::NetworkName,
    id::PaymentRequestId,
    ports::Chain,
    time::Timestamp,
    transfer::{BlockRef, Position, TransferReference},
};
use coffer_store::{
    chain_cursor::Cursor,
    chain_stop::{ChainStop, StopKind},
    error::DbError,
    nudge::Nudge,
    tx::Tx,
};

use super::{Found, REMEMBERED_BLOCKS, Step, read::is_there};
use crate::{
    alarms::Alarm,
    engine::Engine,
    error::EngineError,
    workers::{FOLLOW_TOPIC, WINDOWS_TOPIC},
};

/// How one chain is read, and whether a person must look at it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainState {
    /// Its name.
    pub name: NetworkName,
    /// How far it was read; none before the first look.
    pub cursor: Option<Cursor>,
    /// Why it is stopped; none while it is not.
    pub stop: Option<ChainStop>,
}

/// Why a network was not let go on; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ClearRefused {
    /// It is not stopped.
    #[error("{0} is not stopped")]
    NotStopped(NetworkName),
    /// The block to go on from cannot be.
    #[error("{name} has no block {height} to go on from")]
    NoBlock {
        /// The network.
        name: NetworkName,
        /// The block.
        height: u64,
    },
    /// Nothing would be read again.
    #[error("{name} has been read up to block {height}; name a block up to that one")]
    Beyond {
        /// The network.
        name: NetworkName,
        /// The newest block read.
        height: u64,
    },
    /// What changed below would be missed.
    #[error("block {height} of {name} is another than the one that was read; name a lower one")]
    Parted {
        /// The network.
        name: NetworkName,
        /// The block to go on from.
        height: u64,
    },
    /// What is gone would go on being believed.
    #[error(
        "{count} payments are in blocks of {name} that are gone, the first {first}; go on from \
         block {height} or a lower one (--from)"
    )]
    Gone {
        /// The network.
        name: NetworkName,
        /// How many.
        count: usize,
        /// The lowest of them.
        first: TransferReference,
        /// The height of its block.
        height: u64,
    },
    /// The installation, or the network's node.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<DbError> for ClearRefused {
    fn from(error: DbError) -> Self {
        Self::Engine(error.into())
    }
}

impl Engine {
    /// Of what a step found, the requests of which a transfer that had been final is gone, each
    /// with the first of these.
    pub(super) async fn reversals(
        &self,
        tx: &mut Tx<'_>,
        seen: &BTreeMap<PaymentRequestId, Found>,
    ) -> Result<BTreeMap<PaymentRequestId, TransferReference>, DbError> {
        let mut reversals = BTreeMap::new();
        for (request, found) in seen {
            let gone = found.observations.iter().filter(|look| look.position == Position::Gone);
            let gone: Vec<_> = gone.map(|look| &look.reference).collect();
            if gone.is_empty() {
                continue;
            }
            let Some(stored) = tx.request(*request).await? else { continue };
            let is_final = |reference: &&&TransferReference| {
                stored.request.transfer(reference).is_some_and(|known| known.is_final())
            };
            if let Some(reference) = gone.iter().find(is_final) {
                reversals.insert(*request, (*reference).clone());
            }
        }
        Ok(reversals)
    }

    /// Commits what is known of the requests that lost a final payment, and nothing else: the
    /// cursor does not move, and the network is stopped.
    pub(super) async fn stop_step(
        &self,
        tx: &mut Tx<'_>,
        step: &Step,
        seen: &BTreeMap<PaymentRequestId, Found>,
        reversals: &BTreeMap<PaymentRequestId, TransferReference>,
    ) -> Result<(), EngineError> {
        let count = reversals.len();
        let first = reversals.iter().next();
        let first = first.map_or_else(String::new, |(request, reference)| {
            format!("{reference} of payment request {request}")
        });
        let reason = match count {
            1 => format!("a payment that had been final is gone: {first}"),
            _ => format!("{count} payments that had been final are gone, the first {first}"),
        };
        let stopped = self.stop_in(tx, &step.cursor, StopKind::Reversed, reason).await?;
        tx.step_cursor(stopped.look, &stopped).await?;
        for request in reversals.keys() {
            if let Some(found) = seen.get(request) {
                self.tell_request(tx, *request, found, &stopped, step.asked_at).await?;
            }
        }
        tx.after_commit(Nudge::new(WINDOWS_TOPIC));
        Ok(())
    }

    /// Stops a chain that was reorganised below all that is remembered of it.
    pub(super) async fn stop_too_deep(
        &self,
        cursor: &Cursor,
        reason: &str,
    ) -> Result<(), EngineError> {
        let (engine, cursor, reason) = (self.clone(), cursor.clone(), reason.to_owned());
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                let kind = StopKind::TooDeep;
                if !engine.may_move(tx, cursor.chain).await? {
                    return Ok(());
                }
                if tx.step_cursor(cursor.look, &halted(&cursor, &reason, engine.now())).await? {
                    engine.stop_in(tx, &cursor, kind, reason.clone()).await?;
                }
                Ok::<_, DbError>(())
            })
            .await?;
        Ok(())
    }

    /// Writes that a chain is stopped; the cursor as it stands then.
    async fn stop_in(
        &self,
        tx: &mut Tx<'_>,
        cursor: &Cursor,
        kind: StopKind,
        reason: String,
    ) -> Result<Cursor, DbError> {
        let now = self.now();
        let stopped = halted(cursor, &reason, now);
        let stop = ChainStop {
            chain: cursor.chain,
            kind,
            height: cursor.at.height,
            reason,
            since: now,
            was_behind_since: cursor.behind_since,
        };
        if tx.stop_chain(&stop).await? {
            self.raise(tx, Alarm::NetworkStopped, stop.chain, &stop.reason, now).await?;
        }
        Ok(stopped)
    }

    /// Every chain that is followed, and how it is read.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn chain_states(&self) -> Result<Vec<ChainState>, EngineError> {
        let (cursors, stops) = self
            .store()
            .read(async |tx: &mut Tx<'_>| Ok((tx.cursors().await?, tx.chain_stops().await?)))
            .await
            .map_err(|error: DbError| error)?;
        let state = |chain: &Arc<dyn Chain>| {
            let name = chain.name();
            let cursor = cursors.iter().find(|cursor| cursor.chain == name).cloned();
            let stop = stops.iter().find(|stop| stop.chain == name).cloned();
            ChainState { name, cursor, stop }
        };
        Ok(self.chains().map(state).collect())
    }

    /// Lets a stopped network go on: what is new is read from where both histories part. Where that
    /// is below all that is remembered, from block `from` on, or from just below the lowest that is
    /// remembered; only then its node is asked.
    ///
    /// # Errors
    /// [`ClearRefused`]; nothing was changed.
    pub async fn clear_chain(
        &self,
        chain: &Arc<dyn Chain>,
        from: Option<u64>,
    ) -> Result<ChainStop, ClearRefused> {
        let name = chain.name();
        let stop = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.chain_stop(name).await)
            .await
            .map_err(|error: DbError| error)?
            .ok_or(ClearRefused::NotStopped(name))?;
        let anchor = match (stop.kind, from) {
            (StopKind::Reversed, None) => None,
            (_, from) => Some(self.anchor(chain, from, stop.height).await?),
        };
        let (engine, cleared) = (self.clone(), stop.clone());
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                let Some(cursor) = tx.cursor(name).await? else { return Ok(()) };
                if !tx.clear_chain(name).await? {
                    return Ok(());
                }
                let (alarm, now) = (Alarm::NetworkStopped, engine.now());
                engine.over_in(tx, alarm, name.as_str(), "a person let it go on", now).await?;
                if let Some((at, time)) = &anchor {
                    tx.forget_blocks_above(name, 0).await?;
                    tx.remember_block(name, at, *time, 0).await?;
                }
                let look = cursor.look;
                let behind_since = cleared.was_behind_since;
                let behind_reason = behind_since.map(|_| "going on after a stop".to_owned());
                let on = Cursor { look: look + 1, behind_since, behind_reason, ..cursor };
                if !tx.step_cursor(look, &on).await? {
                    return Err(tx.lost_race());
                }
                tx.after_commit(Nudge::new(FOLLOW_TOPIC));
                Ok::<_, DbError>(())
            })
            .await?;
        tracing::warn!(chain = %name, reason = stop.reason, "the network goes on");
        Ok(stop)
    }

    /// The block to go on from, as the chain has it now: below the newest that was read, not one
    /// that was replaced, and with every payment up to it where it was.
    async fn anchor(
        &self,
        chain: &Arc<dyn Chain>,
        from: Option<u64>,
        read: u64,
    ) -> Result<(BlockRef, Timestamp), ClearRefused> {
        let name = chain.name();
        let limit = u32::try_from(REMEMBERED_BLOCKS + 1).unwrap_or(u32::MAX);
        let known = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.remembered_blocks(name, limit).await)
            .await
            .map_err(|error: DbError| error)?;
        let lowest = known.last().map_or(0, |(at, _)| at.height);
        let height = from.unwrap_or(lowest).saturating_sub(1);
        let block = chain.block(height, &|_: &[u8]| false).await.map_err(EngineError::from)?;
        let block = block.ok_or(ClearRefused::NoBlock { name, height })?;
        if height >= read {
            return Err(ClearRefused::Beyond { name, height: read });
        }
        if known.iter().any(|(at, _)| at.height == height && *at != block.at) {
            return Err(ClearRefused::Parted { name, height });
        }
        self.check_none_gone(chain, height).await?;
        Ok((block.at, block.time))
    }

    /// Refuses where a payment up to that height is in a block that is gone. Below a block that
    /// stands every other one stands, so that the first one met ends it.
    async fn check_none_gone(
        &self,
        chain: &Arc<dyn Chain>,
        height: u64,
    ) -> Result<(), ClearRefused> {
        let name = chain.name();
        let read = async move |tx: &mut Tx<'_>| tx.transfers_above(name, 0).await;
        let stored = self.store().read(read).await.map_err(|error: DbError| error)?;
        let mut paid: Vec<_> = stored
            .into_iter()
            .filter_map(|stored| match stored.transfer.position {
                Position::Block { at, .. } => Some((at, stored.transfer.reference)),
                Position::Pending | Position::Gone => None,
            })
            .filter(|(at, _)| at.height <= height)
            .collect();
        paid.sort_by_key(|(at, _)| std::cmp::Reverse(at.height));
        let mut gone: Vec<(BlockRef, TransferReference)> = Vec::new();
        for (at, reference) in paid {
            if gone.last().is_none_or(|(last, _)| *last != at) && is_there(chain, &at).await? {
                break;
            }
            gone.push((at, reference));
        }
        let count = gone.len();
        gone.pop().map_or(Ok(()), |(at, first)| {
            Err(ClearRefused::Gone { name, count, first, height: at.height })
        })
    }
}

/// The cursor of a chain that is stopped: where it was, and behind.
fn halted(cursor: &Cursor, reason: &str, now: Timestamp) -> Cursor {
    Cursor {
        look: cursor.look + 1,
        behind_since: cursor.behind_since.or(Some(now)),
        behind_reason: Some(format!("stopped: {reason}; see coffer chain list")),
        ..cursor.clone()
    }
}
