//! HTTP as a merchant's own program would speak it: nothing of the rest of Coffer is used here, so
//! that the demo shows what is really on the wire.

use std::net::SocketAddr;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac as _};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use sha2::{Sha256, Sha512};
use tokio::net::TcpStream;

use crate::failure::Failure;

/// Most bytes of an answer.
const ANSWER_BYTES: usize = 4 << 20;
/// Seconds by which the time of a callback may differ from ours (Standard Webhooks).
const FRESH_SECONDS: i64 = 300;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// The secrets of an API key, as a merchant keeps them.
#[derive(Clone)]
pub(crate) struct Secrets {
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) webhook_secret: String,
}

impl Question {
    /// A page, as a browser asks for it.
    pub(crate) fn page(target: &str) -> Self {
        let headers = vec![("accept", "text/html".to_owned())];
        Self { method: Method::GET, target: target.to_owned(), headers, body: String::new() }
    }

    /// A form, as a browser sends it.
    pub(crate) fn form(target: &str, body: &str) -> Self {
        let form = "application/x-www-form-urlencoded".to_owned();
        let headers = vec![("content-type", form), ("accept", "text/html".to_owned())];
        Self { method: Method::POST, target: target.to_owned(), headers, body: body.to_owned() }
    }

    /// A signed request to the API: hexadecimal HMAC-SHA512 of the body.
    pub(crate) fn signed(method: Method, target: &str, body: String, secrets: &Secrets) -> Self {
        let mut headers = vec![
            ("x-processing-key", secrets.key.clone()),
            ("x-processing-signature", secrets.sign(body.as_bytes())),
        ];
        if method == Method::POST {
            headers.insert(0, ("content-type", "application/json".to_owned()));
        }
        Self { method, target: target.to_owned(), headers, body }
    }

    /// Sends it over a connection of its own.
    pub(crate) async fn ask(&self, server: SocketAddr) -> Result<Answer, Failure> {
        let (method, target) = (&self.method, &self.target);
        let failed = |reason: String| Failure::new(format!("{method} {target}: {reason}"));
        let stream = TcpStream::connect(server).await.map_err(|e| failed(e.to_string()))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|e| failed(e.to_string()))?;
        let mut request = Request::builder().method(method).uri(target);
        request = request.header(header::HOST, server.to_string());
        request = request.header(header::CONNECTION, "close");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(self.body.clone()));
        let request = request.map_err(|e| failed(e.to_string()))?;
        let exchange = async move {
            let answer = sender.send_request(request).await.map_err(|e| failed(e.to_string()))?;
            let (parts, body) = answer.into_parts();
            let body = to_bytes(Body::new(body), ANSWER_BYTES).await;
            let body = body.map_err(|e| failed(e.to_string()))?;
            let body = String::from_utf8_lossy(&body).into_owned();
            Ok(Answer { status: parts.status, headers: parts.headers, body })
        };
        // The connection's own error, if there is one, is the exchange's as well.
        let (answer, _) = tokio::join!(exchange, connection);
        answer
    }
}

impl Secrets {
    fn sign(&self, body: &[u8]) -> String {
        let mut mac = hmac_of::<Hmac<Sha512>>(self.secret.as_bytes());
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
    }

    /// Checks both signatures of a callback, each in constant time, and its time.
    pub(crate) fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: i64,
    ) -> Result<(), &'static str> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if text("x-processing-key") != Some(&self.key) {
            return Err("X-Processing-Key is not the shop's key");
        }
        let given = text("x-processing-signature").and_then(|hex| hex::decode(hex).ok());
        let mut mac = hmac_of::<Hmac<Sha512>>(self.secret.as_bytes());
        mac.update(body);
        if mac.verify_slice(&given.unwrap_or_default()).is_err() {
            return Err("X-Processing-Signature does not fit the body");
        }
        let (id, time) = (text("webhook-id"), text("webhook-timestamp"));
        let (Some(id), Some(time)) = (id, time) else { return Err("webhook headers are missing") };
        let key = self.webhook_secret.strip_prefix("whsec_").unwrap_or_default();
        let key = BASE64_STANDARD.decode(key).map_err(|_| "the webhook secret is no base64")?;
        let given = text("webhook-signature").and_then(|text| text.strip_prefix("v1,"));
        let given = given.and_then(|text| BASE64_STANDARD.decode(text).ok());
        let mut mac = hmac_of::<Hmac<Sha256>>(&key);
        mac.update(format!("{id}.{time}.").as_bytes());
        mac.update(body);
        if mac.verify_slice(&given.unwrap_or_default()).is_err() {
            return Err("webhook-signature does not fit");
        }
        let age = time.parse().map(|time: i64| now.saturating_sub(time).saturating_abs());
        if age.is_ok_and(|age| age <= FRESH_SECONDS) { Ok(()) } else { Err("too old") }
    }
}

fn hmac_of<M: hmac::digest::KeyInit>(key: &[u8]) -> M {
    M::new_from_slice(key).expect("a key of any length makes an HMAC")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn the_signature_is_the_documented_one() {
        let secrets = Secrets {
            key: "key".to_owned(),
            secret: "Jefe".to_owned(),
            webhook_secret: "whsec_AAAA".to_owned(),
        };
        let tag = secrets.sign(b"what do ya want for nothing?");
        assert!(
            tag.starts_with("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554")
        );
    }
}
