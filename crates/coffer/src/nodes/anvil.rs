//! anvil, an EVM node for development, which makes blocks only when told to.

use std::{
    process::Command,
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};

use super::{process::Process, program, rpc::Rpc};
use crate::failure::Failure;

/// Names the program.
const VARIABLE: &str = "COFFER_TEST_ANVIL";
/// What the node says when it answers.
const READY: &str = "Listening on ";
/// What is paid for a unit of gas at first; a replacement pays more.
const GAS_PRICE: u128 = 20_000_000_000;

/// A transaction that waits, and can be replaced.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its hash.
    pub transaction: String,
    nonce: u64,
    gas_price: u128,
}

/// A node; ends when dropped.
pub struct Anvil {
    rpc: Rpc,
    /// Its accounts, m/44'/60'/0'/0/0 and on.
    accounts: Vec<String>,
    nonce: Mutex<u64>,
    _process: Process,
}

impl Anvil {
    /// Starts it on a chain of that id, with these arguments beside the usual ones.
    ///
    /// # Errors
    /// When the program is not there or does not start.
    pub async fn start(chain_id: u64, arguments: &[&str]) -> Result<Self, Failure> {
        let mut command = Command::new(program(VARIABLE)?);
        command
            .args(["--host", "127.0.0.1", "--port", "0", "--no-mining", "--accounts", "20"])
            // Ordered by price, a sender's later transaction would come first, and be dropped.
            .args(["--chain-id", &chain_id.to_string(), "--order", "fifo"])
            .args(arguments);
        let (process, line) = Process::start(command, READY).await?;
        let address = line.split_once(READY).map(|(_, address)| address.trim().to_owned());
        let rpc = Rpc::open(address.unwrap_or_default());
        let accounts = rpc.call("eth_accounts", &json!([])).await?;
        let accounts = serde_json::from_value(accounts)
            .map_err(|error| Failure::new(format!("eth_accounts: {error}")))?;
        Ok(Self { rpc, accounts, nonce: Mutex::default(), _process: process })
    }

    /// Where it listens, as `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        self.rpc.address()
    }

    /// The result of a call.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn rpc(&self, method: &str, params: Value) -> Result<Value, Failure> {
        self.rpc.call(method, &params).await
    }

    /// Makes so many blocks; the first takes in all that waits.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn mine(&self, blocks: u32) -> Result<(), Failure> {
        for _ in 0..blocks {
            self.rpc("evm_mine", json!([])).await?;
        }
        Ok(())
    }

    /// Replaces the newest blocks by as many others. What was in them is sent again, or never was.
    /// What waits for a block is put into one first.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn reorg(&self, depth: u32, send_again: bool) -> Result<(), Failure> {
        self.mine(1).await?;
        let mut gone = Vec::new();
        let height = self.height().await?;
        for number in height + 1 - u64::from(depth)..=height {
            let number = format!("{number:#x}");
            let block = self.rpc("eth_getBlockByNumber", json!([number, false])).await?;
            for hash in block["transactions"].as_array().into_iter().flatten() {
                gone.push(self.rpc("eth_getRawTransactionByHash", json!([hash])).await?);
            }
        }
        self.rpc("anvil_reorg", json!([depth, []])).await?;
        if send_again {
            for raw in gone {
                self.rpc("eth_sendRawTransaction", json!([raw])).await?;
            }
        }
        let next = self.rpc("eth_getTransactionCount", json!([self.payer(), "pending"])).await?;
        *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = quantity(&next)?;
        Ok(())
    }

    /// The height of its best block.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn height(&self) -> Result<u64, Failure> {
        quantity(&self.rpc("eth_blockNumber", json!([])).await?)
    }

    /// What an account holds, in wei.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn balance(&self, account: &str) -> Result<u128, Failure> {
        let balance = self.rpc("eth_getBalance", json!([account, "latest"])).await?;
        let digits = balance.as_str().and_then(|text| text.strip_prefix("0x"));
        let read = digits.and_then(|digits| u128::from_str_radix(digits, 16).ok());
        read.ok_or_else(|| Failure::new(format!("{balance} is no balance")))
    }

    /// Pays in coin; the transaction waits for a block.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn pay(&self, to: &str, wei: u128) -> Result<Sent, Failure> {
        let nonce = {
            let mut nonce = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
            let this = *nonce;
            *nonce += 1;
            this
        };
        self.send(to, wei, nonce, GAS_PRICE).await
    }

    /// Sends another transaction instead of one that waits, for a higher price of gas.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn replace(&self, sent: &Sent, to: &str, wei: u128) -> Result<Sent, Failure> {
        self.send(to, wei, sent.nonce, sent.gas_price * 2).await
    }

    /// The account that pays; another is nobody's.
    #[must_use]
    pub fn payer(&self) -> &str {
        self.accounts.last().map_or("", String::as_str)
    }

    async fn send(
        &self,
        to: &str,
        wei: u128,
        nonce: u64,
        gas_price: u128,
    ) -> Result<Sent, Failure> {
        let transaction = json!({
            "from": self.payer(), "to": to, "value": format!("{wei:#x}"),
            "gas": "0x5208", "gasPrice": format!("{gas_price:#x}"), "nonce": format!("{nonce:#x}"),
        });
        let hash = self.rpc("eth_sendTransaction", json!([transaction])).await?;
        let transaction = hash.as_str().unwrap_or_default().to_owned();
        Ok(Sent { transaction, nonce, gas_price })
    }
}

fn quantity(value: &Value) -> Result<u64, Failure> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let read = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    read.ok_or_else(|| Failure::new(format!("{value} is no number")))
}
