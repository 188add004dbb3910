//! An installation of the program: a folder, a database and settings, and nothing of the machine's.

use std::{collections::BTreeMap, path::PathBuf, process::Stdio};

use coffer_wire::signature::PreparedSecret;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use super::{Database, Keys, Server, database::PostgresDatabase, soon};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_coffer");

/// A folder, a database and settings.
pub struct Installation {
    folder: TempDir,
    url: String,
    settings: BTreeMap<String, String>,
    postgres: Option<PostgresDatabase>,
}

impl Installation {
    pub async fn on(database: Database) -> Self {
        match database {
            Database::Sqlite => Self::at(None, None),
            Database::Postgres => {
                let postgres = PostgresDatabase::make().await;
                let url = postgres.url();
                Self::at(Some(url), Some(postgres))
            }
        }
    }

    /// On a PostgreSQL of the test's own.
    pub fn on_url(url: &str) -> Self {
        Self::at(Some(url.to_owned()), None)
    }

    fn at(url: Option<String>, postgres: Option<PostgresDatabase>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = || format!("sqlite://{}", folder.path().join("coffer.db").display());
        let url = url.unwrap_or_else(own);
        let mut installation = Self { folder, url, settings: BTreeMap::new(), postgres };
        let key_file = installation.file("coffer.key").display().to_string();
        for (name, value) in [
            ("COFFER_SERVER__LISTEN", "127.0.0.1:0"),
            ("COFFER_SERVER__PUBLIC_URL", "http://127.0.0.1:8080"),
            ("COFFER_SECRETS__KEY_FILE", &key_file),
            ("COFFER_CALLBACKS__ALLOW_PRIVATE_NETWORKS", "true"),
            ("COFFER_RATES__SOURCE", "fixed"),
            // These tests are not about limits.
            ("COFFER_LIMITS__REQUESTS_PER_SECOND", "1000000"),
            ("COFFER_LIMITS__BURST", "1000000"),
        ] {
            installation.set(name, value);
        }
        installation
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    pub fn unset(&mut self, name: &str) {
        self.settings.remove(name);
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command that knows this installation and no other setting of the machine.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("COFFER_STORE__URL", &self.url);
        command.envs(&self.settings).stdin(Stdio::null());
        command
    }

    /// Runs the program to its end, which must be a good one; what it printed.
    pub async fn run(&self, arguments: &[&str]) -> String {
        let mut command = self.command(PROGRAM, arguments);
        let output = soon("the command's end", command.output()).await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "coffer {arguments:?}: {}: {errors}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    pub async fn run_json(&self, arguments: &[&str]) -> Value {
        let text = self.run(arguments).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }

    /// Adds a merchant by the program's own commands; his sandbox key.
    pub async fn add_merchant(&self, name: &str, callback_url: &str) -> Keys {
        self.run(&["migrate"]).await;
        let add = ["merchant", "add", name, "--callback-url", callback_url, "--json"];
        let merchant = self.run_json(&add).await;
        let id = merchant["id"].as_str().unwrap();
        let key = self.run_json(&["key", "add", "--merchant", id, "--sandbox", "--json"]).await;
        let secret = PreparedSecret::new(key["secret"].as_str().unwrap().as_bytes());
        Keys { key: key["key"].as_str().unwrap().to_owned(), secret }
    }

    /// Starts the server.
    pub async fn serve(&self) -> Server {
        Server::start(self.command(PROGRAM, &["serve"])).await
    }

    pub async fn remove(self) {
        if let Some(postgres) = &self.postgres {
            postgres.remove().await;
        }
    }
}
