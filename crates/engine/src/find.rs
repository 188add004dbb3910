//! Finding a payment by whatever a person has of it, and telling its whole story. For the operator,
//! so it looks at all merchants.

use std::collections::BTreeSet;

use coffer_domain::{
    code::NetworkName,
    id::{PaymentRequestId, PaymentToken},
    merchant::{Environment, Scope},
    time::Timestamp,
};
use coffer_store::{
    callback::StoredCallback, chain_cursor::Cursor, error::DbError, event::Event,
    payment_request::StoredRequest, tx::Tx, wallet::IssuedAddress, wrong_payment::Case,
};

use crate::{engine::Engine, error::EngineError};

/// Stories told at most; of more, the newest.
const TOLD_MAX: usize = 20;

/// By what a request was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// Its id.
    Id,
    /// Its payment link, or the end of it.
    Link,
    /// The merchant's own id.
    ForeignId,
    /// A transaction that paid to it.
    Transaction,
    /// An address that was shown for it.
    Address,
    /// The merchant's id of its customer.
    Customer,
}

impl By {
    /// The words for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Link => "payment link",
            Self::ForeignId => "foreign id",
            Self::Transaction => "transaction",
            Self::Address => "address",
            Self::Customer => "customer reference",
        }
    }
}

/// What was found.
#[derive(Clone)]
pub struct Found {
    /// The requests, the newest first.
    pub stories: Vec<Story>,
    /// Whether there are more than are told.
    pub more: bool,
    /// Networks on which the text is an address, though none that was given out here.
    pub foreign_address_on: Vec<NetworkName>,
}

/// Everything that is known of a request.
#[derive(Clone)]
pub struct Story {
    /// By what it was found.
    pub by: By,
    /// The request with its quotes and transfers.
    pub stored: StoredRequest,
    /// The merchant's name.
    pub merchant: String,
    /// The address it was found by, and since when it is watched.
    pub address: Option<(IssuedAddress, Timestamp)>,
    /// Its callbacks in order.
    pub callbacks: Vec<StoredCallback>,
    /// Its cases, oldest first.
    pub cases: Vec<Case>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// How far the networks of its quotes were read.
    pub readings: Vec<Reading>,
}

/// How far a network was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The network.
    pub network: NetworkName,
    /// The cursor of the chain that carries it; none where it was never read.
    pub cursor: Option<Cursor>,
}

/// A request that matches, before its story is read.
type Match = (By, PaymentRequestId, Option<(IssuedAddress, Timestamp)>);

impl Engine {
    /// Finds requests by an id, a payment link, a foreign id, a transaction, an address or a
    /// customer reference. Addresses and customer references are looked for last and only where
    /// nothing else matches, since that reads all of them.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn find(&self, text: &str) -> Result<Found, EngineError> {
        let text = text.trim().to_owned();
        let (spellings, on) = self.as_address(&text);
        let engine = self.clone();
        let found = self.store().read(async move |tx: &mut Tx<'_>| {
            let mut matches = exact(tx, &text).await?;
            if matches.is_empty() {
                for spelling in &spellings {
                    let issued = tx.addresses_of_text(spelling).await?;
                    let by = |it: (IssuedAddress, Timestamp)| (By::Address, it.0.request, Some(it));
                    matches.extend(issued.into_iter().map(by));
                }
            }
            if matches.is_empty() {
                let limit = u32::try_from(TOLD_MAX).unwrap_or(u32::MAX).saturating_add(1);
                let ids = tx.requests_of_customer(&text, limit).await?;
                matches.extend(ids.into_iter().map(|id| (By::Customer, id, None)));
            }
            engine.told(tx, matches).await
        });
        let (stories, more) = found.await.map_err(|error: DbError| error)?;
        let foreign_address_on = if stories.is_empty() { on } else { Vec::new() };
        Ok(Found { stories, more, foreign_address_on })
    }

    /// The spellings under which a text may stand as an address, and the networks it is one of.
    fn as_address(&self, text: &str) -> (BTreeSet<String>, Vec<NetworkName>) {
        let (mut spellings, mut on) = (BTreeSet::from([text.to_owned()]), Vec::new());
        for environment in [Environment::Live, Environment::Sandbox] {
            for network in self.networks(environment) {
                let Some(chain) = self.chain_of(environment, network.name) else { continue };
                if let Ok(address) = chain.parse_address(network.name, text) {
                    spellings.insert(address.text);
                    on.push(network.name);
                }
            }
        }
        on.sort_unstable();
        on.dedup();
        (spellings, on)
    }

    /// Reads the stories of what matches, the newest first, each once.
    async fn told(
        &self,
        tx: &mut Tx<'_>,
        mut matches: Vec<Match>,
    ) -> Result<(Vec<Story>, bool), DbError> {
        matches.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
        matches.dedup_by(|one, other| one.1 == other.1);
        let more = matches.len() > TOLD_MAX;
        matches.truncate(TOLD_MAX);
        let mut stories = Vec::new();
        for (by, id, address) in matches {
            let Some(stored) = tx.request(id).await? else { continue };
            let scope = stored.request.scope;
            let merchant = tx.merchant(scope.merchant).await?;
            stories.push(Story {
                by,
                merchant: merchant.map(|merchant| merchant.name).unwrap_or_default(),
                address,
                callbacks: tx.callbacks_of(id).await?,
                cases: tx.cases_of(id).await?,
                events: tx.events_of(id).await?,
                readings: self.readings(tx, &stored).await?,
                stored,
            });
        }
        Ok((stories, more))
    }

    async fn readings(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredRequest,
    ) -> Result<Vec<Reading>, DbError> {
        let quotes = stored.request.quotes.iter().map(|quote| quote.asset.network);
        let networks: BTreeSet<NetworkName> = quotes.collect();
        let mut readings = Vec::new();
        for network in networks {
            let chain = self.chain_of(stored.request.scope.environment, network);
            let chain = chain.map_or(network, |chain| chain.name());
            readings.push(Reading { network, cursor: tx.cursor(chain).await? });
        }
        Ok(readings)
    }
}

/// What a unique text matches: an index finds it.
async fn exact(tx: &mut Tx<'_>, text: &str) -> Result<Vec<Match>, DbError> {
    let mut matches = Vec::new();
    if let Ok(id) = text.parse::<PaymentRequestId>()
        && tx.request(id).await?.is_some()
    {
        matches.push((By::Id, id, None));
    }
    let end = text.rsplit('/').next().unwrap_or_default();
    let end = end.split('?').next().unwrap_or_default();
    if let Ok(token) = end.parse::<PaymentToken>() {
        let found = tx.request_by_token(token).await?;
        matches.extend(found.map(|stored| (By::Link, stored.request.id, None)));
    }
    for merchant in tx.merchants().await? {
        for environment in [Environment::Live, Environment::Sandbox] {
            let scope = Scope { merchant: merchant.id, environment };
            let found = tx.request_by_foreign_id(scope, text).await?;
            matches.extend(found.map(|stored| (By::ForeignId, stored.request.id, None)));
        }
    }
    for spelling in BTreeSet::from([text.to_owned(), text.to_ascii_lowercase()]) {
        let requests = tx.requests_of_transaction(&spelling).await?;
        matches.extend(requests.into_iter().map(|id| (By::Transaction, id, None)));
    }
    Ok(matches)
}
