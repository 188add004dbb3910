//! The operator's own endpoints: one that takes alarms, and one that misses us when we are silent.

use async_trait::async_trait;
use coffer_domain::{
    callback::DeliveryOutcome,
    ports::{AlarmHook, Heartbeat},
    time::Timestamp,
};
use coffer_wire::signature::{
    WEBHOOK_ID_HEADER, WEBHOOK_SIGNATURE_HEADER, WEBHOOK_TIMESTAMP_HEADER, WebhookSecret,
};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::client::GuardedClient;

/// Most bytes of an answer that are read; none of them counts.
const ANSWER_BYTES: usize = 4 * 1024;

/// Posts alarms to one URL, signed as callbacks are (Standard Webhooks).
pub struct SignedAlarmHook {
    client: GuardedClient,
    url: String,
    secret: WebhookSecret,
}

/// Gets one URL to say that we live.
pub struct UrlHeartbeat {
    client: GuardedClient,
    url: String,
}

impl SignedAlarmHook {
    /// Posts to `url`, signed with `secret`.
    #[must_use]
    pub const fn new(client: GuardedClient, url: String, secret: WebhookSecret) -> Self {
        Self { client, url, secret }
    }
}

impl UrlHeartbeat {
    /// Gets `url`.
    #[must_use]
    pub const fn new(client: GuardedClient, url: String) -> Self {
        Self { client, url }
    }
}

#[async_trait]
impl AlarmHook for SignedAlarmHook {
    async fn post(&self, id: &str, body: &[u8], at: Timestamp) -> DeliveryOutcome {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [
            (WEBHOOK_ID_HEADER, id.to_owned()),
            (WEBHOOK_TIMESTAMP_HEADER, at.seconds().to_string()),
            (WEBHOOK_SIGNATURE_HEADER, self.secret.sign(id, at, body)),
        ] {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        match self.client.post(&self.url, headers, body.to_vec(), ANSWER_BYTES).await {
            Ok(answer) => DeliveryOutcome::Answered { status: answer.status, body: String::new() },
            Err(failed) => DeliveryOutcome::NotSent { reason: failed.to_string() },
        }
    }
}

#[async_trait]
impl Heartbeat for UrlHeartbeat {
    async fn beat(&self) -> Result<(), String> {
        match self.client.get(&self.url, ANSWER_BYTES).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(format!("HTTP {}", answer.status)),
            Err(failed) => Err(failed.to_string()),
        }
    }
}
