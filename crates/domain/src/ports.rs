//! The places where the world varies. Adapters live in `chains`, `outside`, `store` and `coffer`;
//! the engine knows only these traits.

mod block;
mod claim;
mod sandbox;
mod watches;

use std::ops::RangeInclusive;

use async_trait::async_trait;

use crate::{
    callback::{Delivery, DeliveryOutcome},
    code::{Iso, NetworkName},
    confirmations::NamedBlocks,
    inner_transfers::InnerTransfers,
    mail::{Mail, MailOutcome},
    merchant_url::{MerchantUrl, Screening},
    money::{AssetId, Units},
    rate::RatePoint,
    time::Timestamp,
    transfer::{Address, BlockRef, TransferReference},
};

pub use self::{
    block::{Block, Pending},
    claim::Claim,
    sandbox::{SandboxBlock, SandboxLedger, SandboxRefused, SandboxTransfer},
    watches::{Watched, Watches},
};

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Where unpredictable bytes come from.
pub trait Entropy: Send + Sync {
    /// Fills the slice with random bytes fit for keys.
    fn fill(&self, bytes: &mut [u8]);
}

/// What a node says of its best chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The best block.
    pub at: BlockRef,
    /// Its own time.
    pub time: Timestamp,
    /// The highest block the network calls safe, where it has such a notion and steps ask for it.
    pub safe_height: Option<u64>,
    /// The highest block the network calls final, where it has such a notion and steps ask for it.
    pub final_height: Option<u64>,
    /// Whether the node is in step with its network, so that silence means "no payment" and the
    /// chain's clock may follow ours. False for a node that is syncing or whose tip is stale.
    pub live: bool,
}

/// Why a chain gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No endpoint answered in time.
    #[error("{network} cannot be reached: {reason}")]
    Unreachable {
        /// The network.
        network: NetworkName,
        /// What went wrong, without secrets.
        reason: String,
    },
    /// A node is there, or may be, and does not let us in: the settings are wrong, or its own.
    #[error("{network} does not let us in: {reason}")]
    NoAccess {
        /// The network.
        network: NetworkName,
        /// What it said, without secrets.
        reason: String,
    },
    /// The endpoint serves another chain than the settings say.
    #[error("{network} is on another chain: expected {expected}, found {found}")]
    OtherChain {
        /// The network.
        network: NetworkName,
        /// What the settings say.
        expected: String,
        /// What the endpoint says.
        found: String,
    },
    /// The endpoint's answer makes no sense.
    #[error("{network} answered nonsense: {reason}")]
    Nonsense {
        /// The network.
        network: NetworkName,
        /// What was wrong with it.
        reason: String,
    },
    /// No endpoint keeps the state of that block any more, so what arrived cannot be proved.
    /// Nothing of the block may be credited until an endpoint that keeps old states is added.
    #[error("{network} keeps no state of block {height}: {reason}")]
    StatePruned {
        /// The network.
        network: NetworkName,
        /// The block whose state is missing.
        height: u64,
        /// What the endpoint said, without secrets.
        reason: String,
    },
    /// No endpoint keeps that block any more, so what was paid in it cannot be seen. Nothing behind
    /// it is read until an endpoint that keeps it is added.
    #[error("{network} keeps no block {height} any more: {reason}")]
    BlockPruned {
        /// The network.
        network: NetworkName,
        /// The first block that is missing.
        height: u64,
        /// What the endpoint said, without secrets.
        reason: String,
    },
    /// No endpoint that answers shows what waits for a block, so that a payment is first seen in
    /// its block. Not a failure: the chain is read by its blocks alone.
    #[error("{network} is read by its blocks alone: no endpoint shows what waits for one")]
    PendingUnseen {
        /// The network.
        network: NetworkName,
    },
    /// One endpoint tells alone of more than the settings let one tell alone.
    #[error("{network} tells of an amount that a second endpoint must confirm: {reason}")]
    Unconfirmed {
        /// The network.
        network: NetworkName,
        /// Of what it tells.
        reason: String,
    },
    /// Two endpoints in step with the network tell different things of one block. One of them lies,
    /// or follows other rules; nothing is credited until they agree.
    #[error("the endpoints of {network} disagree about block {height}: {reason}")]
    EndpointsDisagree {
        /// The network.
        network: NetworkName,
        /// The block.
        height: u64,
        /// What each says.
        reason: String,
    },
}

