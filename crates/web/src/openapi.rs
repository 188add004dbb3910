//! The description of the API (OpenAPI 3.1), made from the routes, the types of `wire` and the
//! [`examples`], which a test runs against the server: what it documents is what is answered.

mod example;
mod failures;
mod operation;
mod schema;
mod successes;

pub use example::{Example, Given, Signing, examples};
pub use operation::documented_statuses;

use std::sync::LazyLock;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::router::{ROUTES, Verb};

/// The description, pretty-printed and the same for the same code; kept at the root of the
/// repository.
#[must_use]
pub fn openapi_json() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The description.
#[must_use]
pub fn document() -> Value {
    let examples = examples();
    let mut paths = Map::new();
    for route in &ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        let verb = match route.verb {
            Verb::Get => "get",
            Verb::Post => "post",
        };
        path[verb] = operation::describe(route, &examples);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Coffer",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "This server" }],
        "tags": [
            { "name": "Payment requests", "description": "What customers are asked to pay" },
            { "name": "Events", "description": "What happened" },
            { "name": "Currencies", "description": "Coins and prices" },
            { "name": "Server", "description": "The server itself" },
        ],
        "paths": paths,
        "components": {
            "schemas": schema::components(),
            "securitySchemes": security_schemes(),
        },
    })
}

/// Its bytes, as `GET /openapi.json` answers.
pub(crate) fn bytes() -> Bytes {
    static BYTES: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(openapi_json()));
    BYTES.clone()
}

const ABOUT: &str = "\
Routes marked \"compatible\" take and answer what CryptoProcessing documents: its headers, fields, \
statuses and error bodies. The others are Coffer's own; their errors are problem documents \
(RFC 9457), except for authentication, which looks the same everywhere.\n\n\
Checks are made in this order: route, key, signature, content type, JSON, fields. All wrong fields \
are told at once. An unknown URL under /api is 403 without a key and 404 with one. A body may have \
65536 bytes. Every answer has a Request-Id, always made by the server.";

fn security_schemes() -> Value {
    json!({
        "ProcessingKey": {
            "type": "apiKey", "in": "header", "name": "X-Processing-Key",
            "description": "The public key.",
        },
        "ProcessingSignature": {
            "type": "apiKey", "in": "header", "name": "X-Processing-Signature",
            "description": "Hexadecimal HMAC-SHA512 of the raw body by the key's secret. On \
                            Coffer's own routes with sandbox keys only, as it can be replayed.",
        },
        "CofferSignature": {
            "type": "apiKey", "in": "header", "name": "X-Coffer-Signature",
            "description": "t=<unix seconds>,n=<nonce>,v1=<hex>: the HMAC-SHA512 of \
                            t.n.METHOD.path?query.body by the key's secret. Good for five minutes; \
                            on methods that change something a nonce (8 to 64 of A-Z a-z 0-9 - _) \
                            is good once.",
        },
        "HealthToken": {
            "type": "http", "scheme": "bearer",
            "description": "The token of the server's settings, health.token.",
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_description_is_openapi_and_always_the_same() {
        let text = openapi_json();
        assert_eq!(text, openapi_json());
        let read: utoipa::openapi::OpenApi = serde_json::from_str(&text).unwrap();
        assert_eq!(read.paths.paths.len(), 11);
        assert!(text.is_ascii() && text.ends_with("}\n"));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50);
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    }

    #[test]
    fn every_documented_status_has_an_example() {
        let examples = examples();
        for route in &ROUTES {
            let statuses: BTreeSet<u16> = documented_statuses(route).into_iter().collect();
            let shown: BTreeSet<u16> = examples
                .iter()
                .filter(|example| example.operation == route.operation)
                .map(|example| example.status)
                .collect();
            assert_eq!(shown, statuses, "{} {}", route.verb.as_str(), route.path);
        }
    }

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
}
