//! bitcoind and litecoind on regtest, with a wallet full of coins to pay from.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

use coffer_domain::time::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{free_port, process::Process, program, rpc::Rpc, utxo_template};
use crate::failure::Failure;

/// Who may ask the node, as `user:password`.
pub const PASSWORD: &str = "coffer:regtest";
/// What the node says when it answers every call.
const READY: &str = "init message: Done loading";
/// The wallet that pays.
pub(super) const WALLET: &str = "payer";
/// What a payment's transaction costs, in base units: enough for any node to pass it on.
const FEE: u64 = 10_000;
/// The same for each output.
const FEE_OUTPUT: u64 = 100;
/// Base units of a whole coin, which is what each prepared output holds.
pub const COIN: u64 = 100_000_000;
/// More than what any transaction here pays, so that none of it is left.
const PRIORITY: i64 = 100_000_000;

/// Which program, and what it needs to behave as the network's nodes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Bitcoin.
    Bitcoin,
    /// Litecoin.
    Litecoin,
}

impl Kind {
    /// The network's name in the catalogue.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bitcoin => "bitcoin",
            Self::Litecoin => "litecoin",
        }
    }

    const fn variable(self) -> &'static str {
        match self {
            Self::Bitcoin => "COFFER_TEST_BITCOIND",
            Self::Litecoin => "COFFER_TEST_LITECOIND",
        }
    }

    fn own_arguments(self, zmq: u16) -> Vec<String> {
        match self {
            // The wallet need not outlive the machine, and relay is to follow the usual rules.
            Self::Bitcoin => {
                let mut own = vec!["-unsafesqlitesync".to_owned(), "-corepolicy=1".to_owned()];
                let topics = ["hashblock", "rawtx", "sequence"];
                own.extend(topics.map(|topic| format!("-zmqpub{topic}=tcp://127.0.0.1:{zmq}")));
                own
            }
            Self::Litecoin => vec!["-mempoolreplacement=1".to_owned()],
        }
    }
}

/// An output that pays for one transaction.
#[derive(Clone, Debug)]
struct Coin {
    transaction: String,
    output: u64,
}

/// A transaction that waits, and can be replaced.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Its id.
    pub transaction: String,
    coin: Coin,
    fee: u64,
}

/// A node; ends when dropped.
pub struct UtxoNode {
    /// What it is.
    pub kind: Kind,
    folder: PathBuf,
    arguments: Vec<String>,
    rpc_port: u16,
    zmq_port: u16,
    rpc: Rpc,
    process: Option<Process>,
    coins: Mutex<Vec<Coin>>,
    change: String,
    mined: Mutex<u32>,
    /// Goes last: the process writes into it.
    _place: Option<TempDir>,
}

