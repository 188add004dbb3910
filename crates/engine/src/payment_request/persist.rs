//! Writing a changed request: its rows, the callbacks, cases and events that follow, together.

use coffer_domain::{
    callback::CallbackKind,
    code::NetworkName,
    id::PaymentRequestId,
    payment_request::{CaseKind, Effect, Fact, OpenedCase, PaymentRequest, Stage},
    time::{Span, Timestamp},
    transfer::{ChainTransfer, ChainUnits},
};
use coffer_store::{
    callback::{CallbackState, StoredCallback, kind_word},
    chain_cursor::Cursor,
    error::DbError,
    event::Event,
    nudge::Nudge,
    payment_request::{Due, FollowedTransfer, StoredRequest},
    tx::Tx,
    wrong_payment::Case,
};

use crate::{
    alarms::Alarm,
    engine::Engine,
    error::EngineError,
    follow::Found,
    personal::{OpenCustomer, Personal},
    workers::{CALLBACKS_TOPIC, EVENTS_TOPIC, PAGES_TOPIC},
};

/// A request that could not be closed although its deadline has passed is looked at again so much
/// later: another of its networks has not been read that far.
const LOOK_AGAIN: Span = Span::from_seconds(10);

impl Engine {
    /// Takes in what a step of a cursor found for one request.
    pub(crate) async fn tell_request(
        &self,
        tx: &mut Tx<'_>,
        id: PaymentRequestId,
        found: &Found,
        cursor: &Cursor,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(before) = tx.request(id).await? else {
            return Err(EngineError::Inconsistent(format!("no request {id} behind an address")));
        };
        let mut after = before.clone();
        for observation in &found.observations {
            if let Err(refused) = after.request.apply(&Fact::Transfer(observation.clone())) {
                let transfer = &observation.reference;
                let detail = format_args!("payment request {id}: {refused}");
                self.raise(tx, Alarm::TransferRefused, transfer, detail, now).await?;
            }
        }
        for transfer in &found.beyond {
            self.park_beyond(tx, &before, transfer, now).await?;
        }
        for early in &found.early {
            self.tell_early(tx, id, early, now).await?;
        }
        let mut effects = Vec::new();
        for network in self.networks_told(&after.request, cursor.chain) {
            let fact = Fact::Watermark { network, through: cursor.watermark };
            effects.extend(after.request.apply(&fact).unwrap_or_default());
        }
        self.persist(tx, &before, &mut after, &effects, cursor.chain, now).await
    }

    /// The networks of a request, quoted or paid on, that a chain carries.
    pub(crate) fn networks_told(
        &self,
        request: &PaymentRequest,
        chain: NetworkName,
    ) -> Vec<NetworkName> {
        let quoted = request.quotes.iter().map(|quote| quote.asset.network);
        let paid_on = request.transfers.iter().map(|transfer| transfer.reference.network);
        let mut networks: Vec<NetworkName> = quoted.chain(paid_on).collect();
        networks.sort_unstable();
        networks.dedup();
        let environment = request.scope.environment;
        let carried = |network: &NetworkName| {
            self.chain_of(environment, *network).is_some_and(|carrier| carrier.name() == chain)
        };
        networks.into_iter().filter(carried).collect()
    }

    /// Writes what has changed between two states of a request, and what follows from it.
    pub(crate) async fn persist(
        &self,
        tx: &mut Tx<'_>,
        before: &StoredRequest,
        after: &mut StoredRequest,
        effects: &[Effect],
        chain: NetworkName,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        after.due = self.due(&after.request);
        if after == before && effects.is_empty() {
            return Ok(());
        }
        self.save_transfers(tx, before, after, chain, now).await?;
        tx.save_request(after, before.request.quotes.len()).await?;
        self.book_change(tx, before, after, now).await?;
        self.follow_up(tx, after, effects, now).await?;
        tx.after_commit(Nudge::keyed(PAGES_TOPIC, &after.request.id.text()));
        Ok(())
    }

    /// Writes callbacks, cases and events of a request that was just saved.
    pub(crate) async fn follow_up(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredRequest,
        effects: &[Effect],
        now: Timestamp,
    ) -> Result<(), EngineError> {
        for effect in effects {
            match effect {
                Effect::Callback(kind) => self.write_callback(tx, stored, *kind, now).await?,
                Effect::OpenCase(opened) => self.open_case(tx, stored, opened, now).await?,
            }
        }
        Ok(())
    }

    async fn save_transfers(
        &self,
        tx: &mut Tx<'_>,
        before: &StoredRequest,
        after: &mut StoredRequest,
        chain: NetworkName,
        now: Timestamp,
    ) -> Result<(), DbError> {
        for transfer in &after.request.transfers {
            let was = before.request.transfer(&transfer.reference);
            if was == Some(transfer) {
                continue;
            }
            let known = after.transfer_ids.get(&transfer.reference).copied();
            let id = known.unwrap_or_else(|| self.new_id(now));
            after.transfer_ids.insert(transfer.reference.clone(), id);
            let followed =
                FollowedTransfer { id, request: after.request.id, transfer: transfer.clone() };
            tx.save_transfer(chain, &followed, known.is_none()).await?;
        }
        Ok(())
    }

