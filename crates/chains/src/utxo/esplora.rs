//! An Esplora server, where there is no node: the blocks as bytes, which it cannot forge, and no
//! word of what waits for one. It is asked by height and hash only, so it learns no address of
//! ours.

use std::{
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use bitcoin::BlockHash;
use coffer_domain::{
    ports::{Block, Clock, Tip, Watched},
    time::Timestamp,
    transfer::BlockRef,
};
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;

use super::{
    block::{self, Reading},
    fault::Fault,
    rules::NetworkRules,
    settings::UtxoSettings,
};
use crate::{counters::Counters, http::Http, label::Label};

/// An Esplora server.
pub(super) struct Esplora {
    pub(super) http: Http,
    /// Without a slash at the end.
    base: String,
    rules: &'static NetworkRules,
    /// The best block that was asked about last: what is true of a block stays true.
    newest: Mutex<Option<Tip>>,
}

/// Where a block stands (`/block/HASH/status`).
#[derive(Deserialize)]
struct Status {
    in_best_chain: bool,
    height: Option<u64>,
}

impl Esplora {
    pub(super) fn new(
        client: Client,
        url: &Url,
        number: usize,
        settings: &UtxoSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (label, counters) = (Label::new(url, number), Counters::new(settings.network, number));
        let http = Http::new(client, label, counters, settings.bounds(), clock);
        let base = url.as_str().trim_end_matches('/').to_owned();
        Self { http, base, rules: settings.rules, newest: Mutex::default() }
    }

    /// Its best block. One call, and two more for a block that was not the best before.
    pub(super) async fn tip(&self) -> Result<Tip, Fault> {
        let hash = self.hash("/blocks/tip/hash").await?;
        let known = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(tip) = known.filter(|tip| tip.at.hash == hash) {
            return Ok(tip);
        }
        let tip = self.describe(hash).await?;
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(tip.clone());
        Ok(tip)
    }

    async fn describe(&self, hash: String) -> Result<Tip, Fault> {
        let digits = self.text(&format!("/block/{hash}/header")).await?;
        let header = block::read_header(&digits, &hash).map_err(Fault::Nonsense)?;
        self.rules.check_work(&header).map_err(Fault::Nonsense)?;
        let status = self.text(&format!("/block/{hash}/status")).await?;
        let status = serde_json::from_str::<Status>(&status);
        let status = status.map_err(|_| Fault::Nonsense("a status is unreadable".to_owned()))?;
        let height = status.height.filter(|_| status.in_best_chain);
        let height = height.ok_or_else(|| Fault::Moved(hash.clone()))?;
        let time = Timestamp::from_seconds(header.time.into());
        Ok(Tip {
            at: BlockRef { height, hash },
            time,
            safe_height: None,
            final_height: None,
            live: true,
        })
    }

    /// The hash of its block at a height.
    pub(super) async fn hash_at(&self, height: u64) -> Result<String, Fault> {
        self.hash(&format!("/block-height/{height}")).await
    }

    /// Its block at a height. Two calls.
    pub(super) async fn block(
        &self,
        height: u64,
        reading: Reading,
        watched: &Watched<'_>,
    ) -> Result<Block, Fault> {
        let hash = self.hash_at(height).await?;
        let bytes = self.get(&format!("/block/{hash}/raw")).await;
        let bytes = bytes.map_err(|fault| match fault {
            Fault::Absent => Fault::Moved(hash.clone()),
            fault => fault,
        })?;
        let block = block::read_raw_block(&bytes, height, reading, watched);
        let block = block.map_err(Fault::Nonsense)?;
        match block.at.hash == hash {
            true => Ok(block),
            false => Err(Fault::Nonsense(format!("asked for block {hash}, got another"))),
        }
    }

    async fn hash(&self, path: &str) -> Result<String, Fault> {
        let text = self.text(path).await?;
        let hash = BlockHash::from_str(text.trim());
        let hash = hash.map_err(|_| Fault::Nonsense("a block's hash is unreadable".to_owned()))?;
        Ok(hash.to_string())
    }

    async fn text(&self, path: &str) -> Result<String, Fault> {
        let text = String::from_utf8(self.get(path).await?);
        text.map_err(|_| Fault::Nonsense("the answer is not text".to_owned()))
    }

    async fn get(&self, path: &str) -> Result<Vec<u8>, Fault> {
        let request = self.http.client.get(format!("{}{path}", self.base));
        let (status, bytes) = self.http.send(request).await?;
        match status {
            StatusCode::NOT_FOUND => Err(Fault::Absent),
            status if status.is_success() => Ok(bytes),
            status => Err(Fault::Unreachable(format!("HTTP {}", status.as_u16()))),
        }
    }
}
