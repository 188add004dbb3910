//! A turnstile before a node: told to, it holds whoever asks for a block with its transactions.

use std::sync::Arc;

use axum::{Router, body::Bytes, extract::State, http::StatusCode};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// The turnstile; lets everybody through at first.
pub struct Turnstile {
    /// Where it listens, as `127.0.0.1:port`.
    pub address: String,
    keeper: Arc<Keeper>,
    server: JoinHandle<()>,
}

struct Keeper {
    node: String,
    http: reqwest::Client,
    holds: watch::Sender<bool>,
    held: watch::Sender<usize>,
}

impl Turnstile {
    pub async fn before(node: &str) -> Self {
        // An earlier one would do as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let keeper = Arc::new(Keeper {
            node: format!("http://{node}"),
            http: reqwest::Client::new(),
            holds: watch::Sender::new(false),
            held: watch::Sender::new(0),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&keeper));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, keeper, server }
    }

    /// From now on it holds.
    pub fn hold(&self) {
        self.keeper.held.send_replace(0);
        self.keeper.holds.send_replace(true);
    }

    /// Waits until somebody is held.
    pub async fn reached(&self) {
        let mut held = self.keeper.held.subscribe();
        drop(held.wait_for(|held| *held > 0).await.unwrap());
    }

    pub fn let_through(&self) {
        self.keeper.holds.send_replace(false);
    }
}

impl Drop for Turnstile {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(State(keeper): State<Arc<Keeper>>, body: Bytes) -> Result<Bytes, StatusCode> {
    let asked = String::from_utf8_lossy(&body).replace(' ', "");
    let of_a_block = asked.contains("eth_getBlockByNumber") && asked.contains(",true]");
    if of_a_block && !asked.contains("pending") {
        let mut holds = keeper.holds.subscribe();
        if *holds.borrow_and_update() {
            keeper.held.send_modify(|held| *held += 1);
            drop(holds.wait_for(|holds| !holds).await);
        }
    }
    let sent = keeper.http.post(&keeper.node).header("content-type", "application/json");
    let answer = sent.body(body).send().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    answer.bytes().await.map_err(|_| StatusCode::BAD_GATEWAY)
}
