//! A payment request as the API and callbacks say it.

use std::cmp::Reverse;

use coffer_domain::{
    callback::CallbackKind,
    id::CallbackId,
    money::{AssetId, Units, format_decimal},
    payment_request::{CaseKind, Quote, Stage, TrackedTransfer},
    time::Timestamp,
};
use coffer_store::{chain_cursor::Cursor, payment_request::StoredRequest, wrong_payment::Case};
use coffer_wire::{
    callback::{
        CallbackView, ERROR_LATE, ERROR_NOT_PAID, ERROR_PAID_LESS, ERROR_RESTRICTED,
        ERROR_REVERSED, ERROR_UNCONFIRMED, render_callback,
    },
    payment_request::{
        AddressView, BehindView, CaseView, CurrencySentView, CurrencyView, DetailView,
        FinalityView, QuoteView, RequestView, Status, TransactionView,
    },
};

use crate::engine::Engine;

/// Transfers that an answer or a callback lists at most, the largest: anybody can send a thousand
/// crumbs to an address.
const LISTED_MAX: usize = 200;

/// Everything an answer needs, as texts that the views borrow.
pub(crate) struct Shown<'a> {
    stored: &'a StoredRequest,
    email: Option<&'a str>,
    id: String,
    link: String,
    quote: Option<QuoteTexts<'a>>,
    transactions: Vec<TransactionTexts<'a>>,
    cases: Vec<CaseTexts<'a>>,
    behind: Option<BehindTexts>,
}

struct QuoteTexts<'a> {
    quote: &'a Quote,
    id: String,
    expected: String,
    received: String,
    remaining: String,
    finality: FinalityView,
}

struct TransactionTexts<'a> {
    transfer: &'a TrackedTransfer,
    id: String,
    amount: String,
}

struct CaseTexts<'a> {
    case: &'a Case,
    id: String,
    amount: String,
}

struct BehindTexts {
    network: String,
    read_until: i64,
    note: String,
}

impl Engine {
    /// Prepares a request for being shown.
    pub(crate) fn shown<'a>(
        &self,
        stored: &'a StoredRequest,
        email: Option<&'a str>,
        cases: &'a [Case],
    ) -> Shown<'a> {
        let request = &stored.request;
        let quote = request.paying_quote().map(|quote| {
            let seen = request.seen(quote);
            let usual_seconds = self.usual_seconds(quote);
            QuoteTexts {
                quote,
                id: quote.id.text(),
                expected: self.decimal(quote.asset, quote.expected),
                received: self.decimal(quote.asset, seen),
                remaining: self.decimal(quote.asset, quote.expected.saturating_sub(seen)),
                finality: FinalityView::new(quote.needed, usual_seconds),
            }
        });
        let mut transfers: Vec<&TrackedTransfer> =
            request.transfers.iter().filter(|transfer| transfer.is_live()).collect();
        if transfers.len() > LISTED_MAX {
            transfers.sort_by_key(|transfer| Reverse(transfer.units));
            transfers.truncate(LISTED_MAX);
        }
        transfers.sort_by_key(|transfer| transfer.first_time);
        let transactions = transfers.into_iter().map(|transfer| TransactionTexts {
            transfer,
            id: stored
                .transfer_ids
                .get(&transfer.reference)
                .map(|id| id.text())
                .unwrap_or_default(),
            amount: self.decimal(transfer.asset, transfer.units),
        });
        let cases = cases.iter().map(|case| CaseTexts {
            case,
            id: case.id.text(),
            amount: self.case_amount(case),
        });
        Shown {
            stored,
            email,
            id: request.id.text(),
            link: self.payment_link(stored),
            quote,
            transactions: transactions.collect(),
            cases: cases.collect(),
            behind: None,
        }
    }

    /// The link to the hosted page.
    #[must_use]
    pub fn payment_link(&self, stored: &StoredRequest) -> String {
        format!("{}/payment/{}", self.settings().public_url, stored.token)
    }

    /// How many seconds a payment usually takes until it is final, from its first block on; none
    /// where its network is not in the catalogue any more.
    #[must_use]
    pub fn usual_seconds(&self, quote: &Quote) -> Option<u32> {
        let network = self.catalogue().network(quote.asset.network)?;
        Some(network.usual_seconds(quote.needed))
    }

    /// Base units of an asset as a decimal without padding.
    #[must_use]
    pub fn decimal(&self, asset: AssetId, units: Units) -> String {
        let decimals = self.catalogue().asset(asset).map_or(0, |asset| asset.decimals);
        format_decimal(units, decimals)
    }

    /// The amount of a case as a decimal.
    #[must_use]
    pub fn case_amount(&self, case: &Case) -> String {
        case.units.parse().map_or_else(
            |_| case.units.clone(),
            |units| self.decimal(case.asset, Units::new(units)),
        )
    }

    /// The bytes of a callback.
    pub(crate) fn callback_body(
        &self,
        stored: &StoredRequest,
        email: Option<&str>,
        id: CallbackId,
        kind: CallbackKind,
    ) -> Vec<u8> {
        let shown = self.shown(stored, email, &[]);
        let transactions = shown.transactions();
        render_callback(&CallbackView {
            id: &id.text(),
            kind,
            payment_request_id: &shown.id,
            foreign_id: stored.foreign_id.as_deref(),
            status: shown.status(),
            end_user_email: email,
            currency: CurrencyView::from(&stored.request.price.currency),
            amount: &stored.price_text,
            quote: shown.quote(),
            valid_until: stored.request.valid_until.seconds(),
            transactions: &transactions,
            error: shown.error_of(kind),
            full_amount_seen: stored.request.full_amount_seen(),
        })
    }
}

