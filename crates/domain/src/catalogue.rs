//! The catalogue: every network and asset Coffer knows, and the fiat currencies of ISO 4217.

mod assets;
mod fiat;
mod networks;

pub use fiat::{fiat, fiats};

use crate::{
    code::{Code, Iso, NetworkName},
    confirmations::Confirmations,
    money::{AssetId, Currency, Money, Units, format_decimal},
    payment_request::Needed,
    rate::Rate,
};

/// How a network is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Bitcoin and its kin.
    Utxo,
    /// Ethereum and its kin.
    Evm,
    /// TRON.
    Tron,
    /// Any other; readable in the sandbox only.
    Other,
}

impl Family {
    /// The word used for wallets in the database and the CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utxo => "utxo",
            Self::Evm => "evm",
            Self::Tron => "tron",
            Self::Other => "other",
        }
    }
}

/// A network as customers and merchants name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The name on the wire, such as `binance`.
    pub name: NetworkName,
    /// The name for people, such as "BNB Smart Chain".
    pub title: String,
    /// How it is read.
    pub family: Family,
    /// Chain id of an EVM network (EIP-155).
    pub chain_id: Option<u64>,
    /// Seconds between blocks, usually.
    pub block_seconds: u32,
    /// What makes a transfer final, unless a merchant asks for something else.
    pub confirmations: Confirmations,
    /// Seconds until the network calls a block final, usually; none where that takes as long as the
    /// confirmations named beside the word.
    pub final_seconds: Option<u32>,
    /// Whether it is a test network, whose coins are worth nothing.
    pub test: bool,
}

impl Network {
    /// The word under which keys for it are kept. One key serves all EVM networks, where an account
    /// has the same address everywhere; networks of Bitcoin's kind have a key each.
    #[must_use]
    pub fn key_group(&self) -> &str {
        match self.family {
            Family::Utxo => self.name.as_str(),
            family => family.as_str(),
        }
    }
}

/// A coin or token on one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Code and network of the payment request API.
    pub id: AssetId,
    /// The name for people, such as "Tether USD".
    pub title: String,
    /// Its number in the v2 API; below 2^31 and never reused.
    pub number: u32,
    /// Its code in the v2 API, such as `USDTT`.
    pub code: Iso,
    /// Other v2 codes accepted for it.
    pub aliases: Vec<Iso>,
    /// Decimals of its base unit, pinned.
    pub decimals: u8,
    /// Decimals people and exchanges can send; quotes are rounded up to them.
    pub display_decimals: u8,
    /// Contract of a token, in its network's checksummed spelling; none for the network's own coin.
    pub contract: Option<String>,
    /// The smallest payment worth taking, in base units.
    pub minimum: Units,
    /// The fiat currency it claims to be worth one of; its market price is guarded against a depeg.
    pub pegged_to: Option<Iso>,
    /// Its price in USD where the `fixed` source is used: sandbox and tests.
    pub fixed_usd: Rate,
}

/// A fiat currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fiat {
    /// Its ISO 4217 code.
    pub iso: Iso,
    /// Its name in English.
    pub title: &'static str,
    /// Digits after the point (the ISO 4217 exponent).
    pub decimals: u8,
    /// Its price in USD where the `fixed` source is used: sandbox and tests.
    pub fixed_usd: Rate,
}

/// Every network, asset and currency this installation knows.
#[derive(Clone, Debug)]
pub struct Catalogue {
    pub(crate) networks: Vec<Network>,
    pub(crate) assets: Vec<Asset>,
}

