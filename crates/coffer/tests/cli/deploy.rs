//! The files under `deploy/`, held to what the program takes.

use std::{collections::BTreeMap, fs, path::Path};

use crate::home::Home;

/// The folder of the deployment files.
fn deploy(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `Key=value` lines of a unit, in the order in which they stand.
fn lines(unit: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut found = BTreeMap::<&str, Vec<&str>>::new();
    for line in unit.lines().filter(|line| !line.starts_with(['#', '['])) {
        if let Some((key, value)) = line.split_once('=') {
            found.entry(key).or_default().push(value);
        }
    }
    found
}

#[test]
fn the_service_starts_the_program_as_it_is_started() {
    let unit = deploy("coffer.service");
    let unit = lines(&unit);
    let start: Vec<&str> = unit["ExecStart"][0].split(' ').collect();
    let [program, arguments @ ..] = start.as_slice() else { panic!("{start:?}") };
    assert_eq!(*program, "/usr/local/bin/coffer");
    // Refused for the missing file alone, so every argument is one.
    let told = Home::new().complaint(arguments, 1);
    assert!(told.contains("/etc/coffer/coffer.toml"), "{told}");
    assert_eq!(unit["Restart"], ["on-failure"]);
}

#[test]
fn the_service_may_write_its_own_folder_and_nothing_else() {
    let unit = deploy("coffer.service");
    let unit = lines(&unit);
    let yes = [
        "NoNewPrivileges",
        "ProtectHome",
        "PrivateTmp",
        "PrivateDevices",
        "MemoryDenyWriteExecute",
        "RestrictNamespaces",
        "LockPersonality",
    ];
    assert!(yes.iter().all(|key| unit[key] == ["yes"]), "{unit:?}");
    assert_eq!(unit["ProtectSystem"], ["strict"]);
    assert_eq!(unit["CapabilityBoundingSet"], [""]);
    assert_eq!(unit["StateDirectory"], ["coffer"]);
    assert!(!unit.contains_key("ReadWritePaths"));
    assert_ne!(unit["User"], ["root"]);
    let settings: toml::Table = deploy("coffer.toml").parse().unwrap();
    let folder = "/var/lib/coffer/";
    let url = settings["store"]["url"].as_str().unwrap();
    assert!(url.strip_prefix("sqlite://").unwrap().starts_with(folder), "{url}");
    assert!(settings["secrets"]["key_file"].as_str().unwrap().starts_with(folder));
}

#[test]
fn the_service_waits_for_requests_under_way() {
    let unit = deploy("coffer.service");
    let wait: u64 = lines(&unit)["TimeoutStopSec"][0].parse().unwrap();
    let defaults: toml::Table = Home::new().said(&["config", "default"]).parse().unwrap();
    let own = defaults["server"]["shutdown_timeout_seconds"].as_integer().unwrap();
    assert!(wait > own.try_into().unwrap(), "{wait} seconds are no more than {own}");
    let connections = defaults["server"]["max_connections"].as_integer().unwrap();
    let files: i64 = lines(&unit)["LimitNOFILE"][0].parse().unwrap();
    assert!(files > 2 * connections, "{files} files for {connections} connections");
}

#[test]
fn the_settings_of_the_service_are_settings() {
    let home = Home::new();
    fs::write(home.path("coffer.toml"), deploy("coffer.toml")).unwrap();
    let mut command = home.command(&["config", "check"]);
    let output = command.env_remove("COFFER_SERVER__LISTEN").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_container_builds_this_program_with_the_compiler_it_asks_for() {
    let file = deploy("Containerfile");
    assert!(file.contains("\nRUN cargo build --release --locked --package coffer --bin coffer\n"));
    let manifest: toml::Table = deploy("../Cargo.toml").parse().unwrap();
    let workspace = &manifest["workspace"];
    let compiler = workspace["package"]["rust-version"].as_str().unwrap();
    assert!(file.contains(&format!("\nFROM rust:{compiler}-slim-bookworm AS build\n")), "{file}");
    let ignored = deploy("../.dockerignore");
    let admitted: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    for needed in ["Cargo.toml", "Cargo.lock"] {
        assert!(admitted.contains(&needed), "{needed}");
    }
    for member in workspace["members"].as_array().unwrap() {
        let folder = member.as_str().unwrap().split('/').next().unwrap();
        assert!(admitted.contains(&folder), "{folder}");
    }
}

#[test]
fn the_container_serves_without_rights_and_asks_itself_how_it_is() {
    let file = deploy("Containerfile").replace("\\\n", " ");
    let (_, last) = file.rsplit_once("\nFROM ").unwrap();
    let one = |step: &str| {
        let found: Vec<&str> = last.lines().filter_map(|line| line.strip_prefix(step)).collect();
        assert_eq!(found.len(), 1, "{step}");
        found[0]
    };
    assert_eq!(one("USER "), "coffer");
    assert_eq!(one("VOLUME "), "/var/lib/coffer");
    assert!(one("HEALTHCHECK ").ends_with(r#"CMD ["coffer", "health"]"#));
    assert_eq!((one("ENTRYPOINT "), one("CMD ")), (r#"["coffer"]"#, r#"["serve"]"#));
    let home = Home::new();
    let mut command = home.command(&["config", "check", "--json"]);
    command.env("COFFER_SERVER__PUBLIC_URL", "https://pay.example.com");
    for (name, value) in one("ENV ").split_whitespace().filter_map(|pair| pair.split_once('=')) {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for value in ["0.0.0.0:8080", "/var/lib/coffer/coffer.db", "/var/lib/coffer/coffer.key"] {
        assert!(said.contains(value), "{value} is not in {said}");
    }
}
