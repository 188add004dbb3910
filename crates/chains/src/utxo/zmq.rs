//! A node's hint that it has news: one socket that subscribes to what the node publishes by ZMQ
//! (ZMTP 3.0 without security). Of a message only the id of a transaction is taken, and what that
//! is the node is asked. So a lost, repeated or forged message changes nothing but when something
//! is looked at next.

use std::{io, time::Duration};

use futures_util::future::BoxFuture;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
    time,
};

pub(super) use self::heard::Heard;
use self::{
    heard::Ear,
    message::{COMMAND, Inbox},
};

mod heard;
mod message;

/// What is subscribed to; a node need not publish all of it.
const TOPICS: [&str; 4] = ["hashblock", "sequence", "hashtx", "rawtx"];
/// The least time between two wakings, so that a busy mempool does not mean looking all the time.
const PAUSE: Duration = Duration::from_millis(200);
/// How long after a lost connection it is sought again, first and at most.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// How long making a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Bytes of the greeting.
const GREETING_BYTES: usize = 64;
/// Bytes read at a time.
const READ_BYTES: usize = 64 << 10;
/// The hint of one node.
pub(super) struct News {
    /// Host and port.
    address: String,
    state: Mutex<State>,
}

struct State {
    subscription: Option<Subscription>,
    /// What is being waited for before a message can be: it goes on where it was when a call of
    /// `next` was given up.
    connecting: Option<BoxFuture<'static, io::Result<Subscription>>>,
    pause: Option<BoxFuture<'static, ()>>,
    retry: Duration,
}

struct Subscription {
    stream: TcpStream,
    inbox: Inbox,
    ear: Ear,
}

impl News {
    pub(super) fn new(address: String) -> Self {
        let state = State { subscription: None, connecting: None, pause: None, retry: RETRY_FIRST };
        Self { address, state: Mutex::new(state) }
    }

    /// Returns when messages have come since the last call. May be given up at any time.
    pub(super) async fn next(&self) {
        let mut state = self.state.lock().await;
        let state = &mut *state;
        loop {
            if let Some(pause) = &mut state.pause {
                pause.await;
                state.pause = None;
            }
            let Some(subscription) = &mut state.subscription else {
                let address = self.address.clone();
                let connecting = state.connecting.get_or_insert_with(|| {
                    Box::pin(async move {
                        let connecting = time::timeout(CONNECT_MAX, subscribe(&address));
                        connecting.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
                    })
                });
                let outcome = connecting.await;
                state.connecting = None;
                match outcome {
                    Ok(made) => state.subscription = Some(made),
                    Err(error) => state.rest(&self.address, &error),
                }
                continue;
            };
            match subscription.messages().await {
                Ok(()) => {
                    state.retry = RETRY_FIRST;
                    state.pause = Some(Box::pin(time::sleep(PAUSE)));
                    return;
                }
                Err(error) => state.rest(&self.address, &error),
            }
        }
    }

    /// What has come since the last call, without waiting for more; nothing while somebody waits in
    /// [`next`](Self::next).
    pub(super) fn heard(&self) -> Heard {
        let Ok(mut state) = self.state.try_lock() else { return Heard::default() };
        let Some(subscription) = &mut state.subscription else { return Heard::default() };
        match subscription.what_is_here() {
            Ok(_) => subscription.ear.heard(),
            Err(error) => {
                state.rest(&self.address, &error);
                Heard::default()
            }
        }
    }
}

impl State {
    /// Lets some time pass before the connection is made again; more each time.
    fn rest(&mut self, address: &str, error: &io::Error) {
        let retry = self.retry;
        tracing::debug!(address, %error, ?retry, "no news by ZMQ; the chain is polled");
        self.subscription = None;
        self.pause = Some(Box::pin(time::sleep(retry)));
        self.retry = retry.saturating_mul(2).min(RETRY_MAX);
    }
}

/// Connects, greets and subscribes. Nodes hang up on who subscribes before they have greeted.
async fn subscribe(address: &str) -> io::Result<Subscription> {
    let mut stream = TcpStream::connect(address).await?;
    let mut words = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0];
    words.extend_from_slice(b"NULL");
    words.resize(GREETING_BYTES, 0);
    let ready = b"\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB";
    words.extend([COMMAND, u8::try_from(ready.len()).unwrap_or_default()]);
    words.extend_from_slice(ready);
    stream.write_all(&words).await?;
    let mut greeting = [0; GREETING_BYTES];
    stream.read_exact(&mut greeting).await?;
    let [flags, length] = [stream.read_u8().await?, stream.read_u8().await?];
    if greeting[0] != 0xff || greeting[9] != 0x7f || greeting[10] < 3 || flags != COMMAND {
        return Err(io::Error::other("it does not speak ZMTP 3"));
    }
    stream.read_exact(&mut vec![0; usize::from(length)]).await?;
    let mut words = Vec::new();
    for topic in TOPICS {
        words.extend([0, u8::try_from(topic.len() + 1).unwrap_or_default(), 1]);
        words.extend_from_slice(topic.as_bytes());
    }
    stream.write_all(&words).await?;
    Ok(Subscription { stream, inbox: Inbox::default(), ear: Ear::default() })
}

impl Subscription {
    /// Returns when at least one message has come, with all that have come taken in.
    async fn messages(&mut self) -> io::Result<()> {
        while !self.what_is_here()? {
            self.stream.readable().await?;
        }
        Ok(())
    }

    /// Takes in what has come; whether there was a whole message.
    fn what_is_here(&mut self) -> io::Result<bool> {
        let (mut came, mut more) = (false, vec![0; READ_BYTES]);
        loop {
            match self.stream.try_read(&mut more) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.inbox.buffer.extend_from_slice(&more[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(came),
                Err(error) => return Err(error),
            }
            for message in self.inbox.messages()? {
                came = true;
                self.ear.hear(message);
            }
        }
    }
}