/// Why a row cannot be added to the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueRefused {
    /// The network's name is taken.
    #[error("there is a network {0} already")]
    NetworkTaken(NetworkName),
    /// An EVM network without a chain id, or another network with one.
    #[error("{0}: a chain id belongs to an EVM network, and each of those needs one")]
    ChainId(NetworkName),
    /// Another network has the chain id.
    #[error("{network}: the chain id {chain_id} is the one of {other}")]
    ChainIdTaken {
        /// The network to be added.
        network: NetworkName,
        /// Its chain id.
        chain_id: u64,
        /// Which network has it.
        other: NetworkName,
    },
    /// The asset's network is not in the catalogue.
    #[error("{0}: there is no such network")]
    NoNetwork(AssetId),
    /// The asset's code on that network is taken.
    #[error("there is an asset {0} already")]
    AssetTaken(AssetId),
    /// The code is the one of a fiat currency.
    #[error("{asset}: {code} is a currency of ISO 4217")]
    FiatCode {
        /// The asset to be added.
        asset: AssetId,
        /// The code.
        code: Iso,
    },
    /// Another asset has the v2 code, or has it as an alias.
    #[error("{asset}: the code {code} is taken by {other}")]
    CodeTaken {
        /// The asset to be added.
        asset: AssetId,
        /// The code.
        code: Iso,
        /// Which asset has it.
        other: AssetId,
    },
    /// Another asset has the v2 number, or it is in the range of the fiat currencies.
    #[error("{asset}: the number {number} is taken or not from 1 to 99999")]
    NumberTaken {
        /// The asset to be added.
        asset: AssetId,
        /// Its number.
        number: u32,
    },
    /// Another asset has the contract (or is the network's own coin too).
    #[error("{asset} is the same contract or coin as {other}")]
    ContractTaken {
        /// The asset to be added.
        asset: AssetId,
        /// Which asset has it.
        other: AssetId,
    },
    /// Decimals that do not fit amounts, or fewer of them than are displayed.
    #[error("{0}: decimals are 0 to 38, and no more are displayed than there are")]
    Decimals(AssetId),
    /// The peg is not a fiat currency.
    #[error("{0}: a coin can only be pegged to a currency of ISO 4217")]
    Peg(AssetId),
}

/// The most decimals a currency may have, so that one whole unit fits in 128 bits.
pub const MAX_DECIMALS: u8 = 38;

/// The largest number of an asset in the v2 API; above are those of fiat currencies.
pub const MAX_NUMBER: u32 = 99_999;

/// The name by which markets know a coin: its `iso`, but for coins whose `iso` names their network,
/// too. Rate sources are asked for this name and answer with it.
#[must_use]
pub fn market_ticker(iso: Iso) -> Iso {
    match iso.as_str() {
        "BNB-BSC" => Code::constant("BNB"),
        _ => iso,
    }
}

impl Catalogue {
    /// What every installation knows.
    #[must_use]
    pub fn builtin() -> Self {
        Self { networks: networks::builtin(), assets: assets::builtin() }
    }

    /// Every network, in the order in which they are offered.
    #[must_use]
    pub fn networks(&self) -> &[Network] {
        &self.networks
    }

    /// Every asset, in the order in which they are offered.
    #[must_use]
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// The network of that name.
    #[must_use]
    pub fn network(&self, name: NetworkName) -> Option<&Network> {
        self.networks.iter().find(|network| network.name == name)
    }

