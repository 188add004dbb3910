//! A chain with a wallet full of coins, made once and copied for each node.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use super::utxo::{Kind, UtxoNode, WALLET};
use crate::failure::Failure;

/// When the chain begins: long ago for every test and every machine.
const BEGIN: u64 = 1_700_000_000;
/// Coins that the wallet has then.
const COINS: usize = 400;
/// Rises when what a template holds changes.
const RECIPE: u32 = 1;

/// The template's folder.
pub(super) async fn find_or_make(kind: Kind, templates: &Path) -> Result<PathBuf, Failure> {
    let failed = |error: io::Error| Failure::new(format!("a node's template: {error}"));
    let whole = templates.join(format!("{}-regtest-{RECIPE}", kind.name()));
    if whole.is_dir() {
        return Ok(whole);
    }
    let partial = tempfile::tempdir_in(templates).map_err(failed)?;
    make(kind, partial.path()).await?;
    match fs::rename(partial.path(), &whole) {
        // Another may have been quicker; its template is as good.
        Err(error) if !whole.is_dir() => Err(failed(error)),
        _ => Ok(whole),
    }
}

async fn make(kind: Kind, folder: &Path) -> Result<(), Failure> {
    let mut node = UtxoNode::bare(kind, folder, vec![format!("-mocktime={BEGIN}")]).await?;
    node.rpc("createwallet", json!([WALLET])).await?;
    let own = node.rpc("getnewaddress", json!([])).await?;
    // Coins of the first blocks are ripe a hundred blocks later.
    node.rpc("generatetoaddress", json!([120, own])).await?;
    for _ in 0..COINS / 100 {
        let mut outputs = Map::new();
        for _ in 0..100 {
            let to = node.rpc("getnewaddress", json!([])).await?;
            outputs.insert(to.as_str().unwrap_or_default().to_owned(), json!("1"));
        }
        node.rpc("sendmany", json!(["", Value::Object(outputs)])).await?;
    }
    node.mine(1).await?;
    if kind == Kind::Litecoin {
        // Its extension blocks begin at height 432, and the first of them must not be empty.
        let below = u32::try_from(431 - node.height().await?).unwrap_or_default();
        node.rpc("generatetoaddress", json!([below, own])).await?;
        let extended = node.rpc("getnewaddress", json!(["", "mweb"])).await?;
        node.rpc("sendtoaddress", json!([extended, "2"])).await?;
        node.mine(2).await?;
    }
    node.stop().await
}

/// Copies a folder with all that is in it.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
