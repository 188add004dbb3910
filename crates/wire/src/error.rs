//! The two error shapes of the compatible API: a flat `error` and `code` (spec 2.4), and a map of
//! field to sentence (spec 2.5).

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::json::JsonRefused;

/// What is wrong with a request as a whole (spec 2.4): the documented five, and what the public
/// pages leave open in the same shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestError {
    /// The body is not JSON, or `Content-Type` is not `application/json`.
    BadContent,
    /// `X-Processing-Key` is missing, or the path does not exist.
    NoKey,
    /// The key is unknown or disabled.
    BadKey,
    /// `X-Processing-Signature` is missing.
    NoSignature,
    /// The signature does not match the body.
    BadSignature,
    /// There is no such thing, or it is another merchant's.
    NotFound,
    /// The path exists, but not with this method.
    MethodNotAllowed,
    /// A twin with the same `Idempotency-Key` is still at work.
    StillRunning,
    /// The body is larger than the server takes.
    TooLarge,
    /// The `Idempotency-Key` was used with another body.
    KeyReused,
    /// `Idempotency-Key` is not 1 to 255 printable ASCII characters.
    BadIdempotencyKey,
    /// More requests than the key may make.
    TooMany,
    /// A fault of the server; nothing was done.
    Internal,
    /// Not now: no rate can be had for the coin.
    NoRates,
    /// Not now: the store or the server is too busy; nothing was done.
    Busy,
}

impl RequestError {
    /// All of them, in the order of their HTTP status.
    pub const ALL: [Self; 15] = [
        Self::BadContent,
        Self::BadIdempotencyKey,
        Self::NoKey,
        Self::BadKey,
        Self::NoSignature,
        Self::BadSignature,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::StillRunning,
        Self::TooLarge,
        Self::KeyReused,
        Self::TooMany,
        Self::Internal,
        Self::NoRates,
        Self::Busy,
    ];

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadContent | Self::BadIdempotencyKey => 400,
            Self::NoKey | Self::BadKey | Self::NoSignature | Self::BadSignature => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::StillRunning => 409,
            Self::TooLarge => 413,
            Self::KeyReused => 422,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::NoRates | Self::Busy => 503,
        }
    }

    /// The machine-readable code; stable.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BadContent => "bad_content_format",
            Self::NoKey => "required_header_key",
            Self::BadKey => "bad_header_key",
            Self::NoSignature => "required_header_signature",
            Self::BadSignature => "bad_header_signature",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::StillRunning => "idempotency_key_in_use",
            Self::TooLarge => "body_too_large",
            Self::KeyReused => "idempotency_key_reused",
            Self::BadIdempotencyKey => "bad_idempotency_key",
            Self::TooMany => "too_many_requests",
            Self::Internal => "internal_error",
            Self::NoRates => "rates_unavailable",
            Self::Busy => "temporarily_unavailable",
        }
    }

    /// The text for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::BadContent => "Bad content format",
            Self::NoKey => "No key header",
            Self::BadKey => "Bad key header",
            Self::NoSignature => "No signature header",
            Self::BadSignature => "Bad signature header",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::StillRunning => "A request with this Idempotency-Key is still running",
            Self::TooLarge => "The body is too large",
            Self::KeyReused => "This Idempotency-Key was used with another body",
            Self::BadIdempotencyKey => "Idempotency-Key must be 1 to 255 printable characters",
            Self::TooMany => "Too many requests",
            Self::Internal => "Internal error",
            Self::NoRates => "No exchange rate is available at the moment",
            Self::Busy => "Temporarily unavailable",
        }
    }

    /// The body, spaced as the public pages print it.
    #[must_use]
    pub fn body(self) -> String {
        format!(r#"{{"error":"{}", "code":"{}"}}"#, self.text(), self.code())
    }
}

/// The body of [`RequestError`], for the description of the API.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody<'a> {
    /// What is wrong, for people.
    #[schema(example = "Bad signature header")]
    pub error: &'a str,
    /// What is wrong, for programs.
    #[schema(example = "bad_header_signature")]
    pub code: &'a str,
}

/// Every mistake of a body: the field as the body names it (dots for nesting) and one sentence
/// each, in the order in which they were found.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FieldErrors(Vec<(Cow<'static, str>, String)>);

/// A body that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyRefused {
    /// Not JSON, or not an object (answered as [`RequestError::BadContent`]).
    #[error(transparent)]
    Content(JsonRefused),
    /// Fields that break a rule (answered as [`FieldErrors::body`] with status 400).
    #[error("the body breaks {} rules", .0.len())]
    Fields(FieldErrors),
}

