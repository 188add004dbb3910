//! The coins and tokens every installation knows. Others are added by settings.
//!
//! Contracts and decimals are pinned here and compared with the chain when it is first used.
//! Tokens of the documented list whose contract is not known for certain (SNACK, TFS, XED, BXBT,
//! MNEE) are left out: a wrong contract loses money, a missing one does not.

use super::Asset;
use crate::{
    code::{Code, Iso},
    money::{AssetId, Units, parse_decimal},
    rate::Rate,
};

struct Row {
    number: u32,
    code: &'static str,
    alias: Option<&'static str>,
    iso: &'static str,
    network: &'static str,
    contract: Option<&'static str>,
    decimals: u8,
    minimum: &'static str,
    kind: &'static Kind,
}

/// What is the same wherever a coin lives.
struct Kind {
    title: &'static str,
    display_decimals: u8,
    peg: Option<Iso>,
    fixed_usd: Rate,
    /// Whether the logs of its contracts are known to say what arrived.
    exact_logs: bool,
}

/// The assets, in the order in which they are offered.
pub(super) fn builtin() -> Vec<Asset> {
    ROWS.iter().map(asset).collect()
}

/// Whether a contract is one of those here whose logs are known to say what arrived.
pub(super) fn has_exact_logs(id: AssetId, contract: &str) -> bool {
    ROWS.iter().any(|row| {
        row.kind.exact_logs && row.contract == Some(contract) && row.network == id.network.as_str()
    })
}

fn asset(row: &Row) -> Asset {
    let kind = row.kind;
    Asset {
        id: AssetId::new(Code::constant(row.iso), Code::constant(row.network)),
        title: kind.title.to_owned(),
        number: row.number,
        code: Code::constant(row.code),
        aliases: row.alias.map(Code::constant).into_iter().collect(),
        decimals: row.decimals,
        display_decimals: kind.display_decimals.min(row.decimals),
        contract: row.contract.map(str::to_owned),
        // A test reads every row, so that this never falls back.
        minimum: parse_decimal(row.minimum, row.decimals).unwrap_or(Units::new(1)),
        pegged_to: kind.peg,
        fixed_usd: kind.fixed_usd,
    }
}

const fn kind(title: &'static str, display_decimals: u8, fixed_usd: &'static str) -> Kind {
    let fixed_usd = Rate::constant(fixed_usd);
    Kind { title, display_decimals, peg: None, fixed_usd, exact_logs: false }
}

const fn pegged(title: &'static str, peg: &'static str, fixed_usd: &'static str) -> Kind {
    Kind { peg: Some(Code::constant(peg)), ..kind(title, 2, fixed_usd) }
}

/// Tokens of issuers whose contracts log exactly what the receiver gets. Tether's on Ethereum
/// could keep a fee; it logs what is left of the amount then. STASIS Euro has fees of its own and
/// is none.
const fn exact(kind: Kind) -> Kind {
    Kind { exact_logs: true, ..kind }
}

static BITCOIN: Kind = kind("Bitcoin", 8, "50000");
static LITECOIN: Kind = kind("Litecoin", 8, "80");
static DOGECOIN: Kind = kind("Dogecoin", 4, "0.15");
static BITCOIN_CASH: Kind = kind("Bitcoin Cash", 8, "400");
static BITCOIN_SV: Kind = kind("Bitcoin SV", 8, "30");
static ETHER: Kind = kind("Ether", 6, "2500");
static BNB: Kind = kind("BNB", 6, "600");
static POL: Kind = kind("POL", 4, "0.4");
static AVAX: Kind = kind("Avalanche", 4, "25");
static TRX: Kind = kind("TRON", 4, "0.25");
static SOLANA: Kind = kind("Solana", 6, "150");
static CARDANO: Kind = kind("Cardano", 4, "0.6");
static XRP: Kind = kind("XRP", 4, "2");
static TONCOIN: Kind = kind("Toncoin", 4, "3");
static CHILIZ: Kind = exact(kind("Chiliz", 2, "0.05"));
static WRAPPED_BITCOIN: Kind = exact(kind("Wrapped Bitcoin", 8, "50000"));
static USDT: Kind = exact(pegged("Tether USD", "USD", "1"));
static USDC: Kind = exact(pegged("USD Coin", "USD", "1"));
static DAI: Kind = exact(pegged("Dai", "USD", "1"));
static USDG: Kind = exact(pegged("Global Dollar", "USD", "1"));
static EURC: Kind = exact(pegged("Euro Coin", "EUR", "1.1"));
static EURS: Kind = pegged("STASIS Euro", "EUR", "1.1");

