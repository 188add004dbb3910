//! Coins, amounts and rates as the page writes them.

use coffer_domain::{
    catalogue::{Asset, Catalogue, Network},
    money::{AssetId, Units, format_decimal},
    payment_request::Quote,
};
use coffer_engine::payment_request::CoinOffer;

use crate::checkout::{Coin, CoinChoice};

/// What the form sends for a coin, such as `USDC:polygon`.
pub(super) fn value(coin: AssetId) -> String {
    format!("{}:{}", coin.iso, coin.network)
}

/// The rows of the list. The fastest say so, unless that is most of them.
pub(super) fn choices(offers: &[CoinOffer], chosen: Option<&Quote>) -> Vec<CoinChoice> {
    let soonest = offers.iter().map(|offer| offer.usual_wait).min();
    let fastest = |offer: &CoinOffer| soonest == Some(offer.usual_wait);
    let count = offers.iter().filter(|offer| fastest(offer)).count();
    let worth_saying = count.saturating_mul(2) <= offers.len();
    let row = |offer| choice(offer, worth_saying && fastest(offer), chosen);
    offers.iter().map(row).collect()
}

fn choice(offer: &CoinOffer, fastest: bool, chosen: Option<&Quote>) -> CoinChoice {
    let id = offer.asset.id;
    CoinChoice {
        value: value(id),
        coin: named(&offer.asset, &offer.network),
        stable: offer.asset.pegged_to.is_some(),
        total: Some(format_decimal(offer.expected, offer.asset.decimals)),
        usual_wait_seconds: u32::try_from(offer.usual_wait.seconds()).unwrap_or(u32::MAX),
        network_fee: None,
        cheapest: false,
        fastest,
        selected: chosen.is_some_and(|quote| quote.asset == id),
        unavailable: None,
    }
}

/// A coin by the names of the catalogue; none where the settings no longer know it.
pub(super) fn coin(catalogue: &Catalogue, id: AssetId) -> Option<Coin> {
    Some(named(catalogue.asset(id)?, catalogue.network(id.network)?))
}

/// "108.43 USDC", kept on one line; none where the settings no longer know the coin.
pub(super) fn sum(catalogue: &Catalogue, id: AssetId, units: Units) -> Option<String> {
    let asset = catalogue.asset(id)?;
    Some(format!("{}\u{a0}{}", format_decimal(units, asset.decimals), id.iso))
}

fn named(asset: &Asset, network: &Network) -> Coin {
    Coin {
        code: asset.id.iso.to_string(),
        name: asset.title.clone(),
        network: network.title.clone(),
        contract: asset.contract.clone(),
    }
}

/// How much of a whole, in thousandths.
pub(super) fn per_mille(part: Units, whole: Units) -> u32 {
    let parts = part.get().saturating_mul(1_000).checked_div(whole.get().max(1));
    u32::try_from(parts.unwrap_or(1_000).min(1_000)).unwrap_or(1_000)
}

/// A rate as people read it, cut off: two decimals from a hundred on, else five digits that count.
pub(super) fn rounded(rate: &str) -> String {
    let (whole, fraction) = rate.split_once('.').unwrap_or((rate, ""));
    let digits = match whole.len() {
        1 if whole == "0" => fraction.bytes().take_while(|b| *b == b'0').count().saturating_add(5),
        1 | 2 => 4,
        _ => 2,
    };
    let kept = fraction.get(..digits).unwrap_or(fraction).trim_end_matches('0');
    if kept.is_empty() { whole.to_owned() } else { format!("{whole}.{kept}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_keeps_the_digits_that_count() {
        let rates = ["81000.00", "95.123456", "0.922253981", "0.0000123456789", "0.5", "1", "0.00"];
        let shown = ["81000", "95.1234", "0.92225", "0.000012345", "0.5", "1", "0"];
        assert_eq!(rates.map(rounded), shown);
    }

    #[test]
    fn a_share_is_never_more_than_the_whole() {
        let units = |part, whole| per_mille(Units::new(part), Units::new(whole));
        assert_eq!((units(68, 108), units(3, 2), units(0, 0)), (629, 1_000, 0));
        assert_eq!(units(u128::MAX, 7), 1_000);
    }
}
