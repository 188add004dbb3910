//! The routes of the hosted page: facts from the engine, a view, and HTML with strict headers.

mod answer;
mod arrival;
mod client;
mod coins;
mod live;
mod show;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Form, State, rejection::FormRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use coffer_domain::{id::PaymentToken, money::AssetId, payment_request::Refused};
use coffer_engine::{
    engine::Engine,
    payment_request::{CheckoutFacts, ProceedRefused},
};
use coffer_wire::payment_request::is_email;

use crate::{
    checkout::{ASSETS, CheckoutState, CheckoutView, ChooseProblem, EmailField, accent_css},
    rate_limit::Monotonic,
};
use answer::{back, html, shown};
use arrival::{Arrival, Asked};
use client::Tries;
use show::view_of;

/// The largest form a page sends, in bytes.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// What the page's routes share.
#[derive(Clone)]
pub(crate) struct Pages {
    engine: Engine,
    tries: Tries,
    live: live::Places,
}

/// What a form said: names and values, in its order. What could not be read said nothing.
type Said = Result<Form<Vec<(String, String)>>, FormRejection>;

/// The routes of the hosted page and of its files.
pub(crate) fn pages_router(engine: Engine, monotonic: Monotonic) -> Router {
    let state = Pages { engine, tries: Tries::new(monotonic), live: live::Places::default() };
    let mut router = Router::new()
        .route("/payment/{token}", get(page))
        .route("/payment/{token}/", get(page))
        // Who reloads an answer to a form by its address asks for the page.
        .route("/payment/{token}/proceed", post(proceed).get(to_page))
        .route("/payment/{token}/new-price", post(new_price).get(to_page))
        .route("/payment/{token}/state", get(live::state))
        .route("/payment/{token}/events", get(live::events))
        .route("/payment/{token}/accent.css", get(accent))
        .route("/payment", any(nowhere))
        .route("/payment/", any(nowhere))
        .route("/payment/{token}/{*rest}", any(nowhere))
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

async fn page(State(pages): State<Pages>, arrival: Arrival) -> Response {
    match pages.facts(&arrival.token).await {
        Found::Here(facts) => shown(&facts, &view_of(&pages.engine, &facts, &arrival.asked)),
        other => other.page(&pages, &arrival.asked),
    }
}

async fn to_page(State(pages): State<Pages>, arrival: Arrival) -> Response {
    match pages.facts(&arrival.token).await {
        Found::Here(facts) => back(&facts, &arrival.asked),
        other => other.page(&pages, &arrival.asked),
    }
}

async fn nowhere(State(pages): State<Pages>, arrival: Arrival) -> Response {
    Found::Nowhere.page(&pages, &arrival.asked)
}

async fn proceed(State(pages): State<Pages>, arrival: Arrival, form: Said) -> Response {
    let facts = match pages.facts(&arrival.token).await {
        Found::Here(facts) => facts,
        other => return other.page(&pages, &arrival.asked),
    };
    let said = form.map(|Form(said)| said).unwrap_or_default();
    let value = |name| said.iter().find(|(other, _)| other == name).map(|(_, value)| value.trim());
    let typed = value("email").unwrap_or_default();
    let email = (!typed.is_empty()).then(|| typed.to_owned());
    let coin = value("coin").and_then(parse_coin);
    let choice = Choice { coin, typed };
    let problem = match (&email, coin) {
        (_, None) => Some(ChooseProblem::NoCoin),
        (Some(email), _) if !is_email(email) => Some(ChooseProblem::Email),
        _ if !pages.tries.may(arrival.client) => Some(ChooseProblem::TooManyTries),
        _ => None,
    };
    match (problem, coin) {
        (None, Some(coin)) => pages.take(&facts, &arrival.asked, coin, email, choice).await,
        (problem, _) => pages.again(&facts, &arrival.asked, problem, choice),
    }
}

async fn new_price(State(pages): State<Pages>, arrival: Arrival) -> Response {
    let facts = match pages.facts(&arrival.token).await {
        Found::Here(facts) => facts,
        other => return other.page(&pages, &arrival.asked),
    };
    let asked = &arrival.asked;
    let Some(quote) = facts.stored.request.current_quote() else { return back(&facts, asked) };
    let choice = Choice { coin: Some(quote.asset), typed: "" };
    if !pages.tries.may(arrival.client) {
        return pages.again(&facts, asked, Some(ChooseProblem::TooManyTries), choice);
    }
    pages.take(&facts, asked, quote.asset, None, choice).await
}

async fn accent(State(pages): State<Pages>, arrival: Arrival) -> Response {
    let facts = match pages.facts(&arrival.token).await {
        Found::Here(facts) => facts,
        Found::Nowhere => return StatusCode::NOT_FOUND.into_response(),
        Found::Away => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
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

/// What the customer chose and typed, to be shown again when it does not go through.
#[derive(Clone, Copy)]
struct Choice<'a> {
    coin: Option<AssetId>,
    typed: &'a str,
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

    /// The answer to a script for a link without facts.
    fn status(&self) -> StatusCode {
        match self {
            Self::Away => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::NOT_FOUND,
        }
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
        choice: Choice<'_>,
    ) -> Response {
        let problem = match self.engine.proceed(facts.stored.token, coin, email).await {
            // What has been paid or has ended meanwhile says so itself.
            Ok(()) | Err(ProceedRefused::Refused(Refused::PaymentSeen | Refused::Ended)) => {
                return back(facts, asked);
            }
            Err(ProceedRefused::Engine(error)) => {
                tracing::error!(%error, "a customer could not proceed");
                return Found::Away.page(self, asked);
            }
            Err(ProceedRefused::NotFound) => return Found::Nowhere.page(self, asked),
            Err(ProceedRefused::TooMany) => ChooseProblem::ChangedTooOften,
            Err(ProceedRefused::Unavailable | ProceedRefused::Refused(_)) => {
                ChooseProblem::CoinGone
            }
        };
        self.again(facts, asked, Some(problem), choice)
    }

    /// The list of coins again, with what was wrong; the page as it is where there is no list any
    /// more.
    fn again(
        &self,
        facts: &CheckoutFacts,
        asked: &Asked,
        problem: Option<ChooseProblem>,
        choice: Choice<'_>,
    ) -> Response {
        let asked = Asked { choosing: true, ..asked.clone() };
        let mut view = view_of(&self.engine, facts, &asked);
        let CheckoutState::Choose(choose) = &mut view.state else { return back(facts, &asked) };
        choose.problem = problem;
        if let EmailField::Ask(text) = &mut choose.email {
            choice.typed.clone_into(text);
        }
        if let Some(coin) = choice.coin {
            let value = coins::value(coin);
            choose.coins.iter_mut().for_each(|row| row.selected = row.value == value);
        }
        shown(facts, &view)
    }
}

/// Reads a choice such as `USDC:polygon`.
fn parse_coin(text: &str) -> Option<AssetId> {
    let (iso, network) = text.split_once(':')?;
    Some(AssetId { iso: iso.parse().ok()?, network: network.parse().ok()? })
}
