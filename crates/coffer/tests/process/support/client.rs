//! A merchant's client: signed requests over kept connections, which may break at any byte.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use coffer_wire::signature::{KEY_HEADER, PreparedSecret, SIGNATURE_HEADER};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::TcpStream,
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::soon;

/// Where payment requests are.
const REQUESTS: &str = "/api/payments/v1/requests";

/// A public key with its secret.
#[derive(Clone)]
pub struct Keys {
    pub key: String,
    pub secret: PreparedSecret,
}

/// A request to be made.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

/// An answer that was received to its last byte.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Bytes,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    Answered(Answer),
    /// It went out, wholly or in part, and its answer did not come, or not whole.
    Unanswered,
    /// It never went out.
    NotSent,
}

/// A connection that ended.
#[derive(Debug)]
pub struct Gone;

/// A connection that is used again and again.
pub struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Keys {
    pub fn create(&self, body: &str) -> Ask {
        self.ask("POST", REQUESTS, body)
    }

    pub fn get(&self, below: &str) -> Ask {
        self.ask("GET", &format!("{REQUESTS}{below}"), "")
    }

    pub fn post(&self, below: &str, body: &str) -> Ask {
        self.ask("POST", &format!("{REQUESTS}{below}"), body)
    }

    fn ask(&self, method: &'static str, target: &str, body: &str) -> Ask {
        let signature = self.secret.sign(body.as_bytes());
        let headers = vec![
            (KEY_HEADER, self.key.clone()),
            (SIGNATURE_HEADER, signature),
            ("content-type", "application/json".to_owned()),
        ];
        let body = Bytes::copy_from_slice(body.as_bytes());
        Ask { method, target: target.to_owned(), headers, body }
    }
}

impl Ask {
    /// As anybody may ask.
    pub fn open(target: &str) -> Self {
        Self { method: "GET", target: target.to_owned(), headers: Vec::new(), body: Bytes::new() }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// The payment request in an answer, which must be 200.
    #[track_caller]
    pub fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()["data"].take()
    }

    /// The answer must be the documented one for "not now".
    #[track_caller]
    pub fn is_not_now(&self) {
        let busy = r#"{"error":"Temporarily unavailable", "code":"temporarily_unavailable"}"#;
        assert_eq!((self.status, self.text().as_str()), (503, busy));
    }
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self, Gone> {
        let stream = TcpStream::connect(address).await.map_err(|_| Gone)?;
        stream.set_nodelay(true).map_err(|_| Gone)?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|_| Gone)?;
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, driver })
    }

    pub async fn ask(&mut self, ask: &Ask) -> Result<Answer, Gone> {
        let mut request = Request::builder().method(ask.method).uri(&ask.target);
        request = request.header("host", "127.0.0.1");
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(ask.body.clone())).unwrap();
        self.sender.ready().await.map_err(|_| Gone)?;
        let answer = async {
            let response = self.sender.send_request(request).await.map_err(|_| Gone)?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|_| Gone)?.to_bytes();
            Ok(Answer { status: head.status.as_u16(), body })
        };
        soon("an answer", answer).await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Asks once, over a connection of its own; the answer must come.
pub async fn ask_once(address: SocketAddr, ask: &Ask) -> Answer {
    let mut connection = Connection::open(address).await.expect("the server takes connections");
    connection.ask(ask).await.expect("the server answers")
}

/// Asks all, over as many connections at once; what became of each, in their order. `answered`
/// counts the answers as they come.
pub async fn ask_all(
    address: SocketAddr,
    connections: usize,
    asks: Vec<Ask>,
    answered: &watch::Sender<usize>,
) -> Vec<Outcome> {
    let outcomes = Arc::new(Mutex::new(vec![Outcome::NotSent; asks.len()]));
    let waiting: Arc<Mutex<VecDeque<_>>> =
        Arc::new(Mutex::new(asks.into_iter().enumerate().collect()));
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let (outcomes, waiting) = (Arc::clone(&outcomes), Arc::clone(&waiting));
        let answered = answered.clone();
        clients.spawn(async move {
            while let Ok(mut connection) = Connection::open(address).await {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some((index, ask)) = next else { return };
                    let outcome = connection.ask(&ask).await;
                    let broken = outcome.is_err();
                    let outcome = outcome.map_or(Outcome::Unanswered, Outcome::Answered);
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner)[index] = outcome;
                    if broken {
                        break;
                    }
                    answered.send_modify(|count| *count += 1);
                }
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    std::mem::take(&mut outcomes.lock().unwrap_or_else(PoisonError::into_inner))
}

/// All payment requests of a merchant, by the pages of the list.
pub async fn list_all(address: SocketAddr, keys: &Keys) -> Vec<Value> {
    let mut connection = Connection::open(address).await.expect("the server takes connections");
    let mut all = Vec::new();
    let mut query = "?limit=100".to_owned();
    loop {
        let page = connection.ask(&keys.get(&query)).await.expect("the server answers");
        assert_eq!(page.status, 200, "{}", page.text());
        let mut page = page.json();
        all.append(page["data"].as_array_mut().unwrap());
        match page["next"].as_str() {
            Some(next) => query = format!("?limit=100&before={next}"),
            None => return all,
        }
    }
}
