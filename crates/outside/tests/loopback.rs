//! Servers on loopback, and clients that may reach them.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "servers of tests end with their runtime")]

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    http::{Request, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use coffer_outside::{
    client::{GuardedClient, Limits},
    guard::{AddressGuard, Lookup},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

/// Long enough for everything that should happen at once on loopback, however busy the machine.
pub const AMPLE: Limits =
    Limits { connect: Duration::from_secs(20), total: Duration::from_secs(20) };
/// For what must end at its limit.
pub const SHORT: Limits = Limits { connect: AMPLE.connect, total: Duration::from_millis(500) };

/// A client that may reach private networks.
pub fn open_client(limits: Limits) -> GuardedClient {
    client(AddressGuard::new(true), Lookup::System, limits)
}

/// A client as the program makes it.
pub fn client(guard: AddressGuard, lookup: Lookup, limits: Limits) -> GuardedClient {
    // Fails when another test was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    GuardedClient::new(guard, lookup, limits).unwrap()
}

/// The future's value, unless it takes so long that it must be hanging.
pub async fn promptly<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(15), future).await.expect("ends by itself")
}

/// What a [`Site`] answers to a path with its query.
pub type Reply = (StatusCode, &'static [(&'static str, &'static str)], String);

/// A web site that answers by a function and remembers what it was asked.
pub struct Site {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    pub async fn new(reply: impl Fn(&Uri) -> Reply + Clone + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let handler = move |request: Request<axum::body::Body>| {
            let uri = request.uri().clone();
            log.lock().unwrap().push(uri.to_string());
            let (status, headers, body) = reply(&uri);
            let mut response: Response = (status, body).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(*name, value.parse().unwrap());
            }
            async move { response }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked }
    }

    /// A site with one answer for everything.
    pub async fn always(status: u16, body: &str) -> Self {
        let body = body.to_owned();
        let status = StatusCode::from_u16(status).unwrap();
        Self::new(move |_| (status, &[], body.clone())).await
    }

    /// What it was asked so far, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Accepts one connection, reads one request from it, and does as told with the stream. Gives the
/// address and what the script returned.
pub async fn raw<T, F>(script: impl FnOnce(TcpStream, String) -> F + Send + 'static) -> Raw<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        script(stream, request).await
    });
    Raw { url, task }
}

/// A server that speaks TCP by hand.
pub struct Raw<T> {
    pub url: String,
    pub task: JoinHandle<T>,
}

/// Reads a request with its body.
pub async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the request broke off: {text}");
    }
}

/// Writes, then keeps the connection open and silent until the other side closes it.
pub async fn say_and_hang(mut stream: TcpStream, text: &'static str) {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    // An error is a reset, which is a close too.
    let _ = stream.read_to_end(&mut rest).await;
}

/// A port on which nobody listens.
pub async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Accepts one connection and does as told with the stream; the port.
pub async fn raw_on_connect<F>(script: impl FnOnce(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        script(stream).await;
    });
    port
}

/// A key and a certificate of 127.0.0.1 for it, as PEM, that nobody knows yet.
pub fn self_signed() -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-days", "2", "-subj", "/CN=127.0.0.1"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &file("key.pem"), "-out", &file("cert.pem")])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    (read("key.pem"), read("cert.pem"))
}
