//! The bodies of callbacks (spec 4.8), compact and in ASCII, so that receivers which check the
//! signature over what they decoded and encoded again find the same bytes.
//!
//! Nothing in a body needs a `/` but a merchant's own `foreign_id` or an unusual e-mail address; it
//! is left as it is, because the body would be no shorter for the few receivers whose JSON encoder
//! escapes it, and wrong for all others.

mod ascii;

use coffer_domain::callback::CallbackKind;
use serde::Serialize;

use crate::payment_request::{
    AddressView, CurrencySentView, CurrencyView, QuoteView, Status, TransactionView,
};

/// `error` of a request that expired after a rate was fixed.
pub const ERROR_NOT_PAID: &str = "Timer expired. User not paid.";
/// `error` of a request that failed because too little arrived.
pub const ERROR_PAID_LESS: &str = "Timer expired. User paid less than requested.";
/// `error` of a request that failed because what arrived did not confirm in time.
pub const ERROR_UNCONFIRMED: &str =
    "Timer expired. Transactions were in status processing too long.";
/// `error` of a payment that came after the request had ended.
pub const ERROR_LATE: &str = "Payment received after the payment request had ended.";
/// `error` of a request that screening restricted; the reason is for the merchant's dashboard.
pub const ERROR_RESTRICTED: &str = "Screening refused the funds of a payer.";
/// `error` of a reversal.
pub const ERROR_REVERSED: &str = "A reorganisation of the network took back a final transaction.";

/// Everything a callback can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackView<'a> {
    /// The callback's own id, the same on every attempt and resend; receivers deduplicate by it.
    pub id: &'a str,
    /// What it tells.
    pub kind: CallbackKind,
    /// The request.
    pub payment_request_id: &'a str,
    /// The merchant's own id, if he gave one.
    pub foreign_id: Option<&'a str>,
    /// Where the request stands.
    pub status: Status,
    /// The customer's address, if it is known. Personal data.
    pub end_user_email: Option<&'a str>,
    /// The currency of the price.
    pub currency: CurrencyView<'a>,
    /// The price; decimal without padding.
    pub amount: &'a str,
    /// The newest quote; none if no coin was chosen.
    pub quote: Option<QuoteView<'a>>,
    /// When the lifespan ends; Unix seconds.
    pub valid_until: i64,
    /// Every movement to an address of the request, in the order in which they were seen.
    pub transactions: &'a [TransactionView<'a>],
    /// Why it ended as it did, in a sentence; empty when all is well.
    pub error: &'a str,
    /// Whether all of the amount has been seen in the window, unconfirmed transfers included. What
    /// came too late does not count, or a shop that ships on this would ship for money given back.
    pub full_amount_seen: bool,
}

/// The value of `type` at the root. What comes after a request was paid has a type of its own: a
/// receiver that ships on `payment_request` and `paid` must see those two together once.
#[must_use]
pub const fn callback_type(kind: CallbackKind, status: Status) -> &'static str {
    match (kind, status) {
        (CallbackKind::Reversal, _) => "payment_request_reversal",
        (CallbackKind::LatePayment, Status::Paid) => "payment_request_late_payment",
        _ => "payment_request",
    }
}

/// The body as it is stored, signed and sent.
#[must_use]
pub fn render_callback(view: &CallbackView<'_>) -> Vec<u8> {
    let quote = match view.kind {
        CallbackKind::ExpiredWithoutRate => None,
        _ => view.quote.as_ref(),
    };
    // "Rate is fixed" is documented whole; only the id is added to it.
    let movements = (view.kind != CallbackKind::RateFixed).then_some(Movements {
        transactions: view.transactions,
        fees: [],
        error: view.error,
        full_amount_seen: view.full_amount_seen,
    });
    ascii::to_vec(&Body {
        payment_request_id: view.payment_request_id,
        foreign_id: view.foreign_id,
        kind: callback_type(view.kind, view.status),
        status: view.status,
        end_user_email: view.end_user_email,
        payment_request_address: quote.map(|quote| &quote.payment_request_address),
        payment_request_amount: Amount { currency: view.currency, amount: view.amount },
        currency_sent: quote.map(|quote| &quote.currency_sent),
        fixed_at: quote.map(|quote| quote.fixed_at),
        expires_at: quote.map(|quote| quote.expires_at),
        valid_until: view.valid_until,
        movements,
        id: view.id,
    })
}

/// The order of the fields is the order of the documented sample.
#[derive(Serialize)]
struct Body<'a> {
    payment_request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    foreign_id: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_user_email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_request_address: Option<&'a AddressView<'a>>,
    payment_request_amount: Amount<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_sent: Option<&'a CurrencySentView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    valid_until: i64,
    #[serde(flatten)]
    movements: Option<Movements<'a>>,
    id: &'a str,
}

#[derive(Serialize)]
struct Amount<'a> {
    currency: CurrencyView<'a>,
    amount: &'a str,
}

/// What Coffer adds to the documented head, as the callbacks of deposits have it (spec 5.2).
#[derive(Serialize)]
struct Movements<'a> {
    transactions: &'a [TransactionView<'a>],
    fees: [(); 0],
    error: &'a str,
    full_amount_seen: bool,
}
