//! Reading the body of a request: whole, in time, and not longer than it may be.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use bytes::Bytes;
use coffer_wire::error::RequestError;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::BODY_MAX;
use crate::problem::Failure;

/// Reads the body.
///
/// # Errors
/// When it is too large, breaks off, or does not come in time.
pub(super) async fn read(body: Body, wait: Duration) -> Result<Bytes, Failure> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > BODY_MAX {
        return Err(RequestError::TooLarge.into());
    }
    let whole = Limited::new(body, BODY_MAX).collect();
    match tokio::time::timeout(wait, whole).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(RequestError::TooLarge.into()),
        Ok(Err(_)) | Err(_) => Err(RequestError::BadContent.into()),
    }
}
