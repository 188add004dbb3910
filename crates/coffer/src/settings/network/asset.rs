//! A coin or token that the settings add to a network.

use coffer_domain::{
    catalogue::{Asset, Catalogue, MAX_DECIMALS, MAX_NUMBER, Network},
    code::Iso,
    money::{AssetId, Units, parse_decimal},
    rate::Rate,
};

use crate::settings::section::Section;

/// Reads one asset and adds it to the catalogue. Where decimals are left out, those of the
/// network's coin hold.
pub(super) fn read(
    mut section: Section<'_>,
    network: Option<&Network>,
    catalogue: &mut Catalogue,
    coin_decimals: u8,
) -> Option<Asset> {
    let code = |text: &str| Iso::new(text).map_err(|refused| refused.to_string());
    let iso = section
        .required("iso")
        .and_then(|text| code(&text).map_err(|reason| section.refuse("iso", &reason)).ok());
    let v2_code = section.parsed("code", code).or(iso);
    let title = section.text("title");
    let number = section.number("number", 1..=u64::from(MAX_NUMBER));
    if number.is_none() {
        section.refuse("number", "a number from 1 to 99999 of its own is needed for the v2 API");
    }
    let contract = section.text("contract");
    let decimals = section.number("decimals", 0..=u64::from(MAX_DECIMALS));
    if contract.is_some() && decimals.is_none() {
        section.refuse("decimals", "is missing: write what the contract says");
    }
    let decimals = decimals.unwrap_or(coin_decimals);
    let display = section.number("display_decimals", 0..=u64::from(decimals));
    let minimum = section.parsed("minimum", |text| {
        parse_decimal(text, decimals).map_err(|refused| format!("{text:?} {refused}"))
    });
    let pegged_to = section.parsed("pegged_to", code);
    let fixed_usd = section.parsed("fixed_usd", |text| {
        Rate::parse(text).map_err(|_| format!("{text:?} is no price such as \"2500\" or \"0.15\""))
    });
    section.finish();
    let asset = Asset {
        id: AssetId { iso: iso?, network: network?.name },
        title: title.unwrap_or_else(|| iso.map_or_else(String::new, |iso| iso.to_string())),
        number: number?,
        code: v2_code?,
        aliases: Vec::new(),
        decimals,
        display_decimals: display.unwrap_or(decimals.min(6)),
        contract,
        minimum: minimum.unwrap_or(Units::new(1)),
        pegged_to,
        fixed_usd: fixed_usd.unwrap_or(Rate::constant("1")),
    };
    match catalogue.clone().with_asset(asset.clone()) {
        Ok(with) => {
            *catalogue = with;
            Some(asset)
        }
        Err(refused) => {
            section.refuse_all(&refused.to_string());
            None
        }
    }
}
