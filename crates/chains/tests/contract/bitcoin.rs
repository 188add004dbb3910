//! A real node of Bitcoin's kind of our own, for one test. It passes on any amount, as the rules
//! pay a few base units.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use crate::setup::provide_cryptography;

/// Name the programs.
const BITCOIND: &str = "COFFER_TEST_BITCOIND";
const LITECOIND: &str = "COFFER_TEST_LITECOIND";
/// How often a node is asked whether it is ready, and at most for how long.
const ASK_EVERY: Duration = Duration::from_millis(50);
const READY_WITHIN: Duration = Duration::from_secs(60);
/// User and password of every node.
pub(crate) const USER: &str = "tester";
pub(crate) const PASSWORD: &str = "hush-hush-hush";
/// The same as a node's settings have it: salt, and HMAC-SHA256 of the password by it. Beside it a
/// node writes its cookie file.
const ACCESS: &str = "tester:00112233445566778899aabbccddeeff$\
                      45537d7d86205e7890ec064017e661951c5f81df688c19d2e2c4e00d801fcd8b";

/// Which program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Bitcoin,
    Litecoin,
}

/// The node; ends when dropped, with its folder. Makes blocks only when told to.
pub(crate) struct Daemon {
    program: Program,
    process: Child,
    folder: PathBuf,
    arguments: Vec<String>,
    port: u16,
    /// With user and password.
    pub(crate) url: String,
    client: reqwest::Client,
}

impl Daemon {
    /// A node with a wallet that has money.
    pub(crate) async fn start(program: Program, arguments: &[&str]) -> Self {
        let daemon = Self::empty(program, arguments).await;
        daemon.rpc("createwallet", json!(["till"])).await;
        daemon.mine(110).await;
        daemon
    }

    /// A node at its first block, without a wallet.
    #[expect(clippy::disallowed_methods, reason = "tests")]
    pub(crate) async fn empty(program: Program, arguments: &[&str]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        provide_cryptography();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("coffer-contract-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>();
        let port = free_port();
        let process = spawn(program, &folder, port, &arguments);
        let url = format!("http://{USER}:{PASSWORD}@127.0.0.1:{port}");
        let client = reqwest::Client::new();
        let daemon = Self { program, process, folder, arguments, port, url, client };
        daemon.ready().await;
        daemon
    }

    async fn ready(&self) {
        let asking = async {
            let mut beat = tokio::time::interval(ASK_EVERY);
            while self.try_rpc("getblockcount", json!([])).await.is_err() {
                beat.tick().await;
            }
        };
        tokio::time::timeout(READY_WITHIN, asking).await.expect("the node is not ready in time");
    }

    /// Starts the node again after it was stopped, without the till, which would send again what it
    /// knows.
    pub(crate) async fn start_again(&mut self) {
        let arguments = [&["-disablewallet".to_owned()], self.arguments.as_slice()].concat();
        self.process = spawn(self.program, &self.folder, self.port, &arguments);
        self.ready().await;
    }

    /// Asks the node to end, and waits until it has.
    pub(crate) async fn stop(&mut self) {
        self.rpc("stop", json!([])).await;
        self.process.wait().unwrap();
    }

    /// Its address without user and password.
    pub(crate) fn bare_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where it writes user and password anew at each start.
    pub(crate) fn cookie_file(&self) -> PathBuf {
        self.folder.join("regtest").join(".cookie")
    }

    /// The result of a call, which must succeed.
    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let shown = params.to_string();
        let answer = self.try_rpc(method, params).await;
        answer.unwrap_or_else(|error| panic!("{method} {shown}: {error}"))
    }

    pub(crate) async fn try_rpc(&self, method: &str, params: Value) -> Result<Value, String> {
        let body = json!({ "jsonrpc": "1.0", "id": 1, "method": method, "params": params });
        let answer = self.client.post(&self.url).json(&body).send().await;
        let answer = answer.map_err(|error| error.to_string())?.json::<Value>().await;
        let mut answer = answer.map_err(|error| error.to_string())?;
        match answer["error"].is_null() {
            true => Ok(answer["result"].take()),
            false => Err(answer["error"].to_string()),
        }
    }

    /// A new address of the till, of the kind `bech32`, `legacy`, `p2sh-segwit` or `bech32m`.
    pub(crate) async fn address(&self, kind: &str) -> String {
        self.rpc("getnewaddress", json!(["", kind])).await.as_str().unwrap().to_owned()
    }

