//! One seed from its beginning to its end.

use coffer_domain::payment_request::Policy;
use coffer_store::callback::kind_word;

use super::{
    Trouble,
    database::Kind,
    plant::Plant,
    random::mixed,
    run::{Counts, Run},
    world::World,
};

/// Acts of the people and the chain in one seed.
const ACTS: u64 = 60;
/// How long everybody waits at the end for each thing that is still under way: longer than the
/// longest window and its grace.
const LAST_WAIT_SECONDS: u64 = 30 * 3_600;
/// Blocks that make everything final, and one that finds nothing left to do.
const LAST_BLOCKS: [u64; 2] = [25, 1];
/// Rounds after which every callback must have been taken by a healthy endpoint.
const LAST_DELIVERIES: u32 = 200;

/// What a seed came to.
pub struct Lived {
    /// One number over everything it has committed.
    pub digest: String,
    /// What has happened.
    pub counts: Counts,
}

/// Lives through a seed.
///
/// # Errors
/// [`Trouble::Broken`] when something does not hold that must.
pub async fn live(
    kind: Kind,
    server: Option<&str>,
    seed: u64,
    plant: Option<Plant>,
) -> Result<Lived, Trouble> {
    let world = World::new(kind, server, mixed(seed)).await?;
    let mut shops = vec![world.open_shop("first", Policy::DEFAULT).await?];
    shops.push(world.open_shop("second", Policy::CRYPTOPROCESSING).await?);
    let mut run = Run::new(world, shops, seed, plant).await?;
    let outcome = run.life().await;
    let counts = std::mem::take(&mut run.counts);
    run.world.remove().await?;
    outcome.map(|digest| Lived { digest, counts })
}

impl Run {
    async fn life(&mut self) -> Result<String, Trouble> {
        self.begin().await?;
        for _ in 0..ACTS {
            self.act().await?;
            self.let_time_pass();
            if self.random.percent(80) {
                self.work(true).await?;
            }
        }
        self.settle().await?;
        let digest = self.digest().await?;
        self.deliver_everything().await?;
        Ok(digest)
    }

    /// The chain is read for the first time.
    async fn begin(&mut self) -> Result<(), Trouble> {
        self.ready(false);
        let chain = self.world.chain();
        self.world.engine.follow_once(&chain).await.map_err(Trouble::outside)?;
        self.create().await
    }

    async fn act(&mut self) -> Result<(), Trouble> {
        match self.random.below(100) {
            0..=11 => self.create().await,
            12..=27 => self.choose().await,
            28..=30 => self.cancel().await,
            31..=54 => self.pay().await,
            55..=72 => {
                let count = self.random.between(1, 3);
                self.mine(count).await
            }
            73..=80 => self.reorganise().await,
            81..=84 => self.drop_one().await,
            85..=91 => {
                self.change_weather();
                Ok(())
            }
            92..=96 => {
                self.change_manners();
                Ok(())
            }
            _ => self.restart().await,
        }
    }

    fn let_time_pass(&mut self) {
        let seconds = match self.random.below(100) {
            0..=79 => self.random.between(1, 20),
            80..=93 => self.random.between(2, 12) * 60,
            94..=98 => self.random.between(25, 70) * 60,
            _ => self.random.between(20, 30) * 3_600,
        };
        self.pass(seconds);
    }

    /// Everything that is under way comes to its end.
    async fn settle(&mut self) -> Result<(), Trouble> {
        self.set_weather(false, 0);
        self.healthy_endpoints();
        self.work(false).await?;
        for blocks in LAST_BLOCKS {
            self.mine(blocks).await?;
            self.pass(1);
            self.work(false).await?;
            self.pass(LAST_WAIT_SECONDS);
            self.work(false).await?;
        }
        for known in &self.known {
            let open = known.order.is_open();
            self.must(!open, || format!("{} never ends", known.id))?;
        }
        self.count_outcomes().await
    }

    async fn count_outcomes(&mut self) -> Result<(), Trouble> {
        for place in 0..self.known.len() {
            let Some(known) = self.known.get(place) else { continue };
            let rows = self.rows(known).await?;
            for case in &rows.cases {
                self.count(format!("case {}", case.kind));
            }
            for callback in &rows.callbacks {
                self.count(format!("told {}", kind_word(callback.kind)));
            }
        }
        Ok(())
    }

    /// With healthy endpoints every callback is taken, or a newer one of its request was.
    async fn deliver_everything(&mut self) -> Result<(), Trouble> {
        for _ in 0..LAST_DELIVERIES {
            self.ready(false);
            let sent = self.world.engine.deliver_callbacks().await.map_err(Trouble::outside)?;
            self.check().await?;
            if sent > 0 {
                continue;
            }
            let due = self.world.engine.next_callback_due().await.map_err(Trouble::outside)?;
            let Some(due) = due else { return self.check_all_delivered().await };
            self.world.clock.pass(due.since(self.now()));
        }
        self.broken("callbacks are never delivered")
    }

    async fn check_all_delivered(&mut self) -> Result<(), Trouble> {
        for known in &self.known {
            let rows = self.rows(known).await?;
            let newest = rows.callbacks.last().map(|callback| callback.ordinal);
            let right = newest.is_none_or(|newest| newest == known.taken);
            self.must(right, || format!("{} was told {} of {newest:?}", known.id, known.taken))?;
        }
        Ok(())
    }
}
