//! What happens in the soak, in which order: all of it follows from the seed, but for the moments.

use std::{fmt, time::Duration};

use tempfile::TempDir;

use super::{
    chains::{Chains, DEPTH_MAX, Waiting, Which},
    sink::Sink,
};
use crate::{
    demo::temporary_folder,
    failure::Failure,
    nodes::installation::{Created, Installation},
    simulate::random::Random,
};

/// Steps of a minute; each is a request with a payment or two.
const STEPS: u32 = 60;
/// In every so many steps a payment is replaced, the chain reorganised, Coffer restarted.
const REPLACED_EVERY: u32 = 9;
const REORG_EVERY: u32 = 9;
const RESTART_EVERY: u32 = 25;
/// In every so many restarts a node is restarted, too.
const NODE_EVERY: u32 = 3;
/// Blocks that make the last payment final, and more.
const LAST_BLOCKS: u32 = 8;

/// What has happened.
#[derive(Debug, Default)]
pub(super) struct Counts {
    payments: u32,
    reorgs: u32,
    replacements: u32,
    restarts: u32,
    node_restarts: u32,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} payments, {} reorgs, {} replacements, {} restarts of Coffer and {} of nodes",
            self.payments, self.reorgs, self.replacements, self.restarts, self.node_restarts
        )
    }
}

/// The soak under way.
pub(super) struct Course {
    pub(super) chains: Chains,
    pub(super) installation: Installation,
    pub(super) sink: Sink,
    pub(super) requests: Vec<(Which, Created)>,
    pub(super) counts: Counts,
    random: Random,
    _templates: TempDir,
}

impl Course {
    pub(super) async fn begin(seed: u64) -> Result<Self, Failure> {
        let templates = temporary_folder()?;
        let chains = Chains::start(templates.path()).await?;
        let sink = Sink::start().await?;
        let (settings, wallets) = (chains.settings(), Chains::wallets());
        let mut installation = Installation::new(&settings, &wallets, Some(&sink.url)).await?;
        installation.serve().await?;
        Ok(Self {
            chains,
            installation,
            sink,
            requests: Vec::new(),
            counts: Counts::default(),
            random: Random::new(seed),
            _templates: templates,
        })
    }

    /// Does so many minutes' worth of everything, evenly over the time.
    pub(super) async fn live(&mut self, minutes: u32) -> Result<(), Failure> {
        let mut beat = tokio::time::interval(Duration::from_secs(60) / STEPS);
        for number in 0..minutes * STEPS {
            beat.tick().await;
            let which = Which::ALL[self.random.below(3) as usize % 3];
            let replaced = number % REPLACED_EVERY == 4;
            self.sell(which, replaced).await?;
            if self.random.percent(60) {
                self.chains.mine(which, 1).await?;
            }
            if number % REORG_EVERY == 7 {
                self.reorganise(which).await?;
            }
            if number % RESTART_EVERY == RESTART_EVERY - 1 {
                self.restart(which).await?;
            }
        }
        Ok(())
    }

    /// Makes everything final, and waits until Coffer has read it.
    pub(super) async fn come_to_rest(&self) -> Result<(), Failure> {
        for which in Which::ALL {
            self.chains.mine(which, LAST_BLOCKS).await?;
            let height = self.chains.height(which).await?;
            self.installation
                .until("the end of the chain", async || {
                    let (read, behind) = self.installation.chain(which.network()).await?;
                    let there = read.is_some_and(|read| read >= height) && behind.is_none();
                    Ok(there.then_some(()))
                })
                .await?;
        }
        Ok(())
    }

    /// A request and what its customer sends.
    async fn sell(&mut self, which: Which, replaced: bool) -> Result<(), Failure> {
        let created = self.installation.create(which.iso(), which.network()).await?;
        let price = which.price();
        if replaced {
            let waiting = self.pay(which, &created.address, price / 2).await?;
            self.replace(which, &waiting, &created.address).await?;
        } else {
            let parts: &[u128] = match self.random.below(10) {
                0..=5 => &[100],
                6 | 7 => &[40, 60],
                8 => &[70],
                _ => &[130],
            };
            for part in parts {
                self.pay(which, &created.address, price * part / 100).await?;
            }
        }
        self.requests.push((which, created));
        Ok(())
    }

    async fn pay(&mut self, which: Which, to: &str, units: u128) -> Result<Waiting, Failure> {
        self.counts.payments += 1;
        self.chains.pay(which, to, units).await
    }

    /// By a lower payment, by a higher one, or by one to somebody else.
    async fn replace(
        &mut self,
        which: Which,
        waiting: &Waiting,
        address: &str,
    ) -> Result<(), Failure> {
        let price = which.price();
        let (to, units) = match self.random.below(3) {
            0 => (Some(address), price / 4),
            1 => (Some(address), price),
            _ => (None, price),
        };
        self.counts.replacements += 1;
        self.chains.replace(which, waiting, to, units).await
    }

    async fn reorganise(&mut self, which: Which) -> Result<(), Failure> {
        let depth = u32::try_from(self.random.between(1, DEPTH_MAX)).unwrap_or(1);
        let send_again = self.random.percent(50);
        self.counts.reorgs += 1;
        self.chains.reorg(which, depth, send_again).await
    }

    /// Coffer goes, by force or in good order, and comes back to a chain that went on.
    async fn restart(&mut self, which: Which) -> Result<(), Failure> {
        if self.random.percent(50) {
            self.installation.kill();
        } else {
            self.installation.stop()?;
        }
        self.counts.restarts += 1;
        if self.counts.restarts.is_multiple_of(NODE_EVERY) {
            self.chains.restart(which).await?;
            self.counts.node_restarts += 1;
        }
        self.chains.mine(which, 2).await?;
        self.installation.serve().await
    }
}