    /// Makes blocks. Each pays another address, so that no block is made twice.
    pub(crate) async fn mine(&self, count: u32) -> Vec<String> {
        let to = self.address("bech32").await;
        let hashes = self.rpc("generatetoaddress", json!([count, to])).await;
        hashes.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    }

    /// Makes a block of nothing but what is named, in this order.
    pub(crate) async fn mine_only(&self, transactions: &[String]) -> String {
        let to = self.address("bech32").await;
        let block = self.rpc("generateblock", json!([to, transactions])).await;
        block["hash"].as_str().unwrap().to_owned()
    }

    /// Sends money of the till; the id of the transaction, which waits for a block.
    pub(crate) async fn send(&self, to: &str, sats: u64) -> String {
        let sent = self.rpc("sendtoaddress", json!([to, coins(sats)])).await;
        sent.as_str().unwrap().to_owned()
    }

    /// Spends one output of the till to these addresses without change; what is missing to its
    /// value is the fee. Sequence numbers say that it may be replaced.
    pub(crate) async fn spend(&self, input: &Unspent, outputs: &[(&str, u64)]) -> String {
        let raw = self.signed(input, outputs).await;
        let sent = self.rpc("sendrawtransaction", json!([raw, 0])).await;
        sent.as_str().unwrap().to_owned()
    }

    /// The bytes of such a transaction, signed and not sent.
    pub(crate) async fn signed(&self, input: &Unspent, outputs: &[(&str, u64)]) -> String {
        let inputs =
            json!([{ "txid": input.txid, "vout": input.vout, "sequence": 0xffff_fffd_u32 }]);
        let outputs = outputs.iter().map(|(to, sats)| json!({ *to: coins(*sats) }));
        let outputs = outputs.collect::<Vec<_>>();
        let raw = self.rpc("createrawtransaction", json!([inputs, outputs])).await;
        let signed = self.rpc("signrawtransactionwithwallet", json!([raw])).await;
        assert_eq!(signed["complete"], true);
        signed["hex"].as_str().unwrap().to_owned()
    }

    /// An output of the till that can be spent.
    pub(crate) async fn unspent(&self) -> Unspent {
        let outputs = self.rpc("listunspent", json!([100])).await;
        let output = outputs.as_array().unwrap().first().expect("the till has money").clone();
        let amount = output["amount"].to_string();
        let sats = coffer_domain::money::parse_decimal(&amount, 8);
        Unspent {
            txid: output["txid"].as_str().unwrap().to_owned(),
            vout: output["vout"].as_u64().unwrap(),
            sats: u64::try_from(sats.unwrap().get()).unwrap(),
        }
    }

    /// Takes the newest blocks off the chain; what was in them waits again.
    pub(crate) async fn unwind(&self, depth: u32) {
        let height = self.rpc("getblockcount", json!([])).await.as_u64().unwrap();
        let first = height + 1 - u64::from(depth);
        let hash = self.rpc("getblockhash", json!([first])).await;
        self.rpc("invalidateblock", json!([hash])).await;
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// An output that can be spent.
pub(crate) struct Unspent {
    pub(crate) txid: String,
    pub(crate) vout: u64,
    pub(crate) sats: u64,
}

/// Base units as the node reads them.
pub(crate) fn coins(sats: u64) -> String {
    format!("{}.{:08}", sats / 100_000_000, sats % 100_000_000)
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

#[expect(clippy::disallowed_methods, reason = "tests")]
fn spawn(program: Program, folder: &std::path::Path, port: u16, arguments: &[String]) -> Child {
    let variable = if program == Program::Bitcoin { BITCOIND } else { LITECOIND };
    let path = std::env::var_os(variable);
    let path = path.unwrap_or_else(|| panic!("{variable} must name the node's program"));
    let mut command = Command::new(path);
    command
        .args(["-regtest", "-server", "-listen=0", "-txindex=0", "-fallbackfee=0.0001"])
        .args(["-dustrelayfee=0"])
        .args([format!("-datadir={}", folder.display()), format!("-rpcport={port}")])
        .arg(format!("-rpcauth={ACCESS}"))
        .args(arguments);
    // Litecoin's nodes replace nothing unless told to.
    let own = if program == Program::Bitcoin { "-corepolicy=1" } else { "-mempoolreplacement=1" };
    command.arg(own);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}
