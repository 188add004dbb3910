//! Texts of the database turned into domain values, and refused where they make no sense.

use std::str::FromStr;

use coffer_domain::{
    code::{Iso, NetworkName},
    confirmations::Confirmations,
    id::Id,
    merchant::Environment,
    money::{AssetId, Currency, Units},
    payment_request::{LatePolicy, PaidWhen, Policy, RateSide, Tolerance},
    time::{Span, Timestamp},
};

use crate::{error::DbError, value::Row};

/// Reads the text column at `index` as any value with a text form.
pub(crate) fn parsed<T: FromStr>(row: &Row<'_>, index: usize) -> Result<T, DbError> {
    let text = row.text(index)?;
    text.parse().map_err(|_| DbError::inconsistent(row.column(index), &text))
}

/// Like [`parsed`], for a column that may be null.
pub(crate) fn opt_parsed<T: FromStr>(row: &Row<'_>, index: usize) -> Result<Option<T>, DbError> {
    let Some(text) = row.opt_text(index)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| DbError::inconsistent(row.column(index), &text))
}

/// Reads an id.
pub(crate) fn id<K>(row: &Row<'_>, index: usize) -> Result<Id<K>, DbError> {
    parsed(row, index)
}

/// Reads a time in milliseconds.
pub(crate) fn time(row: &Row<'_>, index: usize) -> Result<Timestamp, DbError> {
    row.int(index).map(Timestamp::from_millis)
}

/// Reads a time in milliseconds that may be null.
pub(crate) fn opt_time(row: &Row<'_>, index: usize) -> Result<Option<Timestamp>, DbError> {
    Ok(row.opt_int(index)?.map(Timestamp::from_millis))
}

/// Reads a count that is never negative.
pub(crate) fn count<T: TryFrom<i64>>(row: &Row<'_>, index: usize) -> Result<T, DbError> {
    let number = row.int(index)?;
    T::try_from(number).map_err(|_| DbError::inconsistent(row.column(index), &number.to_string()))
}

/// Reads a count that is never negative, or null.
pub(crate) fn opt_count<T: TryFrom<i64>>(
    row: &Row<'_>,
    index: usize,
) -> Result<Option<T>, DbError> {
    if row.opt_int(index)?.is_none() { Ok(None) } else { count(row, index).map(Some) }
}

/// Reads an environment.
pub(crate) fn environment(row: &Row<'_>, index: usize) -> Result<Environment, DbError> {
    let text = row.text(index)?;
    Environment::parse(&text).ok_or_else(|| DbError::inconsistent(row.column(index), &text))
}

/// Reads an asset from its code and network columns, which stand side by side.
pub(crate) fn asset(row: &Row<'_>, index: usize) -> Result<AssetId, DbError> {
    Ok(AssetId { iso: parsed(row, index)?, network: parsed(row, index + 1)? })
}

/// Reads a currency: a coin where the network column beside the code is set, else fiat.
pub(crate) fn currency(row: &Row<'_>, index: usize) -> Result<Currency, DbError> {
    let iso: Iso = parsed(row, index)?;
    let network: Option<NetworkName> = opt_parsed(row, index + 1)?;
    Ok(network.map_or(Currency::Fiat(iso), |network| Currency::Coin(AssetId { iso, network })))
}

/// Reads a count of base units.
pub(crate) fn units(row: &Row<'_>, index: usize) -> Result<Units, DbError> {
    parsed::<u128>(row, index).map(Units::new)
}

/// A number that only ever counts up, as a column holds it.
pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A policy as one line of text; the fields in fixed order, so that equal policies are equal texts.
/// Requests keep theirs as long as they stand, so a field that is new here goes to the end and
/// reading must put its default where an old text has none.
pub(crate) fn policy_text(policy: &Policy) -> String {
    let paid_when = match policy.paid_when {
        PaidWhen::SeenInWindow => "seen",
        PaidWhen::ConfirmedInWindow => "confirmed",
    };
    let late = match policy.late {
        LatePolicy::Refund => -1,
        LatePolicy::AcceptWithin(span) => span.millis(),
    };
    let side = match policy.rate_side {
        RateSide::Bid => "bid",
        RateSide::Mid => "mid",
    };
    format!(
        "{paid_when} {} {} {} {} {late} {side} {} {}",
        policy.tolerance.share_ppm,
        policy.tolerance.euro_cents,
        policy.grace.millis(),
        policy.extension.millis(),
        policy.spread_ppm,
        confirmations_text(policy),
    )
}

