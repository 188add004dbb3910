//! The doctor: looks at everything a payment needs, asks the endpoints and the markets itself, and
//! says what is wrong and what to do. It changes nothing, and needs no running server.

mod coins;
mod finding;
mod gap;
mod used;
mod words;

use std::sync::Arc;

use coffer_domain::{
    code::NetworkName,
    id::WalletId,
    merchant::Environment,
    money::AssetId,
    ports::{Chain, ChainError, ChainProbe, EndpointReport},
};
use coffer_store::{
    audit::NextAudit, chain_cursor::Cursor, chain_stop::ChainStop, error::DbError, tx::Tx,
    wallet::Wallet,
};
use futures_util::future::join_all;

pub use finding::{Finding, Grade};
pub use gap::{Gap, limit_for};
pub(crate) use words::holds_up;

use crate::{address::SANDBOX_FAMILY, engine::Engine, error::EngineError, rates::Named};

/// How an installation is.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// Each network that is set up.
    pub networks: Vec<NetworkDiagnosis>,
    /// Each extended public key.
    pub keys: Vec<KeyDiagnosis>,
    /// Each source of prices, with those it named or why none.
    pub sources: Vec<(&'static str, Result<Named, String>)>,
    /// Each coin of those networks.
    pub coins: Vec<CoinDiagnosis>,
    /// The networks that wait for a person, the sandbox among them.
    pub stops: Vec<ChainStop>,
    /// What is wrong or worth knowing, the worst first.
    pub findings: Vec<Finding>,
}

/// How one network is.
#[derive(Clone, Debug)]
pub struct NetworkDiagnosis {
    /// Its name.
    pub name: NetworkName,
    /// Seconds between its blocks.
    pub block_seconds: u32,
    /// The steps of its confirmations, where its node does not say all the words in them.
    pub unsaid_words: Option<String>,
    /// What its node proves of the chain and of the tokens on it.
    pub probe: Result<ChainProbe, ChainError>,
    /// What each endpoint says.
    pub endpoints: Vec<EndpointReport>,
    /// How far it was read; none before the first look.
    pub cursor: Option<Cursor>,
    /// How many addresses are watched on it.
    pub addresses: u64,
    /// How far the balance audit is; none where nothing is compared.
    pub audit: Option<NextAudit>,
    /// Wallets of which an address that comes next, with that number, holds money there already.
    pub used: Vec<(WalletId, u32)>,
}

/// How one key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDiagnosis {
    /// The wallet.
    pub wallet: WalletId,
    /// Its family.
    pub family: String,
    /// Its environment.
    pub environment: Environment,
    /// The number of its first address that is given out.
    pub first: u32,
    /// How many addresses in a row were given out and not paid.
    pub gap: Gap,
}

/// Whether one coin can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoinDiagnosis {
    /// The coin.
    pub asset: AssetId,
    /// For whom: live payments, or the sandbox where its network is a test network.
    pub environment: Environment,
    /// Why it cannot be taken; none if it can.
    pub refused: Option<String>,
}

impl Diagnosis {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.findings.iter().all(|finding| finding.grade != Grade::Wrong)
    }
}

impl Engine {
    /// Examines the installation. `serving` tells whether a server was seen to run, where that is
    /// known.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn diagnose(&self, serving: Option<bool>) -> Result<Diagnosis, EngineError> {
        let (cursors, wallets, mut stops) = self
            .store()
            .read(async |tx: &mut Tx<'_>| {
                Ok((tx.cursors().await?, tx.wallets().await?, tx.chain_stops().await?))
            })
            .await
            .map_err(|error: DbError| error)?;
        stops.retain(|stop| self.chains().any(|chain| chain.name() == stop.chain));
        let chains = self.parts.chains.iter();
        let networks = chains.map(|chain| self.examine(chain, &cursors, &wallets));
        let (networks, sources) = futures_util::join!(join_all(networks), self.ask_sources());
        let networks = networks.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut keys = Vec::new();
        for wallet in wallets.iter().filter(|wallet| wallet.family != SANDBOX_FAMILY) {
            keys.push(KeyDiagnosis {
                wallet: wallet.id,
                family: wallet.family.clone(),
                environment: wallet.environment,
                first: wallet.first_number,
                gap: self.gap_of(wallet).await?,
            });
        }
        let coins = self.coins(&networks, &wallets);
        let mut findings = finding::all(&networks, &keys, &coins, &stops, serving, self.now());
        findings.extend(finding::of_rates(&sources, &coins));
        findings.sort_by_key(|finding| finding.grade);
        Ok(Diagnosis { networks, keys, sources, coins, stops, findings })
    }

    async fn examine(
        &self,
        chain: &Arc<dyn Chain>,
        cursors: &[Cursor],
        wallets: &[Wallet],
    ) -> Result<NetworkDiagnosis, EngineError> {
        let name = chain.name();
        let row = self.catalogue().network(name);
        let group = row.map(|row| row.key_group()).unwrap_or_default();
        let wallets: Vec<_> = wallets.iter().filter(|wallet| wallet.family == group).collect();
        let asked = futures_util::join!(chain.probe(), chain.endpoints(), chain.audited());
        let (probe, endpoints, audited) = asked;
        let audit = match audited {
            Ok(Some(_)) => self.next_audit(name).await?,
            Ok(None) | Err(_) => None,
        };
        if let Ok(probe) = &probe {
            // Only now can it be said of its coins whether they can be taken.
            self.probes.admit(name, Arc::new(probe.clone()));
        }
        let tips = endpoints.iter().filter_map(|report| report.tip.as_ref().ok());
        let mut used = Vec::new();
        if let Some(tip) = tips.max_by_key(|tip| tip.at.height) {
            for wallet in &wallets {
                used.extend(self.used_before(chain, tip, wallet).await);
            }
        }
        Ok(NetworkDiagnosis {
            name,
            block_seconds: row.map_or(1, |row| row.block_seconds),
            unsaid_words: row.zip(probe.as_ref().ok()).and_then(|(row, probe)| {
                let wanted = row.confirmations.named();
                (probe.named.and(wanted) != wanted).then(|| row.confirmations.to_string())
            }),
            probe,
            endpoints,
            cursor: cursors.iter().find(|cursor| cursor.chain == name).cloned(),
            addresses: wallets.iter().map(|wallet| u64::from(wallet.issued())).sum(),
            used,
            audit,
        })
    }

    /// How far the balance audit of a chain is; none where nothing is compared.
    pub(crate) async fn next_audit(
        &self,
        chain: NetworkName,
    ) -> Result<Option<NextAudit>, EngineError> {
        let read = async move |tx: &mut Tx<'_>| tx.next_audit(chain).await;
        Ok(self.store().read(read).await.map_err(|error: DbError| error)?)
    }
}