/// What one endpoint of a chain says of itself, for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointReport {
    /// Its place in the settings, from 1.
    pub number: usize,
    /// Its host and port; never its path or password, which may be a key.
    pub label: String,
    /// Its newest block, or why it gave none.
    pub tip: Result<Tip, ChainError>,
    /// What it can do beyond the least, such as `traces`, each with whether it does.
    pub capabilities: Vec<(&'static str, bool)>,
    /// The lowest block it keeps; none where it keeps all.
    pub kept_from: Option<u64>,
    /// Calls made to it in the last minute.
    pub calls_last_minute: u32,
}

/// A key or address that a chain family cannot use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyRefused(pub String);

/// What starting to use a chain found out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ChainProbe {
    /// Assets that cannot be taken, each with the reason (other decimals on chain, no contract).
    pub refused_assets: Vec<(AssetId, String)>,
    /// Which blocks the node names by itself.
    pub named: NamedBlocks,
}

/// A blockchain, read. Adapters never know about payment requests or money owed.
#[async_trait]
pub trait Chain: Send + Sync {
    /// The name of the cursor that follows this chain; unique among the chains of an installation.
    fn name(&self) -> NetworkName;

    /// Checks chain identity and pinned assets.
    async fn probe(&self) -> Result<ChainProbe, ChainError>;

    /// The best chain's tip.
    async fn tip(&self) -> Result<Tip, ChainError>;

