//! `coffer health`

use axum::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use coffer_outside::{
    client::{GuardedClient, Limits},
    guard::{AddressGuard, Lookup},
};
use serde_json::{Value, json};

use crate::{demo, failure::Failure, settings::Settings, terminal::Terminal};

/// Most bytes of the answer.
const ANSWER_BYTES: usize = 1024 * 1024;

pub(super) async fn run(
    settings: &Settings,
    url: Option<&str>,
    terminal: Terminal,
) -> Result<(), Failure> {
    let own = format!("http://{}", demo::reachable(settings.server.listen));
    let url = format!("{}/health", url.unwrap_or(&own).trim_end_matches('/'));
    // The operator's own server, wherever it stands.
    let client = GuardedClient::new(AddressGuard::new(true), Lookup::System, Limits::DEFAULT)
        .map_err(|refused| Failure::new(refused.to_string()))?;
    let mut headers = HeaderMap::new();
    if let Some(token) = &settings.health_token
        && let Ok(mut value) = HeaderValue::try_from(token.header())
    {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let answer = client
        .get_with(&url, headers, ANSWER_BYTES)
        .await
        .map_err(|failed| Failure::new(format!("no healthy server at {url}: {failed}")))?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    terminal.answer(
        || json!({"healthy": answer.status == 200, "status": answer.status, "health": body}),
        || format!("{}\n", serde_json::to_string_pretty(&body).unwrap_or_default()),
    )?;
    if answer.status == 200 {
        return Ok(());
    }
    Err(Failure::new(format!("the server at {url} is not healthy (HTTP {})", answer.status)))
}
