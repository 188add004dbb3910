//! Reading requests and events.

use coffer_domain::{id::PaymentRequestId, payment_request::Stage};
use coffer_store::{
    chain_cursor::Cursor,
    error::DbError,
    event::Event,
    payment_request::{RequestFilter, StoredRequest},
    tx::Tx,
    wrong_payment::Case,
};
use coffer_wire::{
    event::{EventQuery, EventView, render_events},
    payment_request::{ListQuery, Status, render_list, render_request},
};

use super::show::Shown;
use crate::{
    api_key::Caller,
    engine::Engine,
    error::EngineError,
    personal::{OpenCustomer, Personal},
};

/// A request with everything its view needs.
struct Whole {
    stored: StoredRequest,
    personal: Personal,
    cases: Vec<Case>,
    behind: Option<(Cursor, String)>,
}

impl Engine {
    /// A request as the merchant sees it; none where it is not his.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn request(
        &self,
        caller: &Caller,
        id: PaymentRequestId,
    ) -> Result<Option<Vec<u8>>, EngineError> {
        let (engine, scope) = (self.clone(), caller.scope);
        self.store()
            .read(async move |tx: &mut Tx<'_>| {
                let Some(stored) = tx.request_in(scope, id).await? else { return Ok(None) };
                Ok(Some(engine.detail_answer(tx, &stored).await?.0))
            })
            .await
    }

    /// A page of a merchant's requests, newest first.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn requests(
        &self,
        caller: &Caller,
        query: &ListQuery,
    ) -> Result<Vec<u8>, EngineError> {
        let (engine, scope) = (self.clone(), caller.scope);
        let (limit, foreign_id) = (u32::from(query.limit), query.foreign_id.clone());
        let filter = RequestFilter {
            before: query.before,
            status: query.status.map(|status| status.as_str().to_owned()),
            end_user_reference: query.end_user_reference.clone(),
        };
        self.store()
            .read(async move |tx: &mut Tx<'_>| {
                let mut page = match &foreign_id {
                    Some(foreign_id) => {
                        let found = tx.request_by_foreign_id(scope, foreign_id).await?;
                        found.into_iter().filter(|stored| filter.admits(stored)).collect()
                    }
                    // One more than asked for tells whether there is a next page.
                    None => tx.requests_page(scope, &filter, limit + 1).await?,
                };
                let full = page.len() > usize::try_from(limit).unwrap_or(usize::MAX);
                page.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                let next = page.last().filter(|_| full).map(|last| last.request.id.text());
                engine.list_answer(tx, page, next.as_deref()).await
            })
            .await
    }

    /// The events of a request in time order; none where it is not the merchant's.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn events_of(
        &self,
        caller: &Caller,
        id: PaymentRequestId,
    ) -> Result<Option<Vec<u8>>, EngineError> {
        let (engine, scope) = (self.clone(), caller.scope);
        self.store()
            .read(async move |tx: &mut Tx<'_>| {
                let Some(stored) = tx.request_in(scope, id).await? else { return Ok(None) };
                let events = tx.events_of(id).await?;
                Ok(Some(engine.events_answer(Some(&stored), &events)))
            })
            .await
    }

    /// The events of all of a merchant's requests behind a number.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn events(
        &self,
        caller: &Caller,
        query: &EventQuery,
    ) -> Result<Vec<u8>, EngineError> {
        let scope = caller.scope;
        let after = i64::try_from(query.after).unwrap_or(i64::MAX);
        let limit = u32::from(query.limit);
        let events = self
            .store()
            .read(async move |tx: &mut Tx<'_>| tx.events_after(scope, after, limit).await)
            .await
            .map_err(|error: DbError| error)?;
        if events.is_empty() {
            return Ok(render_events(&[], query.after));
        }
        Ok(self.events_answer(None, &events))
    }

    /// A request as its merchant sees it, inside a running transaction.
    pub(crate) async fn detail_answer(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredRequest,
    ) -> Result<(Vec<u8>, Option<OpenCustomer>), EngineError> {
        let customer = self.read_customer(tx, stored.customer).await?;
        let whole = self.whole(tx, stored.clone()).await?;
        let shown = self.shown_whole(&whole);
        let (transactions, cases) = (shown.transactions(), shown.cases());
        Ok((render_request(&shown.view(&transactions, &cases)), customer))
    }

    async fn whole(&self, tx: &mut Tx<'_>, stored: StoredRequest) -> Result<Whole, EngineError> {
        let customer = self.read_customer(tx, stored.customer).await?;
        let personal = self.open_personal(&stored, customer.as_ref())?;
        let cases = tx.cases_of(stored.request.id).await?;
        let behind = self.behind(tx, &stored).await?;
        Ok(Whole { stored, personal, cases, behind })
    }

    /// The cursor of an open request's network, where that is read with delay, and its name.
    pub(crate) async fn behind(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredRequest,
    ) -> Result<Option<(Cursor, String)>, DbError> {
        let request = &stored.request;
        if request.stage != Stage::Processing {
            return Ok(None);
        }
        let Some(quote) = request.current_quote() else { return Ok(None) };
        let network = quote.asset.network;
        let Some(chain) = self.chain_of(request.scope.environment, network) else {
            return Ok(None);
        };
        let cursor = tx.cursor(chain.name()).await?;
        let behind = cursor.filter(|cursor| cursor.behind_since.is_some());
        let title = self
            .catalogue()
            .network(network)
            .map_or_else(|| network.to_string(), |network| network.title.clone());
        Ok(behind.map(|cursor| (cursor, title)))
    }

    fn shown_whole<'a>(&self, whole: &'a Whole) -> Shown<'a> {
        let shown = self.shown(&whole.stored, whole.personal.email.as_deref(), &whole.cases);
        match &whole.behind {
            Some((cursor, network)) => shown.behind(cursor, network),
            None => shown,
        }
    }

    async fn list_answer(
        &self,
        tx: &mut Tx<'_>,
        page: Vec<StoredRequest>,
        next: Option<&str>,
    ) -> Result<Vec<u8>, EngineError> {
        let mut wholes = Vec::with_capacity(page.len());
        for stored in page {
            wholes.push(self.whole(tx, stored).await?);
        }
        let shown: Vec<Shown<'_>> = wholes.iter().map(|whole| self.shown_whole(whole)).collect();
        let parts: Vec<_> =
            shown.iter().map(|shown| (shown.transactions(), shown.cases())).collect();
        let views: Vec<_> = shown
            .iter()
            .zip(&parts)
            .map(|(shown, (transactions, cases))| shown.view(transactions, cases))
            .collect();
        Ok(render_list(&views, next))
    }

    /// Events as an answer. That of one request begins with its creation, which is in its row.
    fn events_answer(&self, of: Option<&StoredRequest>, events: &[Event]) -> Vec<u8> {
        let texts: Vec<(String, String)> =
            events.iter().map(|event| (event.id.text(), event.request.text())).collect();
        let created = of.map(|stored| (stored.request.id.text(), stored.request.created_at));
        let mut views: Vec<EventView<'_>> = Vec::with_capacity(events.len() + 1);
        views.extend(created.as_ref().map(|(id, at)| EventView {
            number: None,
            id,
            payment_request_id: id,
            kind: "created",
            status: Status::Created,
            summary: "The payment request was created.",
            created_at: at.seconds(),
        }));
        views.extend(events.iter().zip(&texts).map(|(event, (id, request))| EventView {
            number: event.number.and_then(|number| u64::try_from(number).ok()),
            id,
            payment_request_id: request,
            kind: &event.kind,
            status: Status::parse(&event.status).unwrap_or(Status::Created),
            summary: &event.summary,
            created_at: event.at.seconds(),
        }));
        let last = events.iter().filter_map(|event| event.number).max().unwrap_or(0);
        render_events(&views, u64::try_from(last).unwrap_or(0))
    }
}
