//! The endpoints of merchants: they take callbacks, or treat them badly.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response,
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::{Keys, soon};

/// How an endpoint treats a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Manner {
    /// Takes it.
    Take,
    /// Never answers.
    Hang,
    /// Sends it on to [`Manner::Take`].
    Redirect,
    /// Takes it, and says 10 GB about it.
    Flood,
    /// Fails, and repeats what it was sent.
    Echo,
}

/// A callback that came.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Where it came to.
    pub manner: Manner,
    /// The request it tells of.
    pub request: String,
    /// How that stands.
    pub status: String,
    /// Its own id, the same on every attempt.
    pub id: String,
    pub body: Bytes,
}

/// A listener with an endpoint of each [`Manner`], which checks every signature.
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    keys: Mutex<HashMap<String, Keys>>,
    taken: watch::Sender<Vec<Taken>>,
    /// What was wrong with callbacks that came.
    wrong: Mutex<Vec<String>>,
    /// Bytes that [`Manner::Flood`] got rid of.
    flooded: AtomicU64,
    /// Floods that the other side ended.
    floods_ended: watch::Sender<usize>,
}

const ALL: [(Manner, &str); 5] = [
    (Manner::Take, "/take"),
    (Manner::Hang, "/hang"),
    (Manner::Redirect, "/redirect"),
    (Manner::Flood, "/flood"),
    (Manner::Echo, "/echo"),
];
/// How long the answer of [`Manner::Flood`] is.
const FLOOD_BYTES: u64 = 10_000_000_000;
const FLOOD_PIECE: usize = 64 * 1024;

impl Sink {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let served = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&served);
                tokio::spawn(serve(stream, shared, address));
            }
        });
        Self { address, shared, task }
    }

    pub fn url(&self, manner: Manner) -> String {
        let path = ALL.iter().find(|(known, _)| *known == manner).unwrap().1;
        format!("http://{}{path}", self.address)
    }

    /// Takes callbacks that are signed with these keys.
    pub fn trust(&self, keys: &Keys) {
        let mut known = self.shared.keys.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(keys.key.clone(), keys.clone());
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.shared.taken.borrow().clone()
    }

    /// Waits until what came is enough.
    pub async fn until(&self, what: &str, enough: impl Fn(&[Taken]) -> bool) {
        let mut watched = self.shared.taken.subscribe();
        let come = watched.wait_for(|taken| enough(taken));
        drop(soon(what, come).await.unwrap());
        self.nothing_was_wrong();
    }

    /// Waits until the other side has ended a flood; bytes that got through.
    pub async fn flood_ended(&self) -> u64 {
        let mut watched = self.shared.floods_ended.subscribe();
        drop(soon("the end of a flood", watched.wait_for(|ended| *ended > 0)).await.unwrap());
        self.shared.flooded.load(Ordering::Relaxed)
    }

    /// Every callback so far was as documented.
    #[track_caller]
    pub fn nothing_was_wrong(&self) {
        let wrong = self.shared.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: tokio::net::TcpStream, shared: Arc<Shared>, address: SocketAddr) {
    let flooding = Arc::new(AtomicU64::new(0));
    let service = service_fn(|request: Request<Incoming>| {
        let (shared, flooding) = (Arc::clone(&shared), Arc::clone(&flooding));
        async move { answer(request, &shared, &flooding, address).await }
    });
    // How the other side ends a connection is its own affair.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
    let got_rid = flooding.load(Ordering::Relaxed);
    if got_rid > 0 {
        shared.flooded.fetch_add(got_rid, Ordering::Relaxed);
        shared.floods_ended.send_modify(|ended| *ended += 1);
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
    flooding: &Arc<AtomicU64>,
    address: SocketAddr,
) -> Result<Response<BoxBody<Bytes, Infallible>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let manner = ALL.iter().find(|(_, path)| *path == head.uri.path()).map(|(manner, _)| *manner);
    let header = |name| head.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let trusted = {
        let keys = shared.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(header("x-processing-key")).is_some_and(|keys| {
            keys.secret.verify(&body, header("x-processing-signature").as_bytes())
        })
    };
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    let (request, id) = (text("payment_request_id"), text("id"));
    let Some(manner) = manner.filter(|_| {
        trusted && head.method == "POST" && !request.is_empty() && header("webhook-id") == id
    }) else {
        let wrong = format!("{} {}: {}", head.method, head.uri, String::from_utf8_lossy(&body));
        shared.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(wrong);
        return Ok(said(500, Bytes::new()));
    };
    let status = text("status");
    let taken = Taken { manner, request, status, id, body: body.clone() };
    shared.taken.send_modify(|all| all.push(taken));
    Ok(match manner {
        Manner::Take => said(200, Bytes::from_static(b"taken")),
        Manner::Hang => std::future::pending().await,
        Manner::Redirect => {
            let mut response = said(307, Bytes::new());
            let to = format!("http://{address}/take").parse().unwrap();
            response.headers_mut().insert("location", to);
            response
        }
        Manner::Flood => flood(flooding),
        Manner::Echo => said(500, body),
    })
}

fn said(status: u16, body: Bytes) -> Response<BoxBody<Bytes, Infallible>> {
    let mut response = Response::new(Full::new(body).boxed());
    *response.status_mut() = status.try_into().unwrap();
    response
}

fn flood(flooding: &Arc<AtomicU64>) -> Response<BoxBody<Bytes, Infallible>> {
    let flooding = Arc::clone(flooding);
    let piece = Bytes::from_static(&[b'a'; FLOOD_PIECE]);
    let pieces = usize::try_from(FLOOD_BYTES).unwrap() / FLOOD_PIECE;
    let body = stream::repeat(piece).take(pieces).map(move |piece| {
        flooding.fetch_add(FLOOD_PIECE as u64, Ordering::Relaxed);
        Ok(Frame::data(piece))
    });
    Response::new(BodyExt::boxed(StreamBody::new(body)))
}
