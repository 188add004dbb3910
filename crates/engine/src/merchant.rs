//! Merchants, as the command line keeps them.

use coffer_domain::{
    id::{KeyId, MerchantId},
    merchant::Merchant,
    payment_request::Policy,
};
use coffer_store::{api_key::StoredKey, error::DbError, tx::Tx};

use crate::{engine::Engine, error::EngineError};

impl Engine {
    /// Adds a merchant with these policies.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_merchant(
        &self,
        name: &str,
        callback_url: Option<String>,
        policy: Policy,
    ) -> Result<Merchant, EngineError> {
        let now = self.now();
        let merchant = Merchant {
            id: self.new_id(now),
            name: name.to_owned(),
            callback_url,
            support: None,
            terms_url: None,
            privacy_url: None,
            frame_ancestors: Vec::new(),
            accent: None,
            policy,
            created_at: now,
        };
        let row = merchant.clone();
        self.store()
            .write(async move |tx: &mut Tx<'_>| tx.insert_merchant(&row).await)
            .await
            .map_err(|error: DbError| error)?;
        Ok(merchant)
    }

    /// Changes a merchant; false when there is none of that id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_merchant(&self, merchant: Merchant) -> Result<bool, EngineError> {
        let changed =
            self.store().write(async move |tx: &mut Tx<'_>| tx.update_merchant(&merchant).await);
        Ok(changed.await.map_err(|error: DbError| error)?)
    }

    /// The merchant of that id.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn merchant(&self, id: MerchantId) -> Result<Option<Merchant>, EngineError> {
        let found = self.store().read(async move |tx: &mut Tx<'_>| tx.merchant(id).await);
        Ok(found.await.map_err(|error: DbError| error)?)
    }

    /// Every merchant, oldest first.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn merchants(&self) -> Result<Vec<Merchant>, EngineError> {
        let found = self.store().read(async |tx: &mut Tx<'_>| tx.merchants().await);
        Ok(found.await.map_err(|error: DbError| error)?)
    }

    /// The keys of a merchant, newest first. Their secrets stay sealed.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn keys_of(&self, merchant: MerchantId) -> Result<Vec<StoredKey>, EngineError> {
        let found = self.store().read(async move |tx: &mut Tx<'_>| tx.keys_of(merchant).await);
        Ok(found.await.map_err(|error: DbError| error)?)
    }

    /// Refuses a key from now on; false when there is none or it is disabled already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn disable_key(&self, key: KeyId) -> Result<bool, EngineError> {
        let now = self.now();
        let done = self.store().write(async move |tx: &mut Tx<'_>| tx.disable_key(key, now).await);
        Ok(done.await.map_err(|error: DbError| error)?)
    }
}
