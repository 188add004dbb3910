//! What the world says: adapters for rates, callback delivery, screening, mail and alarms.
//!
//! What speaks HTTP does so through [`client::GuardedClient`], which trusts neither the host it is
//! sent to nor the answer it gets.

pub mod callback_transport;
pub mod client;
pub mod guard;
pub mod mailer;
pub mod operator;
pub mod rate_source;
pub mod url_screen;
