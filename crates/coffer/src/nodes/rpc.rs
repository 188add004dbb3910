//! JSON-RPC to a node of ours.

use axum::{
    body::{Body, to_bytes},
    http::{Request, header},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::failure::Failure;

/// Most bytes of an answer.
const ANSWER_BYTES: usize = 64 << 20;

/// Where and as whom a node is asked.
#[derive(Clone, Debug)]
pub struct Rpc {
    address: String,
    path: String,
    authorization: Option<String>,
}

impl Rpc {
    /// Asks at `127.0.0.1:port`, without a password.
    #[must_use]
    pub fn open(address: String) -> Self {
        Self { address, path: "/".to_owned(), authorization: None }
    }

    /// The same with user and password (`user:password`) and at a path.
    #[must_use]
    pub fn with_password(address: String, path: &str, password: &str) -> Self {
        let authorization = format!("Basic {}", BASE64_STANDARD.encode(password));
        Self { address, path: path.to_owned(), authorization: Some(authorization) }
    }

    /// Where the node listens, as `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The result of a call.
    ///
    /// # Errors
    /// When the node cannot be reached or refuses; the text has its words.
    pub async fn call(&self, method: &str, params: &Value) -> Result<Value, Failure> {
        let failed = |reason: String| Failure::new(format!("{method} {params}: {reason}"));
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answered = self.exchange(body.to_string()).await.map_err(failed)?;
        let mut answer: Value = serde_json::from_slice(&answered)
            .map_err(|_| failed(String::from_utf8_lossy(&answered).into_owned()))?;
        match answer.get("error") {
            None | Some(Value::Null) => Ok(answer["result"].take()),
            Some(error) => Err(failed(error.to_string())),
        }
    }

    async fn exchange(&self, body: String) -> Result<Vec<u8>, String> {
        let stream = TcpStream::connect(&self.address).await.map_err(|e| e.to_string())?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|e| e.to_string())?;
        let mut request = Request::post(&self.path)
            .header(header::HOST, &self.address)
            .header(header::CONNECTION, "close")
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.body(Body::from(body)).map_err(|e| e.to_string())?;
        let exchange = async move {
            let answer = sender.send_request(request).await.map_err(|e| e.to_string())?;
            let bytes = to_bytes(Body::new(answer.into_body()), ANSWER_BYTES).await;
            bytes.map(|bytes| bytes.to_vec()).map_err(|e| e.to_string())
        };
        // The connection's own error, if there is one, is the exchange's as well.
        let (answer, _) = tokio::join!(exchange, connection);
        answer
    }
}
