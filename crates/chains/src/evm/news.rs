//! A WebSocket over which a node tells of new blocks (`eth_subscribe`, `newHeads`). It wakes the
//! follower, nothing else: what it says is not read, and while it is cut the follower looks by
//! itself as often as ever.

use std::time::Duration;

use coffer_domain::code::NetworkName;
use futures_util::{
    FutureExt, SinkExt, StreamExt,
    stream::{self, BoxStream},
};
use reqwest::Url;
use tokio::{net::TcpStream, sync::Mutex, time};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, protocol::WebSocketConfig},
};

use crate::label::Label;

/// Asks to be told of new blocks.
const SUBSCRIBE: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}"#;
/// What a message about a new block says, among other things.
const NEWS: &str = "eth_subscription";
/// The largest message that is taken, in bytes; a header has a thousand or two.
const MESSAGE_LIMIT: usize = 64 << 10;
/// Between two pieces of news at least.
const GAP: Duration = Duration::from_millis(100);
/// Before a connection that was cut is made again.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// For a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection so silent is made anew: its other end may be gone.
const SILENCE: Duration = Duration::from_secs(300);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The news of one network, for as long as it is followed.
pub(super) struct News(Mutex<BoxStream<'static, ()>>);

/// A connection that is made again whenever it is cut.
struct Link {
    network: NetworkName,
    url: Url,
    label: Label,
    socket: Option<Socket>,
    /// Before the next attempt to connect.
    wait: Duration,
}

impl News {
    /// News from a `ws` or `wss` address; connects when somebody waits for them.
    pub(super) fn new(network: NetworkName, url: Url) -> Self {
        let label = Label::new(&url, 1);
        let link = Link { network, url, label, socket: None, wait: Duration::ZERO };
        let told = stream::unfold(link, |mut link| async move {
            link.next().await;
            Some(((), link))
        });
        Self(Mutex::new(told.boxed()))
    }

    /// Returns when there may be a new block. Waiting may be broken off at any time: the connection
    /// is kept, and so is the attempt to make one.
    pub(super) async fn next(&self) {
        self.0.lock().await.next().await;
    }
}

impl Link {
    async fn next(&mut self) {
        loop {
            let Some(socket) = &mut self.socket else {
                time::sleep(self.wait).await;
                self.wait = LONGEST_WAIT.min(FIRST_WAIT.max(self.wait * 2));
                match time::timeout(CONNECT_TIMEOUT, connect(&self.url)).await {
                    Ok(Ok(socket)) => {
                        self.socket = Some(socket);
                        // There may have been blocks while there was no connection.
                        return;
                    }
                    Ok(Err(_)) | Err(_) => self.note("cannot connect"),
                }
                continue;
            };
            time::sleep(GAP).await;
            if time::timeout(SILENCE, told(socket)).await == Ok(true) {
                // Whatever else has come is the same piece of news.
                while told(socket).now_or_never() == Some(true) {}
                self.wait = FIRST_WAIT;
                return;
            }
            self.note("was cut");
            self.socket = None;
        }
    }

    fn note(&self, what: &str) {
        tracing::debug!(network = %self.network, ws = %self.label, "the wake-up {what}");
    }
}

async fn connect(url: &Url) -> Result<Socket, tungstenite::Error> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_LIMIT))
        .max_frame_size(Some(MESSAGE_LIMIT));
    let connect = tokio_tungstenite::connect_async_with_config(url.as_str(), Some(config), false);
    let (mut socket, _) = connect.await?;
    socket.send(Message::text(SUBSCRIBE)).await?;
    // From its answer on, every block is told.
    while let Some(message) = socket.next().await {
        if message?.is_text() {
            return Ok(socket);
        }
    }
    Err(tungstenite::Error::ConnectionClosed)
}

/// Waits for a message about a new block; false when the connection is cut.
async fn told(socket: &mut Socket) -> bool {
    while let Some(Ok(message)) = socket.next().await {
        if message.to_text().is_ok_and(|text| text.contains(NEWS)) {
            return true;
        }
    }
    false
}
