//! A request as a client makes it, and its answer.

use std::net::{IpAddr, SocketAddr};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, HeaderValue, Request},
};
use bytes::Bytes;
use coffer_domain::time::Timestamp;
use coffer_wire::signature::RequestSignature;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::{Keys, World};

/// A request in the making.
#[derive(Clone)]
pub struct Ask {
    method: &'static str,
    target: String,
    headers: HeaderMap,
    body: Bytes,
    /// Who asks, where that is known.
    client: Option<IpAddr>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Ask {
    pub fn get(target: impl Into<String>) -> Self {
        let (headers, body) = (HeaderMap::new(), Bytes::new());
        Self { method: "GET", target: target.into(), headers, body, client: None }
    }

    pub fn post(target: impl Into<String>, body: impl Into<Bytes>) -> Self {
        let ask = Self { method: "POST", body: body.into(), ..Self::get(target) };
        ask.header("content-type", "application/json")
    }

    /// Asks from that address.
    pub fn from(self, client: IpAddr) -> Self {
        Self { client: Some(client), ..self }
    }

    pub fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    /// Sends it elsewhere than it was signed for.
    pub fn target(self, target: String) -> Self {
        Self { target, ..self }
    }

    /// Sets a header, or with an empty value takes it away.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).unwrap();
        self.headers.remove(&name);
        if !value.is_empty() {
            self.headers.insert(name, HeaderValue::try_from(value).unwrap());
        }
        self
    }

    /// Adds a header, also a second of the same name.
    pub fn also(mut self, name: &str, value: &str) -> Self {
        let value = HeaderValue::try_from(value).unwrap();
        self.headers.append(HeaderName::try_from(name).unwrap(), value);
        self
    }

    /// Signs the body, as existing clients do.
    pub fn signed(self, keys: &Keys) -> Self {
        let signature = keys.secret.sign(&self.body);
        self.header("X-Processing-Key", &keys.key).header("X-Processing-Signature", &signature)
    }

    /// Signs the whole request, as Coffer's own routes want it.
    pub fn bound(self, keys: &Keys, now: Timestamp, nonce: &str) -> Self {
        let signature =
            RequestSignature::make(&keys.secret, now, nonce, self.method, &self.target, &self.body);
        self.header("X-Processing-Key", &keys.key).header("X-Coffer-Signature", &signature)
    }

    pub async fn of(self, world: &World) -> Answer {
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method.parse().unwrap();
        *request.uri_mut() = self.target.parse().unwrap();
        *request.headers_mut() = self.headers;
        if let Some(client) = self.client {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, 4711)));
        }
        let response = world.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

impl Answer {
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer must be this one.
    #[track_caller]
    pub fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.text()), (status, body));
    }

    /// The answer must be 400 with exactly one wrong field.
    #[track_caller]
    pub fn is_wrong(&self, field: &str, sentence: &str) {
        let expected = serde_json::json!({ "errors": { field: sentence } });
        assert_eq!((self.status, self.json()), (400, expected));
    }

    /// The id of the payment request in the answer.
    #[track_caller]
    pub fn id(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()["data"]["id"].as_str().unwrap().to_owned()
    }
}