const fn coin(
    number: u32,
    iso: &'static str,
    network: &'static str,
    decimals: u8,
    minimum: &'static str,
    kind: &'static Kind,
) -> Row {
    let (code, alias, contract) = (iso, None, None);
    Row { number, code, alias, iso, network, contract, decimals, minimum, kind }
}

const fn token(
    number: u32,
    code: &'static str,
    asset: (&'static str, &'static str),
    contract: &'static str,
    decimals: u8,
    minimum: &'static str,
    kind: &'static Kind,
) -> Row {
    let (alias, contract) = (None, Some(contract));
    let (iso, network) = asset;
    Row { number, code, alias, iso, network, contract, decimals, minimum, kind }
}

const fn known_as(alias: &'static str, row: Row) -> Row {
    Row { alias: Some(alias), ..row }
}

const fn coded(code: &'static str, row: Row) -> Row {
    Row { code, ..row }
}

/// Numbers are never reused. BTC 1, ETH 5 and USDC 87 are the documented ones, the others our own.
/// So are the v2 codes of tokens on Polygon, Solana (USDT), TON, Optimism, Avalanche and of USDC
/// on BNB Smart Chain, which the public pages do not show.
#[rustfmt::skip]
static ROWS: &[Row] = &[
    coin(1, "BTC", "bitcoin", 8, "0.0001", &BITCOIN),
    coin(2, "LTC", "litecoin", 8, "0.01", &LITECOIN),
    coin(3, "DOGE", "dogecoin", 8, "1", &DOGECOIN),
    coin(4, "BCH", "bitcoin_cash", 8, "0.001", &BITCOIN_CASH),
    coin(5, "ETH", "ethereum", 18, "0.005", &ETHER),
    known_as("BNB", coin(6, "BNB-BSC", "binance", 18, "0.01", &BNB)),
    coin(7, "POL", "polygon", 18, "1", &POL),
    coin(8, "TRX", "tron", 6, "10", &TRX),
    coin(9, "SOL", "solana", 9, "0.01", &SOLANA),
    coin(10, "ADA", "cardano", 6, "2", &CARDANO),
    coin(11, "XRP", "ripple", 6, "0.1", &XRP),
    coin(12, "TON", "ton", 9, "0.5", &TONCOIN),
    coin(13, "BSV", "bitcoin_sv", 8, "0.01", &BITCOIN_SV),
    coin(14, "AVAX", "avalanche", 18, "0.05", &AVAX),
    coded("ETHA", coin(20, "ETH", "arbitrum", 18, "0.0005", &ETHER)),
    coded("ETHBASE", coin(21, "ETH", "base", 18, "0.0005", &ETHER)),
    coded("ETHOP", coin(22, "ETH", "optimism", 18, "0.0005", &ETHER)),

    token(60, "USDTE", ("USDT", "ethereum"),
        "0xdAC17F958D2ee523a2206206994597C13D831ec7", 6, "5", &USDT),
    token(61, "USDTT", ("USDT", "tron"),
        "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", 6, "2", &USDT),
    token(62, "USDTB", ("USDT", "binance"),
        "0x55d398326f99059fF775485246999027B3197955", 18, "5", &USDT),
    token(63, "USDTS", ("USDT", "solana"),
        "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB", 6, "1", &USDT),
    token(64, "USDTTON", ("USDT", "ton"),
        "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs", 6, "1", &USDT),
    token(65, "USDTP", ("USDT", "polygon"),
        "0xc2132D05D31c914a87C6611C10748AEb04B58e8F", 6, "1", &USDT),
    token(66, "USDTA", ("USDT", "arbitrum"),
        "0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9", 6, "1", &USDT),
    token(67, "USDTBASE", ("USDT", "base"),
        "0xfde4C96c8593536E31F229EA8f37b2ADa2699bb2", 6, "1", &USDT),
    token(68, "USDTOP", ("USDT", "optimism"),
        "0x94b008aA00579c1307B0EF2c499aD98a8ce58e58", 6, "1", &USDT),
    token(69, "USDTAVAX", ("USDT", "avalanche"),
        "0x9702230A8Ea53601f5cD2dc00fDBc13d4dF4A8c7", 6, "1", &USDT),

    known_as("USDC", token(87, "USDCE", ("USDC", "ethereum"),
        "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", 6, "5", &USDC)),
    token(88, "USDCS", ("USDC", "solana"),
        "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", 6, "1", &USDC),
    token(89, "USDCP", ("USDC", "polygon"),
        "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359", 6, "1", &USDC),
    token(90, "USDCB", ("USDC", "binance"),
        "0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d", 18, "5", &USDC),
    token(91, "USDCA", ("USDC", "arbitrum"),
        "0xaf88d065e77c8cC2239327C5EDb3A432268e5831", 6, "1", &USDC),
    token(92, "USDCBASE", ("USDC", "base"),
        "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", 6, "1", &USDC),
    token(93, "USDCOP", ("USDC", "optimism"),
        "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85", 6, "1", &USDC),
    token(94, "USDCAVAX", ("USDC", "avalanche"),
        "0xB97EF9Ef8734C71904D8002F8b6Bc66Dd9c48a6E", 6, "1", &USDC),

    token(100, "EURCE", ("EURC", "ethereum"),
        "0x1aBaEA1f7C830bD89Acc67eC4af516284b1bC33c", 6, "5", &EURC),
    token(101, "EURCS", ("EURC", "solana"),
        "HzwqbKZw8HxMN6bF2yFZNrht3c2iXXzpKcFu7uBEDKtr", 6, "1", &EURC),
    token(102, "EURCBASE", ("EURC", "base"),
        "0x60a3E35Cc302bFA44Cb288Bc5a4F316Fdb1adb42", 6, "1", &EURC),
    token(103, "EURCAVAX", ("EURC", "avalanche"),
        "0xC891EB4cbdEFf6e073e859e987815Ed1505c2ACD", 6, "1", &EURC),
    token(110, "EURS", ("EURS", "ethereum"),
        "0xdB25f211AB05b1c97D595516F45794528a807ad8", 2, "5", &EURS),
    token(111, "DAI", ("DAI", "ethereum"),
        "0x6B175474E89094C44Da98b954EedeAC495271d0F", 18, "5", &DAI),
    token(112, "USDGE", ("USDG", "ethereum"),
        "0xe343167631d89B6Ffc58B88d6b7fB0228795491D", 6, "5", &USDG),
    token(113, "USDGS", ("USDG", "solana"),
        "2u1tszSeqZ3qBWF3uNGPFc8TzMk2tdiwknnRMWGWjGWH", 6, "1", &USDG),
    token(114, "WBTC", ("WBTC", "ethereum"),
        "0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599", 8, "0.0001", &WRAPPED_BITCOIN),
    token(115, "CHZ", ("CHZ", "ethereum"),
        "0x3506424F91fD33084466F402d5D97f05F8e3b4AF", 18, "20", &CHILIZ),
];

#[cfg(test)]
mod tests {
    use super::{ROWS, parse_decimal};

    #[test]
    fn tokens_of_fees_have_no_exact_logs() {
        let exact = |code| {
            let assets = super::builtin();
            assets.iter().find(|asset| asset.code.as_str() == code).unwrap().has_exact_logs()
        };
        for code in ["USDTE", "USDTB", "USDCE", "USDCBASE", "EURCE", "DAI", "WBTC"] {
            assert!(exact(code), "{code}");
        }
        for code in ["EURS", "ETH"] {
            assert!(!exact(code), "{code}");
        }
        let mut elsewhere =
            super::builtin().into_iter().find(|it| it.code.as_str() == "DAI").unwrap();
        elsewhere.id.network = crate::code::Code::constant("polygon");
        assert!(!elsewhere.has_exact_logs(), "another contract of the same address");
    }

    #[test]
    fn every_minimum_is_readable_and_above_zero() {
        for row in ROWS {
            let minimum = parse_decimal(row.minimum, row.decimals);
            assert!(minimum.is_ok_and(|units| !units.is_zero()), "{}", row.code);
        }
    }
}