    /// Which clock ends the next deadline of a request, and when.
    pub(crate) fn due(&self, request: &PaymentRequest) -> Option<Due> {
        match request.stage {
            Stage::Created => Some(Due { chain: None, at: request.window_end() }),
            Stage::Processing => {
                let (network, at) = request.waits_for().or_else(|| {
                    let (network, mark) = request.watermarks.iter().max_by_key(|mark| mark.1)?;
                    Some((*network, mark.plus(LOOK_AGAIN)))
                })?;
                let chain = self.chain_of(request.scope.environment, network)?.name();
                Some(Due { chain: Some(chain), at })
            }
            _ => None,
        }
    }

    async fn write_callback(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredRequest,
        kind: CallbackKind,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        self.write_event(tx, stored, kind_word(kind), event_summary(kind), now).await?;
        if kind == CallbackKind::Reversal {
            let about = format_args!("payment request {}", stored.request.id);
            let detail = "it had been paid, and what paid it is gone";
            self.raise(tx, Alarm::PaymentReversed, about, detail, now).await?;
        }
        let merchant = tx.merchant(stored.request.scope.merchant).await?;
        if merchant.is_none_or(|merchant| merchant.callback_url.is_none()) {
            return Ok(());
        }
        let customer = self.read_customer(tx, stored.customer).await?;
        let personal = self.open_personal(stored, customer.as_ref())?;
        let id = self.new_id(now);
        let body = self.callback_body(stored, personal.email.as_deref(), id, kind);
        let ordinal = tx.next_callback_ordinal(stored.request.id).await?;
        tx.insert_callback(&StoredCallback {
            id,
            request: stored.request.id,
            scope: stored.request.scope,
            key: stored.key,
            ordinal,
            kind,
            customer: stored.customer,
            body: self.seal_for(customer.as_ref(), &body, id),
            state: CallbackState::Due,
            attempts: 0,
            next_at: now,
            created_at: now,
            attempted_at: None,
            answer: None,
            said: None,
        })
        .await?;
        tx.after_commit(Nudge::new(CALLBACKS_TOPIC));
        Ok(())
    }

    /// Records what happened to a request.
    pub(crate) async fn write_event(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredRequest,
        kind: &str,
        summary: &str,
        now: Timestamp,
    ) -> Result<(), DbError> {
        tx.insert_event(&Event {
            id: self.new_id(now),
            request: stored.request.id,
            scope: stored.request.scope,
            kind: kind.to_owned(),
            status: stored.request.status().to_owned(),
            summary: summary.to_owned(),
            at: now,
            number: None,
        })
        .await?;
        tx.after_commit(Nudge::new(EVENTS_TOPIC));
        Ok(())
    }

    async fn open_case(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredRequest,
        opened: &OpenedCase,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let case = Case {
            id: self.new_id(now),
            request: stored.request.id,
            kind: opened.kind.as_str().to_owned(),
            asset: opened.asset,
            units: opened.units.get().to_string(),
            transfer: opened.transfer.as_ref().map(ToString::to_string),
            created_at: now,
        };
        self.write_case(tx, stored, opened.kind, &case).await
    }

    async fn write_case(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredRequest,
        kind: CaseKind,
        case: &Case,
    ) -> Result<(), EngineError> {
        let summary = super::show::case_reason(kind);
        self.write_event(tx, stored, "case_opened", summary, case.created_at).await?;
        tx.insert_case(case).await?;
        Ok(())
    }

    /// Parks a movement of more than 128 bits as a case with its raw text, once.
    async fn park_beyond(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredRequest,
        transfer: &ChainTransfer,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let ChainUnits::Beyond(raw) = &transfer.units else { return Ok(()) };
        let request = stored.request.id;
        let reference = transfer.reference.to_string();
        let cases = tx.cases_of(request).await?;
        if cases.iter().any(|case| case.transfer.as_deref() == Some(&reference)) {
            return Ok(());
        }
        let case = Case {
            id: self.new_id(now),
            request,
            kind: CaseKind::Beyond.as_str().to_owned(),
            asset: transfer.asset,
            units: raw.clone(),
            transfer: Some(reference),
            created_at: now,
        };
        self.write_case(tx, stored, CaseKind::Beyond, &case).await?;
        tx.after_commit(Nudge::keyed(PAGES_TOPIC, &request.text()));
        Ok(())
    }

    /// The personal data of a request.
    pub(crate) fn open_personal(
        &self,
        stored: &StoredRequest,
        customer: Option<&OpenCustomer>,
    ) -> Result<Personal, EngineError> {
        let Some(sealed) = &stored.personal else { return Ok(Personal::default()) };
        let bytes = self.unseal_for(customer, sealed, stored.request.id)?;
        Personal::from_bytes(&bytes)
            .ok_or_else(|| EngineError::Sealed("personal data of an unknown form".to_owned()))
    }
}

/// What a callback tells, in a sentence.
const fn event_summary(kind: CallbackKind) -> &'static str {
    match kind {
        CallbackKind::RateFixed => "A coin was chosen and the rate fixed.",
        CallbackKind::Transaction => "A payment was seen, or one that was seen has gone.",
        CallbackKind::Paid => "Paid in full and confirmed.",
        CallbackKind::Failed => "The window has ended with too little paid or confirmed.",
        CallbackKind::ExpiredWithoutRate => "The lifespan has ended before a coin was chosen.",
        CallbackKind::ExpiredWithRate => "The window has ended and nothing was seen.",
        CallbackKind::LatePayment => "A payment arrived after the request had ended.",
        CallbackKind::Restricted => "Screening refused the payer's funds.",
        CallbackKind::Cancelled => "The request was cancelled.",
        CallbackKind::Reversal => "A reorganisation took back a payment that had been final.",
    }
}
