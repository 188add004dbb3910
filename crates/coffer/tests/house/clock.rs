//! Time and chance, both in the hands of the test.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use coffer_domain::{
    ports::{Clock, Entropy},
    time::{Span, Timestamp},
};

/// When every test begins: 17 March 2026.
const NOW: Timestamp = Timestamp::from_millis(1_773_768_946_789);

/// A clock that a test moves.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub const fn new() -> Self {
        Self(AtomicI64::new(NOW.millis()))
    }

    /// A clock that begins with the machine's, for the program as a process.
    pub fn of_the_machine() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self(AtomicI64::new(i64::try_from(since.as_millis()).unwrap()))
    }

    pub fn pass(&self, span: Span) {
        self.0.fetch_add(span.millis(), Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Bytes that look random and are the same in every run (`SplitMix64`).
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let seed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let random = (mixed ^ (mixed >> 31)).to_be_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }
}