impl UtxoNode {
    /// Starts a node with a wallet that has coins, made from the template in that folder, which is
    /// made first where it is not there. `arguments` are given to the node beside the usual ones.
    ///
    /// # Errors
    /// When the program is not there or does not start.
    pub async fn start(kind: Kind, templates: &Path, arguments: &[&str]) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("a node's folder: {error}"));
        let template = utxo_template::find_or_make(kind, templates).await?;
        let place = tempfile::tempdir().map_err(failed)?;
        utxo_template::copy(&template, place.path()).map_err(failed)?;
        let mut all = vec![format!("-wallet={WALLET}")];
        all.extend(arguments.iter().map(|&argument| argument.to_owned()));
        let mut node = Self::bare(kind, place.path(), all).await?;
        node.coins = Mutex::new(node.prepared().await?);
        let change = node.rpc("getnewaddress", json!([])).await?;
        change.as_str().unwrap_or_default().clone_into(&mut node.change);
        node._place = Some(place);
        Ok(node)
    }

    /// A node on what is in the folder, without anything prepared.
    pub(super) async fn bare(
        kind: Kind,
        folder: &Path,
        arguments: Vec<String>,
    ) -> Result<Self, Failure> {
        let (rpc_port, zmq_port) = (free_port()?, free_port()?);
        let address = format!("127.0.0.1:{rpc_port}");
        let mut node = Self {
            kind,
            folder: folder.to_owned(),
            arguments,
            rpc_port,
            zmq_port,
            rpc: Rpc::with_password(address, &format!("/wallet/{WALLET}"), PASSWORD),
            process: None,
            coins: Mutex::default(),
            change: String::new(),
            mined: Mutex::default(),
            _place: None,
        };
        node.run(None).await?;
        Ok(node)
    }

    /// Runs again after [`Self::stop`], with its clock at that time, or at the machine's.
    ///
    /// # Errors
    /// When the program does not start.
    pub async fn run(&mut self, time: Option<Timestamp>) -> Result<(), Failure> {
        let (user, password) = PASSWORD.split_once(':').unwrap_or_default();
        let mut command = Command::new(program(self.kind.variable())?);
        command
            .args(["-regtest", "-server", "-listen=0", "-printtoconsole", "-keypool=10"])
            .args(["-fallbackfee=0.0001", "-debuglogfile=0", "-dbcache=16", "-par=1"])
            .arg(format!("-datadir={}", self.folder.display()))
            .arg(format!("-rpcport={}", self.rpc_port))
            .args([format!("-rpcuser={user}"), format!("-rpcpassword={password}")])
            .args(self.kind.own_arguments(self.zmq_port))
            .args(&self.arguments);
        if let Some(time) = time {
            command.arg(format!("-mocktime={}", time.seconds()));
        }
        self.process = Some(Process::start(command, READY).await?.0);
        Ok(())
    }

    /// Ends in good order; it can run again.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn stop(&mut self) -> Result<(), Failure> {
        self.rpc("stop", json!([])).await?;
        let Some(process) = self.process.take() else { return Ok(()) };
        process.wait().map(drop)
    }

    /// Where it listens, as `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        self.rpc.address()
    }

    /// Where it says that there is something new; only Bitcoin does.
    #[must_use]
    pub fn zmq(&self) -> Option<String> {
        (self.kind == Kind::Bitcoin).then(|| format!("tcp://127.0.0.1:{}", self.zmq_port))
    }

    /// The result of a call.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn rpc(&self, method: &str, params: Value) -> Result<Value, Failure> {
        self.rpc.call(method, &params).await
    }

    /// Sets its clock, which stands still then; without a time it follows the machine's.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn set_time(&self, time: Option<Timestamp>) -> Result<(), Failure> {
        let seconds = time.map_or(0, Timestamp::seconds);
        self.rpc("setmocktime", json!([seconds])).await.map(drop)
    }

    /// Makes so many blocks; the first takes in all that waits.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn mine(&self, blocks: u32) -> Result<(), Failure> {
        for _ in 0..blocks {
            let number = {
                let mut mined = self.mined.lock().unwrap_or_else(PoisonError::into_inner);
                *mined += 1;
                *mined
            };
            // Never the same script: in the same second that would be a block there was already.
            let script = format!("raw(04{number:08x})");
            self.rpc("generatetodescriptor", json!([1, script])).await?;
        }
        Ok(())
    }

    /// Makes so many blocks that take in nothing of what waits.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn mine_empty(&self, blocks: u32) -> Result<(), Failure> {
        let waiting = self.rpc("getrawmempool", json!([])).await?;
        let waiting = waiting.as_array().cloned().unwrap_or_default();
        for priority in [-PRIORITY, PRIORITY] {
            for transaction in &waiting {
                let params = json!([transaction, 0, priority]);
                self.rpc("prioritisetransaction", params).await?;
            }
            if priority < 0 {
                self.mine(blocks).await?;
            }
        }
        Ok(())
    }

    /// Replaces the newest blocks by one more empty ones. What was in them waits again.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn reorg(&self, depth: u32) -> Result<(), Failure> {
        let height = self.height().await?;
        let first = height.saturating_sub(u64::from(depth)) + 1;
        let hash = self.rpc("getblockhash", json!([first])).await?;
        self.rpc("invalidateblock", json!([hash])).await?;
        self.mine_empty(depth + 1).await
    }

    /// The height of its best block.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn height(&self) -> Result<u64, Failure> {
        Ok(self.rpc("getblockcount", json!([])).await?.as_u64().unwrap_or_default())
    }

    /// Sends a transaction with these outputs (address, base units); it waits for a block.
    ///
    /// # Errors
    /// When the node refuses, or there are no coins left.
    pub async fn pay(&self, outputs: &[(&str, u64)]) -> Result<Payment, Failure> {
        let coin = self.coins.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let coin = coin.ok_or_else(|| Failure::new("the payer has no coin left"))?;
        self.spend(coin, FEE, outputs).await
    }

    /// Sends another transaction instead of one that waits, for a higher fee.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn replace(
        &self,
        payment: &Payment,
        outputs: &[(&str, u64)],
    ) -> Result<Payment, Failure> {
        self.spend(payment.coin.clone(), payment.fee * 3, outputs).await
    }

    /// What each of these addresses holds on the chain, in base units, as the node counts it.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn totals(&self, addresses: &[String]) -> Result<BTreeMap<String, u64>, Failure> {
        let mut scripts = BTreeMap::new();
        for address in addresses {
            let known = self.rpc("getaddressinfo", json!([address])).await?;
            let script = known["scriptPubKey"].as_str().unwrap_or_default().to_owned();
            scripts.insert(script, address.clone());
        }
        let wanted: Vec<String> = scripts.keys().map(|script| format!("raw({script})")).collect();
        let found = self.rpc("scantxoutset", json!(["start", wanted])).await?;
        let mut totals: BTreeMap<String, u64> =
            addresses.iter().map(|address| (address.clone(), 0)).collect();
        for unspent in found["unspents"].as_array().into_iter().flatten() {
            let script = unspent["scriptPubKey"].as_str().unwrap_or_default();
            let units = units(&unspent["amount"].to_string())?;
            if let Some(total) = scripts.get(script).and_then(|own| totals.get_mut(own)) {
                *total += units;
            }
        }
        Ok(totals)
    }

    /// An address of nobody's interest.
    #[must_use]
    pub fn elsewhere(&self) -> &str {
        &self.change
    }

    async fn spend(
        &self,
        coin: Coin,
        fee: u64,
        outputs: &[(&str, u64)],
    ) -> Result<Payment, Failure> {
        let whole = fee + FEE_OUTPUT * u64::try_from(outputs.len()).unwrap_or(u64::MAX);
        let paid: u64 = outputs.iter().map(|(_, units)| units).sum();
        let rest = COIN.checked_sub(paid + whole);
        let rest = rest.ok_or_else(|| Failure::new("one coin does not pay so much"))?;
        let mut listed: Vec<Value> =
            outputs.iter().map(|(to, units)| json!({ *to: decimal(*units) })).collect();
        if !outputs.iter().any(|(to, _)| *to == self.change) {
            listed.push(json!({ &self.change: decimal(rest) }));
        }
        // The sequence says that it may be replaced.
        let input = json!({
            "txid": coin.transaction, "vout": coin.output, "sequence": 0xffff_fffd_u32,
        });
        let raw = self.rpc("createrawtransaction", json!([[input], listed])).await?;
        let signed = self.rpc("signrawtransactionwithwallet", json!([raw])).await?;
        // Without a limit on the fee: what is left over may be much.
        let sent = self.rpc("sendrawtransaction", json!([signed["hex"], 0])).await?;
        let transaction = sent.as_str().unwrap_or_default().to_owned();
        Ok(Payment { transaction, coin, fee })
    }

    /// The outputs of exactly one coin that the wallet has.
    async fn prepared(&self) -> Result<Vec<Coin>, Failure> {
        let one = json!({ "minimumAmount": "1", "maximumAmount": "1" });
        let unspent = self.rpc("listunspent", json!([1, 9_999_999, [], true, one])).await?;
        let coin = |it: &Value| {
            let transaction = it["txid"].as_str()?.to_owned();
            Some(Coin { transaction, output: it["vout"].as_u64()? })
        };
        Ok(unspent.as_array().into_iter().flatten().filter_map(coin).collect())
    }
}