impl<'a> Shown<'a> {
    /// Says that the request's network is read with delay.
    pub(crate) fn behind(mut self, cursor: &Cursor, network: &str) -> Self {
        self.behind = Some(BehindTexts {
            network: network.to_owned(),
            read_until: cursor.watermark.seconds(),
            note: format!(
                "{network} is read with delay; the request neither expires nor fails meanwhile."
            ),
        });
        self
    }

    pub(crate) fn status(&self) -> Status {
        Status::from(&self.stored.request.stage)
    }

    /// Why it ended as it did, in the documented words; empty when all is well.
    pub(crate) fn error(&self) -> &'a str {
        let request = &self.stored.request;
        match &request.stage {
            Stage::Expired { with_rate: true, .. } => ERROR_NOT_PAID,
            Stage::Failed { .. } if request.full_amount_seen() => ERROR_UNCONFIRMED,
            Stage::Failed { .. } => ERROR_PAID_LESS,
            Stage::Restricted { why, .. } => why,
            _ => "",
        }
    }

    /// What a callback says was wrong. Why screening refused somebody is for the merchant's own
    /// view, not for every system that a callback passes.
    fn error_of(&self, kind: CallbackKind) -> &'a str {
        match kind {
            CallbackKind::LatePayment => ERROR_LATE,
            CallbackKind::Restricted => ERROR_RESTRICTED,
            CallbackKind::Reversal => ERROR_REVERSED,
            _ => self.error(),
        }
    }

    pub(crate) fn quote(&self) -> Option<QuoteView<'_>> {
        let texts = self.quote.as_ref()?;
        let coin = CurrencyView::from(&texts.quote.asset);
        Some(QuoteView {
            payment_request_address: AddressView {
                id: &texts.id,
                currency: coin,
                convert_to: CurrencyView::from(&self.stored.request.price.currency),
                address: &texts.quote.address,
                tag: None,
            },
            currency_sent: CurrencySentView {
                currency: coin,
                expected_amount: &texts.expected,
                received_amount: &texts.received,
                remaining_amount: &texts.remaining,
            },
            fixed_at: texts.quote.locked_at.seconds(),
            expires_at: texts.quote.locked_until.seconds(),
            valid_until: self.stored.request.valid_until.seconds(),
        })
    }

    pub(crate) fn transactions(&self) -> Vec<TransactionView<'_>> {
        self.transactions
            .iter()
            .map(|texts| {
                TransactionView::deposit(
                    &texts.id,
                    &texts.transfer.asset,
                    &texts.transfer.address,
                    &texts.amount,
                    &texts.transfer.reference.transaction,
                    texts.transfer.confirmations(),
                )
            })
            .collect()
    }

    pub(crate) fn cases(&self) -> Vec<CaseView<'_>> {
        self.cases
            .iter()
            .map(|texts| CaseView {
                id: &texts.id,
                kind: &texts.case.kind,
                currency: CurrencyView::from(&texts.case.asset),
                amount: &texts.amount,
                txid: texts.case.transfer.as_deref().and_then(|text| text.split(':').nth(1)),
                reason: CaseKind::parse(&texts.case.kind).map_or("", case_reason),
                created_at: texts.case.created_at.seconds(),
            })
            .collect()
    }

    /// The view, over transactions and cases made before.
    pub(crate) fn view<'v>(
        &'v self,
        transactions: &'v [TransactionView<'v>],
        cases: &'v [CaseView<'v>],
    ) -> RequestView<'v> {
        let stored = self.stored;
        let request = &stored.request;
        RequestView {
            id: &self.id,
            amount: &stored.price_text,
            currency: CurrencyView::from(&request.price.currency),
            status: self.status(),
            life_time: request.valid_until.seconds(),
            end_user_email: self.email,
            description: stored.description.as_deref(),
            payment_link: &self.link,
            foreign_id: stored.foreign_id.as_deref(),
            url_store: stored.url_store.as_deref(),
            url_success: stored.url_success.as_deref(),
            url_failed: stored.url_failed.as_deref(),
            end_user_reference: stored.end_user_reference.as_deref(),
            quote: self.quote(),
            detail: Some(DetailView {
                environment: request.scope.environment.as_str(),
                created_at: request.created_at.seconds(),
                ended_at: ended_at(&request.stage).map(Timestamp::seconds),
                reason: Some(self.error()).filter(|reason| !reason.is_empty()),
                finality: self.quote.as_ref().map(|texts| texts.finality),
                full_amount_seen: request.full_amount_seen(),
                transactions,
                cases,
                behind: self.behind.as_ref().map(|texts| BehindView {
                    network_name: &texts.network,
                    read_until: texts.read_until,
                    note: &texts.note,
                }),
            }),
        }
    }
}

/// When a request ended; none while it has not.
pub(crate) const fn ended_at(stage: &Stage) -> Option<Timestamp> {
    match stage {
        Stage::Created | Stage::Processing => None,
        Stage::Paid { at, .. }
        | Stage::Failed { at }
        | Stage::Expired { at, .. }
        | Stage::Cancelled { at, .. }
        | Stage::Restricted { at, .. } => Some(*at),
    }
}

/// What was wrong with a payment, in a sentence.
pub(crate) const fn case_reason(kind: CaseKind) -> &'static str {
    match kind {
        CaseKind::Under => "Less arrived than was asked for, and the window has ended.",
        CaseKind::Over => "More arrived than was asked for.",
        CaseKind::Late => "It arrived after the window had ended.",
        CaseKind::WrongToken => "Another token than the quoted one arrived.",
        CaseKind::SecondAddress => "A second address of the same request was paid.",
        CaseKind::Reversed => "It was final and a reorganisation of the network took it back.",
        CaseKind::Beyond => "The chain names an amount beyond any that can be booked.",
    }
}
