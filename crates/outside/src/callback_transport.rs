//! Sends callbacks to merchants' endpoints.

use async_trait::async_trait;
use coffer_domain::{
    callback::{Delivery, DeliveryOutcome},
    ports::CallbackTransport,
};
use coffer_wire::signature::{
    KEY_HEADER, PreparedSecret, SIGNATURE_HEADER, WEBHOOK_ID_HEADER, WEBHOOK_SIGNATURE_HEADER,
    WEBHOOK_TIMESTAMP_HEADER, WebhookSecret,
};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::client::{Answer, GuardedClient};

/// Most bytes of an endpoint's answer that are read. Reading a small answer to its end lets the
/// connection be used again; a longer one is cut and its connection closed.
pub const ANSWER_BYTES: usize = 64 * 1024;
/// Most bytes of the answer's text that are kept for the merchant's eyes.
pub const SHOWN_BYTES: usize = 1024;

/// Delivers callbacks over HTTP, signed both ways, only to hosts its client's guard allows.
#[derive(Clone)]
pub struct GuardedTransport {
    client: GuardedClient,
}

impl GuardedTransport {
    /// Sends through this client, whose guard says whether private networks are allowed.
    #[must_use]
    pub const fn new(client: GuardedClient) -> Self {
        Self { client }
    }
}

#[async_trait]
impl CallbackTransport for GuardedTransport {
    /// The status alone decides, as the documentation says that the body is ignored: an endpoint
    /// that has answered 200 and then dawdles over the body has taken the callback.
    async fn deliver(&self, delivery: &Delivery) -> DeliveryOutcome {
        let headers = match headers(delivery) {
            Ok(headers) => headers,
            Err(reason) => return DeliveryOutcome::NotSent { reason: reason.to_owned() },
        };
        let body = delivery.body.clone();
        match self.client.post(&delivery.url, headers, body, ANSWER_BYTES).await {
            Ok(answer) => DeliveryOutcome::Answered { status: answer.status, body: shown(&answer) },
            Err(failed) => DeliveryOutcome::NotSent { reason: failed.to_string() },
        }
    }
}

fn headers(delivery: &Delivery) -> Result<HeaderMap, &'static str> {
    let id = delivery.id.text();
    let secret = WebhookSecret::parse(&delivery.webhook_secret)
        .map_err(|_| "the webhook secret of this merchant cannot be read")?;
    let values = [
        (KEY_HEADER, delivery.key.clone()),
        (SIGNATURE_HEADER, PreparedSecret::new(delivery.secret.as_bytes()).sign(&delivery.body)),
        (WEBHOOK_SIGNATURE_HEADER, secret.sign(&id, delivery.at, &delivery.body)),
        (WEBHOOK_TIMESTAMP_HEADER, delivery.at.seconds().to_string()),
        (WEBHOOK_ID_HEADER, id),
    ];
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    for (name, value) in values {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| UNSENDABLE)?;
        headers.insert(name, HeaderValue::try_from(value).map_err(|_| UNSENDABLE)?);
    }
    Ok(headers)
}

const UNSENDABLE: &str = "the API key has characters that no HTTP header can carry";

/// The beginning of the answer as text. NUL is replaced too, as PostgreSQL cannot store it.
fn shown(answer: &Answer) -> String {
    let start = answer.body.get(..SHOWN_BYTES).unwrap_or(&answer.body);
    let mut text = String::from_utf8_lossy(start).replace('\0', "\u{fffd}");
    // Replacement characters are longer than the bytes they stand for.
    text.truncate(text.floor_char_boundary(SHOWN_BYTES));
    text
}
