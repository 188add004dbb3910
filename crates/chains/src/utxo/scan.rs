//! Finding the blocks that pay some scripts by a node's block filters (BIP 158), where it keeps any
//! (`-blockfilterindex`).

use std::collections::HashMap;

use coffer_domain::ports::ChainError;
use futures_util::FutureExt;
use serde::Deserialize;
use serde_json::json;

use super::{UtxoChain, fault::Fault, node::Node};

/// What `scanblocks` answers.
#[derive(Deserialize)]
struct Scanned {
    relevant_blocks: Vec<String>,
    #[serde(default = "yes")]
    completed: bool,
}

/// How far an index has come.
#[derive(Deserialize)]
struct Index {
    synced: bool,
    best_block_height: u64,
}

#[derive(Deserialize)]
struct Place {
    height: u64,
    confirmations: i64,
}

/// The index of filters, as nodes name it.
const FILTERS: &str = "basic block filter index";

const fn yes() -> bool {
    true
}

impl UtxoChain {
    /// The blocks that may pay these scripts, in rising order; none where no node can say, or no
    /// script is named: nothing is looked for then, and that is no proof that nothing is there.
    pub(super) async fn scan(
        &self,
        from: u64,
        to: u64,
        scripts: &[Vec<u8>],
    ) -> Result<Option<Vec<u64>>, ChainError> {
        if scripts.is_empty() {
            return Ok(None);
        }
        let scripts: Vec<String> = scripts.iter().map(|script| raw(script)).collect();
        let scripts = &scripts;
        let answer = self.sources.ask(|source| {
            async move {
                match source.node() {
                    Some(node) => scan(node, from, to, scripts).await,
                    None => Ok(None),
                }
            }
            .boxed()
        });
        match answer.await {
            Ok((_, blocks)) => Ok(blocks),
            Err(failure) => Err(failure.into_error(self.network, from)),
        }
    }
}

/// Two calls, and one for each block that is found. A node without filters of all these blocks, or
/// busy with another scan, cannot say; then each block is read.
async fn scan(
    node: &Node,
    from: u64,
    to: u64,
    scripts: &[String],
) -> Result<Option<Vec<u64>>, Fault> {
    // It would pass over blocks without a filter in silence.
    let indexes = node.rpc.call::<HashMap<String, Index>>("getindexinfo", json!([FILTERS])).await;
    let index = match indexes {
        Ok(mut indexes) => indexes.remove(FILTERS),
        Err(Fault::Refused(_) | Fault::Absent) => None,
        Err(fault) => return Err(fault),
    };
    if index.is_none_or(|index| !index.synced || index.best_block_height < to) {
        return Ok(None);
    }
    let asked = json!(["start", scripts, from, to, "basic"]);
    let scanned = match node.rpc.call::<Scanned>("scanblocks", asked).await {
        Ok(scanned) if scanned.completed => scanned,
        Ok(_) | Err(Fault::Refused(_) | Fault::Absent) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let mut heights = Vec::with_capacity(scanned.relevant_blocks.len());
    for hash in scanned.relevant_blocks {
        let place: Place = node.rpc.call("getblockheader", json!([hash])).await?;
        if place.confirmations < 1 {
            return Err(Fault::Moved(hash));
        }
        heights.push(place.height);
    }
    heights.sort_unstable();
    Ok(Some(heights))
}

/// A descriptor of a script as it is.
fn raw(script: &[u8]) -> String {
    let digits: String = script.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("raw({digits})")
}
