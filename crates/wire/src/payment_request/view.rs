//! A payment request as answers show it: the documented fields of spec 4.2 in their order, and
//! after them what Coffer's own routes add.

use coffer_domain::{
    merchant::Environment,
    money::{AssetId, Currency},
    payment_request::Stage,
};
use serde::Serialize;
use utoipa::ToSchema;

pub use finality::FinalityView;

mod finality;

/// Where a payment request stands, as the wire says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// No coin is chosen yet.
    Created,
    /// A coin is chosen; payment is awaited or confirming.
    Processing,
    /// Covered by final transfers.
    Paid,
    /// Too little, or not confirmed in time.
    Failed,
    /// Nothing was paid in time.
    Expired,
    /// The merchant withdrew it.
    Cancelled,
    /// Screening refused the payer's funds.
    Restricted,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Processing,
        Self::Paid,
        Self::Failed,
        Self::Expired,
        Self::Cancelled,
        Self::Restricted,
    ];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Processing => "processing",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Restricted => "restricted",
        }
    }

    /// The status of that word, if there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl From<&Stage> for Status {
    fn from(stage: &Stage) -> Self {
        match stage {
            Stage::Created => Self::Created,
            Stage::Processing => Self::Processing,
            Stage::Paid { .. } => Self::Paid,
            Stage::Failed { .. } => Self::Failed,
            Stage::Expired { .. } => Self::Expired,
            Stage::Cancelled { .. } => Self::Cancelled,
            Stage::Restricted { .. } => Self::Restricted,
        }
    }
}

/// A currency: a coin with its network, or a fiat currency without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Currency)]
pub struct CurrencyView<'a> {
    /// ISO 4217 code or coin.
    #[schema(example = "USDT")]
    pub iso: &'a str,
    /// The coin's network; absent for fiat.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "tron")]
    pub network_name: Option<&'a str>,
}

impl<'a> From<&'a Currency> for CurrencyView<'a> {
    fn from(currency: &'a Currency) -> Self {
        match currency {
            Currency::Fiat(iso) => Self { iso: iso.as_str(), network_name: None },
            Currency::Coin(asset) => asset.into(),
        }
    }
}

impl<'a> From<&'a AssetId> for CurrencyView<'a> {
    fn from(asset: &'a AssetId) -> Self {
        Self { iso: asset.iso.as_str(), network_name: Some(asset.network.as_str()) }
    }
}

/// Where the customer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PaymentRequestAddress)]
pub struct AddressView<'a> {
    /// Identity of the quote.
    pub id: &'a str,
    /// The coin and network to pay in.
    pub currency: CurrencyView<'a>,
    /// The currency the price is in; also where it is the coin itself.
    pub convert_to: CurrencyView<'a>,
    /// The address.
    pub address: &'a str,
    /// Memo or destination tag; `null` on networks that have none.
    #[schema(required = true)]
    pub tag: Option<&'a str>,
}

/// How much of a coin was asked for, has arrived, and is missing; decimal without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CurrencySent)]
pub struct CurrencySentView<'a> {
    /// The coin and network to pay in.
    pub currency: CurrencyView<'a>,
    /// What is to arrive.
    #[schema(example = "0.0094")]
    pub expected_amount: &'a str,
    /// What has arrived in the window, unconfirmed transfers included.
    #[schema(example = "0")]
    pub received_amount: &'a str,
    /// What is missing; `0` when nothing is.
    #[schema(example = "0.0094")]
    pub remaining_amount: &'a str,
}

/// What is known once a coin is chosen (in fixed mode: at creation).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Quote)]
pub struct QuoteView<'a> {
    /// Where to pay.
    pub payment_request_address: AddressView<'a>,
    /// How much.
    pub currency_sent: CurrencySentView<'a>,
    /// When the rate was fixed; Unix seconds.
    pub fixed_at: i64,
    /// Until when the rate holds; Unix seconds.
    pub expires_at: i64,
    /// When the lifespan ends; Unix seconds.
    pub valid_until: i64,
}

/// One movement of coins to an address of the request, as callbacks and answers tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Transaction)]
pub struct TransactionView<'a> {
    /// Identity of the movement.
    pub id: &'a str,
    /// What moved.
    pub currency: CurrencyView<'a>,
    /// Always `blockchain`.
    pub transaction_type: &'static str,
    /// Always `deposit`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The address it went to.
    pub address: &'a str,
    /// Memo or destination tag; `null` on networks that have none.
    #[schema(required = true)]
    pub tag: Option<&'a str>,
    /// How much; decimal without padding.
    pub amount: &'a str,
    /// Id or hash of the transaction on its network.
    pub txid: &'a str,
    /// Always `null`: Coffer gives no score.
    #[schema(required = true)]
    pub riskscore: Option<&'a str>,
    /// Confirmations as a string; `0` while it is in no block.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, example = "1")]
    pub confirmations: u32,
}

impl<'a> TransactionView<'a> {
    /// A deposit on a chain: identity, asset, address, amount, transaction, confirmations.
    #[must_use]
    pub fn deposit(
        id: &'a str,
        asset: &'a AssetId,
        address: &'a str,
        amount: &'a str,
        txid: &'a str,
        confirmations: u32,
    ) -> Self {
        Self {
            id,
            currency: asset.into(),
            transaction_type: "blockchain",
            kind: "deposit",
            address,
            tag: None,
            amount,
            txid,
            riskscore: None,
            confirmations,
        }
    }
}

