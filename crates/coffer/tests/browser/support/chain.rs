//! A development node that plays Polygon, with a dollar token at the contract Coffer knows.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
};

use serde_json::{Value, json};

/// The dollar token of Polygon in Coffer's catalogue.
const TOKEN: &str = "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359";
/// A contract that does for a payment what a token does, told apart by the length of its input:
/// `decimals()` says 6, `balanceOf(address)` what was received, and `transfer(address,uint256)`
/// adds to that and logs it, from whomever.
const CODE: &str = concat!(
    // CALLDATASIZE above 36: transfer; above 4: balanceOf
    "0x60243611602557",
    "60043611601857",
    "600660005260206000f3",
    // balanceOf: the slot of that address
    "5b6004355460005260206000f3",
    // transfer: amount to memory and to the slot, then LOG3 and true
    "5b6024358060005260043580548201815533",
    "7fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
    "60206000a3600160005260206000f3",
);

/// The node; ends when dropped. Makes blocks only when told to.
pub struct Chain {
    process: Child,
    /// Where it listens.
    pub url: String,
    customer: String,
    http: reqwest::Client,
}

impl Chain {
    pub async fn start() -> Self {
        let program = std::env::var_os("COFFER_TEST_ANVIL");
        let mut process = Command::new(program.expect("COFFER_TEST_ANVIL must name the anvil"))
            .args(["--host", "127.0.0.1", "--port", "0", "--no-mining", "--chain-id", "137"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| line.unwrap().strip_prefix("Listening on ").map(url_of));
        let url = ready.expect("anvil ended before it was ready");
        // It stops when nobody reads what it says.
        thread::spawn(move || lines.count());
        let mut chain = Self { process, url, customer: String::new(), http: super::http() };
        chain.rpc("anvil_setCode", json!([TOKEN, CODE])).await;
        let accounts = chain.rpc("eth_accounts", json!([])).await;
        accounts[0].as_str().unwrap().clone_into(&mut chain.customer);
        chain.mine(1).await;
        chain
    }

    /// The customer pays in dollars, with six decimals; the transaction waits for a block.
    pub async fn pay(&self, to: &str, units: u64) {
        let to = to.trim_start_matches("0x");
        let input = format!("0xa9059cbb{to:0>64}{units:064x}");
        let transaction = json!({
            "from": self.customer, "to": TOKEN, "input": input, "gas": "0x20000",
            "gasPrice": format!("{:#x}", 20_000_000_000_u64),
        });
        self.rpc("eth_sendTransaction", json!([transaction])).await;
    }

    /// Makes blocks of what waits.
    pub async fn mine(&self, blocks: u32) {
        for _ in 0..blocks {
            self.rpc("evm_mine", json!([])).await;
        }
    }

    async fn rpc(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = self.http.post(&self.url).json(&body).send().await.unwrap();
        let mut answer = answer.json::<Value>().await.unwrap();
        assert_eq!(answer.get("error"), None, "{method} {params}");
        answer["result"].take()
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn url_of(address: &str) -> String {
    format!("http://{}", address.trim())
}
