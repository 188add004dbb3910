//! Creating a payment request: parse happened at the wall; here it is decided, written, rendered.

use std::{borrow::Cow, sync::Arc};

use coffer_domain::{
    catalogue::Asset,
    id::{Id, PaymentToken},
    merchant_url::MerchantUrl,
    money::AssetId,
    payment_request::{Effect, Lifetime, NewPaymentRequest, Opening, PaymentRequest, Quote},
    ports::ChainError,
    time::Timestamp,
};
use coffer_store::{
    customer::Customer, error::DbError, payment_request::StoredRequest, tx::Tx, wallet::Wallet,
};
use coffer_wire::{
    error::{FieldErrors, foreign_id_taken},
    payment_request::render_created,
};

use super::{
    fields::fields_text,
    once::{Claim, Claimed, Once},
    screen_urls::Doubt,
};
use crate::{
    api_key::Caller,
    draw::Draw,
    engine::Engine,
    error::EngineError,
    personal::{OpenCustomer, Personal},
    probe::NotTaken,
    quote::{CannotQuote, Priced, locked_until},
};

/// Creating, as an Idempotency-Key knows it.
pub(super) const CREATE_ROUTE: &str = "POST requests";

/// Random bytes of a create: two ids, a token, a customer's key and two nonces.
const RANDOM_BYTES: usize = 10 + 10 + 16 + 32 + 12 + 12;

/// Why a request was not created; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CreateRefused {
    /// Fields that do not go together with what stands already.
    #[error("fields were refused")]
    Fields(FieldErrors),
    /// The coin of a fixed request cannot be priced now.
    #[error("no rate can be had")]
    NoRates,
    /// The Idempotency-Key was used with another body.
    #[error("the Idempotency-Key was used with another body")]
    KeyReused,
    /// The nonce was used.
    #[error("the nonce was used")]
    NonceUsed,
    /// The installation.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<DbError> for CreateRefused {
    fn from(error: DbError) -> Self {
        Self::Engine(error.into())
    }
}

/// How a write that is not a refusal ended: rolled back, with the answer of an earlier one.
enum Ended {
    Refused(CreateRefused),
    /// The Idempotency-Key was used for it; this was answered.
    Before(Vec<u8>),
    /// The request stands already, under its `foreign_id` and with equal fields.
    Stands,
}

impl From<CreateRefused> for Ended {
    fn from(refused: CreateRefused) -> Self {
        Self::Refused(refused)
    }
}

