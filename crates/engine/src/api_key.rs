//! Who calls: API keys with their merchant, kept for a second so that a request need not ask the
//! database, and a disabled key is refused within that second.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use coffer_domain::{
    id::KeyId,
    merchant::{Environment, Merchant, Scope},
    time::{Span, Timestamp},
};
use coffer_store::{api_key::StoredKey, error::DbError, tx::Tx};
use coffer_wire::signature::{PreparedSecret, WebhookSecret};

use crate::{engine::Engine, error::EngineError};

/// How long what the database said of a key may be believed.
const BELIEVED_FOR: Span = Span::from_seconds(1);

/// More remembered keys than this are forgotten at once, so that guessing cannot fill memory.
const REMEMBERED_MAX: usize = 10_000;

/// A key that may sign, with its merchant.
pub struct Caller {
    /// The key.
    pub key: KeyId,
    /// Its public part.
    pub public_key: String,
    /// Whose data it may touch.
    pub scope: Scope,
    /// The merchant.
    pub merchant: Merchant,
    /// What requests are verified with.
    pub secret: PreparedSecret,
}

impl Caller {
    /// Whether it is a sandbox key.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.scope.environment == Environment::Sandbox
    }
}

/// A key just made; the only time its secrets are seen.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Identity.
    pub id: KeyId,
    /// Sent as `X-Processing-Key`.
    pub key: String,
    /// Signs requests and callbacks.
    pub secret: String,
    /// Verifies the Standard Webhooks signature of callbacks.
    pub webhook_secret: String,
}

/// The secrets of a key, opened to sign a callback.
pub(crate) struct OpenedKey {
    pub(crate) public_key: String,
    pub(crate) secret: String,
    pub(crate) webhook_secret: String,
}

type Remembered = HashMap<String, (Timestamp, Option<Arc<Caller>>)>;

/// What is known of keys, each for [`BELIEVED_FOR`].
#[derive(Default)]
pub(crate) struct KeyCache(RwLock<Remembered>);

impl KeyCache {
    fn get(&self, public: &str, now: Timestamp) -> Option<Option<Arc<Caller>>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (at, caller) = known.get(public)?;
        // A clock that was set back makes what is known no younger.
        let age = now.since(*at);
        (Span::ZERO <= age && age < BELIEVED_FOR).then(|| caller.clone())
    }

    fn put(&self, public: &str, now: Timestamp, caller: Option<Arc<Caller>>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(public.to_owned(), (now, caller));
    }
}

impl Engine {
    /// Who signs with this public key; none when it is unknown or disabled.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn caller(&self, public: &str) -> Result<Option<Arc<Caller>>, EngineError> {
        let now = self.now();
        if let Some(known) = self.callers.get(public, now) {
            return Ok(known);
        }
        let caller = self.read_caller(public).await?.map(Arc::new);
        self.callers.put(public, now, caller.clone());
        Ok(caller)
    }

    async fn read_caller(&self, public: &str) -> Result<Option<Caller>, EngineError> {
        let asked = public.to_owned();
        let found = self
            .store()
            .read(async move |tx: &mut Tx<'_>| {
                let Some(key) = tx.key_by_public(&asked).await? else { return Ok(None) };
                let merchant = tx.merchant(key.scope.merchant).await?;
                Ok::<_, DbError>(merchant.map(|merchant| (key, merchant)))
            })
            .await?;
        let Some((key, merchant)) = found else { return Ok(None) };
        if key.disabled_at.is_some() {
            return Ok(None);
        }
        let opened = self.open_key(&key)?;
        Ok(Some(Caller {
            key: key.id,
            public_key: key.public_key,
            scope: key.scope,
            merchant,
            secret: PreparedSecret::new(opened.secret.as_bytes()),
        }))
    }

    /// Makes a key for a merchant.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_key(&self, scope: Scope) -> Result<NewKey, EngineError> {
        let now = self.now();
        let new = NewKey {
            id: self.new_id(now),
            key: self.random_text::<20>(),
            secret: self.random_text::<32>(),
            webhook_secret: WebhookSecret::text(&self.random::<32>()),
        };
        let stored = StoredKey {
            id: new.id,
            scope,
            public_key: new.key.clone(),
            secret: self.seal(new.secret.as_bytes(), &new.id.bytes()),
            webhook_secret: self.seal(new.webhook_secret.as_bytes(), &new.id.bytes()),
            created_at: now,
            disabled_at: None,
        };
        self.store().write(async move |tx: &mut Tx<'_>| tx.insert_key(&stored).await).await?;
        Ok(new)
    }

    /// Opens the secrets of a stored key.
    pub(crate) fn open_key(&self, key: &StoredKey) -> Result<OpenedKey, EngineError> {
        let text = |sealed: &[u8]| {
            let bytes = self.unseal(sealed, &key.id.bytes())?;
            String::from_utf8(bytes).map_err(|_| EngineError::Sealed("not a text".to_owned()))
        };
        Ok(OpenedKey {
            public_key: key.public_key.clone(),
            secret: text(&key.secret)?,
            webhook_secret: text(&key.webhook_secret)?,
        })
    }

    /// Random letters and digits worth `N` random bytes.
    fn random_text<const N: usize>(&self) -> String {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ab";
        let bytes = self.random::<N>();
        bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte & 63)])).collect()
    }
}
