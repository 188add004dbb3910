//! The merchant's endpoint, which takes every callback.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

use crate::failure::Failure;

/// The ids of the callbacks that said "paid", by request.
type Paid = Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>;

/// The endpoint; it ends when this is dropped.
pub(super) struct Sink {
    pub(super) url: String,
    paid: Paid,
    _server: JoinSet<()>,
}

impl Sink {
    pub(super) async fn start() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("the merchant's end: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let url = format!("http://{}/callback", listener.local_addr().map_err(failed)?);
        let paid = Paid::default();
        let router = Router::new().route("/callback", post(take)).with_state(Arc::clone(&paid));
        let mut server = JoinSet::new();
        server.spawn(async move {
            // It ends with us; nobody asks how.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, paid, _server: server })
    }

    /// How many callbacks said that this request is paid; a repetition is none.
    pub(super) fn paid(&self, request: &str) -> usize {
        let paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        paid.get(request).map_or(0, BTreeSet::len)
    }
}

async fn take(State(paid): State<Paid>, body: Bytes) -> StatusCode {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    if body["status"] == "paid" {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let mut paid = paid.lock().unwrap_or_else(PoisonError::into_inner);
        paid.entry(text("payment_request_id")).or_default().insert(text("id"));
    }
    StatusCode::OK
}
