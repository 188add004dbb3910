//! The operator's own endpoints.

use axum::http::StatusCode;
use coffer_domain::{
    callback::DeliveryOutcome,
    ports::{AlarmHook as _, Heartbeat as _},
    time::Timestamp,
};
use coffer_outside::{
    guard::{AddressGuard, Lookup},
    operator::{SignedAlarmHook, UrlHeartbeat},
};
use coffer_wire::signature::WebhookSecret;
use tokio::io::AsyncWriteExt as _;

use crate::loopback::{AMPLE, Site, client, open_client, raw};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: Timestamp = Timestamp::from_seconds(1_775_542_323);

#[tokio::test]
async fn an_alarm_is_posted_with_a_signature_that_its_receiver_can_verify() {
    let server = raw(async |mut stream, request| {
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        request
    })
    .await;
    let secret = WebhookSecret::parse(SECRET).unwrap();
    let url = format!("{}/alarms", server.url);
    let hook = SignedAlarmHook::new(open_client(AMPLE), url, secret.clone());
    let outcome = hook.post("0199", br#"{"type":"alarm"}"#, NOW).await;
    assert_eq!(outcome, DeliveryOutcome::Answered { status: 204, body: String::new() });
    let request = server.task.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /alarms "), "{head}");
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).unwrap().1
    };
    let (time, signature) = (header("webhook-timestamp"), header("webhook-signature"));
    let verified = secret.verify(NOW, header("webhook-id"), time, body.as_bytes(), signature);
    assert_eq!(verified, Ok(()));
}

#[tokio::test]
async fn private_networks_are_for_those_who_allow_them() {
    let site = Site::always(200, "").await;
    let guarded = client(AddressGuard::PUBLIC_ONLY, Lookup::System, AMPLE);
    let heartbeat = UrlHeartbeat::new(guarded, site.url.clone());
    assert_eq!(heartbeat.beat().await, Err("the URL must begin with https://".to_owned()));
    assert!(site.asked().is_empty());
}

#[tokio::test]
async fn a_heartbeat_counts_only_when_it_is_taken() {
    let site = Site::new(|uri| {
        let status = if uri.path() == "/ping/id" { StatusCode::OK } else { StatusCode::GONE };
        (status, &[], String::new())
    })
    .await;
    let beat = async |path: &str| {
        UrlHeartbeat::new(open_client(AMPLE), format!("{}{path}", site.url)).beat().await
    };
    assert_eq!(beat("/ping/id").await, Ok(()));
    assert_eq!(beat("/ping/other").await, Err("HTTP 410".to_owned()));
    assert_eq!(site.asked(), ["/ping/id", "/ping/other"]);
}
