//! The questions that a node answers.

use std::{str::FromStr, sync::Arc};

use bitcoin::{BlockHash, OutPoint, Txid, hex::FromHex};
use coffer_domain::{
    ports::{Block, Clock, Tip, Watched},
    time::Timestamp,
    transfer::BlockRef,
};
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    block::{self, Reading},
    fault::Fault,
    rpc::Rpc,
    rules::NetworkRules,
    settings::UtxoSettings,
    verbose::{self, VerboseBlock},
};

/// Headers that a node may know beyond its blocks and still be in step: a new block's header comes
/// a moment before the block.
const HEADERS_AHEAD_MAX: u64 = 1;

/// A node.
pub(super) struct Node {
    pub(super) rpc: Rpc,
    rules: &'static NetworkRules,
}

/// What a node says of its chain (`getblockchaininfo`).
#[derive(Deserialize)]
pub(super) struct ChainInfo {
    blocks: u64,
    headers: u64,
    bestblockhash: String,
    initialblockdownload: bool,
    #[serde(default)]
    pub(super) pruned: bool,
    #[serde(default)]
    pub(super) pruneheight: Option<u64>,
}

impl Node {
    pub(super) fn new(
        client: Client,
        url: Url,
        number: usize,
        settings: &UtxoSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { rpc: Rpc::new(client, url, number, settings, clock), rules: settings.rules }
    }

    /// What it says of its chain.
    pub(super) async fn chain_info(&self) -> Result<ChainInfo, Fault> {
        self.rpc.call("getblockchaininfo", json!([])).await
    }

    /// Its best block, and whether it has all blocks it knows of. Two calls. Where it says that it
    /// is in step, the header must have cost the network's work, so that an old block cannot be
    /// dated as a new one. The height is only said: how deep a payment lies is counted in blocks
    /// that were read.
    pub(super) async fn tip(&self) -> Result<Tip, Fault> {
        let info = self.chain_info().await?;
        let hash = check_hash(&info.bestblockhash)?;
        let digits: String = self.rpc.call("getblockheader", json!([hash, false])).await?;
        let header = block::read_header(&digits, hash).map_err(Fault::Nonsense)?;
        let complete = info.headers.saturating_sub(info.blocks) <= HEADERS_AHEAD_MAX;
        let live = complete && !info.initialblockdownload;
        if live {
            self.rules.check_work(&header).map_err(Fault::Nonsense)?;
        }
        Ok(Tip {
            time: Timestamp::from_seconds(header.time.into()),
            at: BlockRef { height: info.blocks, hash: info.bestblockhash },
            safe_height: None,
            final_height: None,
            live,
        })
    }

    /// The hash of its block at a height.
    pub(super) async fn hash_at(&self, height: u64) -> Result<String, Fault> {
        let hash: String = self.rpc.call("getblockhash", json!([height])).await?;
        check_hash(&hash)?;
        Ok(hash)
    }

    /// Its block at a height. Two calls.
    pub(super) async fn block(
        &self,
        height: u64,
        reading: Reading,
        watched: &Watched<'_>,
    ) -> Result<Block, Fault> {
        let hash = self.hash_at(height).await?;
        let detail = if reading.rules.raw_blocks() { 0 } else { 2 };
        let asked = json!([hash, detail]);
        let answer = self.rpc.call_in_place("getblock", asked, |result| {
            if reading.rules.raw_blocks() {
                let bytes = self.bytes("getblock", self.rpc.read("getblock", result)?)?;
                return block::read_raw_block(&bytes, height, reading, watched)
                    .map_err(Fault::Nonsense);
            }
            let described: VerboseBlock<'_> = self.rpc.read("getblock", result)?;
            verbose::read_block(&described, height, reading, watched).map_err(Fault::Nonsense)
        });
        let block = match answer.await {
            // It was there a moment ago.
            Err(Fault::Absent) => return Err(Fault::Moved(hash)),
            answer => answer?,
        };
        match block.at.hash == hash {
            true => Ok(block),
            false => Err(Fault::Nonsense(format!("asked for block {hash}, got another"))),
        }
    }

    /// The ids of the transactions that wait for a block.
    pub(super) async fn waiting(&self) -> Result<Vec<Txid>, Fault> {
        let ids: Vec<String> = self.rpc.call("getrawmempool", json!([false])).await?;
        let ids = ids.iter().map(|id| Txid::from_str(id));
        let ids = ids.collect::<Result<Vec<_>, _>>();
        ids.map_err(|_| Fault::Nonsense("getrawmempool: an id is unreadable".to_owned()))
    }

    /// Whether an output can still be spent, as things stand in blocks and mempool.
    pub(super) async fn is_unspent(&self, output: &OutPoint) -> Result<bool, Fault> {
        let asked = json!([output.txid.to_string(), output.vout, true]);
        let found: Option<Value> = self.rpc.call("gettxout", asked).await?;
        Ok(found.is_some())
    }

    /// Whether a transaction waits for a block.
    pub(super) async fn is_waiting(&self, id: Txid) -> Result<bool, Fault> {
        match self.rpc.call::<Value>("getmempoolentry", json!([id.to_string()])).await {
            Ok(_) => Ok(true),
            Err(Fault::Absent) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// The hash of its best block.
    pub(super) async fn best_block(&self) -> Result<String, Fault> {
        self.rpc.call("getbestblockhash", json!([])).await
    }

    /// The software and its version, as it names itself to its peers.
    pub(super) async fn software(&self) -> Result<String, Fault> {
        #[derive(Deserialize)]
        struct NetworkInfo {
            subversion: String,
        }
        let info: NetworkInfo = self.rpc.call("getnetworkinfo", json!([])).await?;
        Ok(self.rpc.http.label.shown(&info.subversion))
    }

    /// The bytes that a node writes as hex digits.
    pub(super) fn bytes(&self, method: &str, digits: &str) -> Result<Vec<u8>, Fault> {
        let bytes = Vec::from_hex(digits);
        bytes.map_err(|_| Fault::Nonsense(format!("{method}: the answer is not whole bytes")))
    }
}

/// A hash in its usual spelling, since it is put into questions and compared.
fn check_hash(text: &str) -> Result<&str, Fault> {
    let plain = BlockHash::from_str(text).is_ok_and(|hash| hash.to_string() == text);
    plain.then_some(text).ok_or_else(|| Fault::Nonsense("a block's hash is unreadable".to_owned()))
}
