//! The story of a payment as a person reads it.

use coffer_domain::{money::Currency, payment_request::TrackedTransfer, transfer::Position};
use coffer_engine::{
    engine::Engine,
    find::{By, Found, Reading, Story},
};
use coffer_store::{callback::kind_word, payment_request::StoredRequest};

use crate::{cli::moment, terminal::columns};

/// Letters of an endpoint's answer that are shown.
const ANSWER_LETTERS: usize = 60;

/// Where a transfer stands.
pub(super) struct Place {
    pub(super) state: &'static str,
    pub(super) block: Option<u64>,
    pub(super) confirmations: u32,
}

impl Place {
    /// How deep goes by the newest block that was read: what was final is looked at no more.
    pub(super) fn of(transfer: &TrackedTransfer, readings: &[Reading]) -> Self {
        let on = readings.iter().find(|reading| reading.network == transfer.reference.network);
        let newest = on.and_then(|reading| reading.cursor.as_ref()).map(|cursor| cursor.at.height);
        match &transfer.position {
            Position::Gone => Self { state: "gone", block: None, confirmations: 0 },
            Position::Pending => Self { state: "pending", block: None, confirmations: 0 },
            Position::Block { at, confirmations, .. } => {
                let state = if transfer.is_final() { "final" } else { "in a block" };
                let deep = newest.and_then(|newest| newest.checked_sub(at.height));
                let deep = deep.map_or(0, |deep| deep.saturating_add(1));
                let deep = u32::try_from(deep).unwrap_or(u32::MAX).max(*confirmations);
                Self { state, block: Some(at.height), confirmations: deep }
            }
        }
    }

    fn words(&self) -> String {
        match self.block {
            Some(block) => format!("{}, block {block}, {} deep", self.state, self.confirmations),
            None => self.state.to_owned(),
        }
    }
}

/// The currency of the price.
pub(super) fn currency(stored: &StoredRequest) -> String {
    match stored.request.price.currency {
        Currency::Fiat(iso) => iso.to_string(),
        Currency::Coin(asset) => asset.to_string(),
    }
}

pub(super) fn of(engine: &Engine, found: &Found) -> String {
    let stories: Vec<String> = found.stories.iter().map(|story| one(engine, story)).collect();
    let more = if found.more { "\nThere are more; the newest are shown.\n" } else { "" };
    format!("{}{more}", stories.join("\n"))
}

fn one(engine: &Engine, story: &Story) -> String {
    let mut text = head(engine, story);
    let parts = [
        ("Quotes", quotes(engine, story)),
        ("Transfers", transfers(engine, story)),
        ("Cases", cases(engine, story)),
        ("Callbacks", callbacks(story)),
        ("What happened", events(story)),
    ];
    for (title, rows) in parts.iter().filter(|(_, rows)| !rows.is_empty()) {
        text += &format!("{title}\n");
        text.extend(columns(rows).lines().map(|line| format!("  {line}\n")));
    }
    for reading in &story.readings {
        text += &format!("{}\n", read(reading));
    }
    text + &unpaid_address(story)
}

fn head(engine: &Engine, story: &Story) -> String {
    let (stored, request) = (&story.stored, &story.stored.request);
    let mut text = format!(
        "Payment request {} of {} ({}), found by its {}\n",
        request.id.text(),
        story.merchant,
        request.scope.environment.as_str(),
        story.by.as_str()
    );
    let mut rows = vec![
        vec!["stage".to_owned(), request.stage.status().to_owned()],
        vec!["price".to_owned(), format!("{} {}", stored.price_text, currency(stored))],
        vec![
            "open".to_owned(),
            format!(
                "{} to {}",
                moment::text(request.created_at),
                moment::text(request.valid_until)
            ),
        ],
        vec!["link".to_owned(), engine.payment_link(stored)],
    ];
    for (name, value) in
        [("foreign id", &stored.foreign_id), ("customer", &stored.end_user_reference)]
    {
        rows.extend(value.as_ref().map(|value| vec![name.to_owned(), value.clone()]));
    }
    text.extend(columns(&rows).lines().map(|line| format!("  {line}\n")));
    text
}

fn quotes(engine: &Engine, story: &Story) -> Vec<Vec<String>> {
    let quotes = story.stored.request.quotes.iter().map(|quote| {
        vec![
            format!("{} {}", engine.decimal(quote.asset, quote.expected), quote.asset),
            format!("to {}", quote.address),
            format!(
                "from {} to {}",
                moment::text(quote.locked_at),
                moment::text(quote.locked_until)
            ),
        ]
    });
    quotes.collect()
}

fn transfers(engine: &Engine, story: &Story) -> Vec<Vec<String>> {
    let transfers = story.stored.request.transfers.iter().map(|transfer| {
        vec![
            format!("{} {}", engine.decimal(transfer.asset, transfer.units), transfer.asset),
            Place::of(transfer, &story.readings).words(),
            format!("seen {}", moment::text(transfer.first_time)),
            format!("to {}", transfer.address),
            transfer.reference.to_string(),
        ]
    });
    transfers.collect()
}

fn cases(engine: &Engine, story: &Story) -> Vec<Vec<String>> {
    let cases = story.cases.iter().map(|case| {
        vec![
            case.kind.clone(),
            format!("{} {}", engine.case_amount(case), case.asset),
            moment::text(case.created_at),
            case.transfer.clone().unwrap_or_default(),
        ]
    });
    cases.collect()
}

fn callbacks(story: &Story) -> Vec<Vec<String>> {
    let callbacks = story.callbacks.iter().map(|callback| {
        let attempts = match callback.attempts {
            1 => "1 attempt".to_owned(),
            many => format!("{many} attempts"),
        };
        // An endpoint may answer with anything; a terminal shows its letters only.
        let answer = callback.answer.as_deref().unwrap_or_default().chars();
        let answer = answer.map(|letter| if letter.is_control() { ' ' } else { letter });
        vec![
            kind_word(callback.kind).to_owned(),
            callback.state.as_str().to_owned(),
            attempts,
            answer.take(ANSWER_LETTERS).collect(),
            callback.id.text(),
        ]
    });
    callbacks.collect()
}

fn events(story: &Story) -> Vec<Vec<String>> {
    let events = story.events.iter();
    events
        .map(|event| vec![moment::text(event.at), event.kind.clone(), event.summary.clone()])
        .collect()
}

fn read(reading: &Reading) -> String {
    let network = reading.network;
    match &reading.cursor {
        None => format!("{network} was never read"),
        Some(cursor) => {
            let through = moment::text(cursor.watermark);
            let read =
                format!("{network} was read up to block {}, through {through}", cursor.at.height);
            match &cursor.behind_reason {
                None => read,
                Some(reason) => format!("{read}; it is behind: {reason}"),
            }
        }
    }
}

/// Who asks for an address wants to know whether something came.
fn unpaid_address(story: &Story) -> String {
    let Some((issued, since)) = story.address.as_ref().filter(|_| story.by == By::Address) else {
        return String::new();
    };
    let text = &issued.address.text;
    if story.stored.request.transfers.iter().any(|transfer| transfer.address == *text) {
        return String::new();
    }
    format!(
        "Nothing has come to {text}. It is watched since {}, and stays so.\n",
        moment::text(*since)
    )
}
