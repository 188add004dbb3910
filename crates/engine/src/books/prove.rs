//! What is owed against what the chain says that our addresses hold.

use std::{collections::BTreeMap, sync::Arc};

use coffer_domain::{
    books::{AccountKind, Balance, Held, Total},
    code::NetworkName,
    id::MerchantId,
    merchant::Environment,
    money::{AssetId, Units},
    payment_request::{PaymentRequest, TrackedTransfer},
    ports::{Chain, Claim, KeyRefused},
    transfer::{BlockRef, Position, TransferReference},
};
use coffer_store::{error::DbError, tx::Tx};

use crate::{engine::Engine, error::EngineError};

/// Requests read at once.
const PAGE: u32 = 1_000;

/// Why a network could not be proved.
#[derive(Debug, thiserror::Error)]
pub enum ProveRefused {
    /// Nothing of it was read yet.
    #[error("{0} was not read yet")]
    NotRead(NetworkName),
    /// The books are not whole yet.
    #[error("{0} payment requests are from before the books; a running server books them first")]
    Unopened(u64),
    /// Nobody can say what addresses hold.
    #[error(
        "nobody can say what addresses of {0} hold: that takes a node, and an Esplora server is \
         told no address"
    )]
    NobodyKnows(NetworkName),
    /// An address that was given out is none of this network.
    #[error("an address that was given out cannot be read: {0}")]
    Address(#[from] KeyRefused),
    /// The database or the chain.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<DbError> for ProveRefused {
    fn from(error: DbError) -> Self {
        Self::Engine(error.into())
    }
}

/// What the books and a chain say of one asset of a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofLine {
    /// Whose.
    pub merchant: MerchantId,
    /// Of which.
    pub asset: AssetId,
    /// Arrivals that were looked for.
    pub arrivals: u64,
    /// What is final, as the requests say.
    pub treasury: Total,
    /// What the account says of it; other than that the books are wrong.
    pub booked: Held,
    /// What is in blocks and not final.
    pub incoming: Total,
    /// What our addresses hold.
    pub held: Total,
    /// What they hold less: moved away with the keys of the wallet.
    pub moved: Total,
    /// What accounts hold more: it arrived and is not booked.
    pub unbooked: Total,
    /// What the merchants have, less what a reorganisation took.
    pub available: Held,
    /// What customers are owed, and what is undecided.
    pub owed: Held,
}

impl ProofLine {
    /// Whether customers are owed more than is there of what they sent.
    #[must_use]
    pub fn is_short(&self) -> bool {
        matches!(self.owed, Held::Right(owed) if owed > self.held.less(self.unbooked))
    }

    /// Whether the account says what the requests say.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.booked == Held::Right(self.treasury)
    }
}

/// What the books and a chain say, after one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The block.
    pub at: BlockRef,
    /// Each asset.
    pub lines: Vec<ProofLine>,
}

/// What is booked for one address and asset.
#[derive(Default)]
struct Booked {
    treasury: Total,
    incoming: Total,
    arrivals: Vec<TransferReference>,
}

type Whose = (MerchantId, AssetId);
type Addresses = BTreeMap<(Whose, String), Booked>;

/// What is read of the books at one moment.
struct Read {
    at: BlockRef,
    booked: Addresses,
    accounts: BTreeMap<(Whose, AccountKind), Balance>,
    unopened: u64,
}

