//! Chains that are read, stopped and read again, beside a running server.

use rusqlite::Connection;
use serde_json::Value;

use crate::home::{Home, Running};

/// A home with a server that has begun to read the sandbox.
fn serving() -> (Home, Running) {
    let home = Home::new();
    let server = home.serve(&["serve"]);
    while sandbox(&home)["height"].is_null() {}
    (home, server)
}

fn sandbox(home: &Home) -> Value {
    home.json(&["chain", "list"])["chains"][0].clone()
}

#[test]
fn a_stopped_network_is_listed_and_goes_on_once_a_person_says_so() {
    let (home, _server) = serving();
    assert_eq!(sandbox(&home)["name"], "sandbox");
    assert!(sandbox(&home)["stopped"].is_null());
    assert!(home.complaint(&["chain", "clear", "sandbox", "--yes"], 1).contains("is not stopped"));
    let database = Connection::open(home.path(".local/share/coffer/coffer.db")).unwrap();
    let stop = "INSERT INTO chain_stop (chain, kind, height, reason, since) VALUES \
                ('sandbox', 'reversed', 3, 'a payment that had been final is gone: x', 0)";
    database.execute(stop, []).unwrap();
    let stopped = &sandbox(&home)["stopped"];
    assert_eq!((&stopped["kind"], &stopped["height"]), (&"reversed".into(), &3.into()));
    let said = home.said(&["chain", "list"]);
    for part in ["stopped since 1970", "a payment that had been final is gone: x", "chain clear"] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    let told = home.complaint(&["chain", "clear", "sandbox"], 1);
    assert!(told.contains("final is gone: x; add --yes"), "nobody can be asked here: {told}");
    assert!(home.complaint(&["chain", "rescan", "sandbox", "--from", "0"], 1).contains("stopped"));
    let cleared = home.json(&["chain", "clear", "sandbox", "--yes"]);
    assert_eq!(cleared["cleared"]["kind"], "reversed");
    assert!(sandbox(&home)["stopped"].is_null());
    let told = home.complaint(&["chain", "clear", "moon", "--yes"], 1);
    assert!(told.contains("there is no network \"moon\"; known here: sandbox"), "{told}");
}

#[test]
fn blocks_are_read_again_beside_a_running_server() {
    let (home, _server) = serving();
    let rescanned = home.json(&["chain", "rescan", "sandbox", "--from", "0"]);
    assert_eq!((&rescanned["seen"], &rescanned["missed"]), (&0.into(), &0.into()));
    let said = home.said(&["chain", "rescan", "sandbox", "--from", "0"]);
    assert!(said.contains("0 transfers to us, of which none had been missed"), "{said}");
    let told = home.complaint(&["chain", "rescan", "sandbox", "--from", "9000000"], 1);
    assert!(told.contains("sandbox has been read up to block"), "{told}");
}
