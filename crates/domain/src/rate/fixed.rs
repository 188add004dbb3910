//! The made-up prices of the source `fixed`: every coin of the catalogue and every fiat currency in
//! dollars, so that the sandbox and tests can price anything without a network.

use std::collections::BTreeMap;

use super::{FIXED, Rate, RatePoint};
use crate::{
    catalogue::{Catalogue, fiats},
    code::Iso,
    time::Timestamp,
};

const USD: Iso = Iso::constant("USD");

/// One point in dollars for each coin and each fiat currency, dated `at`.
#[must_use]
pub fn fixed_points(catalogue: &Catalogue, at: Timestamp) -> Vec<RatePoint> {
    let coins = catalogue.assets().iter().map(|asset| (asset.id.iso, asset.fixed_usd));
    let fiats = fiats().iter().map(|fiat| (fiat.iso, fiat.fixed_usd));
    let prices: BTreeMap<Iso, Rate> = coins.chain(fiats).collect();
    let priced = prices.into_iter().filter(|(iso, _)| *iso != USD);
    priced.map(|(iso, price)| RatePoint::single(FIXED, iso, USD, price, at)).collect()
}
