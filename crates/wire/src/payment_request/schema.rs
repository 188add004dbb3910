//! Payment requests as the description of the API (OpenAPI) shows them. Bodies are read by hand,
//! because the rules need more than types; these structs say the same to people and generators.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{Object, Schema},
    },
};

use super::{CurrencyView, DetailView, QuoteView, RequestView, SimulatedPayment};

/// The body of "create a payment request". One of the lifetimes must be given.
#[derive(Debug, ToSchema)]
#[schema(as = CreatePaymentRequest)]
pub struct CreateBody<'a> {
    /// The amount to receive: a decimal above 0 with no more decimals than the currency; a JSON
    /// number without exponent is taken too.
    #[schema(example = "100", max_length = 64)]
    pub amount: &'a str,
    /// The currency to receive: ISO 4217, or a coin with its network.
    pub currency: CurrencyView<'a>,
    /// How many seconds the request may be paid.
    #[schema(minimum = 300, maximum = 5_184_000, example = 3600)]
    pub life_time_duration: Option<i64>,
    /// Until when it may be paid: Unix seconds, 300 to 5,184,000 from now. Older pages name it
    /// `life_time_date_time`, which is taken too.
    pub life_time_datetime: Option<i64>,
    /// The coin the customer pays in. With `network_name` the rate is fixed at once.
    pub payment_currency: Option<CurrencyView<'a>>,
    /// Where receipts and refund offers go.
    #[schema(format = Email, max_length = 254, example = "guest@example.com")]
    pub end_user_email: Option<&'a str>,
    /// Your permanent id of the customer; no personal data.
    #[schema(min_length = 1, max_length = 255, example = "guest_user_17")]
    pub end_user_reference: Option<&'a str>,
    /// `natural` or `legal`; comes with `sender_data`.
    #[schema(pattern = "^(natural|legal)$", example = "natural")]
    pub sender_type: Option<&'a str>,
    /// Who pays; comes with `sender_type`.
    pub sender_data: Option<SenderBody<'a>>,
    /// What the customer reads.
    #[schema(max_length = 1_000, example = "Order #123")]
    pub description: Option<&'a str>,
    /// Your own id, unique among your requests; no personal data.
    #[schema(min_length = 1, max_length = 255, example = "order_123")]
    pub foreign_id: Option<&'a str>,
    /// "Return to the shop": https and a domain name.
    #[schema(format = "uri", max_length = 2_048, example = "https://example.com/store")]
    pub url_store: Option<&'a str>,
    /// Where the customer goes once paid; `url_store` where it is absent.
    #[schema(format = "uri", max_length = 2_048, example = "https://example.com/success")]
    pub url_success: Option<&'a str>,
    /// Where the customer goes when it failed; `url_store` where it is absent.
    #[schema(format = "uri", max_length = 2_048, example = "https://example.com/fail")]
    pub url_failed: Option<&'a str>,
}

/// Who pays: the fields of a person or those of a company, never both.
#[derive(Debug, ToSchema)]
#[schema(as = SenderData)]
pub struct SenderBody<'a> {
    /// A person's given name; required for `natural`.
    #[schema(max_length = 255, example = "Friedrich")]
    pub first_name: Option<&'a str>,
    /// A person's family name; required for `natural`.
    #[schema(max_length = 255, example = "Müller")]
    pub last_name: Option<&'a str>,
    /// A person's date of birth, `YYYY-MM-DD`.
    #[schema(format = Date, example = "1995-08-17")]
    pub date_of_birth: Option<&'a str>,
    /// A company's registered name; required for `legal`.
    #[schema(max_length = 255)]
    pub legal_name: Option<&'a str>,
    /// A company's country by ISO 3166-1 alpha-3; required for `legal`.
    #[schema(min_length = 3, max_length = 3)]
    pub country_of_registration: Option<&'a str>,
}

/// The body of "simulate a payment".
#[derive(Debug, ToSchema)]
#[schema(as = SimulatePayment)]
pub struct SimulateBody {
    /// What the sandbox's customer does.
    pub payment: SimulatedPayment,
}

/// A payment request in an answer.
#[derive(Debug, ToSchema)]
pub struct PaymentRequestAnswer {
    /// The request.
    pub data: PaymentRequestSchema,
}

/// A page of payment requests, newest first.
#[derive(Debug, ToSchema)]
pub struct PaymentRequestPage {
    /// The requests.
    pub data: Vec<PaymentRequestSchema>,
    /// What to ask for `before` to get the next page; `null` on the last one.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// The schema of a [`RequestView`]: its own fields, and as optional ones those that come with a
/// coin and those of Coffer's own routes. (Derived, they would be a combination that nothing
/// satisfies.)
#[derive(Debug)]
pub struct PaymentRequestSchema;

impl PartialSchema for PaymentRequestSchema {
    fn schema() -> RefOr<Schema> {
        let mut request = object::<RequestView<'_>>();
        request.properties.extend(object::<QuoteView<'_>>().properties);
        request.properties.extend(object::<DetailView<'_>>().properties);
        RefOr::T(Schema::Object(request))
    }
}

impl ToSchema for PaymentRequestSchema {
    fn name() -> std::borrow::Cow<'static, str> {
        "PaymentRequest".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        RequestView::schemas(schemas);
        QuoteView::schemas(schemas);
        DetailView::schemas(schemas);
    }
}

fn object<T: PartialSchema>() -> Object {
    match T::schema() {
        RefOr::T(Schema::Object(object)) => object,
        _ => Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_every_field_and_requires_those_that_are_always_there() {
        let schema = serde_json::to_value(PaymentRequestSchema::schema()).unwrap();
        let required =
            serde_json::json!(["id", "amount", "currency", "status", "life_time", "payment_link"]);
        assert_eq!(schema["required"], required);
        for field in ["url_failed", "currency_sent", "valid_until", "transactions", "behind"] {
            assert!(schema["properties"].get(field).is_some(), "{field}");
        }
        assert_eq!(schema["properties"]["foreign_id"]["type"], "string");
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let mut schemas = Vec::new();
        PaymentRequestPage::schemas(&mut schemas);
        CreateBody::schemas(&mut schemas);
        SimulateBody::schemas(&mut schemas);
        let names: Vec<_> = schemas.iter().map(|(name, _)| name.as_str()).collect();
        let text = serde_json::to_string(&schemas).unwrap();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap_or_default();
            assert!(names.contains(&name), "{name} is not among {names:?}");
        }
    }
}
