//! The client: keep-alive connections on one thread, each with one request at a time.
//!
//! It shares the cores with the server, so it does as little as it can: it looks for the status and
//! the length of an answer and counts its bytes.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::LocalSet,
};

use super::{Failed, options::Times, requests::Requests, sample::Sample};

/// Longer than the head and body of any answer to a create.
const ANSWER: usize = 16 * 1024;

/// What the connections share.
struct Load {
    requests: Requests,
    next: Cell<usize>,
    begun: Instant,
    times: Times,
    /// Microseconds of every answer that was asked for and came in the measured time.
    micros: RefCell<Vec<u32>>,
    /// When the last of them came, counted from the end of the warm-up.
    last: Cell<Duration>,
}

/// What a server was driven to.
pub(super) struct Driven {
    pub(super) sample: Sample,
    /// Answers with those outside the measured time.
    pub(super) answers: u64,
}

/// Sends requests on so many connections until the time is over.
///
/// # Errors
/// When a connection fails or anything but 200 is answered.
pub(super) fn drive(
    address: SocketAddr,
    connections: usize,
    requests: Requests,
    times: Times,
) -> Result<Driven, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(|error| Failed::because("no runtime")(&error))?;
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async move {
        let mut streams = Vec::with_capacity(connections);
        for _ in 0..connections {
            streams.push(connect(address).await.map_err(|e| Failed::because("connecting")(&e))?);
        }
        let load = Rc::new(Load {
            requests,
            next: Cell::new(0),
            begun: now(),
            times,
            micros: RefCell::default(),
            last: Cell::default(),
        });
        let loops: Vec<_> = streams
            .into_iter()
            .map(|stream| tokio::task::spawn_local(exchange(stream, Rc::clone(&load))))
            .collect();
        for exchanges in loops {
            exchanges.await.map_err(|error| Failed::because("a connection")(&error))??;
        }
        let answers = u64::try_from(load.next.get()).unwrap_or(u64::MAX);
        Ok(Driven { sample: Sample::new(load.micros.take(), load.last.get()), answers })
    })
}

async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn exchange(mut stream: TcpStream, load: Rc<Load>) -> Result<(), Failed> {
    let mut buffer = vec![0; ANSWER];
    let mut asked = now();
    loop {
        let number = load.next.replace(load.next.get() + 1);
        let Some(request) = load.requests.get(number) else { return Ok(()) };
        stream.write_all(request).await.map_err(|e| Failed::because("sending")(&e))?;
        answer(&mut stream, &mut buffer).await?;
        let answered = now();
        if !load.count(asked, answered) {
            return Ok(());
        }
        asked = answered;
    }
}

impl Load {
    /// Counts an answer; false when the time is over.
    fn count(&self, asked: Instant, answered: Instant) -> bool {
        let warm = self.begun + self.times.warm_up;
        if answered > warm + self.times.measured {
            return false;
        }
        if answered >= warm {
            let micros = answered.duration_since(asked).as_micros();
            self.micros.borrow_mut().push(u32::try_from(micros).unwrap_or(u32::MAX));
            self.last.set(answered.duration_since(warm));
        }
        true
    }
}

/// Reads one whole answer.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<(), Failed> {
    let mut filled = 0;
    loop {
        let free = buffer.get_mut(filled..).unwrap_or_default();
        let read = stream.read(free).await.map_err(|e| Failed::because("receiving")(&e))?;
        if read == 0 {
            return Err(Failed("the server closed a connection, or said too much".to_owned()));
        }
        filled += read;
        let said = buffer.get(..filled).unwrap_or_default();
        let Some(whole) = length(said)? else { continue };
        if filled == whole {
            return if said.starts_with(b"HTTP/1.1 200 ") {
                Ok(())
            } else {
                Err(Failed(format!("the server said {}", String::from_utf8_lossy(said))))
            };
        }
    }
}

/// Bytes of the answer that begins here, once its head is complete.
fn length(said: &[u8]) -> Result<Option<usize>, Failed> {
    const END: &[u8] = b"\r\n\r\n";
    const LENGTH: &[u8] = b"content-length: ";
    let Some(head) = said.windows(END.len()).position(|bytes| bytes == END) else {
        return Ok(None);
    };
    let lines = said.get(..head).unwrap_or_default().split(|byte| *byte == b'\n');
    let mut value = lines.filter_map(|line| {
        let (name, value) = line.split_at_checked(LENGTH.len())?;
        name.eq_ignore_ascii_case(LENGTH).then_some(value)
    });
    let body: Option<usize> =
        value.next_back().and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok());
    let body = body.ok_or_else(|| Failed("an answer says nothing of its length".to_owned()))?;
    Ok(Some(head + END.len() + body))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_it_says() {
        let said = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\ndate: x\r\n\r\nhello";
        assert_eq!(length(said).unwrap(), Some(said.len()));
        assert_eq!(length(&said[..20]).unwrap(), None);
        assert!(length(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
