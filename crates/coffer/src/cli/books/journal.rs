//! `coffer books journal`

use coffer_domain::{books::Held, id::PaymentRequestId};
use coffer_engine::engine::Engine;
use coffer_store::{books::BookedEntry, error::DbError, tx::Tx};
use serde_json::{Value, json};

use super::{super::moment, amount};
use crate::{
    failure::Failure,
    terminal::{Terminal, columns},
};

pub(super) async fn run(
    engine: &Engine,
    request: Option<&str>,
    limit: u32,
    terminal: Terminal,
) -> Result<(), Failure> {
    let request: Option<PaymentRequestId> = match request {
        Some(id) => {
            let unknown = |_| Failure::new(format!("{id} is no id of a payment request"));
            Some(id.parse().map_err(unknown)?)
        }
        None => None,
    };
    let entries: Result<Vec<BookedEntry>, DbError> = engine
        .store()
        .read(async move |tx: &mut Tx<'_>| match request {
            Some(request) => tx.entries_of(request).await,
            None => tx.newest_entries(limit).await,
        })
        .await;
    let entries = entries?;
    terminal.answer(
        || {
            let entries = entries.iter().map(|entry| object(engine, entry));
            json!({"entries": entries.collect::<Vec<_>>()})
        },
        || lines(engine, &entries),
    )
}

fn object(engine: &Engine, entry: &BookedEntry) -> Value {
    json!({
        "journal": entry.journal.text(),
        "booked_at": entry.booked_at.seconds(),
        "merchant": entry.scope.merchant.text(),
        "environment": entry.scope.environment.as_str(),
        "request": entry.request.map(|id| id.text()),
        "debit": entry.debit.as_str(),
        "credit": entry.credit.as_str(),
        "iso": entry.asset.iso.as_str(),
        "network": entry.asset.network.as_str(),
        "amount": amount(engine, entry.asset, Held::Right(entry.units)),
        "transfer": entry.reference,
        "reverses": entry.reverses,
    })
}

fn lines(engine: &Engine, entries: &[BookedEntry]) -> String {
    if entries.is_empty() {
        return "Nothing is booked.\n".to_owned();
    }
    let head = ["booked at", "debit", "credit", "amount", "asset", "", "request", "transfer"];
    let row = |entry: &BookedEntry| {
        vec![
            moment::text(entry.booked_at),
            entry.debit.as_str().to_owned(),
            entry.credit.as_str().to_owned(),
            amount(engine, entry.asset, Held::Right(entry.units)),
            entry.asset.to_string(),
            if entry.reverses { "taken back".to_owned() } else { String::new() },
            entry.request.map(|id| id.text()).unwrap_or_default(),
            entry.reference.clone().unwrap_or_default(),
        ]
    };
    let head = head.map(str::to_owned).to_vec();
    columns(&std::iter::once(head).chain(entries.iter().map(row)).collect::<Vec<_>>())
}
