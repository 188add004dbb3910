//! Markets and banks that name prices, one file each.
//!
//! An adapter says what its source says and no more: prices are read exactly from the answer's
//! text, a pair the source does not have is left out, and whether a price is fresh or plausible is
//! for the domain to judge.

mod binance;
mod coinbase;
mod ecb;
mod fixed;
mod inquiry;
mod kraken;
mod market;

pub use binance::Binance;
pub use coinbase::Coinbase;
pub use ecb::Ecb;
pub use fixed::FixedSource;
pub use kraken::Kraken;
