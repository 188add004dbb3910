//! What can be paid in, and at what price, as the v2 API says it.

use coffer_domain::{
    catalogue::Asset,
    code::Iso,
    merchant::Environment,
    money::{Units, parse_decimal},
    rate::Side,
};
use coffer_wire::{
    currency::{CurrencyItem, CurrencyType, RateItem, RatesRequest, V2_DECIMALS, render_data},
    error::{FieldErrors, selected_is_invalid},
};

use crate::{engine::Engine, probe::NotTaken};

/// Why no prices were answered.
#[derive(Debug, thiserror::Error)]
pub enum RatesRefused {
    /// A code that is not known.
    #[error("fields were refused")]
    Fields(FieldErrors),
    /// No price can be had at all.
    #[error("no rate can be had")]
    NoRates,
}

/// A currency prices are asked in: its v2 code, the code markets know, and what it is.
struct Priced {
    code: Iso,
    iso: Iso,
    kind: CurrencyType,
}

impl Engine {
    /// The coins a customer may pay in (spec 3.3). `visible` false asks for those that are known
    /// but not set up here.
    #[must_use]
    pub fn currencies(&self, environment: Environment, visible: bool) -> Vec<u8> {
        let items: Vec<CurrencyItem<'_>> = self
            .catalogue()
            .assets()
            .iter()
            .filter(|asset| self.is_taken(environment, asset) == visible)
            .filter_map(|asset| {
                let network = self.catalogue().network(asset.id.network)?;
                Some(CurrencyItem::new(
                    asset.number,
                    &asset.code,
                    asset.minimum,
                    asset.decimals,
                    network.confirmations.least(),
                ))
            })
            .collect();
        render_data(&items)
    }

    /// Prices of coins (spec 3.5), for merchants who build their own choice of coins.
    ///
    /// # Errors
    /// When a code is unknown, or nothing can be priced at all.
    pub fn v2_rates(
        &self,
        environment: Environment,
        asked: &RatesRequest,
    ) -> Result<Vec<u8>, RatesRefused> {
        let from = self.coins_asked(environment, asked.currency_from)?;
        let to = self.currencies_asked(environment, asked.currency_to)?;
        let now = self.now();
        let mut items = Vec::new();
        for asset in from {
            for target in &to {
                let price = self.price(environment, asset.id.iso, target.iso, Side::Mid, now);
                let price = price.ok().and_then(|price| in_v2(&price.rate.to_string()));
                let Some(price) = price.filter(|_| asset.code != target.code) else { continue };
                items.push(RateItem::new(
                    &asset.code,
                    asset.minimum,
                    asset.decimals,
                    &target.code,
                    target.kind,
                    price,
                ));
            }
        }
        if items.is_empty() { Err(RatesRefused::NoRates) } else { Ok(render_data(&items)) }
    }

    /// Whether a coin is taken here, be it now or as soon as its chain has been read.
    pub(crate) fn is_taken(&self, environment: Environment, asset: &Asset) -> bool {
        match self.check_taken(environment, asset) {
            Err(NotTaken::NotSetUp | NotTaken::Refused(_)) => false,
            Ok(()) | Err(_) => true,
        }
    }

    fn coins_asked(
        &self,
        environment: Environment,
        code: Option<Iso>,
    ) -> Result<Vec<&Asset>, RatesRefused> {
        let taken = |asset: &&Asset| self.is_taken(environment, asset);
        match code {
            None => Ok(self.catalogue().assets().iter().filter(taken).collect()),
            Some(code) => match self.catalogue().by_code(code.as_str()).filter(taken) {
                Some(asset) => Ok(vec![asset]),
                None => Err(RatesRefused::Fields(selected_is_invalid("currency_from"))),
            },
        }
    }

    /// What prices are asked in; without a wish, the euro and the dollar.
    fn currencies_asked(
        &self,
        environment: Environment,
        code: Option<Iso>,
    ) -> Result<Vec<Priced>, RatesRefused> {
        let fiat = |code: &str| {
            let fiat = self.catalogue().fiat(code)?;
            Some(Priced { code: fiat.iso, iso: fiat.iso, kind: CurrencyType::Fiat })
        };
        let Some(code) = code else {
            return Ok(["EUR", "USD"].into_iter().filter_map(fiat).collect());
        };
        let coin = || {
            let asset = self.catalogue().by_code(code.as_str())?;
            let priced = Priced { code: asset.code, iso: asset.id.iso, kind: CurrencyType::Crypto };
            self.is_taken(environment, asset).then_some(priced)
        };
        match fiat(code.as_str()).or_else(coin) {
            Some(target) => Ok(vec![target]),
            None => Err(RatesRefused::Fields(selected_is_invalid("currency_to"))),
        }
    }
}

/// A price with the 8 decimals of the v2 API, cut off there; none where nothing is left.
fn in_v2(price: &str) -> Option<Units> {
    let (whole, fraction) = price.split_once('.').unwrap_or((price, "0"));
    let kept = fraction.get(..usize::from(V2_DECIMALS)).unwrap_or(fraction);
    let units = parse_decimal(&format!("{whole}.{kept}"), V2_DECIMALS).ok()?;
    (units != Units::ZERO).then_some(units)
}
