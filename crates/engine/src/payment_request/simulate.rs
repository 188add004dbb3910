//! Simulated payments: what a sandbox customer does, on the sandbox chain.

use std::sync::Arc;

use coffer_domain::{
    id::PaymentRequestId,
    money::{AssetId, Units},
    payment_request::{Needed, Quote, Refused, Stage},
    ports::SandboxTransfer,
    time::{Span, Timestamp},
};
use coffer_store::{error::DbError, payment_request::StoredRequest, tx::Tx};
use coffer_wire::{
    error::FieldErrors,
    payment_request::{SimulatedPayment, coin_not_chosen},
};

use super::{
    DecideRefused,
    once::{Claimed, Once},
};
use crate::{api_key::Caller, engine::Engine, error::EngineError, follow::Progress};

/// Why a payment was not simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulateRefused {
    /// The coin has not been chosen.
    #[error("fields were refused")]
    Fields(FieldErrors),
    /// The key is a live one, or the network is not the sandbox's own.
    #[error("only payments on the sandbox chain can be simulated")]
    NotSandbox,
    /// As for any other decision.
    #[error(transparent)]
    Decide(#[from] DecideRefused),
}

impl From<EngineError> for SimulateRefused {
    fn from(error: EngineError) -> Self {
        Self::Decide(error.into())
    }
}

impl From<DbError> for SimulateRefused {
    fn from(error: DbError) -> Self {
        Self::Decide(error.into())
    }
}

/// Who pays: for which quote, in which transaction.
struct Payer {
    quote: Quote,
    transaction: String,
}

/// How often the chain may change under a look before it is left to the follower.
const UNSETTLED_LOOKS_MAX: u32 = 10;
/// The least time before now: what happens now is after it.
const JUST_BEFORE: Span = Span::from_millis(1);

