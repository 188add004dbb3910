//! A node's hint that it has news: one socket that subscribes to what the node publishes by ZMQ
//! (ZMTP 3.0 without security). What a message says is not looked at, so a lost, repeated or forged
//! one changes nothing but when the chain is looked at next.

use std::{io, time::Duration};

use futures_util::future::BoxFuture;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
    time,
};

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
/// The largest part of a message that is believed; a transaction is at most 4 MB.
const FRAME_BYTES_MAX: u64 = 8 << 20;
/// Bytes read at a time.
const READ_BYTES: usize = 64 << 10;

/// Marks of a frame: more of the message follows, the length has eight bytes, it is a command.
const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

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
    /// What was read and belongs to no whole frame yet.
    buffer: Vec<u8>,
    /// Bytes still to come of the frame that is being passed over.
    passing: u64,
    /// Whether its end is the end of a message.
    ends_message: bool,
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
    Ok(Subscription { stream, buffer: Vec::new(), passing: 0, ends_message: false })
}

impl Subscription {
    /// Returns when at least one message has come, with all that have come passed over.
    async fn messages(&mut self) -> io::Result<()> {
        let mut came = false;
        while !came {
            self.buffer.reserve(READ_BYTES);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            came = self.pass_over()?;
        }
        loop {
            let mut more = [0; READ_BYTES];
            match self.stream.try_read(&mut more) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.buffer.extend_from_slice(&more[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
            self.pass_over()?;
        }
    }

    /// Passes over what has been read; whether a message ended in it.
    fn pass_over(&mut self) -> io::Result<bool> {
        let mut rest = self.buffer.as_slice();
        let mut ended = false;
        loop {
            if self.passing > 0 {
                let here = usize::try_from(self.passing).unwrap_or(usize::MAX).min(rest.len());
                rest = &rest[here..];
                self.passing -= here as u64;
                if self.passing > 0 {
                    break;
                }
                ended |= self.ends_message;
            }
            let Some((flags, length, behind)) = frame(rest) else { break };
            if length > FRAME_BYTES_MAX {
                return Err(io::Error::other("a message is too long"));
            }
            rest = behind;
            self.passing = length;
            self.ends_message = flags & (MORE | COMMAND) == 0;
            if length == 0 {
                ended |= self.ends_message;
            }
        }
        let kept = rest.len();
        self.buffer.drain(..self.buffer.len() - kept);
        Ok(ended)
    }
}

/// Marks and length of the next frame, and what is behind them; none where they are not whole.
fn frame(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (flags, rest) = bytes.split_first()?;
    if flags & LONG == 0 {
        let (length, rest) = rest.split_first()?;
        return Some((*flags, u64::from(*length), rest));
    }
    let (length, rest) = rest.split_first_chunk()?;
    Some((*flags, u64::from_be_bytes(*length), rest))
}
