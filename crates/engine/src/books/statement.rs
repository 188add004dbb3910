//! What came in and went out between two moments, with what it was worth when it was quoted.

use std::collections::BTreeMap;

use coffer_domain::{
    books::{AccountKind, Balance, Held, Total},
    id::{MerchantId, PaymentRequestId},
    merchant::Environment,
    money::{AssetId, Currency, Units},
    rate::{Rate, value_of},
    time::Timestamp,
    transfer::TransferReference,
};
use coffer_store::{books::BookedEntry, error::DbError, payment_request::StoredRequest, tx::Tx};

use crate::{engine::Engine, error::EngineError};

/// Entries read at once.
const PAGE: u32 = 1_000;

/// What a statement is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Of which environment.
    pub environment: Environment,
    /// Of one merchant only.
    pub merchant: Option<MerchantId>,
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

/// What was booked for requests of one merchant, paid in one asset and priced in one currency.
/// Opening and incoming less outgoing is closing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// Whose it is.
    pub merchant: MerchantId,
    /// What was paid in.
    pub asset: AssetId,
    /// What the requests were priced in.
    pub currency: Currency,
    /// What was there before.
    pub opening: Held,
    /// What arrived.
    pub incoming: Total,
    /// What went: so far only what a reorganisation took.
    pub outgoing: Total,
    /// What is there after.
    pub closing: Held,
    /// What of [`Self::incoming`] was worth, in base units of the currency and rounded down, by the
    /// rates of the quotes it was paid to.
    pub value: Total,
    /// What of [`Self::outgoing`] was worth, by the same rates.
    pub value_out: Total,
    /// How much of [`Self::incoming`] has no rate: another asset than the quoted.
    pub without_value: Total,
}

#[derive(Default)]
struct Sums {
    before: Balance,
    within: Balance,
    value: Total,
    value_out: Total,
    without_value: Total,
}

type Key = (MerchantId, AssetId, Currency);

impl Engine {
    /// What came in and went out in a period, by merchant, asset and currency of the price.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn statement(&self, period: Period) -> Result<Vec<StatementLine>, EngineError> {
        let engine = self.clone();
        let lines = self
            .store()
            .read(async move |tx: &mut Tx<'_>| engine.read_statement(tx, period).await)
            .await
            .map_err(|error: DbError| error)?;
        Ok(lines)
    }

    async fn read_statement(
        &self,
        tx: &mut Tx<'_>,
        period: Period,
    ) -> Result<Vec<StatementLine>, DbError> {
        let mut sums: BTreeMap<Key, Sums> = BTreeMap::new();
        let mut requests = Requests::default();
        let mut last = None;
        loop {
            let page = tx.entries_after(last, PAGE).await?;
            let Some(newest) = page.last() else { break };
            last = Some((newest.journal, newest.ordinal));
            for entry in page.iter().filter(|entry| is_in(entry, period)) {
                self.take_entry(tx, entry, period, &mut requests, &mut sums).await?;
            }
        }
        Ok(sums.into_iter().map(|(key, sums)| line(key, &sums)).collect())
    }

    async fn take_entry(
        &self,
        tx: &mut Tx<'_>,
        entry: &BookedEntry,
        period: Period,
        requests: &mut Requests,
        sums: &mut BTreeMap<Key, Sums>,
    ) -> Result<(), DbError> {
        let Some(stored) = requests.of(tx, entry.request).await? else { return Ok(()) };
        let key = (entry.scope.merchant, entry.asset, stored.request.price.currency);
        let sum = sums.entry(key).or_default();
        let arrives = entry.debit == AccountKind::Treasury;
        let within = entry.booked_at >= period.from;
        let balance = if within { &mut sum.within } else { &mut sum.before };
        let side = if arrives { &mut balance.debited } else { &mut balance.credited };
        *side = side.and(entry.units);
        if within {
            match (self.value(stored, entry), arrives) {
                (Some(value), true) => sum.value = sum.value.plus(value),
                (Some(value), false) => sum.value_out = sum.value_out.plus(value),
                (None, true) => sum.without_value = sum.without_value.and(entry.units),
                (None, false) => {}
            }
        }
        Ok(())
    }

    /// What an arrival was worth by the rate of the quote it was paid to, in base units of the
    /// request's currency.
    fn value(&self, stored: &StoredRequest, entry: &BookedEntry) -> Option<Units> {
        let reference = entry.reference.as_deref()?;
        let request = &stored.request;
        let named = |one: &TransferReference| one.to_string() == reference;
        let transfer = request.transfers.iter().find(|one| named(&one.reference))?;
        let quote = request.quote_of(transfer)?;
        let place = request.quotes.iter().position(|one| one.id == quote.id)?;
        let rate = Rate::parse(&stored.rates.get(place)?.rate).ok()?;
        let decimals = self.catalogue().asset(entry.asset)?.decimals;
        let price_decimals = self.catalogue().decimals(request.price.currency)?;
        value_of(entry.units.units()?, decimals, rate, price_decimals)
    }
}

/// The request of the last entry, since those of one request stand together.
#[derive(Default)]
struct Requests {
    last: Option<StoredRequest>,
}

impl Requests {
    async fn of(
        &mut self,
        tx: &mut Tx<'_>,
        id: Option<PaymentRequestId>,
    ) -> Result<Option<&StoredRequest>, DbError> {
        let Some(id) = id else { return Ok(None) };
        if self.last.as_ref().is_none_or(|last| last.request.id != id) {
            self.last = tx.request(id).await?;
        }
        Ok(self.last.as_ref())
    }
}

/// Whether an entry moved what the treasury holds, of whom and until when the statement is.
fn is_in(entry: &BookedEntry, period: Period) -> bool {
    let moves = entry.debit == AccountKind::Treasury || entry.credit == AccountKind::Treasury;
    let whose = period.merchant.is_none_or(|merchant| entry.scope.merchant == merchant);
    moves && whose && entry.scope.environment == period.environment && entry.booked_at < period.to
}

fn line((merchant, asset, currency): Key, sums: &Sums) -> StatementLine {
    let kind = AccountKind::Treasury;
    let after = Balance {
        debited: sums.before.debited.and(sums.within.debited),
        credited: sums.before.credited.and(sums.within.credited),
    };
    StatementLine {
        merchant,
        asset,
        currency,
        opening: sums.before.held(kind),
        incoming: sums.within.debited,
        outgoing: sums.within.credited,
        closing: after.held(kind),
        value: sums.value,
        value_out: sums.value_out,
        without_value: sums.without_value,
    }
}
