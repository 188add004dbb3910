//! Payments on real Bitcoin and Litecoin nodes (regtest), through the whole product: requests over
//! HTTP, addresses of an extended public key, blocks read by JSON-RPC, callbacks received and
//! verified.
#![expect(clippy::unwrap_used, reason = "tests")]

mod driver;