    /// The block of the best chain at that height, or none if the chain is shorter.
    async fn block(&self, height: u64, watched: &Watched<'_>) -> Result<Option<Block>, ChainError>;

    /// The blocks from one height to another of the best chain, in order, each as
    /// [`block`](Self::block) tells it; fewer where the chain is shorter or changes meanwhile. For
    /// chains that can be read more cheaply in ranges.
    async fn blocks(
        &self,
        heights: RangeInclusive<u64>,
        watched: &Watched<'_>,
    ) -> Result<Vec<Block>, ChainError> {
        let mut blocks = Vec::new();
        for height in heights {
            let Some(block) = self.block(height, watched).await? else { break };
            blocks.push(block);
        }
        Ok(blocks)
    }

    /// The blocks from `from` to `to` that may pay one of these accounts, in rising order, where a
    /// node finds them faster than by reading each; none where no node does. It may name more, and
    /// leaves none out.
    async fn blocks_with(
        &self,
        _from: u64,
        _to: u64,
        _accounts: &[Vec<u8>],
    ) -> Result<Option<Vec<u64>>, ChainError> {
        Ok(None)
    }

    /// Returns when the chain may have something new, where its node says so by itself. A hint that
    /// makes a look come earlier, nothing else; a chain whose node never says so does not return.
    async fn news(&self) {
        std::future::pending::<()>().await;
    }

    /// What each endpoint says of itself now; none where there are no endpoints.
    async fn endpoints(&self) -> Vec<EndpointReport> {
        Vec::new()
    }

    /// Which chain each endpoint serves and what its newest block is, without what it can do and
    /// what it keeps: for whoever asks often.
    async fn endpoint_tips(&self) -> Vec<EndpointReport> {
        self.endpoints().await
    }

    /// The network's coin, where it may arrive in ways that no block tells of, so that what
    /// addresses hold can be compared with what was booked for them. None where every movement is
    /// told.
    async fn audited(&self) -> Result<Option<AssetId>, ChainError> {
        Ok(None)
    }

    /// How such arrivals are to be found, being found like that so far; none where all is told.
    async fn inner_transfers(
        &self,
        _so_far: Option<InnerTransfers>,
    ) -> Result<Option<InnerTransfers>, ChainError> {
        Ok(None)
    }

    /// Finds them like that from now on.
    fn find_inner_transfers(&self, _how: InnerTransfers) {}

    /// What accounts hold of the audited coin after a block, in base units, in their order; of the
    /// first of them only, where calls do not suffice for all, or one of the others is in doubt.
    /// Empty where nothing is audited. Where the first is in doubt, that is the error.
    async fn balances(
        &self,
        _at: &BlockRef,
        _accounts: &[Vec<u8>],
    ) -> Result<Vec<Units>, ChainError> {
        Ok(Vec::new())
    }

    /// What is still there of what was booked, after a block: of outputs those that are not spent;
    /// of accounts all that they hold, which may be more. None where no endpoint can say.
    async fn holdings(
        &self,
        _at: &BlockRef,
        _claims: &[Claim],
    ) -> Result<Option<Vec<Units>>, ChainError> {
        Ok(None)
    }

    /// Movements to watched addresses that are in no block yet.
    ///
    /// # Errors
    /// [`ChainError::PendingUnseen`] where the node does not tell, so that none of them means
    /// nothing, and a payment must be taken for sent before it was seen.
    async fn pending(&self, watched: &Watched<'_>) -> Result<Pending, ChainError>;

    /// Which of these transfers can never come again: they were pending, are so no more, are in no
    /// block up to `tip`, and what they were to move was moved by another transaction. Those of
    /// which the chain cannot tell are left out.
    async fn lost(
        &self,
        _missing: &[TransferReference],
        _tip: &BlockRef,
    ) -> Result<Vec<TransferReference>, ChainError> {
        Ok(Vec::new())
    }

    /// The endpoint, as errors call it, that has this block on its chain, where the network has
    /// several and one that is in step does; none where no such one has it. Asked before a final
    /// payment is believed gone, so that no endpoint takes one back that others still have.
    async fn named_by(&self, _block: &BlockRef) -> Option<String> {
        None
    }

    /// Whether nothing can be sent here that the next look is not told, so that what is first seen
    /// was sent just now. No real network is so.
    fn tells_at_once(&self) -> bool {
        false
    }

    /// Whether one endpoint is believed for so much of an asset in one block. Where not, two must
    /// name the block that makes it final.
    fn one_suffices(&self, _asset: AssetId, _units: Units) -> bool {
        true
    }

    /// Whether two endpoints have this block on their chains.
    ///
    /// # Errors
    /// [`ChainError::EndpointsDisagree`] where another block is named in its place, and
    /// [`ChainError::Unconfirmed`] where there is no second answer.
    async fn named_by_two(&self, _block: &BlockRef) -> Result<(), ChainError> {
        Ok(())
    }

    /// The address number `index` of an extended public key, on one of this chain's networks.
    ///
    /// # Errors
    /// When the text is not an extended public key this family can use.
    fn derive(&self, network: NetworkName, key: &str, index: u32) -> Result<Address, KeyRefused>;

    /// Reads an address typed by a person.
    ///
    /// # Errors
    /// When it is not an address of that network; the text says why.
    fn parse_address(&self, network: NetworkName, text: &str) -> Result<Address, KeyRefused>;

    /// A link that opens a wallet with address and amount filled in, where the family has one.
    fn payment_link(&self, asset: AssetId, address: &str, units: Units) -> Option<String>;
}

/// Why a rate source gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_name} gives no rates: {reason}")]
pub struct RateSourceError {
    /// The source.
    pub source_name: &'static str,
    /// What went wrong.
    pub reason: String,
}

/// A market or bank that names prices.
#[async_trait]
pub trait RateSource: Send + Sync {
    /// Its name as the evidence of a quote says it.
    fn name(&self) -> &'static str;
    /// Asks for the prices of these coins and currencies, in whatever pairs the source has.
    async fn fetch(
        &self,
        coins: &[Iso],
        fiats: &[Iso],
        now: Timestamp,
    ) -> Result<Vec<RatePoint>, RateSourceError>;
}

/// Sends the stored bytes of a callback.
#[async_trait]
pub trait CallbackTransport: Send + Sync {
    /// One attempt; never longer than the transport's own limit, never an error of ours.
    async fn deliver(&self, delivery: &Delivery) -> DeliveryOutcome;
}

/// Says whether a merchant's URL may be used.
#[async_trait]
pub trait UrlScreen: Send + Sync {
    /// Judges the URL's host.
    async fn screen(&self, url: &MerchantUrl) -> Screening;
}

/// Hands mails to a mail server.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// One attempt at one mail; never longer than the adapter's own limit.
    async fn send(&self, mail: &Mail) -> MailOutcome;
}

/// The operator's own endpoint that takes alarms.
#[async_trait]
pub trait AlarmHook: Send + Sync {
    /// One attempt: the stored bytes, signed for this moment. `id` is the same on every attempt.
    async fn post(&self, id: &str, body: &[u8], at: Timestamp) -> DeliveryOutcome;
}

/// A service outside that misses us when we are silent.
#[async_trait]
pub trait Heartbeat: Send + Sync {
    /// Gives one sign of life.
    ///
    /// # Errors
    /// Why it was not taken, without the URL, whose path may be a secret.
    async fn beat(&self) -> Result<(), String>;
}
