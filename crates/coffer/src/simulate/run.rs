//! One seed: what is known of it, and how one of Coffer's acts is tried with a fault in its way.

use std::{collections::BTreeMap, sync::Arc};

use coffer_domain::{
    id::{PaymentRequestId, PaymentToken},
    ports::Clock as _,
    time::{Span, Timestamp},
};
use coffer_engine::api_key::Caller;
use coffer_store::{
    chain_cursor::Cursor, error::DbError, failpoint::Fault, payment_request::StoredRequest, tx::Tx,
};

use super::{
    Trouble,
    faults::{Armed, Point},
    plant::Plant,
    random::{Random, mixed},
    reference::Order,
    truth::{Payment, Truth},
    world::{Shop, World},
};

/// How often each thing happened.
pub type Counts = BTreeMap<String, u64>;

/// A request with everything the simulation knows of it.
pub struct Known {
    /// Its id.
    pub id: PaymentRequestId,
    /// Its payment link.
    pub token: PaymentToken,
    /// Whose it is.
    pub shop: usize,
    /// What must be true of it.
    pub order: Order,
    /// The greatest place in the order of callbacks that its merchant has taken.
    pub taken: u32,
}

/// One seed under way.
pub struct Run {
    /// Coffer and its surroundings.
    pub world: World,
    /// Where all choices come from.
    pub random: Random,
    /// The seed.
    pub seed: u64,
    /// The merchants.
    pub shops: Vec<Shop>,
    /// Their requests, oldest first.
    pub known: Vec<Known>,
    /// What truly happens on the chain.
    pub truth: Truth,
    /// Up to when the chain has been read, by its own clock.
    pub through: Timestamp,
    /// Whether the chain can be reached.
    pub down: bool,
    /// How many blocks its endpoint lags behind.
    pub lag: u64,
    /// Whether an attempt at a callback may have been forgotten by a crash.
    pub forgetful: bool,
    /// The bug that is planted.
    pub plant: Option<Plant>,
    /// What has happened.
    pub counts: Counts,
    acts: u64,
}

/// What came of an act that a fault may have struck.
pub struct Tried<T> {
    /// What Coffer answered.
    pub answer: T,
    /// The fault that struck.
    pub struck: Option<Armed>,
}

impl<T> Tried<T> {
    /// Whether the write that was struck is in the database all the same.
    pub fn is_committed(&self) -> bool {
        self.struck.is_some_and(|struck| struck.point == Point::AfterCommit)
    }
}

impl Run {
    /// Begins a seed in a new world.
    ///
    /// # Errors
    /// When the chain cannot be begun.
    pub async fn new(
        world: World,
        shops: Vec<Shop>,
        seed: u64,
        plant: Option<Plant>,
    ) -> Result<Self, Trouble> {
        let genesis = world.ledger().tip().await.map_err(Trouble::outside)?;
        let truth = Truth { blocks: vec![(genesis.at.hash, genesis.time)], ..Truth::default() };
        if let Some(bug) = plant.and_then(Plant::of_chain) {
            world.weather.plant(bug);
        }
        Ok(Self {
            random: Random::new(seed),
            through: world.clock.now(),
            world,
            seed,
            shops,
            known: Vec::new(),
            truth,
            down: false,
            lag: 0,
            forgetful: false,
            plant,
            counts: Counts::new(),
            acts: 0,
        })
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: u64) {
        self.world.clock.pass(Span::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)));
    }

    /// Counts something that happened.
    pub fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    /// What must not be.
    pub fn broken<T>(&self, what: &str) -> Result<T, Trouble> {
        Err(Trouble::Broken(format!("at act {}: {what}", self.acts)))
    }

    /// Something that must hold.
    ///
    /// # Errors
    /// [`Trouble::Broken`] when it does not.
    pub fn must(&self, holds: bool, what: impl FnOnce() -> String) -> Result<(), Trouble> {
        if holds { Ok(()) } else { self.broken(&what()) }
    }

    /// Gets the next act ready: randomness of its own, so that nothing an act uses up shows in
    /// another, and perhaps a fault.
    pub fn ready(&mut self, faulty: bool) -> Option<Armed> {
        self.acts += 1;
        self.world.entropy.reseed(mixed(self.seed ^ mixed(self.acts)));
        let armed = (faulty && self.random.percent(12)).then(|| self.fault())?;
        self.world.faults.arm(armed);
        Some(armed)
    }

    fn fault(&mut self) -> Armed {
        let crash = if self.random.percent(50) { Fault::Crash } else { Fault::Fail };
        let (point, fault) = match self.random.below(3) {
            0 => (Point::BeforeBody, crash),
            1 => (Point::BeforeCommit, crash),
            _ => (Point::AfterCommit, Fault::Crash),
        };
        Armed { point, fault, spared: self.random.below(2) }
    }

    /// Ends an act: sees whether its fault struck, and starts Coffer again if that was a crash.
    ///
    /// # Errors
    /// When it cannot be started again.
    pub async fn over<T>(&mut self, answer: T, armed: Option<Armed>) -> Result<Tried<T>, Trouble> {
        let left = self.world.faults.disarm();
        let struck = armed.filter(|_| !left);
        if let Some(Armed { point, fault, .. }) = struck {
            self.count(format!("fault {fault:?} {point:?}").to_lowercase());
            if fault == Fault::Crash {
                self.restart().await?;
            }
        }
        Ok(Tried { answer, struck })
    }

    /// Ends the process and starts another.
    ///
    /// # Errors
    /// When the database cannot be opened again.
    pub async fn restart(&mut self) -> Result<(), Trouble> {
        self.count("restart");
        self.world.restart().await
    }

    /// Who calls for a merchant.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn caller(&self, shop: usize) -> Result<Arc<Caller>, Trouble> {
        match self.shops.get(shop) {
            Some(shop) => self.world.caller(shop).await,
            None => self.broken("there is no such shop"),
        }
    }

    /// Everything sent to the addresses of a request.
    #[must_use]
    pub fn payments_to(&self, order: &Order) -> Vec<&Payment> {
        let payments = self.truth.payments.values();
        let to = |address: &str| order.quotes.iter().any(|quote| quote.address == address);
        payments.filter(|payment| to(&payment.address)).collect()
    }

    /// Asks the database.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn read<T: Send + 'static>(
        &self,
        body: impl AsyncFn(&mut Tx<'_>) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, Trouble> {
        self.world.engine.store().read(body).await.map_err(Trouble::outside)
    }

    /// A request as it is stored.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn stored(&self, id: PaymentRequestId) -> Result<StoredRequest, Trouble> {
        match self.read(async move |tx: &mut Tx<'_>| tx.request(id).await).await? {
            Some(stored) => Ok(stored),
            None => self.broken(&format!("request {id} has gone")),
        }
    }

    /// How far the chain has been read, as it is stored.
    ///
    /// # Errors
    /// When the chain was never begun.
    pub async fn cursor(&self) -> Result<Cursor, Trouble> {
        let name = self.world.chain().name();
        match self.read(async move |tx: &mut Tx<'_>| tx.cursor(name).await).await? {
            Some(cursor) => Ok(cursor),
            None => self.broken("the chain has no cursor"),
        }
    }
}