impl From<JsonRefused> for BodyRefused {
    /// Repeated keys have names, so they are told like any other mistake of a field.
    fn from(refused: JsonRefused) -> Self {
        let JsonRefused::Repeated(names) = refused else { return Self::Content(refused) };
        let mut errors = FieldErrors::default();
        for name in names {
            errors.add(name, "The field is given more than once.");
        }
        Self::Fields(errors)
    }
}

impl FieldErrors {
    /// One mistake alone.
    #[must_use]
    pub fn one(field: impl Into<Cow<'static, str>>, sentence: impl Into<String>) -> Self {
        Self(vec![(field.into(), sentence.into())])
    }

    /// Adds a mistake; a field keeps the first sentence said of it.
    pub fn add(&mut self, field: impl Into<Cow<'static, str>>, sentence: impl Into<String>) {
        let field = field.into();
        if self.get(&field).is_none() {
            self.0.push((field, sentence.into()));
        }
    }

    /// Adds all mistakes of another list.
    pub fn extend(&mut self, other: Self) {
        for (field, sentence) in other.0 {
            self.add(field, sentence);
        }
    }

    /// Says that a required field is missing.
    pub fn required(&mut self, field: &'static str) {
        self.add(field, format!("The {} field is required.", words(field)));
    }

    /// The sentence about a field, if there is one.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == field).map(|(_, sentence)| sentence.as_str())
    }

    /// Fields and sentences.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, sentence)| (field.as_ref(), sentence.as_str()))
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many fields are wrong.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The body of spec 2.5: `{"errors":{"<field>":"<sentence>"}}`.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            errors: &'a FieldErrors,
        }
        serde_json::to_vec(&Body { errors: self }).unwrap_or_default()
    }
}

impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// The sentence for a `foreign_id` that stands on another request of the merchant (spec 2.5).
#[must_use]
pub fn foreign_id_taken() -> FieldErrors {
    FieldErrors::one("foreign_id", "The foreign id has already been taken.")
}

/// The sentence for a code that names nothing, as the v2 API says it (spec 2.5).
#[must_use]
pub fn selected_is_invalid(field: &'static str) -> FieldErrors {
    FieldErrors::one(field, format!("The selected {} is invalid.", words(field)))
}

/// A field's name as sentences say it: `foreign_id` is "foreign id"; a nested one keeps its path.
pub(crate) fn words(field: &str) -> String {
    if field.contains('.') { field.to_owned() } else { field.replace('_', " ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_bodies_have_the_documented_bytes() {
        for (error, status, body) in [
            (
                RequestError::BadContent,
                400,
                r#"{"error":"Bad content format", "code":"bad_content_format"}"#,
            ),
            (
                RequestError::NoKey,
                403,
                r#"{"error":"No key header", "code":"required_header_key"}"#,
            ),
            (RequestError::BadKey, 403, r#"{"error":"Bad key header", "code":"bad_header_key"}"#),
            (
                RequestError::NoSignature,
                403,
                r#"{"error":"No signature header", "code":"required_header_signature"}"#,
            ),
            (
                RequestError::BadSignature,
                403,
                r#"{"error":"Bad signature header", "code":"bad_header_signature"}"#,
            ),
        ] {
            assert_eq!((error.status(), error.body().as_str()), (status, body));
        }
    }

    #[test]
    fn codes_are_unique_and_bodies_are_json() {
        let mut codes: Vec<_> = RequestError::ALL.iter().map(|error| error.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), RequestError::ALL.len());
        for error in RequestError::ALL {
            assert!(crate::json::read(error.body().as_bytes()).is_ok(), "{error:?}");
        }
        assert!(RequestError::ALL.is_sorted_by_key(|error| error.status()));
    }

    #[test]
    fn field_errors_keep_their_order_and_the_first_sentence() {
        let mut errors = FieldErrors::default();
        errors.required("foreign_id");
        errors.add("amount", "\"x\" is not a number.");
        errors.add("foreign_id", "again");
        let body = String::from_utf8_lossy(&errors.body()).into_owned();
        assert_eq!(
            body,
            "{\"errors\":{\"foreign_id\":\"The foreign id field is required.\",\
             \"amount\":\"\\\"x\\\" is not a number.\"}}"
        );
    }

    #[test]
    fn the_documented_sentences_are_said() {
        assert_eq!(
            String::from_utf8_lossy(&foreign_id_taken().body()),
            r#"{"errors":{"foreign_id":"The foreign id has already been taken."}}"#
        );
        assert_eq!(
            String::from_utf8_lossy(&selected_is_invalid("currency_from").body()),
            r#"{"errors":{"currency_from":"The selected currency from is invalid."}}"#
        );
    }
}
