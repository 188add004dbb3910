//! How the installation is, told as it is.

use coffer_domain::{code::NetworkName, money::AssetId, time::Timestamp};
use coffer_store::{blind_span::BlindSpan, chain_cursor::Cursor, error::DbError, tx::Tx};

use crate::engine::Engine;

/// How the installation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether the database answers.
    pub store: bool,
    /// Every chain that is followed.
    pub chains: Vec<ChainHealth>,
    /// How many addresses are watched.
    pub addresses_watched: usize,
    /// How many have been issued; more than are watched while they are still being loaded.
    pub addresses_issued: usize,
    /// Whether all are watched that had been issued before this process started.
    pub watches_all: bool,
}

/// How one chain is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainHealth {
    /// Its name.
    pub name: NetworkName,
    /// The newest block read; none before the first look.
    pub height: Option<u64>,
    /// How far it was read, by its own clock.
    pub read_through: Option<Timestamp>,
    /// Why it is not read to its tip; none while it is.
    pub behind: Option<String>,
    /// When it could last not be read for more than a minute, and what was found afterwards.
    pub blind: Option<BlindSpan>,
    /// The assets that cannot be taken on it, each with what its node says of them.
    pub refused_assets: Vec<(AssetId, String)>,
}

impl Health {
    /// Whether payments can be taken and are seen.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.store && self.watches_all && self.chains.iter().all(|chain| chain.behind.is_none())
    }
}

impl Engine {
    /// Looks how the installation is.
    pub async fn health(&self) -> Health {
        let read = self.store().read(async |tx: &mut Tx<'_>| {
            let cursors = tx.cursors().await?;
            let mut blind = Vec::new();
            for cursor in &cursors {
                blind.extend(tx.blind_spans(Some(cursor.chain), 1).await?);
            }
            Ok((cursors, blind))
        });
        let read: Result<(Vec<Cursor>, Vec<BlindSpan>), DbError> = read.await;
        let store = read.is_ok();
        let (known, blind) = read.unwrap_or_default();
        let chains = self.chains().map(|chain| {
            let cursor = known.iter().find(|cursor| cursor.chain == chain.name());
            ChainHealth {
                name: chain.name(),
                height: cursor.map(|cursor| cursor.at.height),
                read_through: cursor.map(|cursor| cursor.watermark),
                behind: match (cursor, self.probes.waiting(chain.name())) {
                    (Some(cursor), None) => cursor.behind_reason.clone(),
                    (Some(cursor), Some(waiting)) => {
                        Some(cursor.behind_reason.clone().unwrap_or(waiting))
                    }
                    (None, waiting) => {
                        let waiting = waiting.map(|reason| format!(": {reason}"));
                        Some(format!("not read yet{}", waiting.unwrap_or_default()))
                    }
                },
                blind: blind.iter().find(|span| span.chain == chain.name()).cloned(),
                refused_assets: self.probes.refused(chain.name()),
            }
        });
        Health {
            store,
            chains: chains.collect(),
            addresses_watched: self.addresses_watched(),
            addresses_issued: self.addresses_issued(),
            watches_all: self.watches_all(),
        }
    }
}
