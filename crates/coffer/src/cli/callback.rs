//! `coffer callback …`

use coffer_domain::{
    id::{CallbackId, MerchantId, PaymentRequestId},
    time::Timestamp,
};
use coffer_engine::engine::Engine;
use coffer_store::{
    callback::{CallbackState, StoredCallback, kind_word},
    error::DbError,
    tx::Tx,
};
use serde_json::{Value, json};

use super::{CallbackCommand, CallbackStateArg, merchant, moment};
use crate::{
    failure::Failure,
    terminal::{Terminal, columns},
};

pub(super) async fn run(
    engine: &Engine,
    command: &CallbackCommand,
    terminal: Terminal,
) -> Result<(), Failure> {
    match command {
        CallbackCommand::List { request, merchant, state, limit } => {
            let callbacks = match request {
                Some(id) => of_request(engine, id).await?,
                None => newest(engine, merchant.as_deref(), *state, *limit).await?,
            };
            terminal.answer(
                || json!({"callbacks": callbacks.iter().map(object).collect::<Vec<_>>()}),
                || match (request, merchant, state) {
                    (None, None, None) if callbacks.is_empty() => {
                        "There are no callbacks yet.\n".to_owned()
                    }
                    _ => table(&callbacks, engine.now()),
                },
            )
        }
        CallbackCommand::Show { id } => {
            let found = engine.callback_with_said(parsed(id)?).await?;
            let (callback, said) = found.ok_or_else(|| unknown(id))?;
            terminal.answer(
                || {
                    let mut object = object(&callback);
                    object["said"] = json!(said);
                    object
                },
                || lines(&callback, said.as_deref(), engine.now()),
            )
        }
        CallbackCommand::Resend { id } => {
            if !engine.resend_callback(parsed(id)?).await? {
                return Err(unknown(id));
            }
            terminal.answer(
                || json!({"id": id, "state": CallbackState::Due.as_str()}),
                || "It is due now; a running server sends it within a second.\n".to_owned(),
            )
        }
    }
}

async fn of_request(engine: &Engine, id: &str) -> Result<Vec<StoredCallback>, Failure> {
    let unknown = || Failure::new(format!("{id} is no id of a payment request"));
    let request: PaymentRequestId = id.parse().map_err(|_| unknown())?;
    let mut callbacks = engine.callbacks_of(request).await?;
    callbacks.reverse();
    Ok(callbacks)
}

async fn newest(
    engine: &Engine,
    merchant: Option<&str>,
    state: Option<CallbackStateArg>,
    limit: u32,
) -> Result<Vec<StoredCallback>, Failure> {
    let merchant: Option<MerchantId> = match merchant {
        Some(id) => Some(merchant::find(engine, id).await?.id),
        None => None,
    };
    let state = state.map(|state| match state {
        CallbackStateArg::Due => CallbackState::Due,
        CallbackStateArg::Delivered => CallbackState::Delivered,
        CallbackStateArg::Abandoned => CallbackState::Abandoned,
        CallbackStateArg::Superseded => CallbackState::Superseded,
    });
    let found = engine
        .store()
        .read(async move |tx: &mut Tx<'_>| tx.newest_callbacks(merchant, state, limit).await)
        .await;
    Ok(found.map_err(|error: DbError| error)?)
}

fn parsed(id: &str) -> Result<CallbackId, Failure> {
    id.parse().map_err(|_| unknown(id))
}

fn unknown(id: &str) -> Failure {
    Failure::new(format!("there is no callback {id}"))
}

/// One value a line.
fn lines(callback: &StoredCallback, said: Option<&str>, now: Timestamp) -> String {
    let none = || "-".to_owned();
    let rows = [
        ("callback", callback.id.text()),
        ("request", callback.request.text()),
        ("merchant", callback.scope.merchant.text()),
        ("kind", kind_word(callback.kind).to_owned()),
        ("state", callback.state.as_str().to_owned()),
        ("attempts", callback.attempts.to_string()),
        ("last attempt", callback.attempted_at.map_or_else(none, moment::text)),
        ("next attempt", next_in_words(callback, now)),
        ("answer", callback.answer.clone().unwrap_or_else(none)),
        ("it said", said.map_or_else(none, ToOwned::to_owned)),
    ];
    columns(&rows.map(|(name, value)| vec![name.to_owned(), value]))
}

/// The next attempt, where there will be one.
fn next_attempt(callback: &StoredCallback) -> Option<Timestamp> {
    (callback.state == CallbackState::Due).then_some(callback.next_at)
}

/// A time that is over would look as if the attempt had been forgotten.
fn next_in_words(callback: &StoredCallback, now: Timestamp) -> String {
    match next_attempt(callback) {
        None => "-".to_owned(),
        Some(at) if at <= now => "now".to_owned(),
        Some(at) => moment::text(at),
    }
}

fn object(callback: &StoredCallback) -> Value {
    json!({
        "id": callback.id.text(),
        "request": callback.request.text(),
        "merchant": callback.scope.merchant.text(),
        "environment": callback.scope.environment.as_str(),
        "kind": kind_word(callback.kind),
        "ordinal": callback.ordinal,
        "state": callback.state.as_str(),
        "attempts": callback.attempts,
        "created_at": callback.created_at.seconds(),
        "attempted_at": callback.attempted_at.map(|at| at.seconds()),
        "next_attempt_at": next_attempt(callback).map(|at| at.seconds()),
        "answer": callback.answer,
    })
}

fn table(callbacks: &[StoredCallback], now: Timestamp) -> String {
    if callbacks.is_empty() {
        return "There is no such callback.\n".to_owned();
    }
    let head = ["id", "request", "kind", "state", "attempts", "next attempt", "last answer"];
    let row = |callback: &StoredCallback| {
        vec![
            callback.id.text(),
            callback.request.text(),
            kind_word(callback.kind).to_owned(),
            callback.state.as_str().to_owned(),
            callback.attempts.to_string(),
            next_in_words(callback, now),
            callback.answer.as_deref().map_or_else(|| "-".to_owned(), in_one_line),
        ]
    };
    let head = head.map(str::to_owned).to_vec();
    columns(&std::iter::once(head).chain(callbacks.iter().map(row)).collect::<Vec<_>>())
}

/// An endpoint may answer with anything; a terminal shows its letters only.
fn in_one_line(answer: &str) -> String {
    answer.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(80).collect()
}
