//! Answers of JSON-RPC, strictly read.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::label::Label;

/// An answer to one call.
#[derive(Deserialize)]
pub(crate) struct Envelope<'a> {
    pub(crate) id: Option<u64>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(crate) result: Option<&'a RawValue>,
    pub(crate) error: Option<ErrorObject>,
}

/// What a node has against a call.
#[derive(Deserialize)]
pub(crate) struct ErrorObject {
    pub(crate) code: i64,
    #[serde(default)]
    pub(crate) message: String,
}

impl ErrorObject {
    /// What may be shown of it.
    pub(crate) fn shown(&self, method: &str, label: &Label) -> String {
        format!("{method}: {} ({})", label.shown(&self.message), self.code)
    }
}

/// Reads a result.
///
/// # Errors
/// What of it cannot be read, as it may be shown.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    method: &str,
    result: &'a RawValue,
    label: &Label,
) -> Result<T, String> {
    serde_json::from_str(result.get()).map_err(|error| {
        let at = (error.line(), error.column());
        format!("{method}: unreadable at {at:?}: {}", label.shown(&error.to_string()))
    })
}

/// Makes `null` a present value, so that an answer without `result` is not taken for null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}
