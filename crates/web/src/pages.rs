//! The routes of the hosted page: facts from the engine, a view, and HTML with strict headers.

mod client;
mod live;
mod show;

use std::net::{IpAddr, SocketAddr};

use axum::{
    Extension, Router,
    body::Body,
    extract::{ConnectInfo, DefaultBodyLimit, Form, Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use coffer_domain::{
    id::PaymentToken,
    money::AssetId,
    payment_request::Refused,
};
use coffer_engine::{
    engine::Engine,
    payment_request::{CheckoutFacts, ProceedRefused},
};
use coffer_wire::payment_request::is_email;
use serde::Deserialize;

use client::Tries;

use crate::{
    checkout::{ASSETS, CheckoutState, CheckoutView, ChooseProblem, EmailField, accent_css, render},
    text::Language,
};
use show::{Asked, view_of};

/// The largest form a page sends, in bytes.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// What the page's routes share.
#[derive(Clone)]
pub(crate) struct Pages {
    engine: Engine,
    tries: Tries,
    live: live::Places,
}

/// What the query of a page may say.
#[derive(Debug, Default, Deserialize)]
struct PageQuery {
    language: Option<String>,
    choose: Option<String>,
    after: Option<String>,
}

/// What the form of the first page says.
#[derive(Debug, Default, Deserialize)]
struct ProceedForm {
    coin: Option<String>,
    email: Option<String>,
}

/// The routes of the hosted page and of its files.
pub(crate) fn pages_router(engine: Engine, monotonic: crate::rate_limit::Monotonic) -> Router {
    let state = Pages { engine, tries: Tries::new(monotonic), live: live::Places::default() };
    let mut router = Router::new()
        .route("/payment/{token}", get(page))
        .route("/payment/{token}/proceed", post(proceed))
        .route("/payment/{token}/new-price", post(new_price))
        .route("/payment/{token}/state", get(live::state))
        .route("/payment/{token}/events", get(live::events))
        .route("/payment/{token}/accent.css", get(accent))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX));
    for asset in ASSETS {
        let file = move || async move {
            let headers = [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, asset.body)
        };
        router = router.route(asset.path, get(file));
    }
    router.with_state(state)
}

