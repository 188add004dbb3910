//! Settings from the command line.

use std::fs;

use crate::home::Home;

#[test]
fn the_printed_defaults_are_settings_that_are_right() {
    let home = Home::new();
    let text = home.said(&["config", "default"]);
    fs::write(home.path("coffer.toml"), &text).unwrap();
    let said = home.said(&["config", "check"]);
    assert!(said.starts_with("The settings are right."), "{said}");
    assert!(
        said.contains("server.listen = \"127.0.0.1:0\"") && said.contains("COFFER_SERVER__LISTEN")
    );
}

#[test]
fn every_mistake_is_told_with_its_place_and_status_1() {
    let home = Home::new();
    fs::write(home.path("coffer.toml"), "[log]\nformat = \"xml\"\n[rates]\nsource = 1\n").unwrap();
    let told = home.complaint(&["config", "check"], 1);
    assert!(told.starts_with("coffer: 2 mistakes in the settings:"), "{told}");
    assert!(told.contains("coffer.toml, line 2") && told.contains("coffer.toml, line 4"), "{told}");
    let output = home.run(&["config", "check", "--json"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["mistakes"].as_array().unwrap().len(), 2, "{object}");
    for command in [["merchant", "list"].as_slice(), &["serve"], &["key", "add", "--merchant", "x"]]
    {
        assert!(home.complaint(command, 1).contains("2 mistakes"), "{command:?}");
    }
}

#[test]
fn what_is_hardly_meant_is_a_warning() {
    let home = Home::new();
    fs::write(home.path("coffer.toml"), "[rates]\nsource = \"fixed\"\n").unwrap();
    let said = home.said(&["config", "check"]);
    assert!(said.contains("Warning: live payments cannot be priced"), "{said}");
    assert_eq!(home.json(&["config", "check"])["warnings"].as_array().unwrap().len(), 1);
    fs::write(home.path("coffer.toml"), "").unwrap();
    assert!(!home.said(&["config", "check"]).contains("Warning"));
}

#[test]
fn flags_and_numbers_of_variables_are_shown_bare() {
    let home = Home::new();
    let mut command = home.command(&["config", "check"]);
    command.env("COFFER_URLS__ALLOW_LOOPBACK", "true").env("COFFER_LIMITS__BURST", "7");
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(said.contains("urls.allow_loopback = true") && said.contains("limits.burst = 7"));
}

#[test]
fn a_named_file_is_the_one_that_is_read() {
    let home = Home::new();
    fs::write(home.path("coffer.toml"), "[nonsense]").unwrap();
    fs::write(home.path("other.toml"), "[limits]\nburst = 5\n").unwrap();
    let said = home.said(&["config", "check", "--config", "other.toml"]);
    assert!(said.contains("limits.burst = 5"), "{said}");
    let told = home.complaint(&["config", "check", "--config", "missing.toml"], 1);
    assert!(told.contains("missing.toml") && told.contains("cannot be read"), "{told}");
}

#[test]
fn passwords_are_shown_nowhere() {
    let home = Home::new();
    let url = "postgres://me:hush-hush@127.0.0.1:1/coffer";
    for arguments in [["config", "check"].as_slice(), &["merchant", "list"], &["serve"], &["init"]]
    {
        let output = home.command(arguments).env("COFFER_STORE__URL", url).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(!text.contains("hush") && !text.is_empty(), "{arguments:?}: {text}");
        let named = text.contains("postgres://127.0.0.1/coffer");
        assert!(named || arguments[0] == "config", "{arguments:?} names no database: {text}");
    }
}

#[test]
fn help_is_a_page_of_a_manual() {
    let home = Home::new();
    let help = home.said(&["--help"]);
    for part in ["Usage:", "Examples:", "Environment:", "Files:", "Exit status:", "coffer demo"] {
        assert!(help.contains(part), "{part} is not in:\n{help}");
    }
    assert_eq!(home.said(&["help"]), help);
    assert!(home.said(&["help", "find"]).contains("tell its story"));
    assert!(home.complaint(&["serv"], 2).contains("serve"));
    home.complaint(&[], 2);
}
