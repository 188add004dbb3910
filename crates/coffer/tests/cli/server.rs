//! The server's beginning and end, and commands beside it.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::home::Home;

#[test]
fn it_says_where_it_listens_answers_and_ends_on_sigterm() {
    let home = Home::new();
    let server = home.serve(&["serve"]);
    let (status, body) = server.ask("GET /api/v2/ping", "");
    assert_eq!((status, body.trim_matches('"')), (200, "OK"));
    let url = format!("http://{}", server.address);
    home.said(&["health", "--url", &url]);
    server.signal("TERM");
    assert_eq!(server.ended(), (Some(0), String::new()));
    assert!(home.complaint(&["health", "--url", &url], 1).contains("no healthy server"));
}

#[test]
fn a_second_server_on_the_same_file_refuses() {
    let home = Home::new();
    let server = home.serve(&["serve"]);
    let told = home.complaint(&["serve"], 1);
    assert!(told.contains("serves") && told.contains("already"), "{told}");
    assert_eq!(server.ask("GET /api/v2/ping", "").0, 200);
    server.signal("INT");
    assert_eq!(server.ended().0, Some(0));
    let again = home.serve(&["serve"]);
    assert_eq!(again.ask("GET /api/v2/ping", "").0, 200);
}

#[test]
fn commands_work_beside_a_running_server_which_sees_what_they_do() {
    let home = Home::new();
    let server = home.serve(&["serve"]);
    let merchant = home.merchant();
    let made = home.json(&["key", "add", "--merchant", &merchant, "--sandbox"]);
    let key = made["key"].as_str().unwrap();
    let asked = |key: &str| {
        let head = format!(
            "POST /api/v2/currencies/list HTTP/1.1\r\nX-Processing-Key: {key}\r\n\
             X-Processing-Signature: 00\r\nX-Ignored:"
        );
        server.ask(&head, "{}")
    };
    let (known, unknown) = (asked(key), asked("no-such-key"));
    assert_eq!((known.0, unknown.0), (403, 403));
    assert_ne!(known.1, unknown.1, "the server knows the key and not its signature");
}

#[test]
fn an_idle_connection_does_not_keep_the_server_from_ending() {
    let home = Home::new();
    let server = home.serve(&["serve"]);
    let mut idle = TcpStream::connect(&server.address).unwrap();
    idle.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    idle.write_all(b"GET /api/v2/ping HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
}

#[test]
fn a_network_that_is_down_does_not_keep_it_from_starting() {
    let home = Home::new();
    let network = "[[networks.evm]]\nname = \"ethereum\"\nendpoints = [\"http://127.0.0.1:1\"]\n";
    std::fs::write(home.path("coffer.toml"), network).unwrap();
    let server = home.serve(&["serve"]);
    assert_eq!(server.ask("GET /api/v2/ping", "").0, 200);
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
}

#[test]
fn an_address_in_use_is_a_sentence() {
    let home = Home::new();
    let server = home.serve(&["serve"]);
    let other = Home::new();
    let mut command = other.command(&["serve"]);
    let output = command.env("COFFER_SERVER__LISTEN", &server.address).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains(&format!("cannot listen on {}", server.address)), "{told}");
    assert!(told.contains("another coffer running? server.listen"), "{told}");
    let used = other.path(".local/share/coffer");
    for part in ["settings file: none", &format!("database: sqlite://{}", used.display())] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
}

#[test]
fn one_client_holds_only_so_many_connections() {
    let home = Home::new();
    let limits = "[server]\ntrusted_proxies = []\nmax_connections_per_client = 2\n";
    std::fs::write(home.path("coffer.toml"), limits).unwrap();
    let server = home.serve(&["serve"]);
    let connect = || TcpStream::connect(&server.address).unwrap();
    let ask = |stream: &mut TcpStream| {
        let request = b"GET /api/v2/ping HTTP/1.1\r\nHost: x\r\n\r\n";
        // One answer comes in one piece, or the end of the connection.
        let mut answer = [0; 4096];
        let read = stream.write_all(request).and_then(|()| stream.read(&mut answer));
        read.is_ok_and(|length| answer[..length].starts_with(b"HTTP/1.1 200"))
    };
    let (mut first, mut second) = (connect(), connect());
    for stream in [&mut first, &mut second] {
        assert!(ask(stream));
    }
    assert!(!ask(&mut connect()), "he has all his connections");
    assert!(ask(&mut first), "those he has go on");
    drop(first);
    // The server hears of the end a moment later.
    while !ask(&mut connect()) {}
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
}
