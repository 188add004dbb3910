//! Every error of the API on one page, and how it is said.
//!
//! Routes that CryptoProcessing documents answer in its shapes (spec 2.4 and 2.5), always. Routes
//! that are Coffer's alone answer with problem documents (RFC 9457), except for authentication,
//! which looks the same everywhere. The codes of [`RequestError`] serve both.

use axum::http::StatusCode;
use bytes::Bytes;
use coffer_domain::payment_request::Refused;
use coffer_engine::error::EngineError;
use coffer_wire::{
    error::{FieldErrors, RequestError},
    problem::{self, Problem, ProblemField},
};

use crate::rate_limit::Limited;

/// How the errors of a route look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// As CryptoProcessing documents them.
    Compatible,
    /// As problem documents.
    Own,
}

/// A rule of Coffer's own routes that stands against what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The request has ended.
    Ended,
    /// A payment was seen.
    PaymentSeen,
    /// Only sandbox keys may do this.
    SandboxOnly,
}

/// Code of a problem whose fields are wrong.
pub const INVALID_FIELDS: &str = "invalid_fields";
/// Code of a problem whose query is wrong.
pub const INVALID_QUERY: &str = "invalid_query";

/// Why a request was not answered as it asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Something about the request as a whole.
    Request(RequestError),
    /// A signature of Coffer's own kind, with what is wrong with it.
    Signature(RequestError, String),
    /// More than the key may do.
    Limited(Limited),
    /// Fields of the body.
    Body(FieldErrors),
    /// Parameters of the query.
    Query(FieldErrors),
    /// What was asked for cannot be done.
    Rule(Rule),
}

/// An answer in the making: status, media type and body.
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) media_type: &'static str,
    pub(crate) body: Bytes,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ended, Self::PaymentSeen, Self::SandboxOnly];

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Ended | Self::PaymentSeen => 409,
            Self::SandboxOnly => 403,
        }
    }

    /// The machine-readable code; stable.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ended => "payment_request_ended",
            Self::PaymentSeen => "payment_seen",
            Self::SandboxOnly => "sandbox_only",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Ended => "The payment request has ended",
            Self::PaymentSeen => "A payment has been seen",
            Self::SandboxOnly => "Only in the sandbox",
        }
    }

    const fn detail(self) -> &'static str {
        match self {
            Self::Ended => "The payment request has ended, so nothing about it can be changed.",
            Self::PaymentSeen => {
                "A payment to this request has been seen, so it can no longer be cancelled."
            }
            Self::SandboxOnly => {
                "Only payments on the sandbox's own chain can be simulated, with a sandbox key."
            }
        }
    }
}

impl From<Refused> for Rule {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::PaymentSeen => Self::PaymentSeen,
            Refused::Ended
            | Refused::LifespanOver
            | Refused::NoCoin
            | Refused::NotOurs
            | Refused::Contradiction => Self::Ended,
        }
    }
}

