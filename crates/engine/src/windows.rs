//! Ending what is over: requests without a coin by our clock, all others by their chain's.

use coffer_domain::{
    code::NetworkName,
    id::PaymentRequestId,
    payment_request::{Effect, Fact, PaymentRequest},
    time::Timestamp,
};
use coffer_store::{error::DbError, tx::Tx};

use crate::{engine::Engine, error::EngineError};

/// Requests ended in one run at most, so that one transaction stays short.
const BATCH: u32 = 100;

impl Engine {
    /// Ends the requests whose deadline has passed; whether there may be more at once.
    ///
    /// # Errors
    /// When the database refuses; what was due is still due then.
    pub async fn end_windows(&self) -> Result<bool, EngineError> {
        let now = self.now();
        let mut more = self.end_due(None, now, now).await?;
        let cursors = self
            .store()
            .read(async |tx: &mut Tx<'_>| tx.cursors().await)
            .await
            .map_err(|error: DbError| error)?;
        for cursor in cursors {
            more |= self.end_due(Some(cursor.chain), cursor.watermark, now).await?;
        }
        Ok(more)
    }

    async fn end_due(
        &self,
        chain: Option<NetworkName>,
        through: Timestamp,
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        let due = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.due_requests(chain, through, BATCH).await)
            .await
            .map_err(|error: DbError| error)?;
        let full = due.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX);
        for id in due {
            let engine = self.clone();
            self.store()
                .write(async move |tx: &mut Tx<'_>| engine.end_one(tx, id, now).await)
                .await?;
        }
        Ok(full)
    }

    async fn end_one(
        &self,
        tx: &mut Tx<'_>,
        id: PaymentRequestId,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(before) = tx.request(id).await? else { return Ok(()) };
        let mut after = before.clone();
        let mut effects = after.request.apply(&Fact::Clock(now)).unwrap_or_default();
        let (told, chain) = self.tell_cursors(tx, &mut after.request).await?;
        effects.extend(told);
        self.persist(tx, &before, &mut after, &effects, chain, now).await
    }

    /// Tells a request how far every chain was read; what follows, and the chain that carries one
    /// of its networks.
    pub(crate) async fn tell_cursors(
        &self,
        tx: &mut Tx<'_>,
        request: &mut PaymentRequest,
    ) -> Result<(Vec<Effect>, NetworkName), DbError> {
        let mut chain = self.home_chain();
        let mut effects = Vec::new();
        for cursor in tx.cursors().await? {
            if let Some(told) = self.tell_watermark(request, cursor.chain, cursor.watermark) {
                chain = cursor.chain;
                effects.extend(told);
            }
        }
        Ok((effects, chain))
    }

    /// Tells a request how far a chain was read; none where the chain carries none of its networks.
    fn tell_watermark(
        &self,
        request: &mut PaymentRequest,
        chain: NetworkName,
        through: Timestamp,
    ) -> Option<Vec<Effect>> {
        let networks = self.networks_told(request, chain);
        if networks.is_empty() {
            return None;
        }
        let mut effects = Vec::new();
        for network in networks {
            let fact = Fact::Watermark { network, through };
            effects.extend(request.apply(&fact).unwrap_or_default());
        }
        Some(effects)
    }

    /// The chain named where no transfer is written, so that its name does not matter.
    pub(crate) fn home_chain(&self) -> NetworkName {
        self.parts.sandbox_chain.name()
    }
}
