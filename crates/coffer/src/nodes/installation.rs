//! Coffer as a process beside real nodes, with a merchant and his wallets.

use std::{
    net::SocketAddr,
    process::{Command, Stdio},
    time::Duration,
};

use axum::http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::Process;
use crate::{
    demo::{
        exchange::{Question, Secrets},
        temporary_folder,
    },
    failure::Failure,
};

/// What its `/health` is asked with; it listens on loopback, for as long as a run.
const HEALTH_TOKEN: &str = "this-installation-is-for-a-run-only";
/// The first argument that makes one of our programs behave as `coffer` with the rest.
pub const AS_COFFER: &str = "as-coffer";
/// What the server says when it takes connections.
const READY: &str = "listening on http://";
/// Between two looks at what is waited for.
const BEAT: Duration = Duration::from_millis(50);
/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request that was created.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its id.
    pub id: String,
    /// Where to pay.
    pub address: String,
    /// The path of its page.
    pub page: String,
}

/// An installation; what runs of it ends when this is dropped.
pub struct Installation {
    folder: TempDir,
    secrets: Option<Secrets>,
    address: SocketAddr,
    server: Option<Process>,
}

impl Installation {
    /// Reads these networks, keeps a SQLite file in a folder of its own, and has a merchant of the
    /// sandbox with these wallets (network and key), who is called back at that URL.
    ///
    /// # Errors
    /// When the settings or a key are refused.
    pub async fn new(
        networks: &str,
        wallets: &[(&str, &str)],
        callback_url: Option<&str>,
    ) -> Result<Self, Failure> {
        let folder = temporary_folder()?;
        let store = folder.path().join("coffer.db");
        let settings = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:8080\"\n\
             [store]\nurl = \"sqlite://{}\"\n[log]\nlevel = \"warn\"\n\
             [limits]\nrequests_per_second = 1000000\nburst = 1000000\n\
             [health]\ntoken = \"{HEALTH_TOKEN}\"\n\
             [callbacks]\nallow_private_networks = true\n{networks}",
            store.display()
        );
        std::fs::write(folder.path().join("coffer.toml"), settings)
            .map_err(|error| Failure::new(format!("the settings cannot be written: {error}")))?;
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut made = Self { folder, secrets: None, address, server: None };
        made.run(&["migrate", "--json"])?;
        let mut add = vec!["merchant", "add", "Example shop", "--json"];
        if let Some(url) = callback_url {
            add.extend(["--callback-url", url]);
        }
        let merchant = made.run(&add)?;
        let id = merchant["id"].as_str().unwrap_or_default();
        let key = made.run(&["key", "add", "--merchant", id, "--sandbox", "--json"])?;
        let text = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
        let (key, secret, webhook_secret) = (text("key"), text("secret"), text("webhook_secret"));
        made.secrets = Some(Secrets { key, secret, webhook_secret });
        for (network, key) in wallets {
            made.run(&["wallet", "add", "--network", network, "--sandbox", key, "--json"])?;
        }
        Ok(made)
    }

    /// What `coffer books …` answers, which must end well.
    ///
    /// # Errors
    /// When it does not.
    pub fn books(&self, arguments: &[&str]) -> Result<Value, Failure> {
        self.run(&[&["books", "--json"], arguments].concat())
    }

    /// Runs a command to its good end; what it says as JSON.
    fn run(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let failed = |reason: String| Failure::new(format!("coffer {arguments:?}: {reason}"));
        let output = self.command(arguments)?.output().map_err(|e| failed(e.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        serde_json::from_slice(&output.stdout).map_err(|e| failed(e.to_string()))
    }

    /// Starts the server, and waits until it takes connections.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn serve(&mut self) -> Result<(), Failure> {
        let (server, line) = Process::start(self.command(&["serve"])?, READY).await?;
        let address = line.split_once(READY).map_or("", |(_, rest)| rest);
        let end = address.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(address.len());
        let address = address.get(..end).and_then(|address| address.parse().ok());
        self.address = address.ok_or_else(|| Failure::new(format!("the server says {line:?}")))?;
        self.server = Some(server);
        Ok(())
    }

    /// Ends the server at once, as a power cut would.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Ends the server in good order.
    ///
    /// # Errors
    /// When it does not end well.
    pub fn stop(&mut self) -> Result<(), Failure> {
        let Some(server) = self.server.take() else { return Ok(()) };
        let ended = server.terminate()?;
        if ended.success() {
            Ok(())
        } else {
            Err(Failure::new(format!("the server ended with {ended}")))
        }
    }

    /// Creates a request for 60 EUR in fixed mode, as soon as its network was read.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn create(&self, iso: &str, network: &str) -> Result<Created, Failure> {
        let body = json!({
            "amount": "60",
            "currency": { "iso": "EUR" },
            "payment_currency": { "iso": iso, "network_name": network },
            "life_time_duration": 7_200,
            "url_success": "https://shop.example.com/thanks",
            "url_failed": "https://shop.example.com/sorry",
        })
        .to_string();
        let created = self
            .until("a request", async || {
                let path = "/api/payments/v1/requests";
                let answer = self.ask(Method::POST, path, body.clone()).await?;
                // Until its network was read for the first time since the start.
                Ok((answer.0 != 503).then_some(answer))
            })
            .await?;
        let (status, answer) = created;
        let data = &answer["data"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let link = text(&data["payment_link"]);
        let page = link.split_once("8080").map_or("", |(_, path)| path).to_owned();
        let address = text(&data["payment_request_address"]["address"]);
        if address.is_empty() {
            return Err(Failure::new(format!("create is answered by {status}: {answer}")));
        }
        Ok(Created { id: text(&data["id"]), address, page })
    }

    /// The request as its merchant sees it.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn shown(&self, id: &str) -> Result<Value, Failure> {
        let path = format!("/api/payments/v1/requests/{id}");
        let (status, mut answer) = self.ask(Method::GET, &path, String::new()).await?;
        if status == 200 {
            Ok(answer["data"].take())
        } else {
            Err(Failure::new(format!("{path} is answered by {status}: {answer}")))
        }
    }

    /// A page, as a browser asks for it.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn page(&self, path: &str) -> Result<String, Failure> {
        Ok(Question::page(path).ask(self.address).await?.body)
    }

    /// How far a chain was read, and why it is not read on.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn chain(&self, name: &str) -> Result<(Option<u64>, Option<String>), Failure> {
        let mut question = Question::page("/health");
        question.headers.push(("authorization", format!("Bearer {HEALTH_TOKEN}")));
        let answer = question.ask(self.address).await?;
        let health: Value = serde_json::from_str(&answer.body)
            .map_err(|error| Failure::new(format!("/health: {error}: {}", answer.body)))?;
        let chains = health["chains"].as_array().cloned().unwrap_or_default();
        let chain = chains.into_iter().find(|chain| chain["name"] == name).unwrap_or_default();
        Ok((chain["height"].as_u64(), chain["behind"].as_str().map(str::to_owned)))
    }

    /// Looks again and again until there is something to see.
    ///
    /// # Errors
    /// When a look fails, or nothing comes in two minutes.
    pub async fn until<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let mut beat = tokio::time::interval(BEAT);
        let seen = async {
            loop {
                beat.tick().await;
                if let Some(seen) = look().await? {
                    return Ok(seen);
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, seen).await;
        waited.unwrap_or_else(|_| Err(Failure::new(format!("{what} does not come"))))
    }

    async fn ask(&self, method: Method, path: &str, body: String) -> Result<(u16, Value), Failure> {
        let secrets = self.secrets.as_ref().ok_or_else(|| Failure::new("there is no key"))?;
        let answer = Question::signed(method, path, body, secrets).ask(self.address).await?;
        let status = answer.status.as_u16();
        Ok((status, serde_json::from_str(&answer.body).unwrap_or(Value::Null)))
    }

    /// Our own program again, which knows nothing of this process's environment.
    fn command(&self, arguments: &[&str]) -> Result<Command, Failure> {
        let program = std::env::current_exe();
        let program = program.map_err(|error| Failure::new(format!("our own program: {error}")))?;
        let mut command = Command::new(program);
        command.arg(AS_COFFER).args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.folder.path()).stdin(Stdio::null());
        Ok(command)
    }
}
