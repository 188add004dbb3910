//! One round of Coffer's workers: the chain is read, windows are ended, events numbered, callbacks
//! sent. A fault may strike any of them; they then begin again, as after a restart.

use coffer_domain::{payment_request::BLIND_MARGIN, time::Span, transfer::BlockRef};
use coffer_engine::{error::EngineError, follow::Progress};
use coffer_store::{chain_cursor::Cursor, error::DbError, failpoint::Fault, tx::Tx};

use super::{
    Trouble,
    plant::Plant,
    run::{Run, Tried},
    truth::Look,
};

/// How old the last look at the tip may be without having been blind since.
const BLIND_AFTER: Span = Span::from_seconds(60);
/// A round is begun so often before somebody is to blame.
const ROUNDS_MAX: u32 = 4;

impl Run {
    /// Runs every worker to its end, whatever strikes, and holds the outcome against the truth.
    pub(super) async fn work(&mut self, faulty: bool) -> Result<(), Trouble> {
        for round in 0..ROUNDS_MAX {
            let faulty = faulty && round == 0;
            if self.follow(faulty).await? && self.end_windows(faulty).await? {
                self.number(faulty).await?;
                self.deliver(faulty).await?;
                let (now, through) = (self.now(), self.through);
                for place in 0..self.known.len() {
                    self.judge(place, now, through);
                }
                return self.check().await;
            }
        }
        self.broken("the workers do not get through")
    }

    /// What the rules make of what has been shown.
    fn judge(
        &mut self,
        place: usize,
        now: coffer_domain::time::Timestamp,
        through: coffer_domain::time::Timestamp,
    ) {
        let Some(mut order) = self.known.get(place).map(|known| known.order.clone()) else {
            return;
        };
        let before = order.status;
        order.read(&self.payments_to(&order), now, through);
        if order.status != before {
            self.count(format!("stage {}", order.status));
        }
        if let Some(known) = self.known.get_mut(place) {
            known.order = order;
        }
    }

    /// Reads the chain; whether nothing got in the way.
    async fn follow(&mut self, faulty: bool) -> Result<bool, Trouble> {
        let before = self.cursor().await?;
        let now = self.now();
        let blind = before.behind_since.is_some() || now.since(before.watermark) > BLIND_AFTER;
        let outbox = self.outbox_before().await?;
        let armed = self.ready(faulty);
        let answer = self.to_the_tip().await;
        let tried = self.over(answer, armed).await?;
        self.leave_outbox_behind(&tried, outbox).await?;
        if self.go_on().await? {
            return Ok(false);
        }
        let after = self.cursor().await?;
        if let (Err(error), None, false) = (&tried.answer, tried.struck, self.down) {
            return self.broken(&format!("the chain could not be read: {error}"));
        }
        let looked = tried.answer.is_ok() || after.look > before.look;
        if looked && !self.down {
            self.looked(blind);
        } else if !self.down {
            self.leave_cursor_ahead(&tried, before).await?;
        }
        Ok(tried.struck.is_none())
    }