async fn page(
    State(pages): State<Pages>,
    Path(token): Path<String>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Response {
    let asked = Asked::of(&query, &headers);
    match pages.facts(&token).await {
        Found::Here(facts) => shown(&facts, &view_of(&pages.engine, &facts, &asked)),
        other => other.page(&pages, &asked),
    }
}

async fn proceed(
    State(pages): State<Pages>,
    Path(token): Path<String>,
    Query(query): Query<PageQuery>,
    client: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Form(form): Form<ProceedForm>,
) -> Response {
    let asked = Asked::of(&query, &headers);
    let facts = match pages.facts(&token).await {
        Found::Here(facts) => facts,
        other => return other.page(&pages, &asked),
    };
    let typed = form.email.as_deref().map(str::trim).unwrap_or_default();
    let email = (!typed.is_empty()).then(|| typed.to_owned());
    let coin = form.coin.as_deref().and_then(parse_coin);
    let problem = match (&email, coin) {
        (Some(email), _) if !is_email(email) => Some(ChooseProblem::Email),
        (_, None) => Some(ChooseProblem::NoCoin),
        _ if !pages.tries.may(address_of(client)) => Some(ChooseProblem::TooManyTries),
        _ => None,
    };
    match (problem, coin) {
        (None, Some(coin)) => pages.take(&facts, &asked, coin, email, typed).await,
        (problem, _) => pages.again(&facts, &asked, problem, typed),
    }
}

async fn new_price(
    State(pages): State<Pages>,
    Path(token): Path<String>,
    Query(query): Query<PageQuery>,
    client: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Response {
    let asked = Asked::of(&query, &headers);
    let facts = match pages.facts(&token).await {
        Found::Here(facts) => facts,
        other => return other.page(&pages, &asked),
    };
    let Some(quote) = facts.stored.request.current_quote() else { return back(&facts, &asked) };
    if !pages.tries.may(address_of(client)) {
        return pages.again(&facts, &asked, Some(ChooseProblem::TooManyTries), "");
    }
    let coin = quote.asset;
    pages.take(&facts, &asked, coin, None, "").await
}

async fn accent(State(pages): State<Pages>, Path(token): Path<String>) -> Response {
    let Found::Here(facts) = pages.facts(&token).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match facts.merchant.accent.as_deref().and_then(accent_css) {
        Some(css) => {
            let headers = [
                (header::CONTENT_TYPE, "text/css; charset=utf-8"),
                (header::CACHE_CONTROL, "private, max-age=300"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, css).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What a link leads to.
enum Found {
    Here(Box<CheckoutFacts>),
    Nowhere,
    Away,
}

impl Found {
    /// The page for a link without facts; nothing of any shop is told.
    fn page(self, pages: &Pages, asked: &Asked) -> Response {
        let now = pages.engine.now();
        let view = match self {
            Self::Away => CheckoutView::unavailable(asked.language, now),
            _ => CheckoutView::not_found(asked.language, now),
        };
        html(&view, &[])
    }
}

impl Pages {
    async fn facts(&self, token: &str) -> Found {
        let Ok(token) = token.parse::<PaymentToken>() else { return Found::Nowhere };
        match self.engine.checkout(token).await {
            Ok(Some(facts)) => Found::Here(Box::new(facts)),
            Ok(None) => Found::Nowhere,
            Err(error) => {
                tracing::error!(%error, "a payment page cannot be shown");
                Found::Away
            }
        }
    }

    async fn take(
        &self,
        facts: &CheckoutFacts,
        asked: &Asked,
        coin: AssetId,
        email: Option<String>,
        typed: &str,
    ) -> Response {
        match self.engine.proceed(facts.stored.token, coin, email).await {
            Ok(()) | Err(ProceedRefused::Refused(Refused::PaymentSeen | Refused::Ended)) => {
                back(facts, asked)
            }
            Err(ProceedRefused::TooMany) => {
                self.again(facts, asked, Some(ChooseProblem::TooManyTries), typed)
            }
            Err(ProceedRefused::Engine(error)) => {
                tracing::error!(%error, "a customer could not proceed");
                Found::Away.page(self, asked)
            }
            Err(_) => self.again(facts, asked, Some(ChooseProblem::CoinGone), typed),
        }
    }

    /// The list of coins again, with what was wrong.
    fn again(
        &self,
        facts: &CheckoutFacts,
        asked: &Asked,
        problem: Option<ChooseProblem>,
        typed: &str,
    ) -> Response {
        let asked = Asked { choosing: true, ..asked.clone() };
        let mut view = view_of(&self.engine, facts, &asked);
        if let CheckoutState::Choose(choose) = &mut view.state {
            choose.problem = problem;
            if let EmailField::Ask(text) = &mut choose.email {
                typed.clone_into(text);
            }
        }
        shown(facts, &view)
    }
}

/// Back to the page, so that reloading it sends no form again.
fn back(facts: &CheckoutFacts, asked: &Asked) -> Response {
    let mut to = format!("/payment/{}", facts.stored.token);
    if let Some(language) = asked.chosen {
        to.push_str("?language=");
        to.push_str(language.tag());
    }
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

fn shown(facts: &CheckoutFacts, view: &CheckoutView) -> Response {
    html(view, &facts.merchant.frame_ancestors)
}

/// A page with headers that let it load its own files and nothing else.
fn html(view: &CheckoutView, frame_ancestors: &[String]) -> Response {
    let (status, page) = render(view);
    let ancestors = match frame_ancestors {
        [] => "'none'".to_owned(),
        allowed => allowed.join(" "),
    };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    );
    let mut response = Response::new(Body::from(page));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Accept-Language"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (
            header::HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Where a request came from, as the program has found out (through trusted proxies only).
fn address_of(client: Option<Extension<ConnectInfo<SocketAddr>>>) -> Option<IpAddr> {
    client.map(|Extension(ConnectInfo(address))| address.ip())
}

/// Reads a choice such as `USDC:polygon`.
fn parse_coin(text: &str) -> Option<AssetId> {
    let (iso, network) = text.split_once(':')?;
    Some(AssetId { iso: iso.parse().ok()?, network: network.parse().ok()? })
}

impl Asked {
    fn of(query: &PageQuery, headers: &HeaderMap) -> Self {
        let chosen = query.language.as_deref().and_then(Language::parse);
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            language: chosen.unwrap_or_else(|| Language::accepted(accepted.unwrap_or_default())),
            chosen,
            choosing: query.choose.is_some(),
        }
    }
}