    /// The asset of that code and network.
    #[must_use]
    pub fn asset(&self, id: AssetId) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.id == id)
    }

    /// The assets of that code on all networks.
    pub fn assets_of(&self, iso: Iso) -> impl Iterator<Item = &Asset> {
        self.assets.iter().filter(move |asset| asset.id.iso == iso)
    }

    /// The asset of that v2 code, or of that alias.
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.codes().any(|own| own.as_str() == code))
    }

    /// The fiat currency of that ISO 4217 code.
    #[must_use]
    pub fn fiat(&self, iso: &str) -> Option<&'static Fiat> {
        fiat(iso)
    }

    /// Every fiat currency, in the order of their codes.
    #[must_use]
    pub const fn fiats(&self) -> &'static [Fiat] {
        fiats()
    }

    /// The decimals of a currency's base unit; none for one that is not in the catalogue.
    #[must_use]
    pub fn decimals(&self, currency: Currency) -> Option<u8> {
        match currency {
            Currency::Fiat(iso) => fiat(iso.as_str()).map(|fiat| fiat.decimals),
            Currency::Coin(id) => self.asset(id).map(|asset| asset.decimals),
        }
    }

    /// The amount as a decimal without padding and without the currency: `0.01`, `100`. Base units
    /// where the currency is not in the catalogue (any more).
    #[must_use]
    pub fn format(&self, money: Money) -> String {
        format_decimal(money.units, self.decimals(money.currency).unwrap_or(0))
    }

    /// With one more network.
    ///
    /// # Errors
    /// When its name or chain id is taken, or it has a chain id without being an EVM network (or
    /// the other way round).
    pub fn with_network(mut self, network: Network) -> Result<Self, CatalogueRefused> {
        let name = network.name;
        if self.network(name).is_some() {
            return Err(CatalogueRefused::NetworkTaken(name));
        }
        if (network.family == Family::Evm) != network.chain_id.is_some() {
            return Err(CatalogueRefused::ChainId(name));
        }
        let twin = self.networks.iter().find(|other| other.chain_id == network.chain_id);
        if let (Some(chain_id), Some(other)) = (network.chain_id, twin) {
            let other = other.name;
            return Err(CatalogueRefused::ChainIdTaken { network: name, chain_id, other });
        }
        self.networks.push(network);
        Ok(self)
    }

    /// With other steps that make a transfer on a network final. Nothing changes where there is no
    /// such network.
    #[must_use]
    pub fn with_confirmations(mut self, name: NetworkName, confirmations: &Confirmations) -> Self {
        let networks = self.networks.iter_mut().filter(|network| network.name == name);
        networks.for_each(|network| network.confirmations.clone_from(confirmations));
        self
    }

    /// With one more asset, on a network that is there already.
    ///
    /// # Errors
    /// When its network is missing; when its code on that network, v2 code, alias, number or
    /// contract is taken; when its decimals or its peg make no sense.
    pub fn with_asset(mut self, asset: Asset) -> Result<Self, CatalogueRefused> {
        let id = asset.id;
        if self.network(id.network).is_none() {
            return Err(CatalogueRefused::NoNetwork(id));
        }
        if self.asset(id).is_some() {
            return Err(CatalogueRefused::AssetTaken(id));
        }
        if asset.decimals > MAX_DECIMALS || asset.display_decimals > asset.decimals {
            return Err(CatalogueRefused::Decimals(id));
        }
        if asset.pegged_to.is_some_and(|peg| fiat(peg.as_str()).is_none()) {
            return Err(CatalogueRefused::Peg(id));
        }
        let used = self.assets.iter().any(|other| other.number == asset.number);
        if used || !(1..=MAX_NUMBER).contains(&asset.number) {
            return Err(CatalogueRefused::NumberTaken { asset: id, number: asset.number });
        }
        for code in asset.codes().chain([id.iso]) {
            if fiat(code.as_str()).is_some() {
                return Err(CatalogueRefused::FiatCode { asset: id, code });
            }
        }
        for code in asset.codes() {
            if let Some(other) = self.by_code(code.as_str()) {
                return Err(CatalogueRefused::CodeTaken { asset: id, code, other: other.id });
            }
        }
        let case_matters = self.network(id.network).is_none_or(|net| net.family != Family::Evm);
        let mut others = self.assets.iter().filter(|other| other.id.network == id.network);
        if let Some(other) = others.find(|other| same_contract(other, &asset, case_matters)) {
            return Err(CatalogueRefused::ContractTaken { asset: id, other: other.id });
        }
        self.assets.push(asset);
        Ok(self)
    }
}

impl Network {
    /// How many seconds a transfer usually takes until that is met, from its first block on.
    #[must_use]
    pub fn usual_seconds(&self, needed: Needed) -> u32 {
        let depth = self.confirmations.depth(needed).unwrap_or(1);
        let by_depth = self.block_seconds.saturating_mul(depth);
        match needed {
            Needed::Finalized => self.final_seconds.unwrap_or(by_depth),
            Needed::Safe | Needed::Confirmations(_) => by_depth,
        }
    }
}

impl Asset {
    /// Its v2 code and the aliases of it.
    pub fn codes(&self) -> impl Iterator<Item = Iso> {
        std::iter::once(self.code).chain(self.aliases.iter().copied())
    }

    /// Whether its contract is known to log exactly what the receiver gets, so that logs alone
    /// prove a payment where a node has forgotten the balances.
    #[must_use]
    pub fn has_exact_logs(&self) -> bool {
        self.contract.as_deref().is_some_and(|at| assets::has_exact_logs(self.id, at))
    }
}

fn same_contract(one: &Asset, other: &Asset, case_matters: bool) -> bool {
    match (&one.contract, &other.contract) {
        (Some(one), Some(other)) if !case_matters => one.eq_ignore_ascii_case(other),
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests;
