//! One exchange with the API, from the head of a request to its answer.
//!
//! Every route goes through [`exchange`], whose order is the order of checks: route, key,
//! signature, then the limit of the key, content type, JSON, fields. One function rather than a
//! stack of layers: on the way of a create each layer costs an allocation and a call.

mod answer;
mod body;
mod call;
mod currency;
mod event;
mod page;
mod payment_request;

pub(crate) use page::noted;

use std::panic::AssertUnwindSafe;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header::ALLOW, request::Parts},
    response::Response,
};
use bytes::Bytes;
use coffer_wire::{currency::PONG, error::RequestError};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use self::{answer::Answer, call::Call};
use crate::{
    auth::{self, Signed},
    health, openapi,
    problem::{Face, Failure, JSON, Said},
    router::{Access, Meant, Operation, ROUTES, Route, meant},
    server_state::ServerState,
};

/// The most bytes of a body.
pub(crate) const BODY_MAX: usize = 64 * 1024;

/// Whether a create is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Create {
    Written,
    /// For the benchmark: everything but the write.
    Unwritten,
}

/// Answers a request to a row of [`ROUTES`].
pub(crate) async fn exchange(state: ServerState, row: usize, request: Request) -> Response {
    exchange_with(state, row, Create::Written, request).await
}

/// As [`exchange`], with creates that are not written.
pub(crate) async fn exchange_unwritten(
    state: ServerState,
    row: usize,
    request: Request,
) -> Response {
    exchange_with(state, row, Create::Unwritten, request).await
}

async fn exchange_with(
    state: ServerState,
    row: usize,
    create: Create,
    request: Request,
) -> Response {
    let Some(route) = ROUTES.get(row) else { return unknown(State(state), request).await };
    let answer = Answer::begin(&state);
    let span = tracing::debug_span!(
        "request",
        id = answer.id(),
        method = route.verb.as_str(),
        route = route.path
    );
    let work = AssertUnwindSafe(said(&state, route, create, request)).catch_unwind();
    let outcome = work.instrument(span).await.unwrap_or_else(|_| {
        tracing::error!(id = answer.id(), route = route.path, "a handler panicked");
        Err(RequestError::Internal.into())
    });
    answer.finish(&state, row, route.face(), outcome)
}

/// Answers a request to no row: the path may still be one with its slashes counted generously.
/// Under `/api` an unknown URL is 403 without a key, as documented (spec 2.4), and 404 with one
/// that exists, whatever the signature: the route is looked at first. Elsewhere it is a page.
pub(crate) async fn unknown(State(state): State<ServerState>, request: Request) -> Response {
    let allowed = match meant(request.method(), request.uri().path()) {
        Meant::Row(row) => return Box::pin(exchange(state, row, request)).await,
        Meant::OtherMethod(allowed) => HeaderValue::try_from(allowed).ok(),
        Meant::Nothing if !is_api(request.uri().path()) => {
            return page::nowhere(&state, request.headers());
        }
        Meant::Nothing => None,
    };
    let answer = Answer::begin(&state);
    let failure = match auth::named(&state.engine, request.headers()).await {
        Ok(None) => RequestError::BadKey.into(),
        Ok(Some(_)) if allowed.is_some() => RequestError::MethodNotAllowed.into(),
        Ok(Some(_)) => RequestError::NotFound.into(),
        Err(failure) => failure,
    };
    let mut response = answer.finish(&state, ROUTES.len(), Face::Compatible, Err(failure));
    if let Some(allowed) = allowed
        && response.status() == StatusCode::METHOD_NOT_ALLOWED
    {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

async fn said(
    state: &ServerState,
    route: &Route,
    create: Create,
    request: Request,
) -> Result<Said, Failure> {
    let Access::Key(face) = route.access else {
        return open(state, route.operation, request.headers()).await;
    };
    let (parts, body) = request.into_parts();
    let claim = auth::claim(&state.engine, face, &parts.headers).await?;
    let body = match body::read(body, state.settings.body_wait).await {
        Ok(body) => body,
        Err(_) if !claim.is_known() => return Err(RequestError::BadKey.into()),
        Err(failure) => return Err(failure),
    };
    let signed = Signed { method: &parts.method, target: target(&parts), body: &body };
    let proven = claim.prove(&state.engine, &signed)?;
    state.limiter.count(proven.caller.key).map_err(Failure::Limited)?;
    let call = Call::new(state, route, proven, &parts, &body);
    if parts.method == Method::POST {
        call.check_content_type()?;
    }
    let body = dispatch(&call, route.operation, create).await?;
    Ok(Said { status: StatusCode::OK, media_type: JSON, body })
}

async fn dispatch(call: &Call<'_>, operation: Operation, create: Create) -> Result<Bytes, Failure> {
    let answer = match operation {
        Operation::Create if create == Create::Unwritten => payment_request::unwritten(call),
        Operation::Create => payment_request::create(call).await,
        Operation::List => payment_request::list(call).await,
        Operation::Show => payment_request::show(call).await,
        Operation::Cancel => payment_request::cancel(call).await,
        Operation::Simulate => payment_request::simulate(call).await,
        Operation::EventsOf => event::of_request(call).await,
        Operation::Events => event::all(call).await,
        Operation::Currencies => currency::list(call),
        Operation::Rates => currency::rates(call),
        Operation::Ping | Operation::OpenApi | Operation::Health => {
            Err(RequestError::NotFound.into())
        }
    };
    answer.map(Bytes::from)
}

/// What anybody may ask.
async fn open(
    state: &ServerState,
    operation: Operation,
    headers: &HeaderMap,
) -> Result<Said, Failure> {
    const TEXT: &str = "text/plain; charset=utf-8";
    let ok = |media_type, body| Said { status: StatusCode::OK, media_type, body };
    let said = match operation {
        Operation::Health => {
            let all = health::may_know(state.settings.health_token.as_ref(), headers);
            health::said(&state.engine, all).await
        }
        Operation::OpenApi => ok(JSON, openapi::bytes()),
        Operation::Ping => ok(TEXT, Bytes::from_static(PONG.as_bytes())),
        Operation::Create
        | Operation::List
        | Operation::Show
        | Operation::Cancel
        | Operation::Simulate
        | Operation::EventsOf
        | Operation::Events
        | Operation::Currencies
        | Operation::Rates => return Err(RequestError::NotFound.into()),
    };
    Ok(said)
}

/// Whether a path is one of the API, where errors have its shapes.
fn is_api(path: &str) -> bool {
    path.split('/').find(|segment| !segment.is_empty()) == Some("api")
}

/// Path and query as they stood in the request line.
fn target(parts: &Parts) -> &str {
    parts.uri.path_and_query().map_or("/", |target| target.as_str())
}

impl Route {
    const fn face(&self) -> Face {
        match self.access {
            Access::Key(face) => face,
            Access::Open => Face::Own,
        }
    }
}
