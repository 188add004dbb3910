//! Mails to a real mail server, the one of nodemailer, in every way it can be spoken to.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::Stdio;

use coffer_domain::{
    mail::{Mail, MailOutcome},
    ports::Mailer as _,
    time::Timestamp,
};
use coffer_outside::mailer::{SmtpMailer, SmtpServer};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::loopback::{closed_port, promptly, raw_on_connect, self_signed};

/// A running mail server; it ends with this.
struct Sink {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u64,
}

impl Sink {
    async fn start(wanted: Value) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smtp_sink.cjs");
        let mut command = Command::new("node");
        command.arg(script).arg(wanted.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = promptly(lines.next_line()).await.unwrap().expect("a port");
        let first: Value = serde_json::from_str(&first).unwrap();
        Self { _child: child, lines, port: first["port"].as_u64().unwrap() }
    }

    async fn taken(&mut self) -> Value {
        let line = promptly(self.lines.next_line()).await.unwrap().expect("a mail");
        serde_json::from_str(&line).unwrap()
    }

    fn mailer(&self, scheme: &str, login: &str, roots: Option<&str>) -> SmtpMailer {
        mailer(&format!("{scheme}://{login}127.0.0.1:{}", self.port), roots)
    }
}

fn mailer(url: &str, roots: Option<&str>) -> SmtpMailer {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = SmtpServer::parse(url).unwrap();
    let from = "Coffer <coffer@pay.example.com>".parse().unwrap();
    SmtpMailer::new(&server, from, "pay.example.com", roots.map(str::as_bytes)).unwrap()
}

fn mail() -> Mail {
    Mail {
        id: "0199".to_owned(),
        to: vec!["ops@example.com".to_owned(), "Night <night@example.com>".to_owned()],
        subject: "[pay.example.com] network_behind (bitcoin)".to_owned(),
        text: "Fünf Blöcke fehlen.\n".to_owned(),
        html: Some("<p>Fünf Blöcke fehlen.</p>".to_owned()),
        at: Timestamp::from_seconds(1_775_542_323),
    }
}

#[tokio::test]
async fn a_mail_reaches_everybody_with_both_its_forms() {
    let mut sink = Sink::start(json!({"tls": "none"})).await;
    assert_eq!(sink.mailer("smtp", "", None).send(&mail()).await, MailOutcome::Delivered);
    let taken = sink.taken().await;
    assert_eq!(taken["from"], "coffer@pay.example.com");
    assert_eq!(taken["to"], json!(["ops@example.com", "night@example.com"]));
    assert_eq!(taken["greeting"], "pay.example.com");
    assert_eq!(taken["secure"], false);
    let text = taken["mail"].as_str().unwrap();
    for part in [
        "From: Coffer <coffer@pay.example.com>",
        "Subject: [pay.example.com] network_behind (bitcoin)",
        "Date: Tue, 07 Apr 2026 06:12:03",
        "Message-ID: <0199@pay.example.com>",
        "Auto-Submitted: auto-generated",
        "Content-Type: multipart/alternative",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[tokio::test]
async fn a_mail_goes_by_starttls_to_who_knows_the_password() {
    let (key, cert) = self_signed();
    let wanted = json!({
        "tls": "starttls", "key": key, "cert": cert, "user": "coffer", "password": "hush",
    });
    let mut sink = Sink::start(wanted).await;
    let known = sink.mailer("smtp", "coffer:hush@", Some(&cert));
    assert_eq!(known.send(&mail()).await, MailOutcome::Delivered);
    let taken = sink.taken().await;
    assert_eq!((&taken["secure"], &taken["user"]), (&json!(true), &json!("coffer")));

    let wrong = sink.mailer("smtp", "coffer:wrong@", Some(&cert)).send(&mail()).await;
    let expected = "the mail server does not let us in (535)".to_owned();
    assert_eq!(wrong, MailOutcome::TryAgain(expected), "to be mended, not to be given up");
}

#[tokio::test]
async fn a_mail_goes_by_tls_from_the_first_byte_and_to_no_stranger() {
    let (key, cert) = self_signed();
    let mut sink = Sink::start(json!({"tls": "whole", "key": key, "cert": cert})).await;
    let trusted = sink.mailer("smtps", "", Some(&cert));
    assert_eq!(trusted.send(&mail()).await, MailOutcome::Delivered);
    assert_eq!(sink.taken().await["secure"], true);
    let stranger = sink.mailer("smtps", "", None).send(&mail()).await;
    assert!(matches!(&stranger, MailOutcome::TryAgain(_)), "{stranger:?}");
}

#[tokio::test]
async fn a_refused_mail_is_not_tried_again_and_its_recipient_is_not_repeated() {
    for (status, again) in [(550, false), (452, true)] {
        let sink = Sink::start(json!({"tls": "none", "refuse": status})).await;
        let outcome = sink.mailer("smtp", "", None).send(&mail()).await;
        assert_eq!(matches!(outcome, MailOutcome::TryAgain(_)), again, "{outcome:?}");
        let told = format!("{outcome:?}");
        assert!(told.contains(&status.to_string()) && !told.contains("example.com"), "{told}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_or_speaks_something_else_is_tried_again() {
    let port = closed_port().await.rsplit(':').next().unwrap().to_owned();
    let away = mailer(&format!("smtp://127.0.0.1:{port}"), None).send(&mail()).await;
    assert!(matches!(&away, MailOutcome::TryAgain(_)), "{away:?}");
    let port = raw_on_connect(async |mut stream| {
        stream.write_all(b"SSH-2.0-nothing of yours\r\n").await.unwrap();
    })
    .await;
    let other = mailer(&format!("smtp://127.0.0.1:{port}"), None).send(&mail()).await;
    assert!(matches!(&other, MailOutcome::TryAgain(_)), "{other:?}");
}