impl Engine {
    /// Pays a sandbox request the way it is told, and answers with the request.
    ///
    /// # Errors
    /// [`SimulateRefused`]
    pub async fn simulate(
        &self,
        caller: &Arc<Caller>,
        id: PaymentRequestId,
        payment: SimulatedPayment,
        once: Once<'_>,
    ) -> Result<Vec<u8>, SimulateRefused> {
        if !caller.is_sandbox() {
            return Err(SimulateRefused::NotSandbox);
        }
        let claim = self.claim(caller.key, format!("POST requests/{id}/simulate"), once);
        let (engine, scope, asked) = (self.clone(), caller.scope, claim.clone());
        let begun = self
            .store()
            .write(async move |tx: &mut Tx<'_>| {
                let now = engine.now();
                if let Some(answer) = engine.done_before(tx, &asked, now).await? {
                    return Ok(Err(answer));
                }
                let stored = tx.request_in(scope, id).await?.ok_or(DecideRefused::NotFound)?;
                Ok::<_, DecideRefused>(Ok(stored))
            })
            .await?;
        let stored = match begun {
            Ok(stored) => stored,
            Err(answer) => return Ok(answer),
        };
        let quote = self.simulated_quote(&stored)?;
        let transaction = self.transaction_of(&claim);
        self.act_out(&stored, &Payer { quote, transaction }, payment).await?;
        let engine = self.clone();
        let answer = self
            .store()
            .write(async move |tx: &mut Tx<'_>| {
                // A twin may have been first; it made the same payment.
                if let Claimed::Done(answer) = engine.kept(tx, &claim).await? {
                    return Ok(answer);
                }
                let stored = tx.request_in(scope, id).await?.ok_or(DecideRefused::NotFound)?;
                let (answer, customer) = engine.detail_answer(tx, &stored).await?;
                let now = engine.now();
                engine.keep(tx, &claim, customer.as_ref(), &answer, now).await?;
                Ok::<_, DecideRefused>(answer)
            })
            .await?;
        Ok(answer)
    }

    fn simulated_quote(&self, stored: &StoredRequest) -> Result<Quote, SimulateRefused> {
        let request = &stored.request;
        if request.stage == Stage::Created {
            return Err(SimulateRefused::Fields(coin_not_chosen()));
        }
        let quote = request.paying_quote().ok_or(DecideRefused::Refused(Refused::NoCoin))?;
        let chain = self.chain_of(request.scope.environment, quote.asset.network);
        let sandbox = chain.is_some_and(|chain| chain.name() == self.home_chain());
        if sandbox { Ok(quote.clone()) } else { Err(SimulateRefused::NotSandbox) }
    }

    async fn act_out(
        &self,
        stored: &StoredRequest,
        payer: &Payer,
        payment: SimulatedPayment,
    ) -> Result<(), EngineError> {
        let id = stored.request.id;
        let quote = &payer.quote;
        let owed = match stored.request.remaining() {
            Units::ZERO => quote.expected,
            missing => missing,
        };
        let now = self.now();
        match payment {
            SimulatedPayment::Exact => self.pay_and_confirm(payer, quote.asset, owed).await?,
            SimulatedPayment::Over => {
                let surplus = Units::new((owed.get() / 10).max(1));
                let paid = owed.checked_add(surplus).unwrap_or(owed);
                self.pay_and_confirm(payer, quote.asset, paid).await?;
            }
            SimulatedPayment::Under => {
                let part = Units::new((owed.get() / 10 * 6).max(1));
                self.pay_and_confirm(payer, quote.asset, part).await?;
                self.cut_window(id, self.now()).await?;
            }
            SimulatedPayment::Late => {
                self.cut_window(id, now.minus(JUST_BEFORE)).await?;
                self.catch_up().await?;
                self.pay_and_confirm(payer, quote.asset, owed).await?;
            }
            SimulatedPayment::DoubleSpend => {
                self.send(payer, quote.asset, owed).await?;
                self.catch_up().await?;
                self.parts.sandbox_ledger.replace(&payer.transaction).await?;
                self.cut_window(id, self.now()).await?;
            }
            SimulatedPayment::Reorg => {
                self.send(payer, quote.asset, owed).await?;
                self.parts.sandbox_ledger.mine(1, self.now()).await?;
                self.catch_up().await?;
                self.parts.sandbox_ledger.unwind(1).await?;
                self.catch_up().await?;
                self.parts.sandbox_ledger.mine(blocks(quote), self.now()).await?;
            }
            SimulatedPayment::WrongToken => {
                let (asset, units) = self.another_token(quote.asset);
                self.pay_and_confirm(payer, asset, units).await?;
                self.cut_window(id, self.now()).await?;
            }
        }
        self.catch_up().await
    }

    async fn pay_and_confirm(
        &self,
        payer: &Payer,
        asset: AssetId,
        units: Units,
    ) -> Result<(), EngineError> {
        self.send(payer, asset, units).await?;
        self.catch_up().await?;
        self.parts.sandbox_ledger.mine(blocks(&payer.quote), self.now()).await?;
        self.catch_up().await
    }

    /// Puts the payment into the sandbox's mempool.
    async fn send(&self, payer: &Payer, asset: AssetId, units: Units) -> Result<(), EngineError> {
        let transaction = payer.transaction.clone();
        self.put(transaction, asset, &payer.quote.address, units).await
    }

    /// Pays on the sandbox chain, as a customer's wallet does; the transaction's id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sandbox_send(
        &self,
        asset: AssetId,
        address: &str,
        units: Units,
    ) -> Result<String, EngineError> {
        let random: [u8; 32] = self.random();
        let transaction: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        self.put(transaction.clone(), asset, address, units).await?;
        Ok(transaction)
    }

    async fn put(
        &self,
        transaction: String,
        asset: AssetId,
        address: &str,
        units: Units,
    ) -> Result<(), EngineError> {
        let to = address.to_owned();
        let transfer = SandboxTransfer { transaction, output: 0, asset, to, units, block: None };
        Ok(self.parts.sandbox_ledger.send(transfer).await?)
    }

    /// Another token of the same network, or of any where that has one only; one whole of it.
    fn another_token(&self, asset: AssetId) -> (AssetId, Units) {
        let others = || self.catalogue().assets().iter().filter(|other| other.id != asset);
        let near = others().find(|other| other.id.network == asset.network);
        near.or_else(|| others().next()).map_or((asset, Units::new(1)), |other| {
            let whole = 10_u128.checked_pow(u32::from(other.decimals)).unwrap_or(1);
            (other.id, Units::new(whole))
        })
    }

    async fn cut_window(&self, id: PaymentRequestId, at: Timestamp) -> Result<(), EngineError> {
        let engine = self.clone();
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                let Some(before) = tx.request(id).await? else { return Ok(()) };
                let mut after = before.clone();
                // A request that has ended has no window left to cut.
                if after.request.end_window(at).is_ok() {
                    // The chain may have been read beyond the new end already.
                    let (effects, chain) = engine.tell_cursors(tx, &mut after.request).await?;
                    let now = engine.now();
                    engine.persist(tx, &before, &mut after, &effects, chain, now).await?;
                }
                Ok(())
            })
            .await
    }

    /// Reads the sandbox chain to its tip and ends what is over by it.
    pub(crate) async fn catch_up(&self) -> Result<(), EngineError> {
        let chain = Arc::clone(&self.parts.sandbox_chain);
        let mut unsettled = 0;
        while unsettled < UNSETTLED_LOOKS_MAX {
            match self.follow_once(&chain).await? {
                Progress::AtTip | Progress::Stopped => break,
                Progress::More => {}
                Progress::Unsettled => unsettled += 1,
            }
        }
        while self.end_windows().await? {}
        Ok(())
    }
}

/// How many blocks make a payment for this quote final.
const fn blocks(quote: &Quote) -> u32 {
    match quote.needed {
        Needed::Confirmations(count) => count,
        Needed::Safe | Needed::Finalized => 1,
    }
}
