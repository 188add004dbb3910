//! Stopping a network: when a payment that had been final has left the chain, by a reorganisation
//! deeper than what had made it final, nothing is credited there until a person has looked. Its
//! cursor stays where it was, so that afterwards everything is read again from where both histories
//! part.

use std::{collections::BTreeMap, sync::Arc};

use coffer_domain::{
    code::NetworkName,
    id::PaymentRequestId,
    payment_request::{Needed, PaymentRequest, TrackedTransfer},
    ports::Chain,
    time::Timestamp,
    transfer::{Observation, Position, TransferReference},
};
use coffer_store::{
    chain_cursor::Cursor,
    chain_stop::{ChainStop, StopKind},
    error::DbError,
    nudge::Nudge,
    tx::Tx,
};

use super::{Found, Step, deep::makes_final, look::depth};
use crate::{alarms::Alarm, engine::Engine, error::EngineError, workers::WINDOWS_TOPIC};

/// What became of a final transfer whose block is gone; the worse one is the greater.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Left {
    /// It is in another block, and not deep enough in it to be final.
    Shallow(TransferReference),
    /// It is in no block.
    Gone(TransferReference),
}

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

impl Engine {
    /// Of what a step found, the requests of which a transfer that had been final has left its
    /// block, each with the worst of these: one that is in no block any more, or else one that is
    /// in another block, and not deep enough in it.
    pub(super) async fn left(
        &self,
        tx: &mut Tx<'_>,
        step: &Step,
        seen: &BTreeMap<PaymentRequestId, Found>,
    ) -> Result<BTreeMap<PaymentRequestId, Left>, DbError> {
        let mut left = BTreeMap::new();
        for (request, found) in seen.iter().filter(|(_, found)| found.was_final) {
            let Some(stored) = tx.request(*request).await? else { continue };
            let looks = found.observations.iter();
            let worst = looks.filter_map(|look| left_block(&stored.request, look, step)).max();
            left.extend(worst.map(|worst| (*request, worst)));
        }
        Ok(left)
    }

    /// Commits what is known of the final payments that left their blocks, and nothing else: the
    /// cursor does not move, and the network is stopped. What the audit had booked above the fork
    /// is due. Nothing becomes final by it, and nothing else is taken in: these blocks may not
    /// last, and all is read again when a person lets the network go on.
    pub(super) async fn stop_step(
        &self,
        tx: &mut Tx<'_>,
        step: &Step,
        mut seen: BTreeMap<PaymentRequestId, Found>,
        left: &BTreeMap<PaymentRequestId, Left>,
    ) -> Result<(), EngineError> {
        let reason = why_stopped(left);
        let stopped = self.stop_in(tx, &step.cursor, StopKind::Reversed, reason).await?;
        tx.step_cursor(stopped.look, &stopped).await?;
        if step.reorganised() {
            // What is told below takes what the audit had booked out of its block: the audit must
            // look for it again before anybody may call it gone.
            tx.fork_audits(stopped.chain, step.fork.at.height).await?;
        }
        for request in left.keys() {
            let Some(mut found) = seen.remove(request) else { continue };
            let Some(stored) = tx.request(*request).await? else { continue };
            let was_final = |look: &Observation| {
                let known = stored.request.transfer(&look.reference);
                known.is_some_and(TrackedTransfer::is_final)
            };
            found
                .observations
                .retain(|look| was_final(look) && !makes_final(&stored.request, look));
            found.beyond.clear();
            found.early.clear();
            self.tell_request(tx, *request, &found, &stopped, step.asked_at).await?;
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
}

/// What a look says of a final transfer that has left its block; none of any other, and of one that
/// is deep enough again in another block: it has only moved.
pub(super) fn left_block(
    request: &PaymentRequest,
    look: &Observation,
    step: &Step,
) -> Option<Left> {
    let known = request.transfer(&look.reference).filter(|known| known.is_final())?;
    let (now, safe, finalized) = match &look.position {
        Position::Gone => return Some(Left::Gone(look.reference.clone())),
        Position::Pending => return None,
        Position::Block { at, safe, finalized, .. } => (at, *safe, *finalized),
    };
    let stays = matches!(&known.position, Position::Block { at, .. } if at == now);
    // Whoever is not in step with the network does not know how deep it is.
    if stays || !step.tip.live {
        return None;
    }
    let needed = request.needed_at(&look.address)?;
    let deep = needed.is_met(depth(step.tip.at.height, now.height), safe, finalized);
    // Where it lies no higher than before, blocks are missing only while the sandbox is shorter.
    let counted = matches!(needed, Needed::Confirmations(_));
    let no_higher = known.confirmed.as_ref().is_some_and(|was| now.height <= was.at.height);
    let excused = deep || (counted && no_higher);
    (!excused).then(|| Left::Shallow(look.reference.clone()))
}

/// Why a network is stopped, in a sentence.
fn why_stopped(left: &BTreeMap<PaymentRequestId, Left>) -> String {
    let mut gone = left.iter().filter(|(_, left)| matches!(left, Left::Gone(_)));
    let count = gone.clone().count();
    let first = gone.next().or_else(|| left.iter().next());
    let first = first.map_or_else(String::new, |(request, left)| {
        let (Left::Shallow(reference) | Left::Gone(reference)) = left;
        format!("{reference} of payment request {request}")
    });
    let shallow = "in another block, and not as deep as needed";
    match (count, left.len()) {
        (0, 1) => format!("a payment that had been final is {shallow}: {first}"),
        (0, many) => {
            format!("{many} payments that had been final are {shallow}, the first {first}")
        }
        (1, _) => format!("a payment that had been final is gone: {first}"),
        (many, _) => format!("{many} payments that had been final are gone, the first {first}"),
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
