//! What is shown: the API and the checkout.
//!
//! [`router::router`] puts both together. Requests to the API all go through one function
//! (`api`), in one order of checks: route, key, signature, content type, JSON, fields.

pub mod checkout;
pub mod metrics;
pub mod openapi;
pub mod pages;
pub mod problem;
pub mod rate_limit;
pub mod router;
pub mod server_state;
pub mod text;

mod api;
mod auth;
mod health;
mod request_id;
