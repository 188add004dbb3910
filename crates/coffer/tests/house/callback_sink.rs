//! A merchant's endpoint: takes callbacks whose signatures are right, and keeps them in order.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use coffer_domain::ports::Clock as _;
use coffer_wire::signature::{
    KEY_HEADER, PreparedSecret, SIGNATURE_HEADER, WEBHOOK_ID_HEADER, WEBHOOK_SIGNATURE_HEADER,
    WEBHOOK_TIMESTAMP_HEADER, WebhookSecret,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use super::clock::HandClock;

/// The endpoint.
pub struct CallbackSink {
    /// Its URL.
    pub url: String,
    state: Arc<Taken>,
    server: JoinHandle<()>,
}

/// What the merchant knows to verify callbacks by.
pub struct Secrets {
    pub key: String,
    pub secret: PreparedSecret,
    pub webhook: WebhookSecret,
}

struct Taken {
    clock: Arc<HandClock>,
    secrets: Mutex<Option<Secrets>>,
    bodies: Mutex<Vec<Value>>,
    refused: Mutex<Vec<String>>,
}

impl CallbackSink {
    pub async fn start(clock: Arc<HandClock>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callback", listener.local_addr().unwrap());
        let state = Arc::new(Taken {
            clock,
            secrets: Mutex::default(),
            bodies: Mutex::default(),
            refused: Mutex::default(),
        });
        let router = Router::new().route("/callback", post(take)).with_state(Arc::clone(&state));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, state, server }
    }

    /// From now on these are what callbacks must be signed with.
    pub fn expect(&self, secrets: Secrets) {
        *self.state.secrets.lock().unwrap() = Some(secrets);
    }

    /// Every callback taken, in order. None may have been refused, and none have come twice.
    pub fn bodies(&self) -> Vec<Value> {
        assert_eq!(*self.state.refused.lock().unwrap(), Vec::<String>::new());
        let bodies = self.state.bodies.lock().unwrap().clone();
        let mut ids: Vec<_> = bodies.iter().map(|body| body["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), bodies.len(), "each callback is delivered once");
        bodies
    }
}

impl Drop for CallbackSink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(state): State<Arc<Taken>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    match verify(&state, &headers, &body) {
        Ok(()) => {
            state.bodies.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            StatusCode::OK
        }
        Err(reason) => {
            state.refused.lock().unwrap().push(reason);
            StatusCode::UNAUTHORIZED
        }
    }
}

/// Both signatures, as a careful merchant checks them.
fn verify(state: &Taken, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
    let header = |name: &str| {
        let value = headers.get(name).ok_or_else(|| format!("{name} is missing"))?;
        value.to_str().map_err(|error| format!("{name}: {error}"))
    };
    let secrets = state.secrets.lock().unwrap();
    let secrets = secrets.as_ref().ok_or("no secrets are known yet")?;
    if header(KEY_HEADER)? != secrets.key {
        return Err("another key".to_owned());
    }
    if !secrets.secret.verify(body, header(SIGNATURE_HEADER)?.as_bytes()) {
        return Err("the signature is wrong".to_owned());
    }
    let (id, time) = (header(WEBHOOK_ID_HEADER)?, header(WEBHOOK_TIMESTAMP_HEADER)?);
    let signatures = header(WEBHOOK_SIGNATURE_HEADER)?;
    let verified = secrets.webhook.verify(state.clock.now(), id, time, body, signatures);
    verified.map_err(|refused| refused.to_string())
}
