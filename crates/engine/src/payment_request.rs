//! Use cases of payment requests.

pub mod checkout;
pub mod create;
pub mod decide;
mod fields;
pub mod once;
pub mod persist;
pub mod read;
mod repeat;
mod screen_urls;
pub mod show;
pub mod simulate;

pub use checkout::{CheckoutFacts, CoinOffer, ProceedRefused};
pub use create::CreateRefused;
pub use decide::DecideRefused;
pub use once::Once;
pub use simulate::SimulateRefused;
