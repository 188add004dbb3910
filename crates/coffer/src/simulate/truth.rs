//! What truly happens on the chain, and what could be seen of it: kept beside the engine, by other
//! means, and never asked of it.

use std::collections::BTreeMap;

use coffer_domain::{money::AssetId, payment_request::BLIND_MARGIN, time::Timestamp};

/// The chain with every payment ever sent.
#[derive(Default)]
pub struct Truth {
    /// Hash and time of each block, from the first.
    pub blocks: Vec<(String, Timestamp)>,
    /// Every payment, by transaction.
    pub payments: BTreeMap<String, Payment>,
}

/// One payment.
#[derive(Clone, Debug)]
pub struct Payment {
    /// What is sent.
    pub asset: AssetId,
    /// Where to.
    pub address: String,
    /// How much.
    pub units: u128,
    /// Where it truly is.
    pub place: Place,
    /// Confirmations that make it final.
    pub needed: u64,
    /// What the looks at the chain could see of it.
    pub story: Story,
}

/// Where a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Known to the network, in no block.
    Pool,
    /// In the block of that height.
    Block(u64),
    /// Replaced or dropped, for ever.
    Gone,
}

/// What has been seen of a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// Whether it was there at the last look.
    pub live: bool,
    /// Its time: when it was first seen or the time of its block, whichever is earlier.
    pub first: Option<Timestamp>,
    /// The time by which it is let into a window.
    pub earliest: Option<Timestamp>,
    /// Height and time of the block it was in at the last look.
    pub block: Option<(u64, Timestamp)>,
    /// Height and time of the block it was last final in.
    pub final_in: Option<(u64, Timestamp)>,
    /// Whether it has gone since it was final.
    pub reversed: bool,
    /// How often that has come about.
    pub reversals: usize,
}

/// One look at the chain.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// When.
    pub now: Timestamp,
    /// Whether what was sent lately could not be watched.
    pub blind: bool,
    /// The newest block that was shown.
    pub tip: u64,
    /// Whether what is pending was shown.
    pub pool: bool,
}

impl Truth {
    /// Height of the newest block.
    #[must_use]
    pub fn tip(&self) -> u64 {
        u64::try_from(self.blocks.len()).unwrap_or(0).saturating_sub(1)
    }

    /// Hash and time of a block.
    #[must_use]
    pub fn block(&self, height: u64) -> Option<&(String, Timestamp)> {
        self.blocks.get(usize::try_from(height).ok()?)
    }

    /// A block is mined; it takes in all that is pending.
    pub fn mined(&mut self, hash: String, time: Timestamp) {
        self.blocks.push((hash, time));
        let tip = self.tip();
        for payment in self.payments.values_mut().filter(|one| one.place == Place::Pool) {
            payment.place = Place::Block(tip);
        }
    }

    /// The newest blocks are taken off; what was in them is pending again. Says what that is.
    pub fn unwound(&mut self, depth: u64) -> Vec<String> {
        let tip = self.tip().saturating_sub(depth);
        self.blocks.truncate(usize::try_from(tip + 1).unwrap_or(1));
        let mut back = Vec::new();
        for (transaction, payment) in &mut self.payments {
            if matches!(payment.place, Place::Block(height) if height > tip) {
                payment.place = Place::Pool;
                back.push(transaction.clone());
            }
        }
        back
    }

    /// A pending transaction is replaced.
    pub fn replaced(&mut self, transaction: &str) {
        if let Some(payment) = self.payments.get_mut(transaction) {
            payment.place = Place::Gone;
        }
    }

    /// The pending transactions.
    #[must_use]
    pub fn pool(&self) -> Vec<String> {
        let pending = self.payments.iter().filter(|(_, one)| one.place == Place::Pool);
        pending.map(|(transaction, _)| transaction.clone()).collect()
    }

    /// Somebody looks at the chain.
    pub fn look(&mut self, look: Look) {
        let times: Vec<Timestamp> = self.blocks.iter().map(|(_, time)| *time).collect();
        for payment in self.payments.values_mut() {
            let needed = payment.needed;
            let shown = match payment.place {
                Place::Block(height) if height <= look.tip => {
                    let time = usize::try_from(height).ok().and_then(|height| times.get(height));
                    time.map(|time| (height, *time))
                }
                _ => None,
            };
            let story = &mut payment.story;
            match shown {
                Some((height, time)) => story.in_block(look, height, time, needed),
                None if !look.pool => story.block = None,
                None if payment.place == Place::Pool => story.pending(look.now),
                None => story.gone(),
            }
        }
    }
}

impl Story {
    fn in_block(&mut self, look: Look, height: u64, time: Timestamp, needed: u64) {
        let first = look.now.min(time);
        // Whoever saw it before was not blind.
        let blind = look.blind && !self.live;
        let earliest = if blind { first.min(time.minus(BLIND_MARGIN)) } else { first };
        self.found(first, earliest);
        self.block = Some((height, time));
        if look.tip - height + 1 >= needed {
            self.final_in = Some((height, time));
            self.reversed = false;
        }
    }

    fn pending(&mut self, now: Timestamp) {
        self.found(now, now);
        self.block = None;
    }

    fn gone(&mut self) {
        if self.live && self.is_final() {
            self.reversed = true;
            self.reversals += 1;
        }
        self.live = false;
        self.block = None;
    }

    fn found(&mut self, first: Timestamp, earliest: Timestamp) {
        self.live = true;
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.earliest = Some(self.earliest.map_or(earliest, |known| known.min(earliest)));
    }

    /// Whether its money is there to stay.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        self.final_in.is_some() && !self.reversed
    }

    /// The time of the block that counts.
    #[must_use]
    pub fn block_time(&self) -> Option<Timestamp> {
        let block = if self.is_final() { self.final_in } else { self.block };
        block.map(|(_, time)| time)
    }
}
