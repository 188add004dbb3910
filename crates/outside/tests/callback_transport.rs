#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    io,
    net::{IpAddr, TcpListener},
    process::Command,
    sync::Arc,
    time::Duration,
};

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use coffer_domain::{
    callback::{Delivery, DeliveryOutcome},
    id::{CallbackId, PaymentRequestId},
    ports::CallbackTransport,
    time::Timestamp,
};
use coffer_outside::{
    callback_transport::{ANSWER_BYTES, GuardedTransport, SHOWN_BYTES},
    client::{GuardedClient, Limits},
    guard::{AddressGuard, Found, Lookup},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};
use tokio::io::AsyncWriteExt;

use crate::loopback::{
    AMPLE, SHORT, Site, client, closed_port, open_client, promptly, raw, read_request, say_and_hang,
};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK";

#[tokio::test]
async fn a_callback_carries_the_stored_bytes_and_both_signatures() {
    let server = raw(async |mut stream, request| {
        stream.write_all(OK.as_bytes()).await.unwrap();
        request
    })
    .await;
    let delivery = delivery(&format!("{}/hook?shop=1", server.url));
    let outcome = transport(open_client(AMPLE)).deliver(&delivery).await;
    assert_eq!(outcome, DeliveryOutcome::Answered { status: 200, body: "OK".to_owned() });
    assert!(outcome.delivered());

    let request = server.task.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body.as_bytes(), delivery.body);
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /hook?shop=1 HTTP/1.1"));
    let header = |name: &str| {
        let mut values = head.lines().filter_map(|line| line.split_once(": "));
        values.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    assert_eq!(header("Content-Type"), Some("application/json"));
    assert_eq!(header("User-Agent"), Some(concat!("Coffer/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(header("X-Processing-Key"), Some("the-public-key"));
    let mut mac = Hmac::<Sha512>::new_from_slice(b"AbCdEfG123456").unwrap();
    mac.update(body.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    assert_eq!(header("X-Processing-Signature"), Some(signature.as_str()));

    let (id, time) = (header("webhook-id").unwrap(), header("webhook-timestamp").unwrap());
    assert_eq!((id, time), (delivery.id.text().as_str(), "1700000000"));
    let mut mac = Hmac::<Sha256>::new_from_slice(&[9; 24]).unwrap();
    mac.update(format!("{id}.{time}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(header("webhook-signature"), Some(signature.as_str()));

    for unwanted in ["Accept-Encoding", "Referer", "Cookie", "Authorization"] {
        assert_eq!(header(unwanted), None, "{unwanted}");
    }
}

#[tokio::test]
async fn only_200_is_taken_as_delivered() {
    for status in [201, 202, 204, 301, 302, 307, 400, 404, 410, 429, 500, 503] {
        let site = Site::always(status, "").await;
        let outcome = transport(open_client(AMPLE)).deliver(&delivery(&site.url)).await;
        assert_eq!(outcome, DeliveryOutcome::Answered { status, body: String::new() });
        assert!(!outcome.delivered(), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let site = Site::new(|uri| match uri.path() {
        "/hook" => (StatusCode::TEMPORARY_REDIRECT, &[("location", "/elsewhere")], String::new()),
        _ => (StatusCode::OK, &[], String::new()),
    })
    .await;
    let delivery = delivery(&format!("{}/hook", site.url));
    let outcome = transport(open_client(AMPLE)).deliver(&delivery).await;
    assert!(matches!(outcome, DeliveryOutcome::Answered { status: 307, .. }), "{outcome:?}");
    assert_eq!(site.asked(), ["/hook"]);
}

#[tokio::test]
async fn a_hanging_endpoint_ends_at_the_limit() {
    for said in ["", "HTTP/1.1 200 OK\r\nx-slow: "] {
        let server = raw(move |stream, _| say_and_hang(stream, said)).await;
        let transport = transport(open_client(SHORT));
        let outcome = promptly(transport.deliver(&delivery(&server.url))).await;
        assert_eq!(outcome, not_sent("no answer within 500ms"), "{said}");
        promptly(server.task).await.unwrap();
    }
}

#[tokio::test]
async fn a_body_that_dawdles_after_200_ends_at_the_limit_and_counts() {
    let said = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome";
    let server = raw(move |stream, _| say_and_hang(stream, said)).await;
    let outcome = promptly(transport(open_client(SHORT)).deliver(&delivery(&server.url))).await;
    assert_eq!(outcome, DeliveryOutcome::Answered { status: 200, body: "some".to_owned() });
    promptly(server.task).await.unwrap();
}

#[tokio::test]
async fn ten_gigabytes_are_cut_and_the_connection_closed() {
    let server = raw(async |mut stream, _| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut taken = 0_usize;
        while stream.write_all(&[b'x'; ANSWER_BYTES]).await.is_ok() {
            taken += ANSWER_BYTES;
        }
        taken
    })
    .await;
    let outcome = promptly(transport(open_client(AMPLE)).deliver(&delivery(&server.url))).await;
    let body = "x".repeat(SHOWN_BYTES);
    assert_eq!(outcome, DeliveryOutcome::Answered { status: 200, body });
    // The rest is what the sockets of both sides hold.
    assert!(promptly(server.task).await.unwrap() < 64 * 1024 * 1024);
}

#[tokio::test]
async fn endless_headers_are_refused() {
    let server = raw(async |mut stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        while stream.write_all(b"x-more: more\r\n").await.is_ok() {}
    })
    .await;
    let outcome = promptly(transport(open_client(AMPLE)).deliver(&delivery(&server.url))).await;
    assert!(matches!(outcome, DeliveryOutcome::NotSent { .. }), "{outcome:?}");
    promptly(server.task).await.unwrap();
}

#[tokio::test]
async fn what_is_shown_of_an_answer_is_short_storable_text() {
    let answer = format!("a\0b{}", "\u{20ac}".repeat(SHOWN_BYTES));
    let site = Site::always(500, &answer).await;
    let outcome = transport(open_client(AMPLE)).deliver(&delivery(&site.url)).await;
    let DeliveryOutcome::Answered { status: 500, body } = outcome else { panic!("{outcome:?}") };
    assert!(body.starts_with("a\u{fffd}b\u{20ac}"), "{body}");
    assert!(body.len() <= SHOWN_BYTES && body.len() > SHOWN_BYTES - 4, "{}", body.len());
}

#[tokio::test]
async fn a_compressed_answer_is_not_unpacked() {
    let site =
        Site::new(|_| (StatusCode::OK, &[("content-encoding", "gzip")], "not unpacked".to_owned()))
            .await;
    let outcome = transport(open_client(AMPLE)).deliver(&delivery(&site.url)).await;
    assert_eq!(outcome, DeliveryOutcome::Answered { status: 200, body: "not unpacked".to_owned() });
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = raw(async |mut stream, _| {
        stream.write_all(OK.as_bytes()).await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(OK.as_bytes()).await.unwrap();
    })
    .await;
    let transport = transport(open_client(AMPLE));
    for _ in 0..2 {
        assert!(promptly(transport.deliver(&delivery(&server.url))).await.delivered());
    }
    server.task.await.unwrap();
}

#[tokio::test]
async fn without_a_connection_the_reason_names_no_address() {
    let outcome = transport(open_client(AMPLE)).deliver(&delivery(&closed_port().await)).await;
    let DeliveryOutcome::NotSent { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.starts_with("no connection: Connection refused"), "{reason}");
    assert!(!reason.contains("127.0.0.1"), "{reason}");
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    let server = raw(async |mut stream, _| stream.write_all(b"220 smtp ready\r\n").await).await;
    let outcome = transport(open_client(AMPLE)).deliver(&delivery(&server.url)).await;
    let DeliveryOutcome::NotSent { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.starts_with("no answer: "), "{reason}");
}

#[tokio::test]
async fn a_name_on_a_private_network_is_refused_before_anything_is_sent() {
    for address in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"] {
        let endpoint = TcpListener::bind("127.0.0.1:0").unwrap();
        let transport = public_transport(move |_| Ok(vec![address.parse().unwrap()]));
        let outcome = transport.deliver(&delivery(&secure(&endpoint))).await;
        let reason = "the host resolves to an address that is not public";
        assert_eq!(outcome, not_sent(reason), "{address}");
        assert!(was_left_alone(&endpoint), "{address}");
    }
}

#[tokio::test]
async fn a_name_with_a_private_address_among_public_ones_is_refused() {
    let endpoint = TcpListener::bind("127.0.0.1:0").unwrap();
    let mixed = ["1.1.1.1", "127.0.0.1"].map(|text| text.parse().unwrap());
    let transport = public_transport(move |_| Ok(mixed.to_vec()));
    let outcome = transport.deliver(&delivery(&secure(&endpoint))).await;
    assert_eq!(outcome, not_sent("the host resolves to an address that is not public"));
    assert!(was_left_alone(&endpoint));
}

#[tokio::test]
async fn a_name_that_was_public_when_checked_is_refused_when_it_turns_private() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let endpoint = TcpListener::bind("127.0.0.1:0").unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let rebinding = move |_: &str| -> io::Result<Vec<IpAddr>> {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(vec![if first { "1.1.1.1" } else { "127.0.0.1" }.parse().unwrap()])
    };
    // The check when the URL was set sees the public address …
    assert_eq!(rebinding("shop.example").unwrap(), ["1.1.1.1".parse::<IpAddr>().unwrap()]);
    // … and the connection is judged by what it would really use.
    let outcome = public_transport(rebinding).deliver(&delivery(&secure(&endpoint))).await;
    assert_eq!(outcome, not_sent("the host resolves to an address that is not public"));
    assert!(was_left_alone(&endpoint));
    assert_eq!(calls.load(Ordering::SeqCst), 2, "looked up once for the connection");
}

#[tokio::test]
async fn the_name_is_looked_up_once_and_that_address_is_used() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let site = Site::always(200, "here").await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let lookup = lookup(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(vec!["127.0.0.1".parse().unwrap()])
    });
    let client = client(AddressGuard::new(true), lookup, AMPLE);
    let url = site.url.replace("127.0.0.1", "shop.example");
    assert!(transport(client).deliver(&delivery(&url)).await.delivered());
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_literal_address_is_refused_in_every_spelling() {
    let transport = public_transport(|_| panic!("nothing to look up"));
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "127.0.0.1.",
        "1.1.1.1",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:0a00:0001]",
        "[fe80::1]",
        "１２７.０.０.１",
        "127。0。0。1",
    ] {
        let outcome = transport.deliver(&delivery(&format!("https://{host}/hook"))).await;
        let reason = "the host must be a domain name, not an IP address";
        assert_eq!(outcome, not_sent(reason), "{host}");
    }
}

#[tokio::test]
async fn only_https_is_spoken_to_strangers() {
    let transport = public_transport(|_| panic!("nothing to look up"));
    for url in ["http://shop.example/", "ftp://shop.example/"] {
        let outcome = transport.deliver(&delivery(url)).await;
        assert_eq!(outcome, not_sent("the URL must begin with https://"), "{url}");
    }
    for url in ["shop.example", "https://", "file:///etc/passwd", ""] {
        let outcome = transport.deliver(&delivery(url)).await;
        assert_eq!(outcome, not_sent("the URL cannot be read"), "{url}");
    }
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_not_sent_to() {
    let transport = public_transport(|_| Err(io::Error::other("the name server is down")));
    let outcome = transport.deliver(&delivery("https://shop.example/")).await;
    assert_eq!(outcome, not_sent("the host name cannot be resolved"));
}

#[tokio::test]
async fn a_hanging_name_server_ends_at_the_limit() {
    let never = Lookup::Custom(Arc::new(|_| Box::pin(std::future::pending())));
    for (limits, reason) in [
        (Limits { connect: SHORT.total, total: AMPLE.total }, "no connection within 500ms"),
        (SHORT, "no answer within 500ms"),
    ] {
        let client = client(AddressGuard::PUBLIC_ONLY, never.clone(), limits);
        let sent = transport(client);
        let outcome = promptly(sent.deliver(&delivery("https://shop.example/"))).await;
        assert_eq!(outcome, not_sent(reason));
    }
}

#[tokio::test]
async fn secrets_that_cannot_be_used_are_said_and_not_shown() {
    let transport = public_transport(|_| panic!("nothing to look up"));
    let mut broken = delivery("https://shop.example/");
    broken.webhook_secret = "not-a-secret".to_owned();
    let reason = "the webhook secret of this merchant cannot be read";
    assert_eq!(transport.deliver(&broken).await, not_sent(reason));
    let mut broken = delivery("https://shop.example/");
    broken.key = "line\nbreak".to_owned();
    let reason = "the API key has characters that no HTTP header can carry";
    assert_eq!(transport.deliver(&broken).await, not_sent(reason));
}

#[test]
fn the_documented_limits_are_the_defaults() {
    let limits = Limits { connect: Duration::from_secs(5), total: Duration::from_secs(10) };
    assert_eq!(Limits::DEFAULT, limits);
    assert_eq!((ANSWER_BYTES, SHOWN_BYTES), (65_536, 1_024));
}

#[test]
fn the_environment_s_proxies_are_ignored() {
    let proxies = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"];
    delivers_with(&proxies.map(|name| (name, "http://127.0.0.1:1")));
}

#[test]
fn a_machine_without_ca_certificates_can_still_call_back_on_loopback() {
    delivers_with(&[("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/dev/null")]);
}

#[tokio::test]
async fn https_is_never_taken_back_to_http() {
    let site = Site::always(200, "").await;
    let url = site.url.replace("http://", "https://");
    let outcome = transport(open_client(AMPLE)).deliver(&delivery(&url)).await;
    let DeliveryOutcome::NotSent { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.starts_with("no connection: "), "{reason}");
    assert!(site.asked().is_empty());
}

/// Delivers in another environment. The environment of a process cannot be changed safely from
/// inside, so a test of this program is run again as a process of its own.
fn delivers_with(environment: &[(&str, &str)]) {
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "callback_transport::only_200_is_taken_as_delivered"]);
    again.env_remove("no_proxy").env_remove("NO_PROXY").env_remove("REQUEST_METHOD");
    let output = again.envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

fn transport(client: GuardedClient) -> GuardedTransport {
    GuardedTransport::new(client)
}

fn public_transport(
    answer: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
) -> GuardedTransport {
    transport(client(AddressGuard::PUBLIC_ONLY, lookup(answer), AMPLE))
}

fn lookup(answer: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Lookup {
    Lookup::Custom(Arc::new(move |host: &str| -> Found {
        let found = answer(host);
        Box::pin(async move { found })
    }))
}

fn delivery(url: &str) -> Delivery {
    Delivery {
        id: CallbackId::from_bytes([0x5a; 16]),
        request: PaymentRequestId::from_bytes([1; 16]),
        url: url.to_owned(),
        body: br#"{"id":"0","status":"paid"}"#.to_vec(),
        key: "the-public-key".to_owned(),
        secret: "AbCdEfG123456".to_owned(),
        webhook_secret: format!("whsec_{}", STANDARD.encode([9; 24])),
        at: Timestamp::from_millis(1_700_000_000_999),
    }
}

fn not_sent(reason: &str) -> DeliveryOutcome {
    DeliveryOutcome::NotSent { reason: reason.to_owned() }
}

/// An https URL by name whose port is this listener's.
fn secure(endpoint: &TcpListener) -> String {
    format!("https://shop.example:{}/hook", endpoint.local_addr().unwrap().port())
}

/// Whether nobody has connected: a connection would wait in the listener's queue.
fn was_left_alone(endpoint: &TcpListener) -> bool {
    endpoint.set_nonblocking(true).unwrap();
    endpoint.accept().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}
