//! What to say of a name that no network has: the one that was probably meant, and those there are.

use coffer_domain::{
    catalogue::{Asset, Catalogue},
    code::NetworkName,
};

use crate::settings::distance;

/// The sentence about a name that no network has: the one of `meant` that is nearest, and those
/// that can be named here.
#[must_use]
pub fn unknown(
    text: &str,
    catalogue: &Catalogue,
    meant: &[NetworkName],
    here: &[NetworkName],
) -> String {
    let guess = nearest(text, catalogue, meant);
    let guess = guess.map_or_else(String::new, |name| format!("; did you mean {name}?"));
    let mut names: Vec<&str> = here.iter().map(NetworkName::as_str).collect();
    names.sort_unstable();
    match (guess.as_str(), names.as_slice()) {
        (_, []) => format!("there is no network {text:?}{guess}"),
        ("", names) => format!("there is no network {text:?}; known here: {}", names.join(", ")),
        (guess, names) => {
            format!("there is no network {text:?}{guess} Known here: {}", names.join(", "))
        }
    }
}

/// The network that was probably meant: by its name in other letters, its coin's code, its title,
/// or a name that is nearly the same.
#[must_use]
pub fn nearest(text: &str, catalogue: &Catalogue, names: &[NetworkName]) -> Option<NetworkName> {
    let wanted = bare(text);
    let same = |name: &&NetworkName| bare(name.as_str()) == wanted;
    let coin = |name: &&NetworkName| {
        let mut assets = catalogue.assets().iter().filter(|asset| asset.id.network == **name);
        assets.any(|asset| asset.contract.is_none() && is_code_of(text, asset))
    };
    let title = |name: &&NetworkName| {
        catalogue.network(**name).is_some_and(|network| bare(&network.title) == wanted)
    };
    let found = names.iter().find(same).or_else(|| names.iter().find(coin));
    let found = found.or_else(|| names.iter().find(title)).copied();
    found.or_else(|| {
        let far = |name: &NetworkName| distance(name.as_str(), &text.to_ascii_lowercase());
        let near = names.iter().min_by_key(|name| far(name)).copied();
        near.filter(|name| far(name) <= text.chars().count().max(3) / 3)
    })
}

/// Letters and digits, in small letters.
fn bare(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// Whether a text is one of a coin's codes, or a part of one: both "BNB" and "BSC" are "BNB-BSC".
fn is_code_of(text: &str, asset: &Asset) -> bool {
    let codes = [&asset.id.iso, &asset.code].into_iter().chain(&asset.aliases);
    let mut parts = codes.flat_map(|code| code.as_str().split('-'));
    parts.any(|part| part.eq_ignore_ascii_case(text.trim()))
}

#[cfg(test)]
mod tests {
    use coffer_domain::catalogue::Catalogue;

    use super::{nearest, unknown};

    #[test]
    fn a_misspelled_network_is_guessed_by_its_name_its_coin_or_its_title() {
        let catalogue = Catalogue::builtin();
        let names: Vec<_> = catalogue.networks().iter().map(|network| network.name).collect();
        let guess = |text| nearest(text, &catalogue, &names).map(|name| name.to_string());
        for (text, name) in [
            ("bitcion", "bitcoin"),
            ("Bitcoin", "bitcoin"),
            ("btc", "bitcoin"),
            ("ETH", "ethereum"),
            ("etherium", "ethereum"),
            ("bitcoin-cash", "bitcoin_cash"),
            ("bsc", "binance"),
            ("BNB Smart Chain", "binance"),
            ("avax", "avalanche"),
        ] {
            assert_eq!(guess(text).as_deref(), Some(name), "{text}");
        }
        for text in ["moon", "", "x", "sepolia"] {
            assert_eq!(guess(text), None, "{text}");
        }
    }

    #[test]
    fn who_names_no_network_is_told_which_there_are() {
        let catalogue = Catalogue::builtin();
        let [bitcoin, litecoin] = ["bitcoin", "litecoin"].map(|name| name.parse().unwrap());
        let told = |text| unknown(text, &catalogue, &[bitcoin], &[litecoin, bitcoin]);
        let sentence =
            "there is no network \"btc\"; did you mean bitcoin? Known here: bitcoin, litecoin";
        assert_eq!(told("btc"), sentence);
        assert_eq!(told("moon"), "there is no network \"moon\"; known here: bitcoin, litecoin");
    }
}
