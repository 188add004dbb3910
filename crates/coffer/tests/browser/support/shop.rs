//! An installation with a shop, and the shop's own side of its payments.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
};

use coffer_wire::signature::{KEY_HEADER, PreparedSecret, SIGNATURE_HEADER};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    task::JoinSet,
};

use super::{Chain, PATIENCE, database, soon, until};

/// An account key of nobody, m/44'/60'/0'.
const ACCOUNT_KEY: &str = "xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9sD7V2FNFLPnf8he\
                           NP3FGkeV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP";
/// Where payment requests are.
const REQUESTS: &str = "/api/payments/v1/requests";

/// A public key with its secret.
#[derive(Clone)]
pub struct Keys {
    pub key: String,
    pub secret: String,
}

/// A running program with a shop. Ends when dropped.
pub struct Shop {
    pub base: String,
    pub sandbox: Keys,
    pub live: Keys,
    /// A live key of a shop that has no wallet.
    pub poor: Keys,
    folder: TempDir,
    http: reqwest::Client,
    said: Arc<Mutex<String>>,
    _child: Child,
    _readers: JoinSet<()>,
}

/// A payment request.
#[derive(Clone, Debug)]
pub struct Payment {
    pub id: String,
    pub url: String,
}

impl Payment {
    /// A link whose last letter is another.
    pub fn mistyped(&self) -> Self {
        let (most, last) = self.url.split_at(self.url.len() - 1);
        let other = if last == "a" { "b" } else { "a" };
        Self { id: String::new(), url: format!("{most}{other}") }
    }
}

impl Shop {
    /// With Polygon read from `chain`, where there is one, and a sandbox that mines by itself only
    /// if `mines`.
    pub async fn open(chain: Option<&Chain>, mines: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = BTreeMap::from([
            ("COFFER_SERVER__LISTEN", "127.0.0.1:0".to_owned()),
            ("COFFER_RATES__SOURCE", "fixed".to_owned()),
            ("COFFER_NETWORKS__ALLOW_TEST", "true".to_owned()),
            ("COFFER_LOG__LEVEL", "warn".to_owned()),
        ]);
        let block = if mines { "1" } else { "3600" };
        settings.insert("COFFER_SANDBOX__BLOCK_SECONDS", block.to_owned());
        let url = format!("sqlite://{}", folder.path().join("coffer.db").display());
        settings.insert("COFFER_STORE__URL", url);
        if let Some(chain) = chain {
            let network = format!(
                "[[networks.evm]]\nname = \"polygon\"\nconfirmations = 5\n\
                 stale_after_seconds = 3600\nendpoints = [\"{}\"]\n",
                chain.url
            );
            std::fs::write(folder.path().join("coffer.toml"), network).unwrap();
        }
        let program = Program { folder, settings };
        program.run(&["migrate"]).await;
        let look = [
            "--support",
            "help@dairy.example",
            "--terms-url",
            "https://dairy.example/terms",
            "--privacy-url",
            "https://dairy.example/privacy",
        ];
        let merchant = program.add("Alpine Dairy", &look).await;
        let sandbox = program.key(&merchant, &["--sandbox"]).await;
        let live = program.key(&merchant, &[]).await;
        if chain.is_some() {
            let wallet = ["wallet", "add", "--network", "polygon", "--merchant", &merchant];
            program.run(&[&wallet[..], &[ACCOUNT_KEY]].concat()).await;
        }
        let other = program.add("Corner Kiosk", &["--accent", "#1a6b4f"]).await;
        let poor = program.key(&other, &[]).await;
        program.serve([sandbox, live, poor]).await
    }

    /// Asks for 100 euros.
    pub async fn create(&self, keys: &Keys, fields: &Value) -> Payment {
        let mut body = json!({
            "amount": "100.00", "currency": {"iso": "EUR"}, "life_time_duration": 10_800,
            "description": "Order #1042: two mountain cheeses",
            "url_store": "https://dairy.example/basket",
            "url_success": "https://dairy.example/thanks",
            "url_failed": "https://dairy.example/again",
        });
        let given = fields.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(given);
        let answer = self.ask(keys, "", &body).await;
        let text = |name: &str| answer["data"][name].as_str().unwrap().to_owned();
        Payment { id: text("id"), url: text("payment_link") }
    }

    /// A request with its coin chosen by the customer.
    pub async fn choose(&self, keys: &Keys, coin: &str) -> Payment {
        let payment = self.create(keys, &json!({})).await;
        self.proceed(&payment, coin).await;
        payment
    }

    /// The customer chooses a coin.
    pub async fn proceed(&self, payment: &Payment, coin: &str) {
        let asked = self.http.post(format!("{}/proceed", payment.url));
        let asked = asked.header("content-type", "application/x-www-form-urlencoded");
        let answer = asked.body(format!("coin={coin}")).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{}", self.said());
    }

