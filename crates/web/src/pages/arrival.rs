//! What a request to a page says of itself. Nothing in it can be wrong enough to refuse the page.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Path, Query},
    http::{HeaderMap, HeaderName, header, request::Parts},
};

use crate::text::Language;

/// How a page was asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The language it is shown in.
    pub(super) language: Language,
    /// The language the customer chose on the page.
    pub(super) chosen: Option<Language>,
    /// Whether he wants to see the list of coins again.
    pub(super) choosing: bool,
}

/// A request to a page.
#[derive(Debug)]
pub(super) struct Arrival {
    /// The token in the path, as it was written.
    pub(super) token: String,
    pub(super) asked: Asked,
    /// The version its sender has: of an earlier stream, else of his page.
    pub(super) after: Option<String>,
    /// The address of its sender, where the server has found it out.
    pub(super) client: Option<IpAddr>,
}

impl<S: Send + Sync> FromRequestParts<S> for Arrival {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        // Routes with a rest have two parts; the token of none of them is used.
        let token = Path::<String>::from_request_parts(parts, state).await;
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let query = query.map(|Query(query)| query).unwrap_or_default();
        let value = |name: &str| query.iter().find(|(other, _)| other == name).map(|(_, it)| it);
        let chosen = value("language").and_then(|tag| Language::parse(tag));
        let accepted = text(&parts.headers, &header::ACCEPT_LANGUAGE).unwrap_or_default();
        let last = text(&parts.headers, &HeaderName::from_static("last-event-id"));
        let client = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self {
            token: token.map(|Path(token)| token).unwrap_or_default(),
            asked: Asked {
                language: chosen.unwrap_or_else(|| Language::accepted(accepted)),
                chosen,
                choosing: value("choose").is_some(),
            },
            after: last.map(str::to_owned).or_else(|| value("after").cloned()),
            client: client.map(|ConnectInfo(client)| client.ip()),
        })
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