impl From<EngineError> for Ended {
    fn from(error: EngineError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<DbError> for Ended {
    fn from(error: DbError) -> Self {
        Self::Refused(error.into())
    }
}

/// Everything decided, sealed and rendered before the write, so that the write only writes: one
/// thread writes for everybody.
struct Plan {
    /// As it is stored if the customer is new; a known one seals the personal data with his key.
    stored: StoredRequest,
    personal: Personal,
    /// What is answered unless a coin is fixed in the write.
    answer: Vec<u8>,
    customer: Option<(OpenCustomer, Customer)>,
    reference: Option<String>,
    fixed: Option<Priced>,
    doubts: Vec<Doubt>,
    claim: Claim,
    now: Timestamp,
}

impl Engine {
    /// Creates a payment request and answers with the bytes for the merchant. The same `foreign_id`
    /// with equal fields answers with the request that stands already.
    ///
    /// # Errors
    /// [`CreateRefused`]; nothing was written.
    pub async fn create_request(
        &self,
        caller: &Arc<Caller>,
        new: NewPaymentRequest,
        once: Once<'_>,
    ) -> Result<Vec<u8>, CreateRefused> {
        let doubts = self.screen_urls(&new).await;
        let plan = self.plan(caller, new, once, doubts)?;
        let (claim, foreign_id) = (plan.claim.clone(), plan.stored.foreign_id.clone());
        let engine = self.clone();
        // Everything is decided by ON CONFLICT and by UPDATEs that lock, so that creates need not
        // be serialisable and do not collide with each other.
        let body = async move |tx: &mut Tx<'_>| engine.write_plan(tx, &plan).await;
        let ended = self.store().write_committed(body).await;
        match ended {
            Ok(answer) | Err(Ended::Before(answer)) => Ok(answer),
            Err(Ended::Stands) => {
                let foreign_id = foreign_id.unwrap_or_default();
                self.answer_standing(claim, caller.scope, foreign_id).await
            }
            Err(Ended::Refused(refused)) => Err(refused),
        }
    }

    /// What [`create_request`](Self::create_request) answers, without writing it: the ceiling that
    /// the benchmark compares with.
    ///
    /// # Errors
    /// As [`create_request`](Self::create_request), as far as they need no database.
    pub fn answer_without_writing(
        &self,
        caller: &Arc<Caller>,
        new: NewPaymentRequest,
    ) -> Result<Vec<u8>, CreateRefused> {
        let plan = self.plan(caller, new, Once::default(), Vec::new())?;
        Ok(plan.answer)
    }

    fn plan(
        &self,
        caller: &Arc<Caller>,
        new: NewPaymentRequest,
        once: Once<'_>,
        doubts: Vec<Doubt>,
    ) -> Result<Plan, CreateRefused> {
        let now = self.now();
        let random = Draw::<RANDOM_BYTES>::new(&*self.parts.entropy);
        let fingerprint = self.parts.keys.fingerprint("payment request", &fields_text(&new));
        let valid_until = match new.lifetime {
            Lifetime::Duration(span) => now.plus(span),
            Lifetime::Until(at) => at,
        };
        let request = PaymentRequest::open(Opening {
            id: Id::new(now, random.take()),
            scope: caller.scope,
            price: new.price,
            created_at: now,
            valid_until,
            policy: caller.merchant.policy.clone(),
        });
        let fixed = self.fixed_coin(caller, &new, &request, now)?;
        let personal = Personal { email: new.end_user_email, sender: new.sender };
        let customer =
            (!personal.is_empty()).then(|| self.new_customer(Id::new(now, random.take()), &random));
        let sealed = customer
            .as_ref()
            .map(|(open, _)| open.key.seal(&personal.to_bytes(), &request.id.bytes(), &random));
        let text = |url: Option<MerchantUrl>| url.map(|url| url.text);
        let stored = StoredRequest {
            key: caller.key,
            token: PaymentToken::new(now, random.take()),
            foreign_id: new.foreign_id,
            fingerprint: fingerprint.to_vec(),
            price_text: new.price_text,
            payment_currency: new.payment_currency,
            customer: customer.as_ref().map(|(open, _)| open.id),
            personal: sealed,
            end_user_reference: new.end_user_reference.clone(),
            description: new.description,
            url_store: text(new.url_store),
            url_success: text(new.url_success),
            url_failed: text(new.url_failed),
            rates: Vec::new(),
            transfer_ids: std::collections::BTreeMap::new(),
            due: self.due(&request),
            version: 1,
            booked: true,
            request,
        };
        Ok(Plan {
            answer: self.created_answer(&stored, &personal),
            stored,
            personal,
            customer,
            reference: new.end_user_reference,
            fixed,
            doubts,
            claim: self.claim(caller.key, CREATE_ROUTE.to_owned(), once),
            now,
        })
    }

    /// In fixed mode, the coin with its price; none where the customer chooses.
    fn fixed_coin(
        &self,
        caller: &Caller,
        new: &NewPaymentRequest,
        request: &PaymentRequest,
        now: Timestamp,
    ) -> Result<Option<Priced>, CreateRefused> {
        let field = |field: &'static str, sentence: String| {
            CreateRefused::Fields(FieldErrors::one(field, sentence))
        };
        let environment = caller.scope.environment;
        let Some(coin) = new.payment_currency else { return Ok(None) };
        let taken = |asset: &&Asset| self.is_taken(environment, asset);
        let Some(network) = coin.network else {
            let any = self.catalogue().assets_of(coin.iso).any(|asset| taken(&asset));
            let iso = coin.iso;
            return if any {
                Ok(None)
            } else {
                Err(field("payment_currency.iso", format!("{iso} cannot be taken here.")))
            };
        };
        let asset = self.catalogue().asset(AssetId { iso: coin.iso, network }).filter(taken);
        let asset = asset.ok_or_else(|| {
            let sentence = format!("{} on {network} cannot be taken here.", coin.iso);
            field("payment_currency.network_name", sentence)
        })?;
        if let Err(NotTaken::NotYet { network, reason }) = self.check_taken(environment, asset) {
            let unreachable = ChainError::Unreachable { network, reason };
            return Err(EngineError::from(unreachable).into());
        }
        match self.quote(request, asset, now) {
            Ok(priced) => Ok(Some(priced)),
            Err(CannotQuote::NoRate(reason)) => {
                tracing::warn!(coin = %coin.iso, reason, "a fixed request was not priced");
                Err(CreateRefused::NoRates)
            }
            Err(other) => Err(field("amount", format!("The amount is refused: {other}."))),
        }
    }

    async fn write_plan(&self, tx: &mut Tx<'_>, plan: &Plan) -> Result<Vec<u8>, Ended> {
        match self.claimed(tx, &plan.claim, plan.now).await? {
            Claimed::Fresh => {}
            Claimed::Done(answer) => return Err(Ended::Before(answer)),
            Claimed::OtherBody => return Err(CreateRefused::KeyReused.into()),
            Claimed::NonceUsed => return Err(CreateRefused::NonceUsed.into()),
        }
        let errors = self.doubted_urls(tx, &plan.doubts).await?;
        if !errors.is_empty() {
            return Err(CreateRefused::Fields(errors).into());
        }
        let mut stored = Cow::Borrowed(&plan.stored);
        let known = self.write_customer(tx, plan).await?;
        if let Some(known) = &known {
            let stored = stored.to_mut();
            stored.customer = Some(known.id);
            let bytes = plan.personal.to_bytes();
            stored.personal = Some(self.seal_for(Some(known), &bytes, stored.request.id));
        }
        let effects = match &plan.fixed {
            Some(priced) => match self.fix(tx, stored.to_mut(), priced, plan.now).await {
                Ok(effects) => effects,
                Err(refused) => return Err(self.not_fixed(tx, &stored, refused).await?),
            },
            None => Vec::new(),
        };
        if !tx.insert_request(&stored).await? {
            return Err(self.standing(tx, &stored).await?);
        }
        tx.note(&stored.request.id.text());
        self.follow_up(tx, &stored, &effects, plan.now).await?;
        let answer = match &plan.fixed {
            Some(_) => self.created_answer(&stored, &plan.personal),
            None => plan.answer.clone(),
        };
        let customer = known.as_ref().or(plan.customer.as_ref().map(|(new, _)| new));
        self.keep(tx, &plan.claim, customer, &answer, plan.now).await?;
        Ok(answer)
    }

    /// Writes a new customer. If there is one of his reference, it is that one who counts.
    async fn write_customer(
        &self,
        tx: &mut Tx<'_>,
        plan: &Plan,
    ) -> Result<Option<OpenCustomer>, EngineError> {
        let Some((_, stored)) = &plan.customer else { return Ok(None) };
        let scope = plan.stored.request.scope;
        let reference = plan.reference.as_deref();
        if tx.insert_customer(scope, reference, stored, plan.now).await? {
            return Ok(None);
        }
        let known = tx.customer_by_reference(scope, reference.unwrap_or_default()).await?;
        // Committed in between by a twin that this transaction cannot see yet: start again.
        let known = known.ok_or_else(|| tx.lost_race())?;
        self.open_customer(&known).map(Some)
    }

    /// Gives a request its coin, address and price.
    pub(crate) async fn fix(
        &self,
        tx: &mut Tx<'_>,
        stored: &mut StoredRequest,
        priced: &Priced,
        now: Timestamp,
    ) -> Result<Vec<Effect>, CreateRefused> {
        let request = &mut stored.request;
        let network = priced.asset.id.network;
        let cursors = tx.cursors().await?;
        let environment = request.scope.environment;
        let taken = self.check_taken_now(environment, &priced.asset, &cursors);
        let read = taken.map_err(|not_taken| {
            let reason = not_taken.to_string();
            EngineError::from(ChainError::Unreachable { network, reason })
        })?;
        let shown_after = read.map(|cursor| cursor.at.clone());
        let wallet: Option<Wallet> = self.receiving_wallet(tx, request.scope, network).await?;
        let wallet = wallet.ok_or_else(|| {
            let sentence = format!("No wallet is set up for {network}.");
            CreateRefused::Fields(FieldErrors::one("payment_currency.network_name", sentence))
        })?;
        let issued = self.issue_address(tx, &wallet, network, request.id, shown_after, now);
        let address = issued.await?;
        let quote = Quote {
            id: self.new_id(now),
            asset: priced.asset.id,
            address: address.text,
            expected: priced.expected,
            tolerance: priced.tolerance,
            needed: priced.needed,
            locked_at: now,
            locked_until: locked_until(request.valid_until, now),
        };
        let effects = request
            .proceed(quote, now)
            .map_err(|refused| EngineError::Inconsistent(refused.to_string()))?;
        stored.rates.push(priced.rate.clone());
        stored.due = self.due(&stored.request);
        Ok(effects)
    }

    /// What comes of a coin that could not be fixed. Whoever repeats himself while its network is
    /// behind hears of what stands already.
    async fn not_fixed(
        &self,
        tx: &mut Tx<'_>,
        wanted: &StoredRequest,
        refused: CreateRefused,
    ) -> Result<Ended, EngineError> {
        let behind = matches!(&refused, CreateRefused::Engine(EngineError::Chain(_)));
        let foreign_id = wanted.foreign_id.as_deref().filter(|_| behind);
        let Some(foreign_id) = foreign_id else { return Ok(refused.into()) };
        match tx.request_by_foreign_id(wanted.request.scope, foreign_id).await? {
            Some(_) => self.standing(tx, wanted).await,
            None => Ok(refused.into()),
        }
    }

    /// The request that holds the `foreign_id`: the same again, or another.
    async fn standing(
        &self,
        tx: &mut Tx<'_>,
        wanted: &StoredRequest,
    ) -> Result<Ended, EngineError> {
        let foreign_id = wanted.foreign_id.as_deref().unwrap_or_default();
        let stands = tx.request_by_foreign_id(wanted.request.scope, foreign_id).await?;
        let stands = stands.ok_or_else(|| tx.lost_race())?;
        Ok(match stands.fingerprint == wanted.fingerprint {
            true => Ended::Stands,
            false => CreateRefused::Fields(foreign_id_taken()).into(),
        })
    }

    pub(super) fn created_answer(&self, stored: &StoredRequest, personal: &Personal) -> Vec<u8> {
        let shown = self.shown(stored, personal.email.as_deref(), &[]);
        render_created(&shown.view(&[], &[]))
    }
}
