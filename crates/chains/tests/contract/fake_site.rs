//! A server on loopback that answers GET requests as a test says.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Status and body.
type Told = BoxFuture<'static, (&'static str, Vec<u8>)>;
/// What is told of a path.
type Answer = dyn Fn(String) -> Told + Send + Sync;

/// The server; ends when dropped.
pub(crate) struct FakeSite {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

impl FakeSite {
    pub(crate) async fn start(answer: impl Fn(String) -> Told + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (answer, noted) = (Arc::new(answer) as Arc<Answer>, Arc::clone(&asked));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, Arc::clone(&answer), Arc::clone(&noted)));
            }
        });
        Self { url, asked, _serving: serving }
    }

    /// The paths that were asked for, in their order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// One request on one connection.
async fn serve(mut stream: TcpStream, answer: Arc<Answer>, asked: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap() == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.strip_prefix("GET ").unwrap().split(' ').next().unwrap().to_owned();
    asked.lock().unwrap().push(path.clone());
    let (status, body) = answer(path).await;
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // The adapter may have hung up already.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
}
