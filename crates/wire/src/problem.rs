//! Problem documents (RFC 9457): the errors of routes that are Coffer's alone.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::FieldErrors;

/// The media type of a problem document.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// A problem document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem<'a> {
    /// A URI that names the kind of problem; `about:blank` where the status says it all.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    pub kind: &'a str,
    /// The kind of problem in a few words.
    pub title: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong here, and what would be right.
    pub detail: &'a str,
    /// The kind of problem for programs; stable.
    pub code: &'a str,
    /// The value of `Request-Id`, to be found again in the logs.
    pub request_id: &'a str,
    /// Every wrong field or parameter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
}

/// One wrong field or parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemField {
    /// Where in the body, as a JSON pointer in a URI fragment (RFC 6901, section 6).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "#/payment")]
    pub pointer: Option<String>,
    /// Which parameter of the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// What is wrong with it, in a sentence.
    pub detail: String,
}

impl ProblemField {
    /// The mistakes of a body.
    #[must_use]
    pub fn of_body(errors: &FieldErrors) -> Vec<Self> {
        let field = |(field, sentence): (&str, &str)| Self {
            pointer: Some(format!("#/{}", pointer(field))),
            parameter: None,
            detail: sentence.to_owned(),
        };
        errors.iter().map(field).collect()
    }

    /// The mistakes of a query.
    #[must_use]
    pub fn of_query(errors: &FieldErrors) -> Vec<Self> {
        let field = |(field, sentence): (&str, &str)| Self {
            pointer: None,
            parameter: Some(field.to_owned()),
            detail: sentence.to_owned(),
        };
        errors.iter().map(field).collect()
    }
}

impl Problem<'_> {
    /// The body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A dotted field as the inside of a JSON pointer, escaped for it and for a fragment.
fn pointer(field: &str) -> String {
    let mut pointer = String::with_capacity(field.len());
    for byte in field.bytes() {
        match byte {
            b'.' => pointer.push('/'),
            b'~' => pointer.push_str("~0"),
            b'/' => pointer.push_str("~1"),
            b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => pointer.push(byte.into()),
            _ => pointer.push_str(&format!("%{byte:02X}")),
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_what_and_where() {
        let errors = FieldErrors::one("payment.first thing/~", "It is wrong.");
        let problem = Problem {
            kind: "about:blank",
            title: "Bad Request",
            status: 400,
            detail: "One field is wrong.",
            code: "invalid_fields",
            request_id: "r1",
            errors: ProblemField::of_body(&errors),
        };
        assert_eq!(
            String::from_utf8(problem.body()).unwrap(),
            "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\
             \"detail\":\"One field is wrong.\",\"code\":\"invalid_fields\",\"request_id\":\"r1\",\
             \"errors\":[{\"pointer\":\"#/payment/first%20thing~1~0\",\
             \"detail\":\"It is wrong.\"}]}"
        );
        let query = ProblemField::of_query(&FieldErrors::one("limit", "It is wrong."));
        assert_eq!(
            serde_json::to_string(&query).unwrap(),
            r#"[{"parameter":"limit","detail":"It is wrong."}]"#
        );
    }
}
