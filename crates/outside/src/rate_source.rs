//! Markets and banks that name prices, one file each.
//!
//! An adapter says what its source says and no more: prices are read exactly from the answer's
//! text, a pair the source does not have is left out, and whether a price is fresh or plausible is
//! for the domain to judge.

mod binance;
mod bitfinex;
mod bitstamp;
mod coinbase;
mod coingecko;
mod ecb;
mod fixed;
mod inquiry;
mod kraken;
mod market;
mod one_by_one;

pub use binance::Binance;
pub use bitfinex::Bitfinex;
pub use bitstamp::Bitstamp;
pub use coinbase::Coinbase;
pub use coingecko::CoinGecko;
pub use ecb::Ecb;
pub use fixed::FixedSource;
pub use kraken::Kraken;

#[cfg(test)]
mod tests {
    use coffer_domain::catalogue::{Catalogue, market_ticker};

    use super::{binance, bitfinex, bitstamp, coinbase, coingecko, kraken};

    #[test]
    fn coingecko_is_asked_for_the_coins_that_fewer_than_three_markets_name_and_no_others() {
        for asset in Catalogue::builtin().assets() {
            let ticker = market_ticker(asset.id.iso);
            let ticker = ticker.as_str();
            let named = |coins: &[(&str, &str)]| coins.iter().any(|(iso, _)| *iso == ticker);
            let markets = [
                named(&kraken::COINS),
                named(&bitfinex::COINS),
                coinbase::COINS.contains(&ticker),
                binance::COINS.contains(&ticker),
                bitstamp::COINS.contains(&ticker),
            ];
            let few = markets.iter().filter(|named| **named).count() < 3;
            assert_eq!(named(&coingecko::COINS), few, "{ticker}: {markets:?}");
        }
    }
}
