//! Faults of the store, armed for one step and struck once.

use std::sync::{Mutex, PoisonError};

use coffer_store::failpoint::{Fault, Faults};

/// Where a write is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// Before its body runs.
    BeforeBody,
    /// Before its commit is sent.
    BeforeCommit,
    /// After its commit, before the answer.
    AfterCommit,
}

/// A fault that waits for its write.
#[derive(Clone, Copy, Debug)]
pub struct Armed {
    /// Where it strikes.
    pub point: Point,
    /// How.
    pub fault: Fault,
    /// How many writes pass that point unharmed before.
    pub spared: u64,
}

/// The faults of a simulation: at most one at a time.
#[derive(Default)]
pub struct OneFault(Mutex<Option<Armed>>);

impl OneFault {
    /// Lets the fault strike.
    pub fn arm(&self, armed: Armed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(armed);
    }

    /// Takes the fault back; whether it had not struck.
    pub fn disarm(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    fn at(&self, point: Point) -> Fault {
        let mut armed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match armed.as_mut().filter(|armed| armed.point == point) {
            None => Fault::None,
            Some(waiting) if waiting.spared > 0 => {
                waiting.spared -= 1;
                Fault::None
            }
            Some(struck) => {
                let fault = struck.fault;
                *armed = None;
                fault
            }
        }
    }
}

impl Faults for OneFault {
    fn before_body(&self) -> Fault {
        self.at(Point::BeforeBody)
    }

    fn before_commit(&self) -> Fault {
        self.at(Point::BeforeCommit)
    }

    fn after_commit(&self) -> Fault {
        self.at(Point::AfterCommit)
    }
}
