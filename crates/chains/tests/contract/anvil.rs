//! A real EVM node of our own, for one test.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
};

use alloy::primitives::U256;
use serde_json::{Value, json};

use crate::{
    setup::{CHAIN_ID, provide_cryptography},
    tokens::creation,
};

/// Names the program.
const PROGRAM: &str = "COFFER_TEST_ANVIL";
/// What the node says when it is ready.
const READY: &str = "Listening on ";

/// Accounts that the node holds the keys of, with plenty of coin.
pub(crate) const DEVELOPER: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
pub(crate) const OTHER_DEVELOPER: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
pub(crate) const DEPLOYER: &str = "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720";

/// The node; ends when dropped. Makes blocks only when told to.
pub(crate) struct Anvil {
    process: Child,
    pub(crate) url: String,
    client: reqwest::Client,
}

impl Anvil {
    #[expect(clippy::disallowed_methods, reason = "tests")]
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        provide_cryptography();
        let program = std::env::var_os(PROGRAM);
        let program = program.unwrap_or_else(|| panic!("{PROGRAM} must name the anvil program"));
        let own = ["--chain-id".to_owned(), CHAIN_ID.to_string()];
        let own = own.iter().filter(|_| !arguments.contains(&"--chain-id"));
        let mut process = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0", "--no-mining"])
            .args(own)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| line.unwrap().strip_prefix(READY).map(str::to_owned));
        let url = format!("http://{}", ready.expect("anvil ended before it was ready"));
        // It stops when nobody reads what it says.
        thread::spawn(move || lines.count());
        Self { process, url, client: reqwest::Client::new() }
    }

    /// The result of a call, which must succeed.
    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = self.client.post(&self.url).json(&body).send().await.unwrap();
        let mut answer = answer.json::<Value>().await.unwrap();
        assert_eq!(answer.get("error"), None, "{method} {params}");
        answer["result"].take()
    }

    pub(crate) async fn mine(&self) {
        self.rpc("evm_mine", json!([])).await;
    }

    /// Sends a transaction, which waits for a block. Those of the other developer go first.
    pub(crate) async fn send_as(&self, from: &str, to: &str, value: u128, input: &str) -> String {
        let fee = if from == OTHER_DEVELOPER { 40_000_000_000_u64 } else { 20_000_000_000 };
        let transaction = json!({
            "from": from, "to": to, "value": format!("{value:#x}"), "input": input,
            "gas": "0x280000", "gasPrice": format!("{fee:#x}"),
        });
        let hash = self.rpc("eth_sendTransaction", json!([transaction])).await;
        hash.as_str().unwrap().to_owned()
    }

    /// Puts a contract that takes no arguments on the chain; its address.
    pub(crate) async fn deploy_plain(&self, code: &str) -> String {
        self.create(format!("0x{}", code.trim())).await
    }

    /// Puts a token on the chain, its supply with the deployer; the contract's address.
    pub(crate) async fn deploy(&self, code: &str, decimals: u8, supply: U256) -> String {
        self.create(creation(code, decimals, supply)).await
    }

    async fn create(&self, input: String) -> String {
        let transaction = json!({ "from": DEPLOYER, "input": input, "gas": "0x200000" });
        let hash = self.rpc("eth_sendTransaction", json!([transaction])).await;
        self.mine().await;
        let receipt = self.rpc("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["status"], "0x1");
        receipt["contractAddress"].as_str().unwrap().to_owned()
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
