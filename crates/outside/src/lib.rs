//! What the world says: HTTP adapters for rates, callback delivery and screening.
//!
//! Everything here speaks through [`client::GuardedClient`], which trusts neither the host it is
//! sent to nor the answer it gets.

pub mod callback_transport;
pub mod client;
pub mod guard;
pub mod rate_source;
pub mod url_screen;
