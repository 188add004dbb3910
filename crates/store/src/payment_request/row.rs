//! The columns of a payment request and what they mean; combinations that cannot be are refused.

use coffer_domain::{
    code::{Iso, NetworkName},
    merchant::Scope,
    money::{Currency, Money},
    payment_request::{Actor, Opening, PaymentCurrency, PaymentRequest, Stage},
    time::Timestamp,
    transfer::TransferReference,
};

use super::{Due, OUR_CLOCK, StoredRequest};
use crate::{codec, error::DbError, value::Row};

/// A stage's time and the rest of what it carries.
pub(super) fn stage_columns(stage: &Stage) -> (Option<Timestamp>, Option<String>) {
    match stage {
        Stage::Created | Stage::Processing => (None, None),
        Stage::Paid { at, by } => {
            let by: Vec<String> = by.iter().map(ToString::to_string).collect();
            (Some(*at), Some(by.join(" ")))
        }
        Stage::Failed { at } => (Some(*at), None),
        Stage::Expired { at, with_rate } => {
            (Some(*at), Some(if *with_rate { "with_rate" } else { "without_rate" }.to_owned()))
        }
        Stage::Cancelled { at, by } => {
            let by = match by {
                Actor::Merchant => "merchant",
                Actor::Customer => "customer",
            };
            (Some(*at), Some(by.to_owned()))
        }
        Stage::Restricted { at, why } => (Some(*at), Some(why.clone())),
    }
}

/// A currency's code, and its network where it is a coin.
pub(super) const fn currency_columns(currency: Currency) -> (Iso, Option<NetworkName>) {
    match currency {
        Currency::Fiat(iso) => (iso, None),
        Currency::Coin(asset) => (asset.iso, Some(asset.network)),
    }
}

/// How far each network was reported, as one text.
pub(super) fn watermarks_text(request: &PaymentRequest) -> String {
    let marks = request.watermarks.iter();
    let marks: Vec<String> =
        marks.map(|(network, through)| format!("{network}={}", through.millis())).collect();
    marks.join(" ")
}

fn read_watermarks(text: &str) -> Option<Vec<(NetworkName, Timestamp)>> {
    text.split_whitespace()
        .map(|mark| {
            let (network, through) = mark.split_once('=')?;
            Some((network.parse().ok()?, Timestamp::from_millis(through.parse().ok()?)))
        })
        .collect()
}

/// Reads `network:transaction:position`. Neither part holds a colon.
fn read_reference(text: &str) -> Option<TransferReference> {
    let mut parts = text.split(':');
    let reference = TransferReference {
        network: parts.next()?.parse().ok()?,
        transaction: parts.next()?.to_owned(),
        position: parts.next()?.to_owned(),
    };
    parts.next().is_none().then_some(reference)
}

fn read_stage(row: &Row<'_>, index: usize) -> Result<Stage, DbError> {
    let word = row.text(index)?;
    let at = codec::opt_time(row, index + 1)?;
    let detail = row.opt_text(index + 2)?;
    let stage = match (word.as_str(), at, detail.as_deref()) {
        ("created", None, None) => Some(Stage::Created),
        ("processing", None, None) => Some(Stage::Processing),
        ("paid", Some(at), Some(by)) => {
            let by: Option<Vec<_>> = by.split_whitespace().map(read_reference).collect();
            by.map(|by| Stage::Paid { at, by })
        }
        ("failed", Some(at), None) => Some(Stage::Failed { at }),
        ("expired", Some(at), Some("with_rate")) => Some(Stage::Expired { at, with_rate: true }),
        ("expired", Some(at), Some("without_rate")) => {
            Some(Stage::Expired { at, with_rate: false })
        }
        ("cancelled", Some(at), Some("merchant")) => {
            Some(Stage::Cancelled { at, by: Actor::Merchant })
        }
        ("cancelled", Some(at), Some("customer")) => {
            Some(Stage::Cancelled { at, by: Actor::Customer })
        }
        ("restricted", Some(at), Some(why)) => Some(Stage::Restricted { at, why: why.to_owned() }),
        _ => None,
    };
    stage.ok_or_else(|| DbError::inconsistent("stage", &word))
}

fn read_payment_currency(row: &Row<'_>, index: usize) -> Result<Option<PaymentCurrency>, DbError> {
    let Some(iso) = codec::opt_parsed(row, index)? else { return Ok(None) };
    Ok(Some(PaymentCurrency { iso, network: codec::opt_parsed(row, index + 1)? }))
}

fn read_due(row: &Row<'_>, index: usize) -> Result<Option<Due>, DbError> {
    let Some(clock) = row.opt_text(index)? else { return Ok(None) };
    let chain = if clock == OUR_CLOCK { None } else { Some(codec::parsed(row, index)?) };
    Ok(Some(Due { chain, at: codec::time(row, index + 1)? }))
}

/// Reads a request without its quotes and transfers.
pub(super) fn read_request(row: &Row<'_>) -> Result<StoredRequest, DbError> {
    let scope = Scope { merchant: codec::id(row, 1)?, environment: codec::environment(row, 2)? };
    let price = Money { currency: codec::currency(row, 7)?, units: codec::units(row, 9)? };
    let mut request = PaymentRequest::open(Opening {
        id: codec::id(row, 0)?,
        scope,
        price,
        created_at: codec::time(row, 13)?,
        valid_until: codec::time(row, 14)?,
        policy: codec::policy(row, 15)?,
    });
    request.stage = read_stage(row, 23)?;
    request.paid_quote = codec::opt_parsed(row, 26)?;
    request.over_opened = codec::units(row, 27)?;
    request.window_cut = codec::opt_time(row, 28)?;
    let marks = row.text(29)?;
    request.watermarks =
        read_watermarks(&marks).ok_or_else(|| DbError::inconsistent("watermarks", &marks))?;
    Ok(StoredRequest {
        request,
        key: codec::id(row, 3)?,
        token: codec::parsed(row, 4)?,
        foreign_id: row.opt_text(5)?,
        fingerprint: row.bytes(6)?,
        price_text: row.text(10)?,
        payment_currency: read_payment_currency(row, 11)?,
        customer: codec::opt_parsed(row, 16)?,
        personal: row.opt_bytes(17)?,
        end_user_reference: row.opt_text(18)?,
        description: row.opt_text(19)?,
        url_store: row.opt_text(20)?,
        url_success: row.opt_text(21)?,
        url_failed: row.opt_text(22)?,
        rates: Vec::new(),
        transfer_ids: std::collections::BTreeMap::new(),
        version: codec::count(row, 30)?,
        due: read_due(row, 31)?,
        booked: row.flag(33)?,
    })
}
