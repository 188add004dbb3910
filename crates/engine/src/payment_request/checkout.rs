//! What the hosted page needs, and what a customer may do on it.

use coffer_domain::{
    catalogue::{Asset, Network},
    id::PaymentToken,
    merchant::Merchant,
    money::{AssetId, Units},
    payment_request::{PaymentRequest, Quote, Refused, Stage},
    time::{Span, Timestamp},
};
use coffer_store::{
    error::DbError, payment_request::StoredRequest, tx::Tx, wallet::Wallet, wrong_payment::Case,
};

use crate::{
    address::choose_wallet,
    engine::Engine,
    error::EngineError,
    payment_request::CreateRefused,
    personal::Personal,
    quote::{CannotQuote, Priced, locked_until},
};

/// Choices of a coin and new prices a request may have; each new coin costs the wallet an address.
const QUOTES_MAX: usize = 20;

/// Everything the page of a request shows.
pub struct CheckoutFacts {
    /// The server's time.
    pub now: Timestamp,
    /// The shop.
    pub merchant: Merchant,
    /// The request.
    pub stored: StoredRequest,
    /// The coins that can be taken now; only while one may be chosen.
    pub offers: Vec<CoinOffer>,
    /// Whether coins could be offered but for missing rates.
    pub rates_missing: bool,
    /// Whether an e-mail address of the customer is known.
    pub email_known: bool,
    /// The network of an open request that is read with delay, and how far it was read.
    pub behind: Option<(String, Timestamp)>,
    /// What was paid wrongly.
    pub cases: Vec<Case>,
    /// The link that opens a wallet with everything filled in, where there is one.
    pub wallet_link: Option<String>,
}

/// A coin the customer may choose.
#[derive(Clone, Debug)]
pub struct CoinOffer {
    /// The coin.
    pub asset: Asset,
    /// Its network.
    pub network: Network,
    /// What it would cost in it.
    pub expected: Units,
    /// How long confirming usually takes.
    pub usual_wait: Span,
}

/// Why a customer could not proceed; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ProceedRefused {
    /// There is no such page.
    #[error("there is no such payment page")]
    NotFound,
    /// The request does not allow it any more.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The coin cannot be taken now.
    #[error("this coin cannot be taken now")]
    Unavailable,
    /// Coin and price were changed too often.
    #[error("the coin was changed too often")]
    TooMany,
    /// The installation.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<DbError> for ProceedRefused {
    fn from(error: DbError) -> Self {
        Self::Engine(error.into())
    }
}

