//! One HTTP connection: who is at its other end, its limits, and its end.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, HeaderValue, Request, Response, header::CONTENT_TYPE},
};
use futures_util::StreamExt as _;
use hyper::{body::Incoming, server::conn::http1, service::Service as _, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::settings::{AddressRange, ServerSettings};

/// Most bytes of a request's head; what Coffer is sent is a tenth of it.
const HEAD_BYTES: usize = 32 * 1024;
/// Most headers of a request.
const HEADERS: usize = 64;

/// What every connection shares.
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) settings: ServerSettings,
    /// Finish what is under way, then close.
    pub(super) soft: CancellationToken,
    /// Close now.
    pub(super) hard: CancellationToken,
}

/// Serves a connection until it is closed or the server stops.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let of_connection = Arc::clone(&shared);
    let router = TowerToHyperService::new(shared.router.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        let client =
            client_address(peer.ip(), request.headers(), &of_connection.settings.trusted_proxies);
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, 0)));
        let (answer, shared) = (router.call(request), Arc::clone(&of_connection));
        async move { answer.await.map(|response| end_streams(response, &shared.soft)) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(shared.settings.header_timeout)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .pipeline_flush(true);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke");
                }
                return;
            }
            () = shared.soft.cancelled(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = shared.hard.cancelled() => return,
        }
    }
}

/// The address of the client: the peer's, or behind trusted proxies the last address in
/// `X-Forwarded-For` that is none of theirs.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[AddressRange]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    if !is_trusted(peer) {
        return peer;
    }
    let mut client = peer;
    let mut hops: Vec<&str> = Vec::new();
    for value in headers.get_all("x-forwarded-for") {
        hops.extend(value.to_str().unwrap_or_default().split(','));
    }
    for hop in hops.into_iter().rev() {
        let Some(address) = parse_hop(hop.trim()) else { break };
        client = address;
        if !is_trusted(address) {
            break;
        }
    }
    client
}

/// Some proxies add the port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.trim_matches(['[', ']']).parse().ok().or_else(with_port)
}

/// Streams of events have no end of their own, so the end of the server is theirs.
fn end_streams(response: Response<Body>, soft: &CancellationToken) -> Response<Body> {
    let stream = HeaderValue::from_static("text/event-stream");
    if response.headers().get(CONTENT_TYPE) != Some(&stream) {
        return response;
    }
    let soft = soft.clone().cancelled_owned();
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(soft))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["127.0.0.0/8", "10.0.0.0/8"].map(|range| range.parse().unwrap());
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client("203.0.113.5", &["198.51.100.1"]), "203.0.113.5");
        assert_eq!(client("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn what_the_client_wrote_into_the_header_itself_is_not_believed() {
        assert_eq!(client("127.0.0.1", &["1.1.1.1, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("127.0.0.1", &["1.1.1.1", "198.51.100.1, 10.0.0.7"]), "198.51.100.1");
        assert_eq!(client("127.0.0.1", &["nonsense"]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["nonsense, 198.51.100.1:99"]), "198.51.100.1");
        assert_eq!(client("127.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
    }
}
