//! `coffer chain blind`

use coffer_domain::{
    code::NetworkName,
    money::{AssetId, Units},
};
use coffer_engine::engine::Engine;
use coffer_store::{blind_span::BlindSpan, error::DbError, tx::Tx};
use serde_json::{Value, json};

use super::{find, moment, unread};
use crate::{
    failure::Failure,
    terminal::{Terminal, columns},
};

pub(super) async fn run(
    engine: &Engine,
    network: Option<&str>,
    limit: u32,
    terminal: Terminal,
) -> Result<(), Failure> {
    let name = network.map(|text| NetworkName::new(text).map_err(|_| unread(engine, text)));
    let name = name.transpose()?;
    let spans = engine
        .store()
        .read(async move |tx: &mut Tx<'_>| tx.blind_spans(name, limit).await)
        .await
        .map_err(|error: DbError| error)?;
    // One that is read no more keeps its spans.
    if let Some(text) = network.filter(|_| spans.is_empty()) {
        find(engine, text)?;
    }
    terminal.answer(
        || json!({"blind": spans.iter().map(object).collect::<Vec<_>>()}),
        || table(engine, &spans),
    )
}

fn object(span: &BlindSpan) -> Value {
    let found = |(asset, units): &(AssetId, Units)| {
        json!({
            "iso": asset.iso.as_str(),
            "network_name": asset.network.as_str(),
            "units": units.get().to_string(),
        })
    };
    json!({
        "chain": span.chain.as_str(),
        "since": span.since.seconds(),
        "until": span.until.map(|at| at.seconds()),
        "from_height": span.from_height,
        "to_height": span.to_height,
        "reason": span.reason,
        "payments": span.payments,
        "found": span.found.iter().map(found).collect::<Vec<_>>(),
    })
}

fn table(engine: &Engine, spans: &[BlindSpan]) -> String {
    if spans.is_empty() {
        return "No chain was ever unread for more than a minute.\n".to_owned();
    }
    let head = ["chain", "since", "until", "payments found", "why"];
    let row = |span: &BlindSpan| {
        let payments = match (span.until, span.payments) {
            (None, _) => "-".to_owned(),
            (_, 0) => "0".to_owned(),
            (_, count) => format!("{count} ({})", engine.sums_in_words(&span.found)),
        };
        vec![
            span.chain.as_str().to_owned(),
            moment::text(span.since),
            span.until.map_or_else(|| "still".to_owned(), moment::text),
            payments,
            span.reason.chars().take(80).collect(),
        ]
    };
    let head = head.map(str::to_owned).to_vec();
    columns(&std::iter::once(head).chain(spans.iter().map(row)).collect::<Vec<_>>())
}
