//! `coffer alarm` and `coffer chain` beside no server.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use crate::home::Home;

/// Answers one request after the other with 200, whatever it is.
fn endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 8 * 1024];
            let _ = stream.read(&mut request).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).unwrap();
        }
    });
    url
}

#[test]
fn nothing_stands_in_a_new_installation() {
    let home = Home::with_database();
    assert_eq!(home.said(&["alarm", "list"]), "No alarm stands.\n");
    assert_eq!(home.said(&["alarm", "list", "--all"]), "There has been no alarm.\n");
    assert_eq!(home.json(&["alarm", "list"])["alarms"].as_array().unwrap().len(), 0);
    assert!(home.said(&["chain", "blind"]).contains("ever unread"));
    assert_eq!(home.json(&["chain", "blind"])["blind"].as_array().unwrap().len(), 0);
    for verb in ["ack", "resolve"] {
        let told = home.complaint(&["alarm", verb, "nothing"], 1);
        assert!(told.contains("there is no alarm nothing"), "{told}");
    }
}

#[test]
fn a_test_of_alarms_needs_a_channel_and_says_what_came_of_each() {
    let home = Home::with_database();
    let told = home.complaint(&["alarm", "test"], 1);
    assert!(told.contains("no channel is set up: see mail.smtp_url"), "{told}");
    let url = endpoint();
    let test = |mail: &str| {
        let mut command = home.command(&["alarm", "test"]);
        command.env("COFFER_ALARMS__ALLOW_PRIVATE_NETWORKS", "true");
        command.env("COFFER_ALARMS__WEBHOOK_URL", &url);
        command.env("COFFER_ALARMS__WEBHOOK_SECRET", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX");
        command.env("COFFER_ALARMS__HEARTBEAT_URL", &url);
        if !mail.is_empty() {
            command.env("COFFER_MAIL__SMTP_URL", mail).env("COFFER_MAIL__FROM", "me@example.com");
            command.env("COFFER_ALARMS__MAIL_TO", "ops@example.com");
        }
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.success(), said, String::from_utf8(output.stderr).unwrap())
    };
    let (good, said, _) = test("");
    assert_eq!(said, "webhook    taken  HTTP 200\nheartbeat  taken  taken\n");
    assert!(good);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (good, said, told) = test(&format!("smtp://{closed}"));
    assert!(!good && told.contains("1 of 3 channels failed"), "{told}");
    assert!(said.starts_with("mail       not taken  no mail server: "), "{said}");
}