/// Base units as a number of coins.
#[must_use]
pub fn decimal(units: u64) -> String {
    format!("{}.{:08}", units / COIN, units % COIN)
}

/// A number of coins, as JSON spells it, in base units.
fn units(coins: &str) -> Result<u64, Failure> {
    let failed = || Failure::new(format!("{coins} is no amount"));
    let (digits, exponent) = coins.split_once('e').unwrap_or((coins, "0"));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let exponent: i32 = exponent.parse().map_err(|_| failed())?;
    let shift = 8 + exponent - i32::try_from(part.len()).map_err(|_| failed())?;
    let number: u64 = format!("{whole}{part}").parse().map_err(|_| failed())?;
    let power = 10_u64.checked_pow(shift.unsigned_abs()).ok_or_else(failed)?;
    let units = if shift < 0 {
        number.is_multiple_of(power).then(|| number / power)
    } else {
        number.checked_mul(power)
    };
    units.ok_or_else(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_and_base_units_are_the_same_in_both_spellings() {
        for (coins, base) in [
            ("0.0011", 110_000),
            ("1.0", COIN),
            ("49.99997750", 4_999_997_750),
            ("1e-8", 1),
            ("5.46e-6", 546),
            ("21", 21 * COIN),
        ] {
            assert_eq!(units(coins).unwrap(), base, "{coins}");
        }
        assert!(units("1e-9").is_err());
        assert!(units("much").is_err());
        assert_eq!(decimal(110_000), "0.00110000");
    }
}
