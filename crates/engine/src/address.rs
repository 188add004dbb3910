//! Issuing addresses: a new one for each request and coin, never shown to two.

use std::sync::Arc;

use coffer_domain::{
    code::NetworkName,
    id::{MerchantId, PaymentRequestId, WalletId},
    merchant::{Environment, Scope},
    ports::{Chain, KeyRefused},
    time::Timestamp,
    transfer::{Address, BlockRef},
};
use coffer_store::{
    error::DbError,
    nudge::Nudge,
    tx::Tx,
    wallet::{IssuedAddress, Wallet},
};

use crate::{engine::Engine, error::EngineError, workers::FOLLOW_TOPIC};

/// The highest number that a wallet may begin with: behind it an account has as many again.
pub const FIRST_MAX: u32 = 1_000_000_000;
/// Addresses that are told when a wallet is added.
const TOLD: u32 = 3;

/// The family of the sandbox's own wallet.
pub(crate) const SANDBOX_FAMILY: &str = "sandbox";

impl Engine {
    /// The family of wallets that can receive on a network in an environment.
    pub(crate) fn wallet_family(
        &self,
        environment: Environment,
        network: NetworkName,
    ) -> Option<&str> {
        let row = self.catalogue().network(network)?;
        self.chain_of(environment, network)?;
        Some(match (environment, row.test) {
            (Environment::Sandbox, false) => SANDBOX_FAMILY,
            _ => row.key_group(),
        })
    }

    /// The wallet that receives for a merchant on a network: his own before the common one, the
    /// newest first. None when there is none.
    pub(crate) async fn receiving_wallet(
        &self,
        tx: &mut Tx<'_>,
        scope: Scope,
        network: NetworkName,
    ) -> Result<Option<Wallet>, DbError> {
        let Some(family) = self.wallet_family(scope.environment, network) else {
            return Ok(None);
        };
        let wallets = tx.wallets().await?;
        Ok(choose_wallet(&wallets, scope, family).cloned())
    }

    /// Takes a new address for a request in the running transaction. Its chain must have been read
    /// up to `shown_after`; the sandbox, which is read from its first block, need not have been.
    pub(crate) async fn issue_address(
        &self,
        tx: &mut Tx<'_>,
        wallet: &Wallet,
        network: NetworkName,
        request: PaymentRequestId,
        shown_after: Option<BlockRef>,
        now: Timestamp,
    ) -> Result<Address, EngineError> {
        let chain = self
            .chain_of(wallet.environment, network)
            .ok_or_else(|| EngineError::Inconsistent(format!("no chain carries {network}")))?;
        let number = tx.take_address_number(wallet.id).await?;
        let address = chain
            .derive(network, &wallet.public_key, number)
            .map_err(|refused| EngineError::Inconsistent(refused.to_string()))?;
        let wallet = wallet.id;
        let issued = IssuedAddress {
            wallet,
            number,
            network,
            address: address.clone(),
            request,
            shown_after,
        };
        tx.insert_address(&issued, now).await?;
        tx.after_commit(Nudge::new(FOLLOW_TOPIC));
        Ok(address)
    }

    /// Makes sure that the sandbox works by itself: it has a wallet from the first start.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn ensure_sandbox_wallet(&self) -> Result<(), EngineError> {
        let engine = self.clone();
        self.store()
            .write(async move |tx: &mut Tx<'_>| {
                let wallets = tx.wallets().await?;
                if wallets.iter().any(|wallet| wallet.family == SANDBOX_FAMILY) {
                    return Ok(());
                }
                let now = engine.now();
                let seed: [u8; 16] = engine.random();
                let key: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
                tx.insert_wallet(&Wallet {
                    id: engine.new_id(now),
                    merchant: None,
                    environment: Environment::Sandbox,
                    family: SANDBOX_FAMILY.to_owned(),
                    public_key: format!("sandbox-{key}"),
                    first_number: 0,
                    next_number: 0,
                    created_at: now,
                })
                .await
            })
            .await
            .map_err(|error: DbError| error.into())
    }

    /// Adds an extended public key and tells its addresses from number `first` on (0 where it is
    /// left out), which are the first to be given out, to be compared with the wallet. Of a key
    /// that stands already, in the same place, and has given out nothing, `first` is changed.
    ///
    /// # Errors
    /// [`WalletRefused`]
    pub async fn add_wallet(
        &self,
        merchant: Option<MerchantId>,
        environment: Environment,
        network: NetworkName,
        public_key: &str,
        first: Option<u32>,
    ) -> Result<AddedWallet, WalletRefused> {
        let number = first.unwrap_or_default();
        if number > FIRST_MAX {
            return Err(WalletRefused::First(number));
        }
        let unknown = || match self.chain_of(Environment::Sandbox, network) {
            Some(chain) if chain.name() == network => WalletRefused::TestNetwork(network),
            Some(_) | None => WalletRefused::Network(network),
        };
        let family = self.wallet_family(environment, network).ok_or_else(unknown)?;
        let chain = self.chain_of(environment, network).ok_or_else(unknown)?;
        let derive = |number| chain.derive(network, public_key, number);
        let refused = |refused: KeyRefused| WalletRefused::Key(refused.to_string());
        let start = derive(0).map_err(refused)?;
        let told: Result<Vec<Address>, _> = (number..number + TOLD).map(derive).collect();
        let addresses = told.map_err(refused)?;
        let now = self.now();
        let wallet = Wallet {
            id: self.new_id(now),
            merchant,
            environment,
            family: family.to_owned(),
            public_key: public_key.to_owned(),
            first_number: number,
            next_number: number,
            created_at: now,
        };
        let deriving = self.deriving_chains();
        let (id, before) = self
            .store()
            .write(async move |tx: &mut Tx<'_>| {
                // Also one of the other environment, spelled differently, or of another network
                // whose scripts are the same: an address is found by its script alone.
                let same = |known: &&Wallet| {
                    let own = deriving.iter().filter(|(family, ..)| *family == known.family);
                    own.filter_map(|(_, network, chain)| {
                        chain.derive(*network, &known.public_key, 0).ok()
                    })
                    .any(|address| start.account == address.account)
                };
                let wallets = tx.wallets().await?;
                if let Some(known) = wallets.iter().find(same) {
                    let before = begin_elsewhere(tx, known, &wallet, first).await?;
                    return Ok((known.id, Some(before)));
                }
                let inserted = tx.insert_wallet(&wallet).await.map_err(WalletRefused::from);
                inserted.map(|()| (wallet.id, None))
            })
            .await?;
        Ok(AddedWallet { id, first: number, before, addresses })
    }
}

