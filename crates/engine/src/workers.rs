//! Every worker there is: its name, period, topic and purpose. A worker is idempotent and takes no
//! input; a nudge only makes it run earlier than its period.

use std::{sync::Arc, time::Duration};

use coffer_domain::{ports::Chain, time::Span};
use coffer_store::{error::DbError, tx::Tx};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{engine::Engine, error::EngineError, follow::Progress, lease};

/// Nudged when an address was issued: somebody may pay soon.
pub const FOLLOW_TOPIC: &str = "follow";
/// Nudged when a cursor moved: windows may have ended.
pub const WINDOWS_TOPIC: &str = "windows";
/// Nudged when a callback was written or delivered.
pub const CALLBACKS_TOPIC: &str = "callbacks";
/// Nudged when an event was written.
pub const EVENTS_TOPIC: &str = "events";
/// Nudged, with the request's id, when what its page shows has changed.
pub const PAGES_TOPIC: &str = "pages";

/// Nudged when something is to be said about an alarm.
pub const ALARMS_TOPIC: &str = "alarms";

/// What kept answers and nonces are forgotten after.
const ANSWERS_KEPT: Span = Span::from_hours(24);
const NONCES_KEPT: Span = Span::from_minutes(15);
/// Events numbered in one transaction.
const EVENTS_BATCH: u32 = 500;

#[derive(Clone)]
enum Work {
    Follow(Arc<dyn Chain>),
    Audit(Arc<dyn Chain>),
    EndWindows,
    Events,
    Rates,
    MineSandbox,
    Forget,
    Leases,
    CheckAlarms,
    SendAlarms,
    Heartbeat,
    TakeStock,
    OpenBooks,
    CheckBooks,
}

struct Worker {
    name: String,
    every: Duration,
    topic: Option<&'static str>,
    work: Work,
}

impl Engine {
    /// Starts every worker; they end when `stop` is cancelled, each after its current run.
    pub fn start_workers(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        for worker in self.workers() {
            let (engine, stop) = (self.clone(), stop.clone());
            tasks.spawn(async move { engine.keep_working(worker, stop).await });
        }
        // Attempts are under way side by side for as long as endpoints take, so delivering has a
        // loop of its own.
        let (engine, stop) = (self.clone(), stop.clone());
        tasks.spawn(async move { engine.keep_delivering(&stop).await });
    }

    fn workers(&self) -> Vec<Worker> {
        let seconds = Duration::from_secs;
        let worker =
            |name: &str, every, topic, work| Worker { name: name.to_owned(), every, topic, work };
        let block = u64::try_from(self.settings().sandbox_block_every.millis()).unwrap_or(1_000);
        let mut workers = vec![
            worker("end windows", seconds(1), Some(WINDOWS_TOPIC), Work::EndWindows),
            worker("number events", seconds(5), Some(EVENTS_TOPIC), Work::Events),
            worker("rates", seconds(15), None, Work::Rates),
            worker("mine the sandbox", Duration::from_millis(block), None, Work::MineSandbox),
            worker("forget", seconds(60), None, Work::Forget),
            worker("leases", seconds(1), None, Work::Leases),
            worker("check alarms", seconds(15), None, Work::CheckAlarms),
            worker("send alarms", seconds(15), Some(ALARMS_TOPIC), Work::SendAlarms),
            worker("heartbeat", seconds(60), None, Work::Heartbeat),
            worker("take stock", seconds(5), None, Work::TakeStock),
            worker("open the books", seconds(60), None, Work::OpenBooks),
            worker("check the books", seconds(60), None, Work::CheckBooks),
        ];
        workers.extend(self.chains().map(|chain| Worker {
            name: format!("follow {}", chain.name()),
            every: seconds(1),
            topic: Some(FOLLOW_TOPIC),
            work: Work::Follow(Arc::clone(chain)),
        }));
        workers.extend(self.chains().map(|chain| Worker {
            name: format!("audit {}", chain.name()),
            every: seconds(5),
            topic: Some(FOLLOW_TOPIC),
            work: Work::Audit(Arc::clone(chain)),
        }));
        workers
    }

    async fn keep_working(&self, worker: Worker, stop: CancellationToken) {
        let mut nudged = worker.topic.map(|topic| self.store().nudged(topic));
        // Told once, and again when it changes: a node that is gone is gone for thousands of runs.
        let mut told = None;
        self.pulse.beat(&worker.name, worker.every, self.now());
        loop {
            let again = match self.run_once(&worker.work).await {
                Ok(again) => {
                    told = None;
                    again
                }
                Err(error) => {
                    let reason = Some(error.to_string());
                    if told != reason {
                        tracing::warn!(worker = worker.name, %error, "a worker's run failed");
                        told = reason;
                    }
                    false
                }
            };
            self.pulse.beat(&worker.name, worker.every, self.now());
            if stop.is_cancelled() {
                return;
            }
            if again {
                continue;
            }
            let nudge = async {
                match &mut nudged {
                    Some(nudged) => nudged.any().await,
                    None => std::future::pending().await,
                }
            };
            let news = async {
                match &worker.work {
                    Work::Follow(chain) => chain.news().await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = nudge => {}
                () = news => {}
                () = tokio::time::sleep(worker.every) => {}
            }
        }
    }

    /// One run of a worker; whether there is more to do at once.
    async fn run_once(&self, work: &Work) -> Result<bool, EngineError> {
        match work {
            Work::Follow(chain) => Ok(self.follow_in_turn(chain).await? == Progress::More),
            Work::Audit(chain) if !self.holds(&lease::following(chain.name())) => Ok(false),
            Work::Audit(chain) => self.audit_once(chain).await,
            Work::EndWindows => self.end_windows().await,
            Work::Events => self.number_events().await,
            Work::Rates => self.refresh_rates().await.map(|()| false),
            Work::MineSandbox if !self.holds(lease::MINING) => Ok(false),
            Work::MineSandbox => self.mine_sandbox().await.map(|_| false),
            Work::Forget => self.forget().await.map(|()| false),
            Work::Leases => self.tend_leases().await.map(|()| false),
            Work::CheckAlarms => self.check_alarms().await.map(|()| false),
            Work::SendAlarms => self.send_alarms().await.map(|tried| tried > 0),
            Work::Heartbeat => self.give_heartbeat().await.map(|()| false),
            Work::TakeStock => self.take_stock().await.map(|()| false),
            Work::OpenBooks | Work::CheckBooks if !self.holds(lease::CALLBACKS) => Ok(false),
            Work::OpenBooks => self.open_books().await,
            Work::CheckBooks => self.watch_books().await.map(|()| false),
        }
    }

    /// Gives committed events their place in the feed; whether there may be more.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn number_events(&self) -> Result<bool, EngineError> {
        let numbered = self
            .store()
            .write(async |tx: &mut Tx<'_>| tx.number_events(EVENTS_BATCH).await)
            .await
            .map_err(|error: DbError| error)?;
        Ok(numbered >= usize::try_from(EVENTS_BATCH).unwrap_or(usize::MAX))
    }

    /// Forgets kept answers and nonces whose time is over.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget(&self) -> Result<(), EngineError> {
        let now = self.now();
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                tx.forget_kept(now.minus(ANSWERS_KEPT), now.minus(NONCES_KEPT)).await
            })
            .await
            .map_err(|error: DbError| error)?;
        Ok(())
    }
}