/// A wrong payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Case)]
pub struct CaseView<'a> {
    /// Identity.
    pub id: &'a str,
    /// `under`, `over`, `late`, `wrong_token`, `second_address`, `reversed` or `beyond`.
    #[serde(rename = "type")]
    #[schema(example = "over")]
    pub kind: &'a str,
    /// What arrived.
    pub currency: CurrencyView<'a>,
    /// How much of it is in question; decimal without padding.
    pub amount: &'a str,
    /// The transaction that caused it; `null` where the sum did.
    #[schema(required = true)]
    pub txid: Option<&'a str>,
    /// What was wrong, in a sentence.
    pub reason: &'a str,
    /// When it was opened; Unix seconds.
    pub created_at: i64,
}

/// Why nothing moves at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = NetworkBehind)]
pub struct BehindView<'a> {
    /// The network that is read with delay.
    pub network_name: &'a str,
    /// How far it has been read; Unix seconds by the network's clock.
    pub read_until: i64,
    /// What that means, in a sentence.
    pub note: &'a str,
}

/// What Coffer's own routes show beyond the documented answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PaymentRequestDetail)]
pub struct DetailView<'a> {
    /// `live` or `sandbox`.
    #[schema(example = "sandbox")]
    pub environment: &'static str,
    /// When it was created; Unix seconds.
    pub created_at: i64,
    /// When it ended; Unix seconds, `null` while it has not.
    #[schema(required = true)]
    pub ended_at: Option<i64>,
    /// Why it ended as it did, where that needs words (restricted, failed); else `null`.
    #[schema(required = true)]
    pub reason: Option<&'a str>,
    /// What makes a payment final; `null` until a coin is chosen.
    #[schema(required = true)]
    pub finality: Option<FinalityView>,
    /// Whether all of the amount has been seen in the window, unconfirmed transfers included.
    pub full_amount_seen: bool,
    /// Every movement to an address of the request, in the order in which they were seen.
    pub transactions: &'a [TransactionView<'a>],
    /// Every wrong payment, in the order in which they were found.
    pub cases: &'a [CaseView<'a>],
    /// Set while the request's network is read with delay: it neither expires nor fails meanwhile.
    #[schema(required = true)]
    pub behind: Option<BehindView<'a>>,
}

impl DetailView<'_> {
    /// The details of a request to which nothing has happened.
    #[must_use]
    pub const fn new(environment: Environment, created_at: i64) -> Self {
        Self {
            environment: environment.as_str(),
            created_at,
            ended_at: None,
            reason: None,
            finality: None,
            full_amount_seen: false,
            transactions: &[],
            cases: &[],
            behind: None,
        }
    }
}

/// A payment request. Absent inputs are absent; who pays (`sender_*`) is never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PaymentRequestHead)]
pub struct RequestView<'a> {
    /// Identity (UUIDv7).
    #[schema(example = "019d511c-9fd2-7e71-b534-74e8abd855f1")]
    pub id: &'a str,
    /// The amount as the merchant spelled it.
    #[schema(example = "100")]
    pub amount: &'a str,
    /// The currency to receive.
    pub currency: CurrencyView<'a>,
    /// Where it stands.
    pub status: Status,
    /// When the lifespan ends; Unix seconds.
    #[schema(example = 1_775_542_323)]
    pub life_time: i64,
    /// Where receipts and refund offers go.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub end_user_email: Option<&'a str>,
    /// What the customer reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<&'a str>,
    /// The hosted page.
    pub payment_link: &'a str,
    /// The merchant's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub foreign_id: Option<&'a str>,
    /// "Return to the shop".
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub url_store: Option<&'a str>,
    /// Where the customer goes once paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub url_success: Option<&'a str>,
    /// Where the customer goes when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub url_failed: Option<&'a str>,
    /// The merchant's id of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub end_user_reference: Option<&'a str>,
    /// Once a coin is chosen.
    #[serde(flatten)]
    #[schema(ignore)]
    pub quote: Option<QuoteView<'a>>,
    /// On Coffer's own routes.
    #[serde(flatten)]
    #[schema(ignore)]
    pub detail: Option<DetailView<'a>>,
}

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// The answer to create: the documented fields, and the quote in fixed mode (spec 4.2).
#[must_use]
pub fn render_created(view: &RequestView<'_>) -> Vec<u8> {
    render_request(&RequestView { detail: None, ..*view })
}

/// The answer to Coffer's own get, cancel and simulate: everything that is known.
#[must_use]
pub fn render_request(view: &RequestView<'_>) -> Vec<u8> {
    let mut body = Vec::with_capacity(768);
    // A Vec takes every byte and these structs have string keys only, so it cannot fail.
    let written = serde_json::to_writer(&mut body, &Data { data: view });
    debug_assert!(written.is_ok());
    body
}

fn as_text<S: serde::Serializer>(number: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

#[cfg(test)]
mod tests;
