//! A database that nobody else uses.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use tokio_postgres::NoTls;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// A database of its own on the PostgreSQL server of the tests.
pub struct PostgresDatabase {
    name: String,
}

impl PostgresDatabase {
    pub async fn make() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("coffer_process_{}_{number}", std::process::id());
        run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(&format!("CREATE DATABASE {name}")).await;
        Self { name }
    }

    pub fn url(&self) -> String {
        let server = server();
        let (place, parameters) = server.split_once('?').unwrap_or((&server, ""));
        let after_host = place.find("://").map_or(0, |at| at + 3);
        let end = place[after_host..].find('/').map_or(place.len(), |at| after_host + at);
        let joint = if parameters.is_empty() { "" } else { "?" };
        format!("{}/{}{joint}{parameters}", &place[..end], self.name)
    }

    pub async fn remove(&self) {
        run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

/// Runs a statement on the PostgreSQL of the tests, in no transaction.
async fn run(sql: &str) {
    let (client, connection) = tokio_postgres::connect(&server(), NoTls)
        .await
        .expect("the PostgreSQL named by COFFER_TEST_POSTGRES must answer");
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

fn server() -> String {
    std::env::var("COFFER_TEST_POSTGRES").expect(
        "COFFER_TEST_POSTGRES must name a PostgreSQL server that tests may make databases on, \
         such as postgres://postgres@127.0.0.1/postgres; `cargo xtask ci` starts one",
    )
}

/// One of PostgreSQL's own programs, of the newest version installed.
pub fn pg_program(name: &str) -> PathBuf {
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.map(|told| PathBuf::from(String::from_utf8_lossy(&told.stdout).trim()));
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let major = |folder: &PathBuf| {
        let version = folder.parent()?.file_name()?.to_str()?.parse::<u32>().ok()?;
        Some((version, folder.join(name)))
    };
    let packaged = packaged.map(|version| version.path().join("bin"));
    let packaged = packaged.filter(|folder| folder.join(name).is_file());
    packaged
        .filter_map(|folder| major(&folder))
        .max()
        .map(|(_, program)| program)
        .or_else(|| told.map(|folder| folder.join(name)).filter(|program| program.is_file()))
        .unwrap_or_else(|| panic!("PostgreSQL's {name} is missing; install PostgreSQL 15 or newer"))
}
