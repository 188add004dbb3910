//! The world outside, in our hands: time, randomness and the merchants' endpoints.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use async_trait::async_trait;
use coffer_domain::{
    callback::{Delivery, DeliveryOutcome},
    ports::{CallbackTransport, Clock, Entropy},
    time::{Span, Timestamp},
};

use super::random::mixed;

/// A clock that moves when it is told to.
pub struct HandClock(AtomicI64);

impl HandClock {
    /// A clock that shows `now`.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.millis()))
    }

    /// Lets time pass.
    pub fn pass(&self, span: Span) {
        self.0.fetch_add(span.millis(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that look random and are the same in every run.
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// Bytes that follow from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Begins anew, so that what one step has used up does not show in the next.
    pub fn reseed(&self, seed: u64) {
        self.0.store(seed, Ordering::SeqCst);
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let seed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            let random = mixed(seed).to_be_bytes();
            chunk.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
        }
    }
}

/// What an endpoint answers to a delivery.
type Manners = dyn Fn(&Delivery) -> DeliveryOutcome + Send + Sync;

/// The endpoints of all merchants: they answer as they are told, and keep what was sent.
pub struct Endpoints {
    manners: Mutex<Box<Manners>>,
    sent: Mutex<Vec<(Delivery, bool)>>,
}

impl Endpoints {
    /// Endpoints that take everything.
    #[must_use]
    pub fn healthy() -> Self {
        Self { manners: Mutex::new(Box::new(|_| answered(200))), sent: Mutex::default() }
    }

    /// From now on they answer so.
    pub fn behave(&self, manners: impl Fn(&Delivery) -> DeliveryOutcome + Send + Sync + 'static) {
        *self.manners.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(manners);
    }

    /// Everything that was sent since the last call, and whether it was taken.
    pub fn sent(&self) -> Vec<(Delivery, bool)> {
        std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An endpoint's answer of that status.
#[must_use]
pub fn answered(status: u16) -> DeliveryOutcome {
    DeliveryOutcome::Answered { status, body: String::new() }
}

#[async_trait]
impl CallbackTransport for Endpoints {
    async fn deliver(&self, delivery: &Delivery) -> DeliveryOutcome {
        let outcome = self.manners.lock().unwrap_or_else(PoisonError::into_inner)(delivery);
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push((delivery.clone(), outcome.delivered()));
        outcome
    }
}
