//! `coffer find`

mod page;

use coffer_engine::{
    engine::Engine,
    find::{Reading, Story},
};
use coffer_store::{
    callback::{StoredCallback, kind_word},
    wrong_payment::Case,
};
use serde_json::{Value, json};

use crate::{failure::Failure, terminal::Terminal};

pub(super) async fn run(engine: &Engine, text: &str, terminal: Terminal) -> Result<(), Failure> {
    if text.trim().is_empty() {
        return Err(Failure::new(
            "there is nothing to look for: give an id, a payment link, a foreign id, an address, a \
             transaction or a customer reference",
        ));
    }
    let found = engine.find(text).await?;
    let networks: Vec<&str> = found.foreign_address_on.iter().map(|name| name.as_str()).collect();
    terminal.answer(
        || {
            let stories = found.stories.iter().map(|story| object(engine, story));
            json!({
                "requests": stories.collect::<Vec<_>>(),
                "more": found.more,
                "foreign_address_on": networks,
            })
        },
        || page::of(engine, &found),
    )?;
    match (found.stories.is_empty(), networks.as_slice()) {
        (false, _) => Ok(()),
        (true, []) => Err(Failure::new(format!("nothing here is called {text}"))),
        (true, networks) => Err(Failure::new(format!(
            "{text} is an address of {}, but none that was given out here",
            networks.join(", ")
        ))),
    }
}

fn object(engine: &Engine, story: &Story) -> Value {
    let (stored, request) = (&story.stored, &story.stored.request);
    let quotes = request.quotes.iter().map(|quote| {
        json!({
            "iso": quote.asset.iso.as_str(),
            "network": quote.asset.network.as_str(),
            "address": quote.address,
            "expected": engine.decimal(quote.asset, quote.expected),
            "locked_at": quote.locked_at.seconds(),
            "locked_until": quote.locked_until.seconds(),
        })
    });
    let transfers = request.transfers.iter().map(|transfer| {
        let place = page::Place::of(transfer, &story.readings);
        json!({
            "network": transfer.reference.network.as_str(),
            "transaction": transfer.reference.transaction,
            "position": transfer.reference.position,
            "iso": transfer.asset.iso.as_str(),
            "address": transfer.address,
            "amount": engine.decimal(transfer.asset, transfer.units),
            "state": place.state,
            "block": place.block,
            "confirmations": place.confirmations,
            "first_seen_at": transfer.first_time.seconds(),
        })
    });
    let events = story.events.iter().map(
        |event| json!({"kind": event.kind, "at": event.at.seconds(), "summary": event.summary}),
    );
    json!({
        "found_by": story.by.as_str(),
        "id": request.id.text(),
        "merchant": story.merchant,
        "environment": request.scope.environment.as_str(),
        "status": request.stage.status(),
        "foreign_id": stored.foreign_id,
        "customer_reference": stored.end_user_reference,
        "payment_link": engine.payment_link(stored),
        "price": stored.price_text,
        "currency": page::currency(stored),
        "created_at": request.created_at.seconds(),
        "valid_until": request.valid_until.seconds(),
        "quotes": quotes.collect::<Vec<_>>(),
        "transfers": transfers.collect::<Vec<_>>(),
        "callbacks": story.callbacks.iter().map(callback_object).collect::<Vec<_>>(),
        "cases": story.cases.iter().map(|case| case_object(engine, case)).collect::<Vec<_>>(),
        "events": events.collect::<Vec<_>>(),
        "networks": story.readings.iter().map(reading_object).collect::<Vec<_>>(),
    })
}

fn callback_object(callback: &StoredCallback) -> Value {
    json!({
        "id": callback.id.text(),
        "kind": kind_word(callback.kind),
        "state": callback.state.as_str(),
        "attempts": callback.attempts,
        "answer": callback.answer,
    })
}

fn case_object(engine: &Engine, case: &Case) -> Value {
    json!({
        "id": case.id.text(),
        "kind": case.kind,
        "iso": case.asset.iso.as_str(),
        "network": case.asset.network.as_str(),
        "amount": engine.case_amount(case),
        "transfer": case.transfer,
    })
}

fn reading_object(reading: &Reading) -> Value {
    let cursor = reading.cursor.as_ref();
    json!({
        "network": reading.network.as_str(),
        "height": cursor.map(|cursor| cursor.at.height),
        "through": cursor.map(|cursor| cursor.watermark.seconds()),
        "behind": cursor.and_then(|cursor| cursor.behind_reason.as_deref()),
    })
}
