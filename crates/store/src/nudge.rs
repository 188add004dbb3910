//! Nudges: after a commit, those who wait for a topic are woken.
//!
//! A nudge is a hint, never the only way to learn: a worker's timer finds everything a nudge would
//! have told. On PostgreSQL other servers of the same database hear it a moment later.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use tokio::sync::{
    broadcast::{self, error::RecvError},
    mpsc,
};

/// How many keyed nudges a waiter may lag behind before it is only told "something changed".
const BACKLOG: usize = 256;
/// Other servers are told keys of so many bytes at most.
const KEY_TOLD: usize = 64;

/// A hint that something was written, fired once the transaction is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nudge {
    topic: &'static str,
    key: Option<Arc<str>>,
}

impl Nudge {
    /// A nudge for everyone who waits for `topic`.
    #[must_use]
    pub const fn new(topic: &'static str) -> Self {
        Self { topic, key: None }
    }

    /// A nudge that says which thing changed.
    #[must_use]
    pub fn keyed(topic: &'static str, key: &str) -> Self {
        Self { topic, key: Some(key.into()) }
    }

    /// As other servers are told: the topic, and the key where there is a short one.
    pub(crate) fn line(&self) -> String {
        match self.key.as_deref().filter(|key| key.len() <= KEY_TOLD) {
            Some(key) => format!("{} {key}", self.topic),
            None => self.topic.to_owned(),
        }
    }
}

/// Waits for the nudges of one topic. Nudges fired since it was made are never missed.
#[derive(Debug)]
pub struct Nudged {
    nudges: broadcast::Receiver<Option<Arc<str>>>,
}

impl Nudged {
    /// Waits until the topic was nudged at least once since the last call. For workers.
    /// Never ends once the store is gone.
    pub async fn any(&mut self) {
        match self.nudges.recv().await {
            Err(RecvError::Closed) => std::future::pending().await,
            Ok(_) | Err(RecvError::Lagged(_)) => self.nudges = self.nudges.resubscribe(),
        }
    }

    /// Waits until the thing named `key` may have changed: it was nudged, or a nudge without key
    /// came, or so many came that some were lost.
    pub async fn key(&mut self, key: &str) {
        loop {
            match self.nudges.recv().await {
                Err(RecvError::Closed) => std::future::pending().await,
                Ok(Some(other)) if &*other != key => {}
                Ok(_) | Err(RecvError::Lagged(_)) => return,
            }
        }
    }
}

/// Who waits for what.
#[derive(Debug, Default)]
pub(crate) struct Nudges {
    topics: RwLock<HashMap<&'static str, broadcast::Sender<Option<Arc<str>>>>>,
    /// The way to other servers, where there may be some.
    others: OnceLock<mpsc::Sender<Nudge>>,
}

impl Nudges {
    pub(crate) fn nudged(&self, topic: &'static str) -> Nudged {
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        let sender = topics.entry(topic).or_insert_with(|| broadcast::channel(BACKLOG).0);
        Nudged { nudges: sender.subscribe() }
    }

    pub(crate) fn fire(&self, nudges: Vec<Nudge>) {
        if nudges.is_empty() {
            return;
        }
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        for nudge in nudges {
            if let Some(others) = self.others.get() {
                // Where too many wait already, this one is lost.
                let _ = others.try_send(nudge.clone());
            }
            if let Some(sender) = topics.get(nudge.topic) {
                // Nobody waiting is as good as everybody told.
                let _ = sender.send(nudge.key);
            }
        }
    }

    /// From now on other servers are told, too.
    pub(crate) fn tell(&self, others: mpsc::Sender<Nudge>) {
        // A store is opened once, so there is no other way to others.
        let _ = self.others.set(others);
    }

    /// Another server fired a nudge.
    pub(crate) fn hear(&self, topic: &str, key: Option<&str>) {
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = topics.get(topic) {
            let _ = sender.send(key.map(Arc::from));
        }
    }

    /// Anything may have changed.
    pub(crate) fn stir(&self) {
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        for sender in topics.values() {
            let _ = sender.send(None);
        }
    }
}
