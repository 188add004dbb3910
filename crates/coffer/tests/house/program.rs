//! The program itself, as a child process with a settings file of its own.

use std::{net::SocketAddr, process::Stdio, time::Duration};

use coffer_wire::signature::{KEY_HEADER, PreparedSecret, SIGNATURE_HEADER, WebhookSecret};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

use super::callback_sink::Secrets;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_coffer");
/// What its `/health` is asked with.
const HEALTH_TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// What it says when it takes connections.
const READY: &str = "listening on http://";
/// How long anything may take that is waited for. Nothing does unless it is broken.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at what is waited for.
const BEAT: Duration = Duration::from_millis(50);

/// An installation; what runs of it ends when this is dropped.
pub struct Program {
    folder: TempDir,
    server: Option<(Child, JoinHandle<()>)>,
    http: reqwest::Client,
    url: String,
    keys: Option<(String, PreparedSecret)>,
}

impl Program {
    /// With these settings beside those every test needs.
    pub fn new(networks: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("coffer.db");
        let settings = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:8080\"\n\
             [store]\nurl = \"sqlite://{}\"\n\
             [health]\ntoken = \"{HEALTH_TOKEN}\"\n\
             [callbacks]\nallow_private_networks = true\n{networks}",
            store.display()
        );
        std::fs::write(folder.path().join("coffer.toml"), settings).unwrap();
        let (http, url) = (reqwest::Client::new(), String::new());
        Self { folder, server: None, http, url, keys: None }
    }

    /// Runs a command to its good end; what it says as JSON.
    pub async fn run(&self, arguments: &[&str]) -> Value {
        let (well, said, errors) = self.attempt(arguments).await;
        assert!(well, "coffer {arguments:?}: {errors}");
        serde_json::from_str(&said).unwrap()
    }

    /// Runs a command to its end: whether it was a good one, what it says and what it complains.
    pub async fn attempt(&self, arguments: &[&str]) -> (bool, String, String) {
        let mut command = self.command(arguments);
        let output = soon("the command's end", command.output()).await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }

    /// Adds a merchant with a key, for the sandbox or not, by which requests are signed from now
    /// on.
    pub async fn add_merchant(&mut self, callback_url: &str, sandbox: bool) -> Secrets {
        self.run(&["migrate", "--json"]).await;
        let add = ["merchant", "add", "Example shop", "--callback-url", callback_url, "--json"];
        let merchant = self.run(&add).await;
        let id = merchant["id"].as_str().unwrap();
        let mut add = vec!["key", "add", "--merchant", id, "--json"];
        add.extend(sandbox.then_some("--sandbox"));
        let added = self.run(&add).await;
        let text = |name: &str| added[name].as_str().unwrap().to_owned();
        let secret = PreparedSecret::new(text("secret").as_bytes());
        self.keys = Some((text("key"), secret.clone()));
        let webhook = WebhookSecret::parse(&text("webhook_secret")).unwrap();
        Secrets { key: text("key"), secret, webhook }
    }

    /// Starts the server, and waits until it takes connections.
    pub async fn serve(&mut self) {
        let mut command = self.command(&["serve"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = soon("the ready line", async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(address) = ready_address(&line) {
                    return address;
                }
            }
            panic!("the server ended before it was ready");
        });
        let address = address.await;
        // It stops when nobody reads what it says.
        let reader =
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        self.url = format!("http://{address}");
        self.server = Some((child, reader));
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let body = serde_json::to_vec(body).unwrap();
        let (key, secret) = self.keys.as_ref().unwrap();
        let asked = self.http.post(format!("{}{path}", self.url));
        let asked = asked.header(KEY_HEADER, key).header(SIGNATURE_HEADER, secret.sign(&body));
        let asked = asked.header("content-type", "application/json").body(body);
        let answer = asked.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    /// How the server says it is.
    pub async fn health(&self) -> Value {
        let ask = self.http.get(format!("{}/health", self.url)).bearer_auth(HEALTH_TOKEN);
        let answer = ask.send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).stdin(Stdio::null());
        command
    }
}

/// Waits for something that must come.
pub async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    let come = tokio::time::timeout(PATIENCE, coming).await;
    come.unwrap_or_else(|_| panic!("{what} did not come within {PATIENCE:?}"))
}

/// Looks again and again until there is something to see.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let mut beat = tokio::time::interval(BEAT);
    let seen = async {
        loop {
            beat.tick().await;
            if let Some(seen) = look().await {
                return seen;
            }
        }
    };
    soon(what, seen).await
}

fn ready_address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(READY)?;
    let end = rest.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(rest.len());
    rest[..end].parse().ok()
}
