//! How a test's installation differs from the usual one.

use coffer_chains::evm::{EvmSettings, InternalTransfers};
use coffer_domain::{
    catalogue::{Asset, Catalogue, Family, Network},
    code::{Iso, NetworkName},
    confirmations::Confirmations,
    money::{AssetId, Units},
    payment_request::Policy,
    rate::Rate,
};

use super::{Database, World};

/// What the catalogue says, where real networks have theirs already.
const CHAIN_ID: u64 = 31_337;
/// The chain ids that the node is started with and read by: what is paid in coin is paid on
/// Ethereum's, tokens on BNB Smart Chain's.
const COIN_CHAIN_ID: u64 = 1;
pub const TOKEN_CHAIN_ID: u64 = 56;
/// Another chain than every other.
pub const OTHER_CHAIN_ID: u64 = 31_338;
/// Blocks that make a payment final, its own included.
pub const CONFIRMATIONS: u32 = 3;

/// The installation of a test.
pub struct Setup {
    pub(super) database: Database,
    pub(super) policy: Policy,
    pub(super) tokens: Vec<Token>,
    pub(super) confirmations: Confirmations,
    /// What the node is started with beyond the usual.
    pub(super) node: Vec<String>,
    /// Whether the node is on another chain than the settings say.
    pub(super) other_chain: bool,
    /// Whether the network is not looked at before the test begins.
    pub(super) unread: bool,
    /// Whether there is a second network.
    pub(super) sister: bool,
    /// Whether there is a second endpoint, behind a gate that is shut at first.
    pub(super) second: bool,
    /// So much of the coin in one block the first endpoint is believed for alone.
    pub(super) above: Option<Units>,
    /// How coin is found that contracts move inside transactions.
    pub(super) internal: InternalTransfers,
}

/// A token of the catalogue.
#[derive(Clone, Copy)]
pub struct Token {
    pub iso: &'static str,
    /// Its compiled contract.
    pub code: &'static str,
    /// Decimals that its contract says.
    pub decimals: u8,
    /// Decimals that the catalogue says.
    pub pinned: u8,
}

impl Token {
    pub const fn new(iso: &'static str, code: &'static str) -> Self {
        Self { iso, code, decimals: 6, pinned: 6 }
    }
}

impl Setup {
    pub fn on(database: Database) -> Self {
        Self {
            database,
            policy: Policy::DEFAULT,
            tokens: Vec::new(),
            confirmations: Confirmations::plain(CONFIRMATIONS),
            node: Vec::new(),
            other_chain: false,
            unread: false,
            sister: false,
            second: false,
            above: None,
            internal: InternalTransfers::Auto,
        }
    }

    pub fn new() -> Self {
        Self::on(Database::Sqlite)
    }

    pub fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    pub fn token(mut self, token: Token) -> Self {
        self.tokens.push(token);
        self
    }

    /// Payments are final by these steps.
    pub fn confirmations(self, steps: &str) -> Self {
        Self { confirmations: steps.parse().unwrap(), ..self }
    }

    pub fn node(mut self, arguments: &[&str]) -> Self {
        self.node.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// The node is on another chain than the settings say.
    pub fn on_another_chain(self) -> Self {
        Self { other_chain: true, ..self }
    }

    /// The chain id that the adapter's settings say.
    pub(super) const fn chain_id(&self) -> u64 {
        if self.tokens.is_empty() { COIN_CHAIN_ID } else { TOKEN_CHAIN_ID }
    }

    /// The network is not looked at before the test begins.
    pub fn unread(self) -> Self {
        Self { unread: true, ..self }
    }

    /// What addresses hold is compared with what was booked.
    pub fn audited(self) -> Self {
        Self { internal: InternalTransfers::Audit, ..self }
    }

    /// Coin that contracts move is read from traces.
    pub fn traced(self) -> Self {
        Self { internal: InternalTransfers::Traces, ..self }
    }

    /// Another EVM network is read beside this one.
    pub fn with_sister(self) -> Self {
        Self { sister: true, ..self }
    }

    /// A second node's endpoint is named behind the first. It is shut, and knows no block yet.
    pub fn with_second(self) -> Self {
        Self { second: true, ..self }
    }

    /// The same, and more than so many wei in a block need both.
    pub fn with_second_above(self, wei: u128) -> Self {
        Self { second: true, above: Some(Units::new(wei)), ..self }
    }

    pub async fn start(self) -> World {
        World::start(self).await
    }

    /// The usual catalogue with the test network, its coin, and its tokens at these contracts.
    pub(super) fn catalogue(&self, contracts: &[String]) -> Catalogue {
        let network = Network {
            name: network(),
            title: "Anvil".to_owned(),
            family: Family::Evm,
            chain_id: Some(CHAIN_ID),
            block_seconds: 12,
            confirmations: self.confirmations.clone(),
            final_seconds: None,
            test: true,
        };
        let catalogue = Catalogue::builtin().with_network(network).unwrap();
        let catalogue = catalogue.with_asset(coin()).unwrap();
        let tokens = self.tokens.iter().zip(contracts).zip(90_001..);
        tokens.fold(catalogue, |catalogue, ((token, contract), number)| {
            let asset = Asset {
                id: asset_id(token.iso),
                title: token.iso.to_owned(),
                number,
                code: Iso::new(token.iso).unwrap(),
                decimals: token.pinned,
                display_decimals: 2,
                contract: Some(contract.clone()),
                fixed_usd: Rate::constant("1"),
                ..coin()
            };
            catalogue.with_asset(asset).unwrap()
        })
    }

    /// How the network is read through that address.
    pub fn evm(&self, catalogue: &Catalogue, address: &str) -> EvmSettings {
        let own = catalogue.assets().iter().filter(|asset| asset.id.network == network());
        let endpoints = vec![format!("http://{address}")];
        let settings =
            EvmSettings::new(network(), self.chain_id(), endpoints, own.cloned().collect());
        let (named, internal_transfers) = (self.confirmations.named(), self.internal);
        EvmSettings { named, internal_transfers, ..settings }
    }
}

/// The name of the test network.
pub fn network() -> NetworkName {
    NetworkName::new("anvil").unwrap()
}

pub(super) fn asset_id(iso: &str) -> AssetId {
    AssetId { iso: Iso::new(iso).unwrap(), network: network() }
}

/// Ether on the test network, at 2500 USD.
fn coin() -> Asset {
    Asset {
        id: asset_id("ETH"),
        title: "Ether".to_owned(),
        number: 90_000,
        code: Iso::new("ETHANVIL").unwrap(),
        aliases: Vec::new(),
        decimals: 18,
        display_decimals: 6,
        contract: None,
        minimum: Units::new(1),
        pegged_to: None,
        fixed_usd: Rate::constant("2500"),
    }
}