impl Failure {
    /// Whether the same request may have been right at another time: lifetimes are measured against
    /// the clock, and prices need rates.
    pub(crate) const fn may_be_of_now(&self) -> bool {
        matches!(self, Self::Body(_) | Self::Request(RequestError::NoRates | RequestError::Busy))
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<EngineError> for Failure {
    /// What went wrong is for the log; the client learns whether to come again.
    fn from(error: EngineError) -> Self {
        if error.is_unavailable() {
            tracing::warn!(%error, "not available");
            Self::Request(RequestError::Busy)
        } else {
            tracing::error!(%error, "a request failed");
            Self::Request(RequestError::Internal)
        }
    }
}

impl Failure {
    /// The error as a route says it. `request_id` is named in problem documents.
    pub(crate) fn said(&self, face: Face, request_id: &str) -> Said {
        if let Self::Signature(error, text) = self {
            return flat(*error, signature_body(*error, text));
        }
        match (face, self.request_error()) {
            (_, Some(error)) if is_authentication(error) => flat(error, error.body()),
            (Face::Compatible, Some(error)) => flat(error, error.body()),
            (Face::Compatible, None) => self.fields_said(),
            (Face::Own, _) => self.problem(request_id),
        }
    }

    fn request_error(&self) -> Option<RequestError> {
        match self {
            Self::Request(error) | Self::Signature(error, _) => Some(*error),
            Self::Limited(_) => Some(RequestError::TooMany),
            Self::Body(_) | Self::Query(_) | Self::Rule(_) => None,
        }
    }

    /// Fields as spec 2.5 has them; a rule is said of no field in particular.
    fn fields_said(&self) -> Said {
        let (status, body) = match self {
            Self::Body(errors) | Self::Query(errors) => (StatusCode::BAD_REQUEST, errors.body()),
            Self::Rule(rule) => {
                (status(rule.status()), FieldErrors::one("error", rule.detail()).body())
            }
            Self::Request(_) | Self::Signature(..) | Self::Limited(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, RequestError::Internal.body().into_bytes())
            }
        };
        Said { status, media_type: JSON, body: body.into() }
    }

    fn problem(&self, request_id: &str) -> Said {
        let (number, code, title, detail, errors) = match self {
            Self::Request(error) | Self::Signature(error, _) => whole(*error),
            Self::Limited(_) => whole(RequestError::TooMany),
            Self::Body(errors) => (
                400,
                INVALID_FIELDS,
                "The body breaks rules",
                "Each wrong field is named in errors with what would be right.",
                ProblemField::of_body(errors),
            ),
            Self::Query(errors) => (
                400,
                INVALID_QUERY,
                "The query breaks rules",
                "Each wrong parameter is named in errors with what would be right.",
                ProblemField::of_query(errors),
            ),
            Self::Rule(rule) => {
                (rule.status(), rule.code(), rule.title(), rule.detail(), Vec::new())
            }
        };
        let kind = format!("urn:coffer:error:{code}");
        let problem =
            Problem { kind: &kind, title, status: number, detail, code, request_id, errors };
        Said {
            status: status(number),
            media_type: problem::CONTENT_TYPE,
            body: problem.body().into(),
        }
    }
}

/// The media type of everything else.
pub(crate) const JSON: &str = "application/json";

/// Whether an error says who may call; those look the same on every route.
const fn is_authentication(error: RequestError) -> bool {
    matches!(
        error,
        RequestError::NoKey
            | RequestError::BadKey
            | RequestError::NoSignature
            | RequestError::BadSignature
    )
}

type Whole = (u16, &'static str, &'static str, &'static str, Vec<ProblemField>);

fn whole(error: RequestError) -> Whole {
    (error.status(), error.code(), error.text(), detail(error), Vec::new())
}

/// What would be right.
const fn detail(error: RequestError) -> &'static str {
    match error {
        RequestError::BadContent => {
            "The body must be one JSON object, sent whole and with Content-Type: application/json."
        }
        RequestError::NoKey => "Send the public key as X-Processing-Key.",
        RequestError::BadKey => "The key is unknown or disabled.",
        RequestError::NoSignature => "Sign the request.",
        RequestError::BadSignature => "The signature does not match the request.",
        RequestError::NotFound => "This key's merchant has no such payment request.",
        RequestError::MethodNotAllowed => "The header Allow names the methods of this URL.",
        RequestError::StillRunning => {
            "The request with this Idempotency-Key has not been answered yet; send it again in a \
             few seconds."
        }
        RequestError::TooLarge => "A body may have 65536 bytes.",
        RequestError::KeyReused => {
            "This Idempotency-Key was used with another body; a new request needs a new key."
        }
        RequestError::BadIdempotencyKey => {
            "Idempotency-Key must be given once, as 1 to 255 printable ASCII characters."
        }
        RequestError::TooMany => {
            "The key has made more requests than it may; Retry-After says when it may go on."
        }
        RequestError::Internal => {
            "Something is wrong on this server, which logged it under this request id."
        }
        RequestError::NoRates => "Too few rate sources agree; try again in a minute.",
        RequestError::Busy => "Nothing was done; try again in a few seconds.",
    }
}

/// The shape of spec 2.4 with a text that says more than the documented one.
fn signature_body(error: RequestError, text: &str) -> String {
    let text = serde_json::to_string(text).unwrap_or_default();
    format!(r#"{{"error":{text}, "code":"{}"}}"#, error.code())
}

fn flat(error: RequestError, body: String) -> Said {
    Said { status: status(error.status()), media_type: JSON, body: body.into() }
}

fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = RequestError::ALL.iter().map(|error| error.code()).collect();
        codes.extend(Rule::ALL.iter().map(|rule| rule.code()));
        codes.extend([INVALID_FIELDS, INVALID_QUERY]);
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }

    #[test]
    fn authentication_looks_the_same_everywhere() {
        let failure = Failure::Request(RequestError::BadKey);
        for face in [Face::Compatible, Face::Own] {
            let said = failure.said(face, "1");
            assert_eq!(said.status, 403);
            assert_eq!(said.media_type, "application/json");
            assert_eq!(&said.body[..], br#"{"error":"Bad key header", "code":"bad_header_key"}"#);
        }
        let said = Failure::Signature(RequestError::BadSignature, "too \"old\"".to_owned());
        assert_eq!(
            &said.said(Face::Own, "1").body[..],
            br#"{"error":"too \"old\"", "code":"bad_header_signature"}"#
        );
    }

    #[test]
    fn the_same_error_has_two_faces() {
        let failure = Failure::Body(FieldErrors::one("payment", "It is wrong."));
        let said = failure.said(Face::Compatible, "1");
        assert_eq!(&said.body[..], br#"{"errors":{"payment":"It is wrong."}}"#);
        let said = failure.said(Face::Own, "17");
        assert_eq!((said.status.as_u16(), said.media_type), (400, "application/problem+json"));
        let body = String::from_utf8(said.body.to_vec()).unwrap();
        assert!(body.starts_with("{\"type\":\"urn:coffer:error:invalid_fields\""), "{body}");
        assert!(body.contains("\"request_id\":\"17\""), "{body}");
        assert!(body.contains("\"pointer\":\"#/payment\""), "{body}");
    }
}