    /// A person lets the chain go on where it was stopped; whether it was. What that look has shown
    /// is read again then.
    async fn go_on(&mut self) -> Result<bool, Trouble> {
        let chain = self.world.chain();
        let name = chain.name();
        let stop = self.read(async move |tx: &mut Tx<'_>| tx.chain_stop(name).await).await?;
        if stop.is_none() {
            return Ok(false);
        }
        self.count("network stopped and cleared");
        self.world.engine.clear_chain(&chain, None).await.map_err(Trouble::outside)?;
        Ok(true)
    }

    async fn to_the_tip(&self) -> Result<(), EngineError> {
        let chain = self.world.chain();
        loop {
            match self.world.engine.follow_once(&chain).await? {
                Progress::AtTip | Progress::Stopped => return Ok(()),
                Progress::More => {}
                Progress::Unsettled => {
                    let what = "the chain changed, though nobody touched it".to_owned();
                    return Err(EngineError::Inconsistent(what));
                }
            }
        }
    }

    /// Notes what a look at the chain has shown.
    fn looked(&mut self, blind: bool) {
        let tip = self.truth.tip().saturating_sub(self.lag);
        let now = self.now();
        self.truth.look(Look { now, blind, tip, pool: self.lag == 0 });
        self.count(if blind { "look after being blind" } else { "look" });
        let through = if self.lag == 0 {
            now
        } else {
            let time = self.truth.block(tip).map_or(self.through, |(_, time)| *time).min(now);
            if blind { time.minus(BLIND_MARGIN) } else { time }
        };
        self.through = self.through.max(through);
    }

    async fn end_windows(&mut self, faulty: bool) -> Result<bool, Trouble> {
        let armed = self.ready(faulty);
        let mut answer = Ok(true);
        while let Ok(true) = answer {
            answer = self.world.engine.end_windows().await;
        }
        self.clean(answer.map(drop), armed, "windows").await
    }

    async fn number(&mut self, faulty: bool) -> Result<bool, Trouble> {
        let armed = self.ready(faulty);
        let answer = self.world.engine.number_events().await;
        self.clean(answer.map(drop), armed, "events").await
    }

    /// Sends what is due, once each.
    async fn deliver(&mut self, faulty: bool) -> Result<bool, Trouble> {
        let mut armed = self.ready(faulty);
        // Attempts are recorded side by side, in one commit or in several: only the first body is
        // the same on both databases.
        if let Some(armed) = &mut armed {
            armed.point = super::faults::Point::BeforeBody;
            armed.spared = 0;
            self.world.faults.arm(*armed);
        }
        let answer = self.world.engine.deliver_callbacks().await;
        let clean = self.clean(answer.map(drop), armed, "callbacks").await?;
        self.forgetful |= !clean;
        Ok(clean)
    }

    async fn clean(
        &mut self,
        answer: Result<(), EngineError>,
        armed: Option<super::faults::Armed>,
        worker: &str,
    ) -> Result<bool, Trouble> {
        let tried = self.over(answer, armed).await?;
        match (tried.answer, tried.struck) {
            (Err(error), None) => self.broken(&format!("{worker}: {error}")),
            (_, struck) => Ok(struck.is_none()),
        }
    }

    /// Plays a cursor that is committed before its facts: a crash between the two.
    async fn leave_cursor_ahead<T>(
        &mut self,
        tried: &Tried<T>,
        before: Cursor,
    ) -> Result<(), Trouble> {
        let crashed = tried.struck.is_some_and(|struck| struck.fault == Fault::Crash);
        if self.plant != Some(Plant::CursorApart) || !crashed {
            return Ok(());
        }
        let height = self.truth.tip().saturating_sub(self.lag);
        let Some((hash, time)) = self.truth.block(height).cloned() else { return Ok(()) };
        let first = self.truth.tip().min(before.at.height);
        let blocks: Vec<_> = (first..=height)
            .filter_map(|height| Some((height, self.truth.block(height)?.clone())))
            .collect();
        let look = before.look;
        let cursor =
            Cursor { at: BlockRef { height, hash }, block_time: time, look: look + 1, ..before };
        let written = self.world.engine.store().write(async move |tx: &mut Tx<'_>| {
            tx.step_cursor(look, &cursor).await?;
            for (height, (hash, time)) in &blocks {
                let at = BlockRef { height: *height, hash: hash.clone() };
                tx.remember_block(cursor.chain, &at, *time, 200).await?;
            }
            Ok::<_, DbError>(())
        });
        written.await.map_err(Trouble::outside)
    }

    /// The outbox as it stands, where a planted bug needs to know.
    pub(super) async fn outbox_before(&self) -> Result<Option<i64>, Trouble> {
        if self.plant != Some(Plant::OutboxAfter) {
            return Ok(None);
        }
        let count = "SELECT COUNT(*) FROM callback";
        self.read(async move |tx: &mut Tx<'_>| tx.one(count, &[], |row| row.int(0)).await).await
    }

    /// Plays an outbox that is written after the commit: a crash in between leaves none.
    pub(super) async fn leave_outbox_behind<T>(
        &self,
        tried: &Tried<T>,
        before: Option<i64>,
    ) -> Result<(), Trouble> {
        let Some(before) = before.filter(|_| tried.is_committed()) else { return Ok(()) };
        // Identities rise with time, so that the newest rows are those of the crashed commit.
        let written = self.world.engine.store().write(async move |tx: &mut Tx<'_>| {
            let newest = "DELETE FROM callback WHERE id IN (SELECT id FROM callback ORDER BY id \
                          LIMIT 1000 OFFSET $1)";
            tx.exec(newest, coffer_store::vals![before]).await
        });
        written.await.map(drop).map_err(Trouble::outside)
    }
}
