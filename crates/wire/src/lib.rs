//! What is said: the JSON of the public API and of callbacks, and its signatures.
//!
//! Reading is strict ([`json`]), tells every mistake of a body at once ([`error`]), and yields the
//! checked types of `coffer_domain`. Rendering takes plain views and gives bytes. No IO, no clock.

pub mod access_token;
pub mod alarm;
pub mod callback;
pub mod currency;
pub mod error;
pub mod event;
pub mod json;
pub mod payment_request;
pub mod problem;
pub mod signature;