/// Stands for "as the installation says", on every network.
const NO_CONFIRMATIONS: &str = "-";

/// What the merchant asks for on each network, without spaces: `bitcoin=2;ethereum=finalized/75`.
fn confirmations_text(policy: &Policy) -> String {
    let own = policy.confirmations.iter();
    let own: Vec<String> =
        own.map(|(network, steps)| format!("{network}={}", steps.compact())).collect();
    if own.is_empty() { NO_CONFIRMATIONS.to_owned() } else { own.join(";") }
}

fn parse_confirmations(text: &str) -> Option<Vec<(NetworkName, Confirmations)>> {
    if text == NO_CONFIRMATIONS {
        return Some(Vec::new());
    }
    let own = text.split(';').map(|one| {
        let (network, steps) = one.split_once('=')?;
        Some((network.parse().ok()?, steps.parse().ok()?))
    });
    own.collect()
}

/// Reads a policy written by [`policy_text`].
pub(crate) fn policy(row: &Row<'_>, index: usize) -> Result<Policy, DbError> {
    let text = row.text(index)?;
    parse_policy(&text).ok_or_else(|| DbError::inconsistent(row.column(index), &text))
}

fn parse_policy(text: &str) -> Option<Policy> {
    let parts: Vec<&str> = text.split(' ').collect();
    let [paid_when, share, cents, grace, extension, late, side, spread, rest @ ..] =
        parts.as_slice()
    else {
        return None;
    };
    let confirmations = match rest {
        [] => NO_CONFIRMATIONS,
        [confirmations] => confirmations,
        _ => return None,
    };
    let late: i64 = late.parse().ok()?;
    Some(Policy {
        paid_when: match *paid_when {
            "seen" => PaidWhen::SeenInWindow,
            "confirmed" => PaidWhen::ConfirmedInWindow,
            _ => return None,
        },
        tolerance: Tolerance { share_ppm: share.parse().ok()?, euro_cents: cents.parse().ok()? },
        grace: Span::from_millis(grace.parse().ok()?),
        extension: Span::from_millis(extension.parse().ok()?),
        late: match late {
            -1 => LatePolicy::Refund,
            millis => LatePolicy::AcceptWithin(Span::from_millis(millis)),
        },
        rate_side: match *side {
            "bid" => RateSide::Bid,
            "mid" => RateSide::Mid,
            _ => return None,
        },
        spread_ppm: spread.parse().ok()?,
        confirmations: parse_confirmations(confirmations)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_survives_its_text_form() {
        let late = Policy {
            late: LatePolicy::AcceptWithin(Span::from_hours(3)),
            spread_ppm: 7,
            ..Policy::DEFAULT
        };
        let mut stepped = Policy::DEFAULT;
        for (network, steps) in [("ethereum", "12<1000,safe/40"), ("bitcoin_cash", "2")] {
            stepped.set_confirmations(network.parse().unwrap(), steps.parse().ok());
        }
        assert_eq!(stepped.confirmations.len(), 2);
        for policy in [Policy::DEFAULT, Policy::CRYPTOPROCESSING, late, stepped] {
            assert_eq!(parse_policy(&policy_text(&policy)), Some(policy));
        }
        assert_eq!(parse_policy("seen 1 2 3"), None);
        assert_eq!(parse_policy("seen 5000 100 86400000 3600000 -1 bid 0 bitcoin"), None);
    }

    #[test]
    fn a_policy_written_before_merchants_had_confirmations_is_read() {
        let old = "seen 5000 100 86400000 3600000 -1 bid 0";
        assert_eq!(parse_policy(old), Some(Policy::DEFAULT));
    }
}