/// Lets a key that stands already begin with another number; the number it began with before.
async fn begin_elsewhere(
    tx: &mut Tx<'_>,
    known: &Wallet,
    asked: &Wallet,
    first: Option<u32>,
) -> Result<u32, WalletRefused> {
    let place = |wallet: &Wallet| (wallet.environment, wallet.merchant, wallet.family.clone());
    let before = known.first_number;
    match first {
        // Left out, it means no number, and takes none back that was chosen.
        Some(first) if place(known) == place(asked) && first != before => {
            // A customer may take the first address at this moment.
            match tx.begin_wallet_at(known.id, first).await? {
                true => Ok(before),
                false => {
                    let now = tx.wallets().await?.into_iter().find(|one| one.id == known.id);
                    let count = now.map_or(0, |now| now.issued());
                    Err(WalletRefused::GivenOut { first: before, count })
                }
            }
        }
        _ => Err(WalletRefused::Known),
    }
}

/// A wallet that was added, or that begins with another number from now on.
#[derive(Clone, Debug)]
pub struct AddedWallet {
    /// Which.
    pub id: WalletId,
    /// The number of the first address it gives out.
    pub first: u32,
    /// The number it began with until now; none where it is new.
    pub before: Option<u32>,
    /// Its addresses from that number on.
    pub addresses: Vec<Address>,
}

impl Engine {
    /// Each family of wallets, with the networks and chains that derive its addresses.
    fn deriving_chains(&self) -> Vec<(String, NetworkName, Arc<dyn Chain>)> {
        let both = [Environment::Live, Environment::Sandbox];
        let networks = self.catalogue().networks().iter();
        let networks = networks.flat_map(|row| both.map(|environment| (environment, row.name)));
        let deriving = networks.filter_map(|(environment, network)| {
            let family = self.wallet_family(environment, network)?.to_owned();
            Some((family, network, Arc::clone(self.chain_of(environment, network)?)))
        });
        deriving.collect()
    }
}

/// Why a wallet was not added.
#[derive(Debug, thiserror::Error)]
pub enum WalletRefused {
    /// The network is not read by this installation.
    #[error("the network {0} is not set up; add it to the settings first")]
    Network(NetworkName),
    /// It is, and its coins are worth nothing.
    #[error("{0} is a test network: say --sandbox, or let live keys use it (networks.allow_test)")]
    TestNetwork(NetworkName),
    /// Not an extended public key of that family.
    #[error("{0}")]
    Key(String),
    /// It is to begin too far on.
    #[error("an address number {0} is too high to begin with; the highest is {FIRST_MAX}")]
    First(u32),
    /// It stands already.
    #[error("this key is in use already; two wallets would give out the same addresses")]
    Known,
    /// It stands already, and is to begin with another number too late.
    #[error(
        "this key is in use already and has given out {count} of its addresses, from number \
         {first} on, so that cannot be changed; take an account that nothing else uses"
    )]
    GivenOut {
        /// The number it began with.
        first: u32,
        /// How many were given out.
        count: u32,
    },
    /// The database.
    #[error(transparent)]
    Store(DbError),
}

impl From<DbError> for WalletRefused {
    fn from(error: DbError) -> Self {
        if error.is_unique() { Self::Known } else { Self::Store(error) }
    }
}

/// The wallet that receives: the merchant's own before a common one, the newest first.
pub(crate) fn choose_wallet<'a>(
    wallets: &'a [Wallet],
    scope: Scope,
    family: &str,
) -> Option<&'a Wallet> {
    let fits = |wallet: &&Wallet| {
        wallet.environment == scope.environment
            && wallet.family == family
            && wallet.merchant.is_none_or(|merchant| merchant == scope.merchant)
    };
    wallets.iter().filter(fits).max_by_key(|wallet| (wallet.merchant.is_some(), wallet.id))
}
