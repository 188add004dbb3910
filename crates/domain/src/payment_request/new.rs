//! What a merchant asks for, after every rule of spec 4.1 has been checked.

use crate::{
    code::{Iso, NetworkName},
    merchant_url::MerchantUrl,
    money::Money,
    time::{Span, Timestamp},
};

/// How long a request may be paid: 300 s to 5,184,000 s from its creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// So long from creation.
    Duration(Span),
    /// Until that instant.
    Until(Timestamp),
}

/// The coin the merchant wants the customer to pay in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaymentCurrency {
    /// The coin.
    pub iso: Iso,
    /// Its network; with it the request is in fixed mode (spec 4.6), without it the customer
    /// chooses the network.
    pub network: Option<NetworkName>,
}

/// Who pays (EU travel rule, spec 3.13). Personal data.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Sender {
    /// A person.
    Natural {
        /// Given name.
        first_name: String,
        /// Family name.
        last_name: String,
        /// `YYYY-MM-DD`.
        date_of_birth: Option<String>,
    },
    /// A company.
    Legal {
        /// Registered name.
        legal_name: String,
        /// ISO 3166-1 alpha-3.
        country_of_registration: String,
    },
}

/// A request to be created; every field has been checked.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPaymentRequest {
    /// The amount to receive.
    pub price: Money,
    /// The amount as the merchant spelled it; echoed in answers.
    pub price_text: String,
    /// How long it may be paid.
    pub lifetime: Lifetime,
    /// The coin the customer must pay in.
    pub payment_currency: Option<PaymentCurrency>,
    /// Where receipts and refund offers go. Personal data.
    pub end_user_email: Option<String>,
    /// The merchant's permanent id of the customer; holds no personal data.
    pub end_user_reference: Option<String>,
    /// Who pays. Personal data.
    pub sender: Option<Sender>,
    /// Shown to the customer.
    pub description: Option<String>,
    /// The merchant's own id; unique per merchant and environment.
    pub foreign_id: Option<String>,
    /// "Return to the shop".
    pub url_store: Option<MerchantUrl>,
    /// Where the customer goes once paid; `url_store` where it is absent.
    pub url_success: Option<MerchantUrl>,
    /// Where the customer goes when it failed; `url_store` where it is absent.
    pub url_failed: Option<MerchantUrl>,
}