impl Engine {
    /// Holds what is booked for a chain's addresses against what they hold after the newest block
    /// that was followed.
    ///
    /// # Errors
    /// When nobody can say what they hold, or the database refuses.
    pub async fn prove_books(&self, chain: &Arc<dyn Chain>) -> Result<Proof, ProveRefused> {
        let (engine, of) = (self.clone(), Arc::clone(chain));
        let read = self
            .store()
            .read(async move |tx: &mut Tx<'_>| engine.read_for_proof(tx, &of).await)
            .await
            .map_err(|error: DbError| error)?;
        let read = read.ok_or_else(|| ProveRefused::NotRead(chain.name()))?;
        if read.unopened > 0 {
            return Err(ProveRefused::Unopened(read.unopened));
        }
        let claims = read.booked.iter().map(|(((_, asset), address), booked)| {
            let account = chain.parse_address(asset.network, address)?.account;
            Ok(Claim { account, asset: *asset, arrivals: booked.arrivals.clone() })
        });
        let claims = claims.collect::<Result<Vec<_>, KeyRefused>>()?;
        let held = chain.holdings(&read.at, &claims).await.map_err(EngineError::from)?;
        let held = held.filter(|held| held.len() == claims.len());
        let held = held.ok_or_else(|| ProveRefused::NobodyKnows(chain.name()))?;
        Ok(Proof { at: read.at.clone(), lines: lines(&read, &held) })
    }

    async fn read_for_proof(
        &self,
        tx: &mut Tx<'_>,
        chain: &Arc<dyn Chain>,
    ) -> Result<Option<Read>, DbError> {
        let Some(cursor) = tx.cursor(chain.name()).await? else { return Ok(None) };
        let mut read = Read {
            at: cursor.at,
            booked: Addresses::new(),
            accounts: BTreeMap::new(),
            unopened: 0,
        };
        let mut last = None;
        loop {
            let page = tx.requests_with_transfers(last, PAGE).await?;
            let Some(newest) = page.last() else { break };
            last = Some(*newest);
            for id in page {
                let Some(stored) = tx.request(id).await? else { continue };
                read.unopened += u64::from(!stored.booked);
                self.take_request(&stored.request, chain, &mut read.booked);
            }
        }
        for environment in [Environment::Live, Environment::Sandbox] {
            for stored in tx.accounts(environment).await? {
                let (kind, asset) = (stored.account.kind, stored.account.asset);
                let whose = (stored.account.scope.merchant, asset);
                if self.carries(chain, environment, asset.network) {
                    let sum = read.accounts.entry((whose, kind)).or_default();
                    sum.debited = sum.debited.and(stored.balance.debited);
                    sum.credited = sum.credited.and(stored.balance.credited);
                }
            }
        }
        Ok(Some(read))
    }

    fn take_request(
        &self,
        request: &PaymentRequest,
        chain: &Arc<dyn Chain>,
        booked: &mut Addresses,
    ) {
        let environment = request.scope.environment;
        for transfer in &request.transfers {
            let in_block = matches!(transfer.position, Position::Block { .. });
            let there = transfer.is_final() || in_block;
            // What the settings do not name any more cannot be asked for.
            let known = self.catalogue().asset(transfer.asset).is_some();
            if there && known && self.carries(chain, environment, transfer.asset.network) {
                take_transfer(request.scope.merchant, transfer, booked);
            }
        }
    }

    fn carries(
        &self,
        chain: &Arc<dyn Chain>,
        environment: Environment,
        network: NetworkName,
    ) -> bool {
        let carrier = self.chain_of(environment, network);
        carrier.is_some_and(|carrier| carrier.name() == chain.name())
    }
}

fn take_transfer(merchant: MerchantId, transfer: &TrackedTransfer, booked: &mut Addresses) {
    let whose = (merchant, transfer.asset);
    let own = booked.entry((whose, transfer.address.clone())).or_default();
    let sum = if transfer.is_final() { &mut own.treasury } else { &mut own.incoming };
    *sum = sum.plus(transfer.units);
    own.arrivals.push(transfer.reference.clone());
}

fn lines(read: &Read, held: &[Units]) -> Vec<ProofLine> {
    let mut lines: BTreeMap<Whose, ProofLine> = BTreeMap::new();
    for (((whose, _), booked), held) in read.booked.iter().zip(held) {
        let line = lines.entry(*whose).or_insert_with(|| empty(*whose, read));
        let held = Total::ZERO.plus(*held);
        line.arrivals += u64::try_from(booked.arrivals.len()).unwrap_or(u64::MAX);
        line.treasury = line.treasury.and(booked.treasury);
        line.incoming = line.incoming.and(booked.incoming);
        line.held = line.held.and(held);
        let there = booked.treasury.and(booked.incoming);
        line.moved = line.moved.and(there.less(held));
        line.unbooked = line.unbooked.and(held.less(there));
    }
    lines.into_values().collect()
}

fn empty(whose: Whose, read: &Read) -> ProofLine {
    let of = |kind| read.accounts.get(&(whose, kind)).copied().unwrap_or_default();
    let sum = |kinds: &[AccountKind]| {
        let mut total = Balance::default();
        for kind in kinds {
            let balance = of(*kind);
            total.debited = total.debited.and(balance.debited);
            total.credited = total.credited.and(balance.credited);
        }
        total.held(AccountKind::Available)
    };
    let (merchant, asset) = whose;
    ProofLine {
        merchant,
        asset,
        arrivals: 0,
        treasury: Total::ZERO,
        booked: of(AccountKind::Treasury).held(AccountKind::Treasury),
        incoming: Total::ZERO,
        held: Total::ZERO,
        moved: Total::ZERO,
        unbooked: Total::ZERO,
        available: sum(&[AccountKind::Available, AccountKind::ReorgLoss]),
        owed: sum(&[AccountKind::Owed, AccountKind::Undecided]),
    }
}