impl Engine {
    /// What the page behind a payment link shows; none where there is no such link.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn checkout(
        &self,
        token: PaymentToken,
    ) -> Result<Option<CheckoutFacts>, EngineError> {
        let engine = self.clone();
        self.store()
            .read(async move |tx: &mut Tx<'_>| {
                let Some(stored) = tx.request_by_token(token).await? else { return Ok(None) };
                engine.checkout_facts(tx, stored).await.map(Some)
            })
            .await
    }

    async fn checkout_facts(
        &self,
        tx: &mut Tx<'_>,
        stored: StoredRequest,
    ) -> Result<CheckoutFacts, EngineError> {
        let scope = stored.request.scope;
        let now = self.now();
        let merchant = tx
            .merchant(scope.merchant)
            .await?
            .ok_or_else(|| EngineError::Inconsistent(format!("no merchant {}", scope.merchant)))?;
        let customer = self.read_customer(tx, stored.customer).await?;
        let personal = self.open_personal(&stored, customer.as_ref())?;
        let behind = self.behind(tx, &stored).await?;
        let (offers, rates_missing) = if stored.request.may_change_coin(now) {
            self.offers(tx, &stored, None, now).await?
        } else {
            (Vec::new(), false)
        };
        Ok(CheckoutFacts {
            now,
            merchant,
            offers,
            rates_missing,
            email_known: personal.email.is_some(),
            behind: behind.map(|(cursor, network)| (network, cursor.watermark)),
            cases: tx.cases_of(stored.request.id).await?,
            wallet_link: self.wallet_link(&stored.request),
            stored,
        })
    }

    /// The coins that can be taken for a request now, or only the one named, and whether rates
    /// alone were missing.
    async fn offers(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredRequest,
        only: Option<AssetId>,
        now: Timestamp,
    ) -> Result<(Vec<CoinOffer>, bool), EngineError> {
        let request = &stored.request;
        let environment = request.scope.environment;
        let wallets = tx.wallets().await?;
        let cursors = tx.cursors().await?;
        let mut offers = Vec::new();
        let mut rates_missing = false;
        let named = |asset: &&Asset| only.is_none_or(|only| only == asset.id);
        for asset in self.catalogue().assets().iter().filter(named) {
            let asked = stored.payment_currency.is_none_or(|coin| {
                coin.iso == asset.id.iso
                    && coin.network.is_none_or(|network| network == asset.id.network)
            });
            let taken = self.check_taken_now(environment, asset, &cursors).is_ok();
            if !asked || !taken || self.wallet_for(&wallets, request, asset).is_none() {
                continue;
            }
            let Some(network) = self.catalogue().network(asset.id.network) else { continue };
            match self.quote(request, asset, now) {
                Ok(priced) => offers.push(CoinOffer {
                    expected: priced.expected,
                    usual_wait: Span::from_seconds(network.usual_seconds(priced.needed).into()),
                    asset: asset.clone(),
                    network: network.clone(),
                }),
                Err(CannotQuote::NoRate(_)) => rates_missing = true,
                Err(_) => {}
            }
        }
        let missing = rates_missing && offers.is_empty();
        Ok((offers, missing))
    }

    fn wallet_for<'a>(
        &self,
        wallets: &'a [Wallet],
        request: &PaymentRequest,
        asset: &Asset,
    ) -> Option<&'a Wallet> {
        let family = self.wallet_family(request.scope.environment, asset.id.network)?;
        choose_wallet(wallets, request.scope, family)
    }

    fn wallet_link(&self, request: &PaymentRequest) -> Option<String> {
        if request.stage != Stage::Processing {
            return None;
        }
        let quote = request.paying_quote()?;
        let chain = self.chain_of(request.scope.environment, quote.asset.network)?;
        chain.payment_link(quote.asset, &quote.address, request.remaining())
    }

    /// The customer proceeds with a coin, changes it, or takes a new price for the same one.
    ///
    /// # Errors
    /// [`ProceedRefused`]; nothing was written.
    pub async fn proceed(
        &self,
        token: PaymentToken,
        asset: AssetId,
        email: Option<String>,
    ) -> Result<(), ProceedRefused> {
        let engine = self.clone();
        // The address number is taken by an UPDATE that locks, and the request is saved only if
        // nobody changed it meanwhile; so customers need not wait for each other.
        self.store()
            .write_committed(async move |tx: &mut Tx<'_>| {
                engine.proceed_in(tx, token, asset, email.as_deref()).await
            })
            .await
    }

    async fn proceed_in(
        &self,
        tx: &mut Tx<'_>,
        token: PaymentToken,
        asset: AssetId,
        email: Option<&str>,
    ) -> Result<(), ProceedRefused> {
        let now = self.now();
        let before = tx.request_by_token(token).await?.ok_or(ProceedRefused::NotFound)?;
        if !before.request.may_change_coin(now) {
            let open = before.request.is_open() && now < before.request.window_end();
            return Err(if open { Refused::PaymentSeen } else { Refused::Ended }.into());
        }
        if before.request.quotes.len() >= QUOTES_MAX {
            return Err(ProceedRefused::TooMany);
        }
        let (offers, _) = self.offers(tx, &before, Some(asset), now).await?;
        let offer = offers.into_iter().next().ok_or(ProceedRefused::Unavailable)?;
        let priced = self
            .quote(&before.request, &offer.asset, now)
            .map_err(|_| ProceedRefused::Unavailable)?;
        let mut after = before.clone();
        if let Some(email) = email {
            self.learn_email(tx, &mut after, email, now).await?;
        }
        let effects = match before.request.current_quote() {
            Some(quote) if quote.asset == asset => {
                let quote = Quote {
                    id: self.new_id(now),
                    expected: priced.expected,
                    tolerance: priced.tolerance,
                    needed: priced.needed,
                    locked_at: now,
                    locked_until: locked_until(before.request.valid_until, now),
                    ..quote.clone()
                };
                after.rates.push(priced.rate);
                after.request.proceed(quote, now)?
            }
            _ => self.fix_or_refuse(tx, &mut after, &priced, now).await?,
        };
        let chain = self.home_chain();
        self.persist(tx, &before, &mut after, &effects, chain, now).await?;
        Ok(())
    }

    async fn fix_or_refuse(
        &self,
        tx: &mut Tx<'_>,
        stored: &mut StoredRequest,
        priced: &Priced,
        now: Timestamp,
    ) -> Result<Vec<coffer_domain::payment_request::Effect>, ProceedRefused> {
        self.fix(tx, stored, priced, now).await.map_err(|refused| match refused {
            CreateRefused::Engine(error) => ProceedRefused::Engine(error),
            _ => ProceedRefused::Unavailable,
        })
    }

    /// Keeps the address a customer left on the page, where none was known.
    async fn learn_email(
        &self,
        tx: &mut Tx<'_>,
        stored: &mut StoredRequest,
        email: &str,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let known = self.read_customer(tx, stored.customer).await?;
        let personal = self.open_personal(stored, known.as_ref())?;
        if personal.email.is_some() {
            return Ok(());
        }
        let customer = match known {
            Some(customer) => customer,
            None => {
                let (open, row) = self.new_customer(self.new_id(now), &*self.parts.entropy);
                tx.insert_customer(stored.request.scope, None, &row, now).await?;
                open
            }
        };
        let personal = Personal { email: Some(email.to_owned()), ..personal };
        stored.customer = Some(customer.id);
        stored.personal =
            Some(self.seal_for(Some(&customer), &personal.to_bytes(), stored.request.id));
        Ok(())
    }
}
