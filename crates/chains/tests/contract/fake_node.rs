//! Stands between the adapter and a real node and commits the faults that a real node will not.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// What the fake answers in place of the truth.
pub(crate) enum Reply {
    /// This result.
    Result(Value),
    /// This error object.
    Error(i64, &'static str),
    /// This status and body.
    Http(&'static str, Vec<u8>),
    /// Nothing, for ever.
    Silence,
}

/// Sees the method, its parameters and the true result; none where the truth is to be told.
pub(crate) type Fault = dyn Fn(&str, &Value, Value) -> Option<Reply> + Send + Sync;

/// The fake; ends when dropped.
pub(crate) struct FakeNode {
    pub(crate) url: String,
    asked: Arc<Asked>,
    _serving: JoinSet<()>,
}

/// The methods that each request asked for.
type Asked = Mutex<Vec<Vec<String>>>;

impl FakeNode {
    pub(crate) async fn start(
        upstream: &str,
        fault: impl Fn(&str, &Value, Value) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/v3/top-secret-key", listener.local_addr().unwrap());
        let fault = Arc::new(fault) as Arc<Fault>;
        let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
        let asked = Arc::<Asked>::default();
        let noted = Arc::clone(&asked);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (fault, noted) = (Arc::clone(&fault), Arc::clone(&noted));
                connections.spawn(serve(stream, upstream.clone(), fault, noted));
            }
        });
        Self { url, asked, _serving: serving }
    }

    /// The methods that each request since the last call asked for.
    pub(crate) fn asked(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// One request on one connection.
async fn serve(mut stream: TcpStream, upstream: String, fault: Arc<Fault>, asked: Arc<Asked>) {
    let Some((head, body)) = read_message(&mut stream).await else { return };
    let request = serde_json::from_slice::<Value>(&body).unwrap();
    let questions = request.as_array().map_or(std::slice::from_ref(&request), Vec::as_slice);
    let methods = questions.iter().map(|it| it["method"].as_str().unwrap_or_default().to_owned());
    asked.lock().unwrap().push(methods.collect());
    let told = forward(&upstream, &head, &body).await;
    // Some true answers are nested too deep to be read here.
    let mut truth = serde_json::from_slice::<Value>(&told).unwrap_or_default();
    // Of several questions at once the truth is told.
    let reply = request["method"]
        .as_str()
        .and_then(|method| fault(method, &request["params"], truth["result"].take()));
    let id = &request["id"];
    let (status, body) = match reply {
        None => ("200 OK", told),
        Some(Reply::Result(result)) => {
            let answer = json!({ "jsonrpc": "2.0", "id": id, "result": result });
            ("200 OK", answer.to_string().into_bytes())
        }
        Some(Reply::Error(code, message)) => {
            let error = json!({ "code": code, "message": message });
            let answer = json!({ "jsonrpc": "2.0", "id": id, "error": error });
            ("200 OK", answer.to_string().into_bytes())
        }
        Some(Reply::Http(status, body)) => (status, body),
        Some(Reply::Silence) => std::future::pending().await,
    };
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n");
    // The adapter may have hung up already, as it does when an answer is too long.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
}

async fn forward(upstream: &str, asked: &str, body: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(upstream).await.unwrap();
    let access = asked.lines().find(|line| line.to_ascii_lowercase().starts_with("authorization"));
    let access = access.map(|line| format!("{line}\r\n")).unwrap_or_default();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {upstream}\r\ncontent-type: application/json\r\n{access}\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    read_message(&mut stream).await.unwrap().1
}

/// Head and body of an HTTP message with a content length; none when the connection ends before it.
async fn read_message(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut message = Vec::new();
    loop {
        if let Some(end) = message.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&message[..end]).into_owned();
            let lower = head.to_ascii_lowercase();
            let (_, length) = lower.split_once("content-length: ").unwrap();
            let length = length.lines().next().unwrap().trim().parse::<usize>().unwrap();
            if message.len() >= end + 4 + length {
                return Some((head, message[end + 4..end + 4 + length].to_vec()));
            }
        }
        if stream.read_buf(&mut message).await.unwrap() == 0 {
            return None;
        }
    }
}
