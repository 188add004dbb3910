//! The one HTTP client of this room: it trusts neither the host it is sent to nor the answer.
//!
//! No proxies from the environment, no redirects, no retries, no decompression; every call is
//! bounded in time, and every answer in bytes.

use std::{error::Error, time::Duration};

use reqwest::{Method, Url, header::HeaderMap, redirect, retry};
use url::Host;

use crate::guard::{AddressGuard, GuardedResolver, HostRefused, Lookup};

/// How Coffer calls itself to servers.
pub const USER_AGENT: &str = concat!("Coffer/", env!("CARGO_PKG_VERSION"));

/// Idle connections kept to one host, so that a burst leaves no heap of open sockets.
const IDLE_PER_HOST: usize = 4;
/// How long an idle connection is kept.
const IDLE_FOR: Duration = Duration::from_secs(30);
/// Most headers an answer may have.
const HEADERS: usize = 64;
/// Most characters of an operating system's or TLS error that are passed on.
const REASON_CHARS: usize = 160;

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the beginning until a connection stands, name look-up and TLS included.
    pub connect: Duration,
    /// From the beginning until the last byte read.
    pub total: Duration,
}

impl Limits {
    /// For callbacks and rates: 5 s to connect, 10 s in all.
    pub const DEFAULT: Self =
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(10) };
}

/// An HTTP client that connects only to addresses the guard allows. Cheap to clone; clones share
/// their connections.
#[derive(Clone)]
pub struct GuardedClient {
    client: reqwest::Client,
    guard: AddressGuard,
    limits: Limits,
}

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds, where the server named one.
    pub retry_after: Option<u32>,
    /// The body's bytes as they came, at most as many as were asked for.
    pub body: Vec<u8>,
    /// Whether that is the whole body; false when it was cut, broke off or was too slow.
    pub whole: bool,
}

/// Why there is no answer. The texts name no URL and no address, so that they can be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallFailed {
    /// The text is no http URL with a host.
    #[error("the URL cannot be read")]
    UrlUnreadable,
    /// The scheme is not https.
    #[error("the URL must begin with https://")]
    NotHttps,
    /// The host is an IP address.
    #[error("the host must be a domain name, not an IP address")]
    LiteralAddress,
    /// The host may not be spoken to.
    #[error(transparent)]
    Host(HostRefused),
    /// No connection in time.
    #[error("no connection within {0:?}")]
    ConnectTooSlow(Duration),
    /// No answer in time.
    #[error("no answer within {0:?}")]
    TooSlow(Duration),
    /// The connection could not be made.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// The connection broke, or what came is not HTTP.
    #[error("no answer: {0}")]
    Broken(String),
}

/// The client could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no HTTP client can be made: {0}")]
pub struct ClientRefused(String);

impl GuardedClient {
    /// A client for hosts that the guard allows.
    ///
    /// # Errors
    /// When TLS cannot be set up. The program must have installed rustls' crypto provider before.
    pub fn new(guard: AddressGuard, lookup: Lookup, limits: Limits) -> Result<Self, ClientRefused> {
        #[expect(clippy::disallowed_methods, reason = "this is the guarded client")]
        let builder = || {
            reqwest::Client::builder()
                .user_agent(USER_AGENT)
                .dns_resolver(GuardedResolver::new(guard, lookup.clone()))
                .no_proxy()
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .referer(false)
                .no_gzip()
                .no_brotli()
                .no_zstd()
                .no_deflate()
                .http1_only()
                .http1_max_headers(HEADERS)
                .connect_timeout(limits.connect)
                .timeout(limits.total)
                .pool_max_idle_per_host(IDLE_PER_HOST)
                .pool_idle_timeout(IDLE_FOR)
        };
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(ClientRefused("no crypto provider is installed for rustls".to_owned()));
        }
        // A machine without CA certificates can still serve http on loopback; its https calls fail
        // one by one, each with its reason.
        let client = builder().build().or_else(|error| {
            tracing::warn!(
                reason = root_cause(&error),
                "https calls will fail: no CA certificates to trust"
            );
            builder().tls_certs_only([]).build()
        });
        let client = client.map_err(|error| ClientRefused(root_cause(&error)))?;
        Ok(Self { client, guard, limits })
    }

    /// Fetches a URL, reading at most `most` bytes of the answer's body.
    ///
    /// # Errors
    /// When the host is refused or gives no answer in time.
    pub async fn get(&self, url: &str, most: usize) -> Result<Answer, CallFailed> {
        self.get_with(url, HeaderMap::new(), most).await
    }

    /// As [`Self::get`], with headers of one's own.
    ///
    /// # Errors
    /// When the host is refused or gives no answer in time.
    pub async fn get_with(
        &self,
        url: &str,
        headers: HeaderMap,
        most: usize,
    ) -> Result<Answer, CallFailed> {
        self.call(Method::GET, url, headers, Vec::new(), most).await
    }

    /// Posts a body, reading at most `most` bytes of the answer's body.
    ///
    /// # Errors
    /// When the host is refused or gives no answer in time.
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
        most: usize,
    ) -> Result<Answer, CallFailed> {
        self.call(Method::POST, url, headers, body, most).await
    }

    async fn call(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
        most: usize,
    ) -> Result<Answer, CallFailed> {
        let url = self.checked(url)?;
        let request = self.client.request(method, url).headers(headers).body(body);
        let answer = request.send().await.map_err(|error| self.explain(&error))?;
        Ok(read(answer, most).await)
    }

    /// A literal address never reaches the resolver, so its guard stands here.
    fn checked(&self, text: &str) -> Result<Url, CallFailed> {
        let url = Url::parse(text).map_err(|_| CallFailed::UrlUnreadable)?;
        let host = url.host().ok_or(CallFailed::UrlUnreadable)?;
        let open = self.guard.allows_private_networks();
        match url.scheme() {
            "https" => {}
            "http" if open => {}
            _ => return Err(CallFailed::NotHttps),
        }
        match host {
            Host::Domain(_) => Ok(url),
            Host::Ipv4(_) | Host::Ipv6(_) if open => Ok(url),
            Host::Ipv4(_) | Host::Ipv6(_) => Err(CallFailed::LiteralAddress),
        }
    }

    fn explain(&self, error: &reqwest::Error) -> CallFailed {
        if let Some(refused) = causes(error).find_map(|cause| cause.downcast_ref::<HostRefused>()) {
            return CallFailed::Host(*refused);
        }
        match (error.is_timeout(), error.is_connect()) {
            (true, true) => CallFailed::ConnectTooSlow(self.limits.connect),
            (true, false) => CallFailed::TooSlow(self.limits.total),
            (false, true) => CallFailed::NoConnection(root_cause(error)),
            (false, false) => CallFailed::Broken(root_cause(error)),
        }
    }
}

/// Reads up to `most` bytes and drops the rest with its connection.
async fn read(mut answer: reqwest::Response, most: usize) -> Answer {
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get(reqwest::header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let mut body = Vec::new();
    let whole = loop {
        match answer.chunk().await {
            Ok(Some(bytes)) => {
                let room = most.saturating_sub(body.len());
                body.extend(bytes.iter().take(room));
                if bytes.len() > room {
                    break false;
                }
            }
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    Answer { status, retry_after, body, whole }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The innermost error: it says what happened, and unlike the outer ones names no URL.
fn root_cause(error: &reqwest::Error) -> String {
    let text = causes(error).skip(1).last().map_or_else(String::new, ToString::to_string);
    let text = if text.is_empty() { "the HTTP client refused".to_owned() } else { text };
    text.chars().take(REASON_CHARS).collect()
}