    /// A sandbox payment, simulated.
    pub async fn simulate(&self, payment: &Payment, how: &str) {
        let below = format!("/{}/simulate", payment.id);
        self.ask(&self.sandbox, &below, &json!({ "payment": how })).await;
    }

    pub async fn cancel(&self, payment: &Payment) {
        self.ask(&self.sandbox, &format!("/{}/cancel", payment.id), &json!({})).await;
    }

    /// The address a page shows.
    pub async fn address(&self, payment: &Payment) -> String {
        let page = self.http.get(&payment.url).send().await.unwrap().text().await.unwrap();
        let copied = page.split("data-copy=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let address = copied.into_iter().find(|it| it.starts_with("0x") || it.starts_with("sandb"));
        address.unwrap_or_else(|| panic!("no address: {page}")).to_owned()
    }

    /// Waits until a page shows a state.
    pub async fn shows(&self, payment: &Payment, state: &str) {
        self.says(payment, &format!("data-state=\"{state}\"")).await;
    }

    /// Waits until a page says something.
    pub async fn says(&self, payment: &Payment, words: &str) {
        let page = Mutex::new(String::new());
        let look = until(async || {
            let shown = self.http.get(&payment.url).send().await.unwrap().text().await.unwrap();
            let there = shown.contains(words).then_some(());
            *page.lock().unwrap() = shown;
            there
        });
        if tokio::time::timeout(PATIENCE, look).await.is_err() {
            panic!("no {words:?} on {}: {}", page.lock().unwrap(), self.said());
        }
    }

    /// A payment in the sandbox's pool, in base units.
    pub async fn send(&self, payment: &Payment, transaction: u8, coin: (&str, &str), units: u64) {
        let address = self.address(payment).await;
        database::send(&self.database(), transaction, coin, &address, &units.to_string());
    }

    pub fn end_lifespan(&self, payment: &Payment) {
        database::end_lifespan(&self.database(), &payment.id);
    }

    pub fn end_window_in(&self, payment: &Payment, seconds: i64) {
        database::end_window_in(&self.database(), &payment.id, seconds);
    }

    pub fn restrict(&self, payment: &Payment) {
        database::restrict(&self.database(), &payment.id);
    }

    pub fn break_database(&self) {
        database::break_it(&self.database());
    }

    /// What the server logged.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("coffer.db")
    }

    async fn ask(&self, keys: &Keys, below: &str, body: &Value) -> Value {
        let body = body.to_string();
        let signature = PreparedSecret::new(keys.secret.as_bytes()).sign(body.as_bytes());
        let asked = self.http.post(format!("{}{REQUESTS}{below}", self.base));
        let asked = asked.header("content-type", "application/json");
        let asked = asked.header(KEY_HEADER, &keys.key).header(SIGNATURE_HEADER, signature);
        let answer = asked.body(body).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{below}: {text}: {}", self.said());
        serde_json::from_str(&text).unwrap()
    }
}

/// The program and its settings, and nothing of the machine's.
struct Program {
    folder: TempDir,
    settings: BTreeMap<&'static str, String>,
}

impl Program {
    async fn add(&self, name: &str, look: &[&str]) -> String {
        let merchant = self.run(&[&["merchant", "add", name, "--json"], look].concat()).await;
        merchant["id"].as_str().unwrap().to_owned()
    }

    async fn key(&self, merchant: &str, more: &[&str]) -> Keys {
        let add = ["key", "add", "--merchant", merchant, "--json"];
        let key = self.run(&[&add[..], more].concat()).await;
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        Keys { key: text("key"), secret: text("secret") }
    }

    /// Runs a command to its end; what it printed, where that is JSON.
    async fn run(&self, arguments: &[&str]) -> Value {
        let mut command = self.command(arguments);
        let output = soon("the command's end", command.output()).await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "coffer {arguments:?}: {errors}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    async fn serve(self, [sandbox, live, poor]: [Keys; 3]) -> Shop {
        let mut command = self.command(&["serve"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let (log, mut readers) = (Arc::clone(&said), JoinSet::new());
        readers.spawn(async move {
            while let Ok(Some(line)) = errors.next_line().await {
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                log.push_str(&line);
                log.push('\n');
            }
        });
        let ready = soon("the server's ready line", lines.next_line()).await.unwrap();
        let base = ready.as_deref().and_then(|line| line.strip_prefix("listening on "));
        let base = base.unwrap_or_else(|| panic!("{ready:?}: {}", said.lock().unwrap())).to_owned();
        let http = super::http();
        let (folder, _child, _readers) = (self.folder, child, readers);
        Shop { base, sandbox, live, poor, folder, http, said, _child, _readers }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.folder.path()).envs(&self.settings).stdin(Stdio::null());
        command
    }
}
