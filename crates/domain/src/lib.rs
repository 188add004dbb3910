//! What is true: money, stages, policies and the ports to the world.
//!
//! Pure: no IO, no runtime, no clock, no randomness, no serialisation. Time and random bytes are
//! arguments; the world is reached through the traits of [`ports`], which other rooms implement.

pub mod books;
pub mod callback;
pub mod catalogue;
pub mod code;
pub mod confirmations;
pub mod id;
pub mod inner_transfers;
pub mod mail;
pub mod merchant;
pub mod merchant_url;
pub mod money;
pub mod payment_request;
pub mod ports;
pub mod rate;
pub mod time;
pub mod transfer;
