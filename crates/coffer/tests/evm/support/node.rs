//! A real EVM node of our own, for one test. Its blocks bear the time of the test's clock.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
};

use coffer_domain::{ports::Clock as _, time::Span};
use serde_json::{Value, json};

use super::{
    clock::HandClock,
    contracts::{creation, transfer_input},
};

/// Names the program.
const PROGRAM: &str = "COFFER_TEST_ANVIL";
/// What the node says when it is ready.
const READY: &str = "Listening on ";
/// Between two blocks.
const BLOCK: Span = Span::from_seconds(12);

/// So many thousandths of an ether, in wei.
pub const fn ether(thousandths: u128) -> u128 {
    thousandths * 10_u128.pow(15)
}

/// The node; ends when dropped. Makes blocks only when told to.
pub struct Node {
    process: Child,
    /// Where it listens, as `127.0.0.1:port`.
    pub address: String,
    /// The accounts of its mnemonic, m/44'/60'/0'/0/0 and on, in the spelling of the node.
    pub accounts: Vec<String>,
    http: reqwest::Client,
    clock: Arc<HandClock>,
}

impl Node {
    pub async fn start(clock: Arc<HandClock>, chain_id: u64, arguments: &[String]) -> Self {
        let program = std::env::var_os(PROGRAM);
        let program = program.unwrap_or_else(|| panic!("{PROGRAM} must name the anvil program"));
        let genesis = clock.now().minus(Span::from_hours(1)).seconds().to_string();
        let mut process = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0", "--no-mining"])
            .args(["--accounts", "20", "--timestamp", &genesis])
            .args(["--chain-id", &chain_id.to_string()])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| line.unwrap().strip_prefix(READY).map(str::to_owned));
        let address = ready.expect("anvil ended before it was ready");
        // It stops when nobody reads what it says.
        thread::spawn(move || lines.count());
        let http = reqwest::Client::new();
        let mut node = Self { process, address, accounts: Vec::new(), http, clock };
        let accounts = node.rpc("eth_accounts", json!([])).await;
        node.accounts = serde_json::from_value(accounts).unwrap();
        node
    }

    /// The result of a call, which must succeed.
    pub async fn rpc(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let url = format!("http://{}", self.address);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let mut answer = answer.json::<Value>().await.unwrap();
        assert_eq!(answer.get("error"), None, "{method} {params}");
        answer["result"].take()
    }

    /// Lets the time of one block pass and makes it, of what waits.
    pub async fn mine(&self, blocks: u32) {
        for _ in 0..blocks {
            self.clock.pass(BLOCK);
            let time = self.clock.now().seconds();
            self.rpc("evm_setNextBlockTimestamp", json!([time])).await;
            self.rpc("evm_mine", json!([])).await;
        }
    }

    /// Replaces the newest blocks by as many others without what was in them, which is forgotten.
    pub async fn reorg(&self, depth: u32) {
        self.rpc("anvil_reorg", json!([depth, []])).await;
    }

    /// Takes the chain of another node of the same network for its own.
    pub async fn become_as(&self, other: &Self) {
        let state = other.rpc("anvil_dumpState", json!([])).await;
        self.rpc("anvil_loadState", json!([state])).await;
        let newest =
            async |node: &Self| node.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
        assert_eq!(newest(self).await["hash"], newest(other).await["hash"]);
    }

    /// Pays in coin; the transaction waits for a block.
    pub async fn pay(&self, to: &str, wei: u128) -> String {
        self.send(self.customer(), Some(to), wei, "0x").await
    }

    /// Pays in a token; the transaction waits for a block.
    pub async fn pay_token(&self, contract: &str, to: &str, units: u128) -> String {
        self.send(self.deployer(), Some(contract), 0, &transfer_input(to, units)).await
    }

    /// The signed bytes of a transaction, by which it can be sent again.
    pub async fn bytes_of(&self, transaction: &str) -> Value {
        self.rpc("eth_getRawTransactionByHash", json!([transaction])).await
    }

    /// Sends a transaction that a reorganisation removed once more.
    pub async fn send_again(&self, bytes: &Value) {
        self.rpc("eth_sendRawTransaction", json!([bytes])).await;
    }

    /// Puts a token on the chain, its supply with the deployer; the contract's address.
    pub async fn deploy(&self, code: &str, decimals: u8) -> String {
        let input = creation(code, decimals, 10_u128.pow(30));
        let hash = self.send(self.deployer(), None, 0, &input).await;
        self.mine(1).await;
        let receipt = self.rpc("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["status"], "0x1");
        receipt["contractAddress"].as_str().unwrap().to_owned()
    }

    /// Puts a contract that takes no arguments on the chain; its address.
    pub async fn deploy_contract(&self, code: &str) -> String {
        let hash = self.send(self.deployer(), None, 0, &format!("0x{}", code.trim())).await;
        self.mine(1).await;
        let receipt = self.rpc("eth_getTransactionReceipt", json!([hash])).await;
        receipt["contractAddress"].as_str().unwrap().to_owned()
    }

    /// Takes coin out of an address of which the node has the key; waits for a block.
    pub async fn take(&self, from: &str, wei: u128) -> String {
        self.send(from, Some(self.customer()), wei, "0x").await
    }

    /// Calls a contract; the transaction waits for a block.
    pub async fn call(&self, contract: &str, wei: u128, input: &str) -> String {
        self.send(self.customer(), Some(contract), wei, input).await
    }

    async fn send(&self, from: &str, to: Option<&str>, value: u128, input: &str) -> String {
        let transaction = json!({
            "from": from, "to": to, "value": format!("{value:#x}"), "input": input,
            "gas": "0x200000", "gasPrice": format!("{:#x}", 20_000_000_000_u64),
        });
        let hash = self.rpc("eth_sendTransaction", json!([transaction])).await;
        hash.as_str().unwrap().to_owned()
    }

    /// The first accounts are the shop's addresses; the last ones pay and deploy.
    fn customer(&self) -> &str {
        self.accounts.last().unwrap()
    }

    fn deployer(&self) -> &str {
        &self.accounts[self.accounts.len() - 2]
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
